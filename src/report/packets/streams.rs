//! The connections of a capture that carried copies of a message: which bytes of a stream each
//! segment has, which of them are the message's, and when those were there.
//!
//! It only reads packets. It never says what ended a connection.

use std::collections::BTreeMap;
use std::net::{SocketAddr, SocketAddrV4};
use std::ops::Range;

use smoltcp::wire::{IpProtocol, Ipv4Packet, TcpPacket};

use crate::history::{Flow, Packet};
use crate::time::Instant;

use super::conversation::Conversation;
use super::copy::Carried;
use super::reader::{Begin, Protocol, StreamUnit};

/// The addresses of both ends, the smaller one first.
type Ends = [SocketAddr; 2];

/// The connections that carried copies.
pub struct Streams<'a> {
    packets: &'a [Packet],
    /// Whether connections are read that carried none of the copies.
    reads_all: bool,
    connections: BTreeMap<Ends, Vec<Connection>>,
    /// The places of the segments, by packet.
    places: BTreeMap<usize, SegmentPlace>,
}

/// The place of a segment in its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPlace {
    /// The direction of its connection.
    pub direction: StreamDirection,
    /// Its sequence number, counted from that of the sender's SYN.
    pub sequence: u32,
    /// The number that it acknowledges, counted in the same way.
    pub acknowledged: Option<u32>,
    /// Its bytes, if it has any.
    pub segment: Option<SentSegment>,
}

/// Identifies one direction of one captured connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamDirection {
    ends: Ends,
    /// Its number among the connections with these addresses.
    number: usize,
    sender: usize,
}

/// One connection, from its SYN on.
struct Connection {
    began: Instant,
    conversation: Conversation,
    sides: [Side; 2],
}

/// One direction of a connection.
#[derive(Default)]
struct Side {
    /// The sequence number of its first byte.
    first: Option<u32>,
    /// Number of bytes that have left.
    sent: u64,
    segments: Vec<SentSegment>,
    /// The packets with RST, by index.
    resets: Vec<usize>,
}

/// A segment with data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentSegment {
    /// The packet, by its index.
    pub packet: usize,
    /// Its bytes, by their offsets in the stream.
    pub bytes: Range<u64>,
    /// Number of bytes of the stream that had left before it.
    pub sent: u64,
}

/// The way of one copy through its stream.
pub struct Passage {
    /// The time at which its connection began.
    pub began: Instant,
    /// The copy's bytes, by their offsets in the stream; `None` if nothing of it left, or its begin
    /// is not known.
    pub bytes: Option<Range<u64>>,
    /// The segments that have bytes of it; those with its last byte if its begin is not known.
    pub segments: Vec<SentSegment>,
    /// The pieces in which its bytes left for the first time.
    pub parts: Vec<Range<u64>>,
    /// The time at which all bytes of it had come to the receiving host.
    pub complete: Option<Instant>,
    /// The time at which all bytes before it had, too.
    pub in_order: Option<Instant>,
    /// The packets from either end that reset the connection after the copy was written, by index.
    pub resets: Vec<usize>,
}

impl<'a> Streams<'a> {
    /// Reads the connections of these copies.
    pub fn of(packets: &'a [Packet], copies: &[Carried]) -> Streams<'a> {
        let connections = copies.iter().map(|copy| (ends_of(&copy.flow).0, Vec::new())).collect();
        Streams::read_all(Streams {
            packets,
            reads_all: false,
            connections,
            places: BTreeMap::new(),
        })
    }

    /// Reads all connections.
    pub fn all(packets: &'a [Packet]) -> Streams<'a> {
        let (connections, places) = (BTreeMap::new(), BTreeMap::new());
        Streams::read_all(Streams { packets, reads_all: true, connections, places })
    }

    fn read_all(mut self) -> Streams<'a> {
        for (index, packet) in self.packets.iter().enumerate() {
            self.read(index, packet);
        }
        self
    }

    fn read(&mut self, index: usize, packet: &Packet) -> Option<()> {
        let ip = Ipv4Packet::new_checked(&packet.bytes[..]).ok()?;
        if ip.next_header() != IpProtocol::Tcp {
            return None;
        }
        let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
        let [from, to] = [(ip.src_addr(), tcp.src_port()), (ip.dst_addr(), tcp.dst_port())]
            .map(|(address, port)| SocketAddr::V4(SocketAddrV4::new(address, port)));
        let (ends, sender) = ends_of(&Flow { from, to });
        let connections = match self.reads_all {
            true => self.connections.entry(ends).or_default(),
            false => self.connections.get_mut(&ends)?,
        };
        let (sequence, length) = (tcp.seq_number().0 as u32, tcp.payload().len() as u64);
        let first = sequence.wrapping_add(1);
        let is_known = |one: &Connection| one.sides[sender].first == Some(first);
        if tcp.syn() && !tcp.ack() && !connections.last().is_some_and(is_known) {
            let (conversation, sides) = (Conversation::default(), Default::default());
            connections.push(Connection { began: packet.at, conversation, sides });
        }
        let number = connections.len().checked_sub(1)?;
        let Connection { conversation, sides, .. } = connections.last_mut()?;
        let peers = sides[1 - sender].first;
        let side = &mut sides[sender];
        if tcp.syn() {
            side.first = Some(first);
        }
        let counted = |first: Option<u32>, number: u32| {
            first.map_or(number, |first| number.wrapping_sub(first).wrapping_add(1))
        };
        let place = self.places.entry(index).insert_entry(SegmentPlace {
            direction: StreamDirection { ends, number, sender },
            sequence: counted(side.first, sequence),
            acknowledged: tcp.ack().then(|| counted(peers, tcp.ack_number().0 as u32)),
            segment: None,
        });
        if tcp.rst() {
            side.resets.push(index);
            return None;
        }
        let begin = u64::from(sequence.wrapping_sub(side.first?));
        conversation.read(sender, &tcp);
        if length > 0 {
            let bytes = begin..begin + length;
            let segment = SentSegment { packet: index, bytes: bytes.clone(), sent: side.sent };
            place.into_mut().segment = Some(segment.clone());
            side.segments.push(segment);
            side.sent = side.sent.max(bytes.end);
        }
        Some(())
    }

    fn connection(&self, copy: &Carried) -> Option<(&Connection, usize)> {
        let (ends, sender) = ends_of(&copy.flow);
        let connections = self.connections.get(&ends)?.iter();
        Some((connections.rev().find(|one| one.began <= copy.since)?, sender))
    }

    /// Returns the place of a packet; `None` if it is no segment of a connection that was read.
    pub fn place(&self, packet: usize) -> Option<&SegmentPlace> {
        self.places.get(&packet)
    }

    /// Returns the direction in which a copy went.
    pub fn direction(&self, copy: &Carried) -> Option<StreamDirection> {
        let (ends, sender) = ends_of(&copy.flow);
        let connections = self.connections.get(&ends)?;
        let number = connections.iter().rposition(|one| one.began <= copy.since)?;
        Some(StreamDirection { ends, number, sender })
    }

    /// Returns the units of one direction that have any of these bytes.
    pub fn units(&self, direction: StreamDirection, bytes: &Range<u64>) -> Vec<StreamUnit> {
        let StreamDirection { ends, number, sender } = direction;
        let conversation = &self.connections[&ends][number].conversation;
        let units = conversation.units(sender);
        let from = units.partition_point(|unit| unit.bytes.end <= bytes.start);
        let units = units[from..].iter().take_while(|unit| unit.bytes.start < bytes.end).cloned();
        let unfinished = conversation.unfinished(sender);
        let has_any = |unit: &StreamUnit| !common(&unit.bytes, bytes).is_empty();
        units.chain(unfinished.filter(has_any)).collect()
    }

    /// Returns the protocol at the begin of a copy's unit, given its bytes.
    pub fn protocol(&self, copy: &Carried, bytes: &Range<u64>) -> Option<Protocol> {
        let units = self.units(self.direction(copy)?, bytes);
        units.iter().find(|unit| unit.bytes.start == bytes.start).map(|unit| unit.protocol)
    }

    /// Whether no unit of one direction ends where these bytes do.
    pub fn is_unfinished(&self, direction: StreamDirection, bytes: &Range<u64>) -> bool {
        let StreamDirection { ends, number, sender } = direction;
        let unfinished = self.connections[&ends][number].conversation.unfinished(sender);
        unfinished.is_some_and(|unit| unit.bytes == *bytes)
    }

    /// Returns the number of bytes of a copy's stream that had left by a time.
    pub fn left(&self, copy: &Carried, at: Instant) -> Option<u64> {
        let (connection, sender) = self.connection(copy)?;
        let segments = connection.sides[sender].segments.iter();
        let before = segments.take_while(|one| self.packets[one.packet].at <= at);
        Some(before.map(|one| one.bytes.end).max().unwrap_or(0))
    }

    /// Finds the begin of a copy in its stream, as far as its packets tell it.
    pub fn begin(&self, copy: &Carried) -> Begin {
        self.connection(copy).map_or(Begin::Unknown, |(connection, sender)| {
            connection.conversation.begin_of(sender, copy.end)
        })
    }

    /// Returns the way of a copy, if its connection was captured from the SYN on.
    pub fn passage(&self, copy: &Carried) -> Option<Passage> {
        let (connection, sender) = self.connection(copy)?;
        let bytes = match self.begin(copy) {
            Begin::After(begin) => Some(begin..copy.end),
            Begin::NotRead | Begin::Unknown => None,
        };
        let of_copy = bytes.clone().unwrap_or(copy.end - 1..copy.end);
        let has_any = |one: &&SentSegment| {
            let is_later = copy.since <= self.packets[one.packet].at;
            is_later && !common(&one.bytes, &of_copy).is_empty()
        };
        let side = &connection.sides[sender];
        let segments: Vec<SentSegment> = side.segments.iter().filter(has_any).cloned().collect();
        let fresh =
            |one: &SentSegment| common(&(one.bytes.start.max(one.sent)..one.bytes.end), &of_copy);
        let parts = segments.iter().map(fresh).filter(|part| !part.is_empty()).collect();
        let resets = connection.sides.iter().flat_map(|side| &side.resets).copied();
        Some(Passage {
            began: connection.began,
            complete: self.all_there(&side.segments, &of_copy),
            in_order: self.all_there(&side.segments, &(0..copy.end)),
            resets: resets.filter(|reset| copy.since <= self.packets[*reset].at).collect(),
            bytes,
            segments,
            parts,
        })
    }

    /// Whether all that a segment has of a copy had come to the receiving host before the segment
    /// left.
    pub fn was_there(&self, copy: &Carried, segment: &SentSegment) -> bool {
        let Some((connection, sender)) = self.connection(copy) else { return false };
        let there = self.all_there(&connection.sides[sender].segments, &segment.bytes);
        there.is_some_and(|at| at <= self.packets[segment.packet].at)
    }

    /// Returns the time at which the last of these bytes came to the receiving host.
    fn all_there(&self, segments: &[SentSegment], bytes: &Range<u64>) -> Option<Instant> {
        let mut arrivals: Vec<(u64, u64, Instant)> = Vec::new();
        for segment in segments {
            let part = common(&segment.bytes, bytes);
            let ends = &self.packets[segment.packet].ends;
            let at = ends.iter().filter(|end| end.lost.is_none()).map(|end| end.at).min();
            arrivals.extend(at.filter(|_| !part.is_empty()).map(|at| (part.start, part.end, at)));
        }
        // By time: what is there already, as ranges that do not touch.
        arrivals.sort_by_key(|(_, _, at)| *at);
        let mut there: BTreeMap<u64, u64> = BTreeMap::new();
        for (mut start, mut end, at) in arrivals {
            while let Some((&from, &to)) =
                there.range(..=end).next_back().filter(|one| *one.1 >= start)
            {
                (start, end) = (start.min(from), end.max(to));
                there.remove(&from);
            }
            if start <= bytes.start && bytes.end <= end {
                return Some(at);
            }
            there.insert(start, end);
        }
        None
    }
}

/// Returns the bytes that two ranges have in common; empty if there are none.
pub fn common(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    one.start.max(other.start)..one.end.min(other.end)
}

/// Returns the ends of a flow's connection, and which of them sends.
fn ends_of(flow: &Flow) -> (Ends, usize) {
    match flow.from <= flow.to {
        true => ([flow.from, flow.to], 0),
        false => ([flow.to, flow.from], 1),
    }
}

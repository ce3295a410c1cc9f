//! Names what packets carry while they leave, one after the other. It keeps no packet: of each
//! direction of a connection only the units that can still be sent again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use smoltcp::wire::{IpProtocol, Ipv4Packet, TcpPacket, UdpPacket};

use super::content;
use super::conversation::Conversation;
use super::headers;
use super::list::told;
use super::loads::PacketLoad;
use super::streams::common;
use crate::history::{Event, EventKind, Flow, Packet};
use crate::message::MessageId;
use crate::time::Instant;

/// Bytes of a direction of which units are kept, behind the last one sent: two of TCP's windows
/// without scaling.
const KEPT: u64 = 2 * 65_535;

/// Names the contents of packets in the order of sending.
#[derive(Debug, Default)]
pub struct Annotator {
    /// Number of events that were read.
    read: usize,
    /// The last connection between two addresses, the smaller one first.
    connections: BTreeMap<[SocketAddr; 2], SentBytes>,
    /// The copies that were given a place in a flow and may still be sent, by their ends.
    copies: BTreeMap<Flow, VecDeque<SentCopy>>,
    /// Number of datagrams sent, by flow.
    datagrams: BTreeMap<Flow, u64>,
    /// The messages that went from one host to another.
    went: BTreeSet<(IpAddr, IpAddr, MessageId)>,
}

#[derive(Debug, Default)]
struct SentBytes {
    conversation: Conversation,
    /// The sequence number of each sender's first byte.
    first: [Option<u32>; 2],
    /// Number of bytes that each has sent.
    sent: [u64; 2],
}

#[derive(Clone, Debug)]
struct SentCopy {
    since: Instant,
    end: u64,
    id: MessageId,
    is_again: bool,
}

impl Annotator {
    /// Reads the events of a trial that were recorded since the last time.
    pub fn learn(&mut self, events: &[Event]) {
        for event in events.iter().skip(self.read) {
            let EventKind::Carried { id, flow, end, .. } = &event.kind else { continue };
            let way = (flow.from.ip(), flow.to.ip(), id.clone());
            let copy = SentCopy {
                since: event.at,
                end: *end,
                id: id.clone(),
                is_again: !self.went.insert(way),
            };
            self.copies.entry(**flow).or_default().push_back(copy);
        }
        self.read = events.len();
    }

    /// Says what a packet carries and what became of it; empty if it carries no message and came.
    pub fn comment(&mut self, packet: &Packet) -> String {
        let loads = self.loads(packet).unwrap_or_default();
        let has_message = loads.iter().any(|load| !load.messages.is_empty());
        let came = packet.ends.len() == 1 && packet.ends[0].lost.is_none();
        if has_message || !came { told(loads, &packet.ends) } else { String::new() }
    }

    fn loads(&mut self, packet: &Packet) -> Option<Vec<PacketLoad>> {
        let (protocol, flow) = headers::flow(packet)?;
        let ip = Ipv4Packet::new_checked(&packet.bytes[..]).ok()?;
        match protocol {
            IpProtocol::Udp => {
                let udp = UdpPacket::new_checked(ip.payload()).ok()?;
                Some(vec![self.in_datagram(flow, udp.payload())])
            }
            IpProtocol::Tcp => {
                let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
                self.in_segment(packet.at, flow, &tcp)
            }
            _ => None,
        }
    }

    fn in_datagram(&mut self, flow: Flow, payload: &[u8]) -> PacketLoad {
        let number = self.datagrams.entry(flow).or_default();
        *number += 1;
        let copies = self.copies.entry(flow).or_default();
        while copies.front().is_some_and(|copy| copy.end < *number) {
            copies.pop_front();
        }
        let copy = copies.pop_front_if(|copy| copy.end == *number);
        let length = payload.len() as u64;
        PacketLoad {
            title: content::joined("frame".to_owned(), &content::names(payload)),
            is_again: copy.as_ref().is_some_and(|copy| copy.is_again),
            messages: copy.map(|copy| copy.id).into_iter().collect(),
            bytes: 0..length,
            length,
        }
    }

    fn in_segment(
        &mut self,
        at: Instant,
        flow: Flow,
        tcp: &TcpPacket<&[u8]>,
    ) -> Option<Vec<PacketLoad>> {
        let (ends, sender) = match flow.from <= flow.to {
            true => ([flow.from, flow.to], 0),
            false => ([flow.to, flow.from], 1),
        };
        let first = (tcp.seq_number().0 as u32).wrapping_add(1);
        let known = self.connections.get(&ends).and_then(|one| one.first[sender]);
        if tcp.syn() && !tcp.ack() && known != Some(first) {
            self.connections.insert(ends, SentBytes::default());
            // Copies of an earlier connection with these addresses went with it.
            let flows = [flow, flow.reversed()];
            for flow in flows {
                self.copies.entry(flow).or_default().retain(|copy| copy.since >= at);
            }
        }
        let SentBytes { conversation, first: firsts, sent } = self.connections.get_mut(&ends)?;
        if tcp.syn() {
            firsts[sender] = Some(first);
        }
        let length = tcp.payload().len() as u64;
        if tcp.rst() || length == 0 {
            return None;
        }
        conversation.read(sender, tcp);
        let begin = u64::from((tcp.seq_number().0 as u32).wrapping_sub(firsts[sender]?));
        let bytes = begin..begin + length;
        let before = sent[sender];
        sent[sender] = before.max(bytes.end);
        let old = sent[sender].saturating_sub(KEPT);
        conversation.forget(sender, old);
        let copies = self.copies.entry(flow).or_default();
        while copies.front().is_some_and(|copy| copy.end < old) {
            copies.pop_front();
        }
        // Many units and copies are kept, each in the order of its bytes, and few are in one segment.
        let units = conversation.units(sender);
        let from = units.partition_point(|unit| unit.bytes.end <= bytes.start);
        let units = units[from..].iter().take_while(|unit| unit.bytes.start < bytes.end).cloned();
        let unfinished = conversation.unfinished(sender);
        let last = unfinished.clone().filter(|unit| !common(&unit.bytes, &bytes).is_empty());
        let loads = units.chain(last).map(|unit| {
            let (start, end) = (unit.bytes.start, unit.bytes.end);
            let part = common(&unit.bytes, &bytes);
            let until = |most: u64| copies.partition_point(|copy| copy.end <= most);
            let mut inside: Vec<&SentCopy> = copies.range(until(start)..until(end)).collect();
            if inside.is_empty() && unfinished.as_ref() == Some(&unit) {
                let next = copies.get(until(end)).map(|copy| copy.end);
                inside.extend(copies.range(until(end)..until(next.unwrap_or(end))));
            }
            // Of a unit that goes on, the message says how long it will be.
            let end = inside.iter().map(|copy| copy.end).fold(end, u64::max);
            let is_again = !inside.is_empty() && inside.iter().all(|copy| copy.is_again);
            PacketLoad {
                title: unit.title,
                messages: inside.iter().map(|copy| copy.id.clone()).collect(),
                bytes: part.start - start..part.end - start,
                length: end - start,
                is_again: is_again || part.end <= before,
            }
        });
        Some(loads.collect())
    }
}

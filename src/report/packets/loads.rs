//! The contents of packets: which units of their protocols, which messages, and whether those left
//! before.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use smoltcp::wire::{Ipv4Packet, UdpPacket};

use super::content;
use super::copy::Carried;
use super::headers::datagram;
use super::streams::{StreamDirection, Streams, common};
use crate::history::{Event, EventKind, Flow, Packet};
use crate::message::MessageId;

/// The name of bytes that belong to no unit.
const NO_UNIT: &str = "bytes";

/// A unit, or a part of it, in a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketLoad {
    /// The name of the unit, as in `frame: push`.
    pub title: String,
    /// The messages that it has.
    pub messages: Vec<MessageId>,
    /// The bytes of the unit that are in this packet, counted from its first.
    pub bytes: Range<u64>,
    /// Bytes of the whole unit, as far as that is known.
    pub length: u64,
    /// Whether all of these bytes, or the same message in another copy, had left before.
    pub is_again: bool,
}

/// The messages on their way, by their places in flows.
pub struct Loads<'a> {
    packets: &'a [Packet],
    /// The connections.
    pub streams: Streams<'a>,
    /// The copies in each direction of a connection, by the offsets of their ends.
    of_streams: BTreeMap<(StreamDirection, u64), Vec<LoadedCopy<'a>>>,
    /// The copies in datagrams, by flow and number.
    of_datagrams: BTreeMap<(Flow, u64), LoadedCopy<'a>>,
    /// The number of each datagram in its flow, by packet.
    numbers: BTreeMap<usize, (Flow, u64)>,
}

#[derive(Clone, Copy)]
struct LoadedCopy<'a> {
    id: &'a MessageId,
    /// Its end in its flow.
    end: u64,
    /// Whether an earlier copy went the same way.
    is_again: bool,
}

impl<'a> Loads<'a> {
    /// Finds the messages of a history in the packets of its trial.
    pub fn of(packets: &'a [Packet], events: &'a [Event]) -> Loads<'a> {
        let mut counts: BTreeMap<Flow, u64> = BTreeMap::new();
        let mut numbers = BTreeMap::new();
        for (index, packet) in packets.iter().enumerate() {
            if let Some(flow) = datagram(packet) {
                let count = counts.entry(flow).or_default();
                *count += 1;
                numbers.insert(index, (flow, *count));
            }
        }
        let (of_streams, of_datagrams) = (BTreeMap::new(), BTreeMap::new());
        let streams = Streams::all(packets);
        let mut loads = Loads { packets, streams, of_streams, of_datagrams, numbers };
        let mut went = BTreeSet::new();
        for event in events {
            let EventKind::Carried { id, flow, end, session } = &event.kind else { continue };
            let way = (flow.from.ip(), flow.to.ip(), id);
            let copy = LoadedCopy { id, end: *end, is_again: !went.insert(way) };
            let (flow, session) = (flow.clone(), session.clone());
            let carried = Carried { flow, end: *end, since: event.at, session, is_pending: false };
            match loads.streams.direction(&carried) {
                Some(direction) => {
                    loads.of_streams.entry((direction, *end)).or_default().push(copy);
                }
                None => {
                    loads.of_datagrams.insert((*carried.flow, *end), copy);
                }
            }
        }
        loads
    }

    /// Returns the contents of a packet, by its index, in order.
    pub fn load(&self, packet: usize) -> Vec<PacketLoad> {
        match (self.numbers.get(&packet), self.streams.place(packet)) {
            (Some(number), _) => self.in_datagram(packet, *number).into_iter().collect(),
            (None, Some(_)) => self.in_segment(packet),
            (None, None) => Vec::new(),
        }
    }

    fn in_datagram(&self, packet: usize, number: (Flow, u64)) -> Option<PacketLoad> {
        let ip = Ipv4Packet::new_checked(&self.packets[packet].bytes[..]).ok()?;
        let payload = UdpPacket::new_checked(ip.payload()).ok()?.payload();
        let copy = self.of_datagrams.get(&number);
        Some(PacketLoad {
            title: content::joined("frame".to_owned(), &content::names(payload)),
            messages: copy.map(|copy| copy.id.clone()).into_iter().collect(),
            bytes: 0..payload.len() as u64,
            length: payload.len() as u64,
            is_again: copy.is_some_and(|copy| copy.is_again),
        })
    }

    fn in_segment(&self, packet: usize) -> Vec<PacketLoad> {
        let Some(place) = self.streams.place(packet) else { return Vec::new() };
        let Some(segment) = &place.segment else { return Vec::new() };
        let units = self.streams.units(place.direction, &segment.bytes);
        let loads = units.into_iter().map(|unit| {
            let part = common(&unit.bytes, &segment.bytes);
            let start = unit.bytes.start;
            let copies = self.copies(place.direction, &unit.bytes);
            // Of a unit that was not sent to its end, the message says how long it is.
            let end = copies.iter().map(|copy| copy.end).fold(unit.bytes.end, u64::max);
            let again = !copies.is_empty() && copies.iter().all(|copy| copy.is_again);
            PacketLoad {
                title: unit.title,
                messages: copies.iter().map(|copy| copy.id.clone()).collect(),
                bytes: part.start - start..part.end - start,
                length: end - start,
                is_again: again || part.end <= segment.sent,
            }
        });
        let loads: Vec<PacketLoad> = loads.collect();
        if !loads.is_empty() {
            return loads;
        }
        let length = segment.bytes.end - segment.bytes.start;
        let (title, messages, bytes) = (NO_UNIT.to_owned(), Vec::new(), 0..length);
        vec![PacketLoad {
            title,
            messages,
            bytes,
            length,
            is_again: segment.bytes.end <= segment.sent,
        }]
    }

    /// Returns the copies that end in a unit. Of a unit that was not sent to its end, those are
    /// what ends next.
    fn copies(&self, direction: StreamDirection, unit: &Range<u64>) -> Vec<LoadedCopy<'a>> {
        let within = (direction, unit.start + 1)..=(direction, unit.end);
        let copies: Vec<LoadedCopy> =
            self.of_streams.range(within).flat_map(|(_, all)| all).copied().collect();
        if !copies.is_empty() || !self.streams.is_unfinished(direction, unit) {
            return copies;
        }
        let later = (direction, unit.end + 1)..=(direction, u64::MAX);
        self.of_streams.range(later).next().map(|(_, all)| all.clone()).unwrap_or_default()
    }
}

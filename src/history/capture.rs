//! The packets of a trial: their bytes as they left the sender, and the end of each.

use crate::history::ProcessId;
use std::collections::{BTreeMap, BinaryHeap};

use super::LossReason;
use crate::time::Instant;

/// Most packets that a capture keeps: 150 MB at 1,500 bytes each.
pub const MOST_PACKETS: usize = 100_000;

/// One IP packet. The derived order is that of a capture: by time, then sender, then the
/// sender's own sequence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Packet {
    /// The time at which it left.
    pub at: Instant,
    /// The process that sent it.
    pub from: ProcessId,
    /// A number that grows from each packet of a sender to its next.
    pub serial: u64,
    /// The process that it is for; `None` if no process has its address.
    pub to: Option<ProcessId>,
    /// Its number among the packets from this sender to this receiver, from 1; 0 if no process has
    /// its address.
    pub nth: u64,
    /// The end of the packet, and of each copy of it that the network made.
    pub ends: Vec<PacketEnd>,
    /// The packet, from its IP header on.
    pub bytes: Vec<u8>,
}

/// The end of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PacketEnd {
    /// The time at which it arrived or was lost.
    pub at: Instant,
    /// The reason for which the receiving host did not take it in; `None` if it did.
    pub lost: Option<LossReason>,
}

/// The first packets of a trial, at most [`MOST_PACKETS`].
///
/// The selection does not depend on the order in which packets are added: when the capture is full,
/// the last one in the order of [`Packet`] is dropped.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    packets: BinaryHeap<Packet>,
    /// Packets that arrived and were not taken in: by sender, receiver, number from the one to the
    /// other, and time.
    rejected: BTreeMap<(ProcessId, ProcessId, u64, Instant), LossReason>,
    left_out: u64,
}

impl Capture {
    /// Adds a packet that left its sender.
    pub fn add(&mut self, packet: Packet) {
        self.packets.push(packet);
        if self.packets.len() > MOST_PACKETS {
            self.packets.pop();
            self.left_out += 1;
        }
    }

    /// Returns the number of packets dropped by the limit.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Records that the `nth` packet from one process to another arrived at `at`, and was not taken
    /// in.
    pub fn reject(
        &mut self,
        (from, to, nth): (ProcessId, ProcessId, u64),
        at: Instant,
        reason: LossReason,
    ) {
        self.rejected.insert((from, to, nth, at), reason);
    }

    /// Returns the number of packets.
    pub fn len(&self) -> usize {
        self.packets.len()
    }

    /// Whether there is no packet.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Takes out the first packets in order, up to the first of which an end may still become known
    /// at `now` or later.
    pub fn take_settled(&mut self, now: Instant) -> Vec<Packet> {
        let mut packets = std::mem::take(&mut self.packets).into_sorted_vec();
        let is_settled =
            |packet: &Packet| packet.at < now && packet.ends.iter().all(|end| end.at < now);
        let open = packets.iter().position(|one| !is_settled(one)).unwrap_or(packets.len());
        self.packets = packets.split_off(open).into();
        self.note_rejected(&mut packets);
        // Packets leave in order of time, so that nothing arrives any more of what left before.
        let first = self.packets.iter().map(|packet| packet.at).min().unwrap_or(now);
        self.rejected.retain(|(.., at), _| *at >= first);
        packets
    }

    /// Returns the packets in order.
    pub fn into_packets(mut self) -> Vec<Packet> {
        let mut packets = std::mem::take(&mut self.packets).into_sorted_vec();
        self.note_rejected(&mut packets);
        packets
    }

    /// Notes in packets that they arrived and were not taken in.
    fn note_rejected(&self, packets: &mut [Packet]) {
        for packet in packets {
            let Packet { from, to: Some(to), nth, .. } = *packet else { continue };
            for end in &mut packet.ends {
                let rejected = self.rejected.get(&(from, to, nth, end.at));
                end.lost = end.lost.or(rejected.copied());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_capture_keeps_the_first_packets_whoever_reported_first() {
        let most = MOST_PACKETS as u64;
        let packet = |n: u64| {
            let at = Instant::from_micros(n);
            Packet {
                at,
                from: ProcessId::BROKER,
                serial: n,
                to: None,
                nth: 0,
                ends: Vec::new(),
                bytes: Vec::new(),
            }
        };
        let mut capture = Capture::default();
        (0..most + 3).rev().for_each(|n| capture.add(packet(n)));
        assert_eq!(capture.left_out(), 3);
        assert!(capture.into_packets().into_iter().eq((0..most).map(packet)));
    }
}

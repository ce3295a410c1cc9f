//! The packets of a trial, byte for byte, as they left their senders, and how far each came.

use crate::history::ProcessId;
use std::collections::{BTreeMap, BinaryHeap};

use super::LossReason;
use crate::time::Instant;

/// Most packets that a capture keeps: at 1,500 bytes each, 150 MB.
pub const MOST_PACKETS: usize = 100_000;

/// One IP packet. The derived order is that of a capture: by time, then sender, then the
/// sender's own sequence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Packet {
    /// When it left.
    pub at: Instant,
    /// The process that sent it.
    pub from: ProcessId,
    /// Grows from one packet of a sender to its next.
    pub serial: u64,
    /// The process that it is for; `None` if nobody has its address.
    pub to: Option<ProcessId>,
    /// Which packet of its direction it is, from 1; 0 if nobody has its address.
    pub nth: u64,
    /// How the packet ended, and each copy of it that the network made.
    pub ends: Vec<PacketEnd>,
    /// The packet, from its IP header on.
    pub bytes: Vec<u8>,
}

/// How a packet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PacketEnd {
    /// When.
    pub at: Instant,
    /// Why the machine at the other end did not take it in; `None` if it did.
    pub fate: Option<LossReason>,
}

/// The first packets of a trial, at most [`MOST_PACKETS`].
///
/// Which ones they are does not depend on who reported its packets first: when it is full, the
/// last one in the order of packets goes.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    packets: BinaryHeap<Packet>,
    /// Packets that were to arrive and were not taken in: by both ends, which of its direction,
    /// and when.
    turned_away: BTreeMap<(ProcessId, ProcessId, u64, Instant), LossReason>,
    left_out: u64,
}

impl Capture {
    /// A packet left.
    pub fn add(&mut self, packet: Packet) {
        self.packets.push(packet);
        if self.packets.len() > MOST_PACKETS {
            self.packets.pop();
            self.left_out += 1;
        }
    }

    /// How many packets the limit has cost.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The `nth` packet from one process to another came at `at`, and was not taken in.
    pub fn turn_away(
        &mut self,
        (from, to, nth): (ProcessId, ProcessId, u64),
        at: Instant,
        fate: LossReason,
    ) {
        self.turned_away.insert((from, to, nth, at), fate);
    }

    /// The packets in order.
    pub fn into_packets(self) -> Vec<Packet> {
        let mut packets = self.packets.into_sorted_vec();
        for packet in &mut packets {
            let Packet { from, to: Some(to), nth, .. } = *packet else { continue };
            for end in &mut packet.ends {
                let turned_away = self.turned_away.get(&(from, to, nth, end.at));
                end.fate = end.fate.or(turned_away.copied());
            }
        }
        packets
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

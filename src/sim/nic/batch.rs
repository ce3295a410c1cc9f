//! Packets in transit between turmoil hosts: many in one datagram, each with its planned arrival.
//!
//! The layout never leaves this process's memory: for each packet a fixed header, then its bytes.

use std::cmp::Ordering;

use bytes::{Buf, BufMut, Bytes};

use crate::time::Instant;

/// Length of a packet's header in a batch, in bytes.
const HEAD: usize = 8 + 4 + 4 + 8 + 4 + 8 + 4;
/// Maximum length of a batch in bytes; the receiver's buffer has this length, too.
pub(super) const LARGEST: usize = 64 * 1_024;

/// A packet that is held until it is due.
#[derive(Clone, Debug)]
pub(super) struct HeldPacket {
    pub due: Instant,
    /// The sender's process.
    pub from: u32,
    /// The receiver's process.
    pub to: u32,
    /// The packet's number in its direction, from 1.
    pub serial: u64,
    /// The bit to flip on arrival.
    pub flip: Option<u32>,
    /// The datagram's number in its flow, from 1, if the packet carries a datagram.
    pub datagram: Option<u64>,
    pub packet: Bytes,
}

impl HeldPacket {
    /// Returns the sort key of arrivals. It does not depend on the order in which turmoil hosts
    /// ran.
    fn key(&self) -> (Instant, u32, u32, u64, Option<u32>) {
        (self.due, self.from, self.to, self.serial, self.flip)
    }

    /// Returns the packet's length in a batch, in bytes.
    pub fn len(&self) -> usize {
        HEAD + self.packet.len()
    }

    /// Appends the packet to a batch.
    pub fn encode(&self, batch: &mut Vec<u8>) {
        batch.put_u64(self.due.as_micros());
        batch.put_u32(self.from);
        batch.put_u32(self.to);
        batch.put_u64(self.serial);
        batch.put_u32(self.flip.unwrap_or(u32::MAX));
        batch.put_u64(self.datagram.unwrap_or(0));
        batch.put_u32(self.packet.len() as u32);
        batch.put_slice(&self.packet);
    }

    /// Takes the next packet out of a batch.
    pub fn decode(batch: &mut Bytes) -> HeldPacket {
        let due = Instant::from_micros(batch.get_u64());
        let (from, to, serial) = (batch.get_u32(), batch.get_u32(), batch.get_u64());
        let flip = Some(batch.get_u32()).filter(|&bit| bit != u32::MAX);
        let datagram = Some(batch.get_u64()).filter(|&number| number != 0);
        let length = batch.get_u32() as usize;
        HeldPacket { due, from, to, serial, flip, datagram, packet: batch.split_to(length) }
    }
}

impl Ord for HeldPacket {
    fn cmp(&self, other: &HeldPacket) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for HeldPacket {
    fn partial_cmp(&self, other: &HeldPacket) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for HeldPacket {
    fn eq(&self, other: &HeldPacket) -> bool {
        self.key() == other.key()
    }
}

impl Eq for HeldPacket {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_what_was_put_in() {
        let held = |serial, flip, datagram, packet: &'static [u8]| HeldPacket {
            due: Instant::from_millis(serial),
            from: 1,
            to: 0,
            serial,
            flip,
            datagram,
            packet: Bytes::from_static(packet),
        };
        let all = [
            held(1, None, Some(7), b"one"),
            held(2, Some(0), None, b""),
            held(3, None, None, b"3"),
        ];
        let mut batch = Vec::new();
        all.iter().for_each(|held| held.encode(&mut batch));
        assert_eq!(batch.len(), all.iter().map(HeldPacket::len).sum::<usize>());
        let mut batch = Bytes::from(batch);
        for expected in all {
            let found = HeldPacket::decode(&mut batch);
            assert_eq!(found, expected);
            assert_eq!((found.flip, found.datagram), (expected.flip, expected.datagram));
            assert_eq!(found.packet, expected.packet);
        }
        assert!(batch.is_empty());
    }
}

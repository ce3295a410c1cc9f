//! Follows one TCP connection by the segments of its two senders: relative sequence numbers, and
//! the reassembled content of each direction.

use smoltcp::wire::{TcpPacket, TcpSeqNumber};

use super::reader::{Begin, Protocol, Reader, StreamUnit};
use super::{headers, shown};

/// The state of a connection, per sender.
#[derive(Debug, Default)]
pub struct Conversation {
    sides: [Side; 2],
}

#[derive(Debug, Default)]
struct Side {
    /// The sequence number of its SYN, or the first number of this side that was seen. Numbers are
    /// shown relative to it.
    first: Option<TcpSeqNumber>,
    /// The sequence number after the last byte that was read.
    next: Option<TcpSeqNumber>,
    reader: Reader,
}

impl Conversation {
    /// Finds the begin of the unit that ends with the `end`-th byte of one sender.
    pub fn begin_of(&self, sender: usize, end: u64) -> Begin {
        self.sides[sender].reader.begin_of(end)
    }

    /// Returns the complete units of one sender, in order.
    pub fn units(&self, sender: usize) -> &[StreamUnit] {
        self.sides[sender].reader.units()
    }

    /// Forgets the units of one sender that end before an offset.
    pub fn forget(&mut self, sender: usize, before: u64) {
        self.sides[sender].reader.forget(before);
    }

    /// Returns what one sender has sent of its next unit; `None` if nothing.
    pub fn unfinished(&self, sender: usize) -> Option<StreamUnit> {
        self.sides[sender].reader.unfinished()
    }

    /// Reads a segment from one sender. Returns its header in words, and the lines of its content.
    pub fn read(&mut self, sender: usize, tcp: &TcpPacket<&[u8]>) -> (String, Vec<String>) {
        let sequence = tcp.seq_number();
        let side = &mut self.sides[sender];
        if tcp.syn() {
            (side.first, side.next) = (Some(sequence), Some(sequence + 1));
        }
        let first = *side.first.get_or_insert(sequence);
        let next = *side.next.get_or_insert(sequence);
        let lines = side.read(next, sequence, tcp.payload());
        if side.reader.protocol() == Protocol::WebSocket {
            // A 101 response switches both directions to WebSocket.
            self.sides.iter_mut().for_each(|side| side.reader.upgrade());
        }
        let mut words = vec![headers::flags(tcp), format!("seq {}", distance(first, sequence))];
        if tcp.ack() {
            let first = *self.sides[1 - sender].first.get_or_insert(tcp.ack_number());
            words.push(format!("ack {}", distance(first, tcp.ack_number())));
        }
        words.push(format!("window {}", tcp.window_len()));
        (words.join(", "), lines)
    }
}

impl Side {
    fn read(&mut self, next: TcpSeqNumber, sequence: TcpSeqNumber, payload: &[u8]) -> Vec<String> {
        if payload.is_empty() {
            return Vec::new();
        }
        let ahead = distance(next, sequence) as i32;
        let mut lines = Vec::new();
        if ahead > 0 {
            lines.push(format!("{ahead} bytes are missing before this"));
            self.reader.lose();
        }
        let old = if ahead < 0 { payload.len().min(ahead.unsigned_abs() as usize) } else { 0 };
        if old > 0 {
            lines.push(format!("{old} bytes that were sent before"));
        }
        let new = &payload[old..];
        if !new.is_empty() {
            self.next = Some(sequence + payload.len());
            lines.extend(self.reader.read(new));
            let begun = self.reader.begun();
            if begun > 0 {
                lines.push(format!("{} of something that goes on", shown::count(begun)));
            }
        }
        lines
    }
}

/// Returns the distance between two sequence numbers, modulo 2^32 (RFC 9293 §3.4).
fn distance(from: TcpSeqNumber, to: TcpSeqNumber) -> u32 {
    to.0.wrapping_sub(from.0) as u32
}

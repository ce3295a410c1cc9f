//! Follows one TCP connection by the segments of its two senders: relative sequence numbers, and
//! the reassembled content of each direction.

use smoltcp::wire::{TcpPacket, TcpSeqNumber};

use super::reader::{Begin, Lines, Protocol, Reader, StreamUnit};
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

    /// Reads a segment from one sender, for its units alone.
    pub fn read(&mut self, sender: usize, tcp: &TcpPacket<&[u8]>) {
        self.read_into(sender, tcp, None);
    }

    /// Reads a segment from one sender. Returns its header in words, and the lines of its content.
    pub fn tell(&mut self, sender: usize, tcp: &TcpPacket<&[u8]>) -> (String, Vec<String>) {
        let mut lines = Vec::new();
        self.read_into(sender, tcp, Some(&mut lines));
        let sequence = tcp.seq_number();
        let first = *self.sides[sender].first.get_or_insert(sequence);
        let mut words = vec![headers::flags(tcp), format!("seq {}", distance(first, sequence))];
        if tcp.ack() {
            let first = *self.sides[1 - sender].first.get_or_insert(tcp.ack_number());
            words.push(format!("ack {}", distance(first, tcp.ack_number())));
        }
        words.push(format!("window {}", tcp.window_len()));
        (words.join(", "), lines)
    }

    fn read_into(&mut self, sender: usize, tcp: &TcpPacket<&[u8]>, lines: Lines<'_>) {
        let sequence = tcp.seq_number();
        let side = &mut self.sides[sender];
        if tcp.syn() {
            (side.first, side.next) = (Some(sequence), Some(sequence + 1));
        }
        side.first.get_or_insert(sequence);
        let next = *side.next.get_or_insert(sequence);
        side.read(next, (sequence, tcp.payload()), lines);
        if side.reader.protocol() == Protocol::WebSocket {
            // A 101 response switches both directions to WebSocket.
            self.sides.iter_mut().for_each(|side| side.reader.upgrade());
        }
    }
}

impl Side {
    fn read(
        &mut self,
        next: TcpSeqNumber,
        (sequence, payload): (TcpSeqNumber, &[u8]),
        mut lines: Lines<'_>,
    ) {
        if payload.is_empty() {
            return;
        }
        let ahead = distance(next, sequence) as i32;
        if ahead > 0 {
            self.reader.lose();
        }
        let old = if ahead < 0 { payload.len().min(ahead.unsigned_abs() as usize) } else { 0 };
        if let Some(lines) = &mut lines {
            lines.extend((ahead > 0).then(|| format!("{ahead} bytes are missing before this")));
            lines.extend((old > 0).then(|| format!("{old} bytes that were sent before")));
        }
        let new = &payload[old..];
        if new.is_empty() {
            return;
        }
        self.next = Some(sequence + payload.len());
        self.reader.read(new, lines.as_deref_mut());
        let begun = self.reader.begun();
        if let Some(lines) = lines.filter(|_| begun > 0) {
            lines.push(format!("{} of something that goes on", shown::count(begun)));
        }
    }
}

/// Returns the distance between two sequence numbers, modulo 2^32 (RFC 9293 §3.4).
fn distance(from: TcpSeqNumber, to: TcpSeqNumber) -> u32 {
    to.0.wrapping_sub(from.0) as u32
}

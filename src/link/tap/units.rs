//! Finds where units end in a stream of HTTP/1.1 and WebSocket: a body of known length, a chunk, a
//! data frame. It does not look at their content.

use crate::link::limits::MOST_HEAD;

/// Most bytes of a unit. No real stream comes near it, and a sum of such lengths does not overflow.
const MOST: u64 = 1 << 40;

/// The bit that is set in the opcodes of all control frames (RFC 6455 §5.5).
const CONTROL: u8 = 0x8;

/// Finds the ends of units in the bytes of one direction.
///
/// A receiver gets a unit as a whole. These are units:
///
/// - an HTTP message with a `Content-Length` or without a body;
/// - a chunk of an HTTP message without a length (RFC 9112 §7.1);
/// - after an upgrade, a WebSocket message (RFC 6455 §5.2). A fragmented message ends with its last
///   fragment. Control frames are not units.
#[derive(Debug, Default)]
pub struct Units {
    /// Number of bytes seen so far.
    passed: u64,
    state: State,
    /// The bytes of the current head, as far as they have come.
    head: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In the head of a message.
    #[default]
    Head,
    /// In a body: the number of bytes left, and the state after them.
    Skip(u64, After),
    /// In the line with the length of a chunk.
    ChunkHead,
    /// In the trailer after the last chunk.
    Trailer,
    /// In the header of a WebSocket frame.
    Frame,
    /// The stream is not understood; no more units are found.
    Lost,
}

/// The state after bytes that are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Head,
    ChunkHead,
    Frame,
}

/// The content that follows a head.
enum Body {
    Length(u64),
    Chunks,
    WebSocket,
}

impl Units {
    /// Looks at the next bytes. Returns the end of each unit whose length became known, in order,
    /// as a count of bytes from the beginning of the stream. An end may lie beyond the bytes seen
    /// so far.
    pub fn pass(&mut self, bytes: &[u8]) -> Vec<u64> {
        let mut ends = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                State::Skip(left, after) => {
                    let count = left.min((bytes.len() - at) as u64);
                    at += count as usize;
                    self.passed += count;
                    self.skip(left - count, after);
                }
                State::Lost => break,
                _ => {
                    self.head.push(bytes[at]);
                    self.passed += 1;
                    at += 1;
                    self.step(&mut ends);
                }
            }
        }
        ends
    }

    /// Advances the state after one more byte of a head.
    fn step(&mut self, ends: &mut Vec<u64>) {
        match self.state {
            State::Head if self.head.ends_with(b"\r\n\r\n") => {
                self.state = State::Lost;
                match body(&self.head) {
                    Some(Body::Length(length)) => {
                        ends.push(self.passed + length);
                        self.skip(length, After::Head);
                    }
                    Some(Body::Chunks) => self.state = State::ChunkHead,
                    Some(Body::WebSocket) => {
                        ends.push(self.passed);
                        self.state = State::Frame;
                    }
                    None => {}
                }
                self.head.clear();
            }
            State::ChunkHead if self.head.ends_with(b"\r\n") => {
                self.state = match chunk_length(&self.head) {
                    Some(0) => State::Trailer,
                    Some(length) => {
                        ends.push(self.passed + length);
                        State::Skip(length + 2, After::ChunkHead)
                    }
                    None => State::Lost,
                };
                self.head.clear();
            }
            State::Trailer if self.head == b"\r\n" => self.next(State::Head),
            State::Trailer if self.head.ends_with(b"\r\n") => self.head.clear(),
            State::Frame => {
                if let Some((length, is_end_of_message)) = frame(&self.head) {
                    if is_end_of_message {
                        ends.push(self.passed + length);
                    }
                    self.head.clear();
                    self.skip(length, After::Frame);
                }
            }
            _ if self.head.len() > MOST_HEAD => self.next(State::Lost),
            _ => {}
        }
    }

    fn skip(&mut self, left: u64, after: After) {
        self.state = match (left, after) {
            (0, After::Head) => State::Head,
            (0, After::ChunkHead) => State::ChunkHead,
            (0, After::Frame) => State::Frame,
            (left, after) => State::Skip(left, after),
        };
    }

    fn next(&mut self, state: State) {
        self.head.clear();
        self.state = state;
    }
}

/// Returns the content that follows a head; `None` if the head is not valid.
fn body(head: &[u8]) -> Option<Body> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ").map(|status| status.get(..3));
    let fields = lines.filter_map(|line| line.split_once(':'));
    let (mut length, mut is_chunked, mut upgrades) = (0, false, false);
    for (name, value) in fields {
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok().filter(|length| *length < MOST)?,
            "transfer-encoding" => is_chunked = value.eq_ignore_ascii_case("chunked"),
            "upgrade" => upgrades = value.eq_ignore_ascii_case("websocket"),
            _ => {}
        }
    }
    // After a request to upgrade, frames follow if it is granted, else nothing.
    let is_upgrade = upgrades && status.is_none_or(|status| status == Some("101"));
    Some(match (is_upgrade, is_chunked) {
        (true, _) => Body::WebSocket,
        (false, true) => Body::Chunks,
        (false, false) => Body::Length(length),
    })
}

/// Parses the length of a chunk from its first line.
fn chunk_length(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let digits = line.split(';').next()?;
    u64::from_str_radix(digits.trim(), 16).ok().filter(|length| *length < MOST)
}

/// Returns the number of bytes that follow a frame's header, and whether a message ends with them;
/// `None` if the header is not complete.
fn frame(header: &[u8]) -> Option<(u64, bool)> {
    let [first, second, ..] = *header else { return None };
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if header.len() < 2 + extended {
        return None;
    }
    let length = match extended {
        0 => u64::from(second & 0x7f),
        _ => header[2..2 + extended].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    };
    let (is_last, is_control) = (first & 0x80 != 0, first & CONTROL != 0);
    Some((length.min(MOST) + mask(second), is_last && !is_control))
}

/// Returns the number of bytes of a frame's mask, from the second byte of its header.
fn mask(second: u8) -> u64 {
    if second & 0x80 == 0 { 0 } else { 4 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_bytes_end_the_same_units_however_they_are_cut(
            pieces in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..20),
                "(HTTP/1.1 (101|200) x|POST / HTTP/1.1)\r\n".prop_map(String::into_bytes),
                "(content-length: [0-9]{1,20}|transfer-encoding: chunked|upgrade: websocket)\r\n"
                    .prop_map(String::into_bytes),
                "(\r\n|[0-9a-f]{1,17}\r\n|\r\n\r\n)".prop_map(String::into_bytes),
            ], 0..12),
        ) {
            let bytes = pieces.concat();
            let ends = Units::default().pass(&bytes);
            let mut units = Units::default();
            let cut: Vec<u64> = bytes.chunks(1).flat_map(|byte| units.pass(byte)).collect();
            prop_assert_eq!(ends, cut);
        }
    }

    /// Checks that the same ends are found however the bytes are split.
    #[track_caller]
    fn check(bytes: &[u8], expected: &[u64]) {
        assert_eq!(Units::default().pass(bytes), expected, "at once");
        let mut units = Units::default();
        let one_by_one: Vec<u64> = bytes.chunks(1).flat_map(|byte| units.pass(byte)).collect();
        assert_eq!(one_by_one, expected, "byte by byte");
    }

    #[test]
    fn a_message_ends_with_its_body() {
        let head = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
        let two = [&head[..], b"hello", b"HTTP/1.1 204 No Content\r\n\r\n"].concat();
        check(&two, &[head.len() as u64 + 5, two.len() as u64]);
    }

    #[test]
    fn each_chunk_is_a_unit() {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let all = [&head[..], b"5\r\nhello\r\n", b"a\r\n0123456789\r\n", b"0\r\n\r\n"].concat();
        let begin = head.len() as u64;
        check(&all, &[begin + 3 + 5, begin + 10 + 3 + 10]);
    }

    #[test]
    fn after_an_upgrade_each_message_is_a_unit_and_control_frames_are_none() {
        let head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
        let (ping, text) = ([0x89, 0], [0x81, 2, b'h', b'i']);
        let masked = [0x01, 0x81, 1, 2, 3, 4, 5];
        let last = [0x80, 126, 0, 3, 1, 2, 3];
        let all = [&head[..], &ping, &text, &masked, &last].concat();
        let begin = head.len() as u64;
        check(&all, &[begin, begin + 6, all.len() as u64]);
    }

    #[test]
    fn what_is_no_head_ends_nothing() {
        check(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc", &[]);
        check(&[0xff; 100_000], &[]);
    }
}

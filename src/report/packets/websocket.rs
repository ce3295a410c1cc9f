//! A WebSocket frame in words (RFC 6455 §5.2).

use super::{content, shown};

/// A complete frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketFrame {
    /// Bytes of the whole frame.
    pub length: usize,
    /// Bytes before the payload, the mask included.
    pub head: usize,
    /// The opcode.
    pub opcode: u8,
    /// Whether it is the last of its message.
    pub is_final: bool,
    /// The mask, if there is one.
    pub mask: Option<u32>,
    /// The payload without the mask.
    pub payload: Vec<u8>,
}

/// Returns the frame at the beginning of the bytes; `None` while it is incomplete.
pub fn frame(bytes: &[u8]) -> Option<WebSocketFrame> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let mut at = 2;
    let length = match second & 0x7f {
        126 => number(bytes, &mut at, 2)?,
        127 => number(bytes, &mut at, 8)?,
        length => u64::from(length),
    };
    let mask = if second & 0x80 == 0 { None } else { Some(number(bytes, &mut at, 4)? as u32) };
    let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length))?;
    let mut payload = bytes.get(at..end)?.to_vec();
    if let Some(mask) = mask {
        let key = mask.to_be_bytes();
        payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    }
    let (opcode, is_final) = (first & 0x0f, first & 0x80 != 0);
    Some(WebSocketFrame { length: end, head: at, opcode, is_final, mask, payload })
}

impl WebSocketFrame {
    /// Returns the name of its opcode.
    pub fn kind(&self) -> String {
        name(self.opcode)
    }

    /// Returns its name, with that of its content.
    pub fn title(&self) -> String {
        let title = format!("WebSocket {}", name(self.opcode));
        match self.opcode {
            1 | 2 => content::joined(title, &content::names(&self.payload)),
            _ => title,
        }
    }

    /// Describes it, and shows its content.
    pub fn lines(&self) -> Vec<String> {
        let mut words = vec![format!("a WebSocket frame: {}", name(self.opcode))];
        if !self.is_final {
            words.push("to be continued".to_owned());
        }
        words.push(shown::count(self.payload.len()));
        words.push(match self.mask {
            Some(mask) => format!("masked with {mask:08x}"),
            None => "not masked".to_owned(),
        });
        let mut lines = vec![words.join(", ")];
        match (self.opcode, self.payload.split_first_chunk::<2>()) {
            (8, Some((code, reason))) => {
                let reason = String::from_utf8_lossy(reason);
                lines.push(format!("  {} {reason:?}", u16::from_be_bytes(*code)));
            }
            _ => lines.extend(shown::inside(&self.payload)),
        }
        lines
    }
}

/// Reads a big-endian number of `length` bytes.
fn number(bytes: &[u8], at: &mut usize, length: usize) -> Option<u64> {
    let digits = bytes.get(*at..*at + length)?;
    *at += length;
    Some(digits.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn name(opcode: u8) -> String {
    match opcode {
        0 => "continuation".to_owned(),
        1 => "text".to_owned(),
        2 => "binary".to_owned(),
        8 => "close".to_owned(),
        9 => "ping".to_owned(),
        10 => "pong".to_owned(),
        other => format!("opcode {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6455 §5.7.
    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        let check = |bytes: &[u8], expected: &[&str]| {
            let (length, lines) = frame(bytes).map(|one| (one.length, one.lines())).unwrap();
            assert_eq!(
                (length, lines),
                (bytes.len(), expected.iter().map(|s| s.to_string()).collect())
            );
            assert_eq!(frame(&bytes[..bytes.len() - 1]), None);
        };
        check(
            &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f],
            &["a WebSocket frame: text, 5 bytes, not masked", "  Hello"],
        );
        check(
            &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58],
            &["a WebSocket frame: text, 5 bytes, masked with 37fa213d", "  Hello"],
        );
        check(
            &[0x01, 0x03, 0x48, 0x65, 0x6c],
            &["a WebSocket frame: text, to be continued, 3 bytes, not masked", "  Hel"],
        );
        check(
            &[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f],
            &["a WebSocket frame: ping, 5 bytes, not masked", "  Hello"],
        );
    }

    #[test]
    fn a_close_frame_says_its_code_and_reason() {
        let lines = frame(&[0x88, 4, 0x03, 0xe8, b'o', b'k']).unwrap().lines();
        assert_eq!(lines, ["a WebSocket frame: close, 4 bytes, not masked", "  1000 \"ok\""]);
    }

    #[test]
    fn a_length_beyond_all_bytes_is_waited_for() {
        assert_eq!(frame(&[0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 1]), None);
    }
}

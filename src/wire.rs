//! Frames as bytes: JSON text, length-prefixed in a stream, one to a datagram.
//!
//! JSON because the course's own clients send it and a packet capture can be read. Any bytes may
//! come in; none of them panics, and none makes the reader keep more than one frame's length.

use serde::de::Error as _;

use crate::message::Frame;

/// Longest frame in a stream, prefix not counted: 1 MiB.
pub const MOST_FRAME: usize = 1 << 20;
/// Longest frame in a datagram: what fits in one Ethernet packet (1,500 bytes less 20 of IPv4
/// and 8 of UDP).
pub const MOST_DATAGRAM: usize = 1_472;
/// Bytes of the length before each frame in a stream: an unsigned number, big-endian.
pub const PREFIX: usize = 4;

/// Why bytes are no frame.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// They are not the JSON of a frame.
    #[error("not a frame: {0}")]
    Malformed(#[from] serde_json::Error),
    /// They announce or have more bytes than a frame may have.
    #[error("a frame of {0} bytes is longer than the limit")]
    TooLong(usize),
}

/// The JSON text of a frame.
pub fn encode(frame: &Frame) -> Vec<u8> {
    serde_json::to_vec(frame).expect("a frame is plain data")
}

/// Appends a frame to a stream: its length, then its text.
pub fn encode_to_stream(frame: &Frame, stream: &mut Vec<u8>) {
    let begin = stream.len();
    stream.extend_from_slice(&[0; PREFIX]);
    serde_json::to_writer(&mut *stream, frame).expect("a frame is plain data");
    let length = u32::try_from(stream.len() - begin - PREFIX).expect("a frame is below 4 GiB");
    stream[begin..begin + PREFIX].copy_from_slice(&length.to_be_bytes());
}

/// The frame of a JSON text.
///
/// # Errors
/// The bytes are not the JSON of a frame, or are more than [`MOST_FRAME`].
pub fn decode(bytes: &[u8]) -> Result<Frame, WireError> {
    if bytes.len() > MOST_FRAME {
        return Err(WireError::TooLong(bytes.len()));
    }
    // A borrowed text would refuse invalid UTF-8 inside a payload later than here.
    let text = std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?;
    Ok(serde_json::from_str(text)?)
}

/// Frames as lines of text, each ended by a newline.
pub fn encode_lines(frames: &[Frame]) -> Vec<u8> {
    let mut lines = Vec::new();
    for frame in frames {
        serde_json::to_writer(&mut lines, frame).expect("a frame is plain data");
        lines.push(b'\n');
    }
    lines
}

/// The frames of lines of text; JSON has no newline of its own, and an empty line says nothing.
///
/// # Errors
/// A line is no frame, or longer than [`MOST_FRAME`].
pub fn decode_lines(bytes: &[u8]) -> Result<Vec<Frame>, WireError> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(decode).collect()
}

/// Cuts a stream into frames.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    bytes: Vec<u8>,
    begin: usize,
}

impl Splitter {
    /// Bytes came.
    pub fn extend(&mut self, bytes: &[u8]) {
        if self.begin > 0 {
            self.bytes.drain(..self.begin);
            self.begin = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame, if it is there. After an error the stream is useless.
    ///
    /// # Errors
    /// The frame is longer than [`MOST_FRAME`], or is none.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, WireError> {
        let rest = &self.bytes[self.begin..];
        let Some((prefix, rest)) = rest.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > MOST_FRAME {
            return Err(WireError::TooLong(length));
        }
        let Some(text) = rest.get(..length) else { return Ok(None) };
        let frame = decode(text)?;
        self.begin += PREFIX + length;
        Ok(Some(frame))
    }
}

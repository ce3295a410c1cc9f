//! Encoding of frames: JSON text, with a length prefix in a stream, one frame per datagram.
//!
//! The text is JSON since the course's own clients send JSON, and since people can read it in a
//! packet capture. Decoding accepts any bytes and never panics, and a length prefix can never ask
//! for more than one frame's limit.

use serde::de::Error as _;

use crate::message::Frame;
pub use crate::message::{MOST_DATAGRAM, MOST_FRAME};

/// Size of the length prefix of a frame in a stream: an unsigned big-endian number of 4 bytes.
pub const PREFIX: usize = 4;

/// The reason for which bytes are not a valid frame.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The bytes are not the JSON of a frame.
    #[error("not a frame: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The frame has, or announces, more bytes than allowed.
    #[error("a frame of {0} bytes is longer than the limit")]
    TooLong(usize),
}

/// Encodes a frame as JSON text.
pub fn encode(frame: &Frame) -> Vec<u8> {
    serde_json::to_vec(frame).expect("a frame is plain data")
}

/// Appends a frame to a stream: the length prefix, then the text.
pub fn encode_to_stream(frame: &Frame, stream: &mut Vec<u8>) {
    let begin = stream.len();
    stream.extend_from_slice(&[0; PREFIX]);
    serde_json::to_writer(&mut *stream, frame).expect("a frame is plain data");
    let length = u32::try_from(stream.len() - begin - PREFIX).expect("a frame is below 4 GiB");
    stream[begin..begin + PREFIX].copy_from_slice(&length.to_be_bytes());
}

/// Decodes a frame from its JSON text.
///
/// # Errors
/// The bytes are not the JSON of a frame, or are more than [`MOST_FRAME`].
pub fn decode(bytes: &[u8]) -> Result<Frame, WireError> {
    if bytes.len() > MOST_FRAME {
        return Err(WireError::TooLong(bytes.len()));
    }
    // Checked here, since serde_json would refuse invalid UTF-8 inside a payload only later.
    let text = std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?;
    Ok(serde_json::from_str(text)?)
}

/// Encodes frames as lines of text, each ended by a newline.
pub fn encode_lines(frames: &[Frame]) -> Vec<u8> {
    let mut lines = Vec::new();
    for frame in frames {
        serde_json::to_writer(&mut lines, frame).expect("a frame is plain data");
        lines.push(b'\n');
    }
    lines
}

/// Decodes the frames in lines of text. Empty lines are skipped. The JSON text of a frame contains
/// no newline.
///
/// # Errors
/// A line is not a valid frame, or is longer than [`MOST_FRAME`].
pub fn decode_lines(bytes: &[u8]) -> Result<Vec<Frame>, WireError> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(decode).collect()
}

/// Splits the bytes of a stream into frames.
#[derive(Clone, Debug, Default)]
pub struct Splitter {
    bytes: Vec<u8>,
    begin: usize,
}

impl Splitter {
    /// Appends received bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        if self.begin > 0 {
            self.bytes.drain(..self.begin);
            self.begin = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Removes and returns the next frame, if it is complete. After an error the stream cannot be
    /// used any more.
    ///
    /// # Errors
    /// The frame is longer than [`MOST_FRAME`], or is not valid.
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

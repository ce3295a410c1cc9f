//! Engine.IO packets as text: one per WebSocket message, several in the body of a poll or a post.
//!
//! The codec of Engine.IO protocol v4 (github.com/socketio/engine.io-protocol). A packet of bytes is
//! base64 in a body; over WebSocket it is a binary message without a type. Decoding never
//! panics, whatever the text. Nothing here knows what a message means, nor when a packet is due.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::link::limits::{MOST_PACKETS, MOST_PAYLOAD};

/// The separator between the packets of a payload, the record separator (protocol v4, "Packet
/// encoding", "HTTP long-polling").
pub const SEPARATOR: char = '\x1e';
/// The text of the ping and pong that probe a new transport (protocol v4, "Upgrade").
pub const PROBE: &str = "probe";

/// An Engine.IO packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnginePacket {
    /// The server opens a session.
    Open(Handshake),
    /// The session's transport can be closed.
    Close,
    /// Asks the other end for a pong. The server's heartbeat has no text; a client's probe has
    /// [`PROBE`].
    Ping(String),
    /// Answers a ping with the same text.
    Pong(String),
    /// A message of the layer above.
    Message(String),
    /// Bytes that belong to the message before.
    Binary(Vec<u8>),
    /// The client switches to the transport that it has probed.
    Upgrade,
    /// No content: ends a poll while a transport is probed.
    Noop,
}

/// The content of the packet that opens a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// The session's id.
    pub sid: String,
    /// The transports that the client may upgrade to.
    pub upgrades: Vec<String>,
    /// The interval of the server's pings, in milliseconds.
    pub ping_interval: u64,
    /// The time that a pong may take, in milliseconds.
    pub ping_timeout: u64,
    /// The longest payload that the server accepts, in bytes.
    pub max_payload: u64,
}

/// The errors of decoding a packet or a payload.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// The packet is empty.
    #[error("an empty packet")]
    Empty,
    /// The first character is not the type of a packet.
    #[error("no packet begins with {0:?}")]
    UnknownType(char),
    /// A packet of bytes has no base64 after its `b`.
    #[error("a packet of bytes that is not base64")]
    Base64,
    /// Text follows a type that has no content.
    #[error("a packet of type {0} says more than its type")]
    Trailing(char),
    /// The handshake is not valid JSON of a handshake.
    #[error("no handshake: {0}")]
    Handshake(#[from] serde_json::Error),
    /// The payload is longer than [`MOST_PAYLOAD`] bytes.
    #[error("a payload of {0} bytes is longer than the limit")]
    TooLong(usize),
    /// The payload has more than [`MOST_PACKETS`] packets.
    #[error("a payload of more than {MOST_PACKETS} packets")]
    TooMany,
}

impl EnginePacket {
    /// Encodes the packet as text.
    pub fn encode(&self) -> String {
        let (kind, words) = match self {
            EnginePacket::Open(handshake) => {
                let json = serde_json::to_string(handshake).expect("names and numbers are JSON");
                return format!("0{json}");
            }
            EnginePacket::Close => ('1', ""),
            EnginePacket::Ping(words) => ('2', words.as_str()),
            EnginePacket::Pong(words) => ('3', words.as_str()),
            EnginePacket::Message(text) => ('4', text.as_str()),
            EnginePacket::Binary(bytes) => return format!("b{}", BASE64.encode(bytes)),
            EnginePacket::Upgrade => ('5', ""),
            EnginePacket::Noop => ('6', ""),
        };
        format!("{kind}{words}")
    }

    /// Decodes a packet.
    ///
    /// # Errors
    /// The text is not a packet.
    pub fn decode(text: &str) -> Result<EnginePacket, PacketError> {
        if text.len() > MOST_PAYLOAD {
            return Err(PacketError::TooLong(text.len()));
        }
        let kind = text.chars().next().ok_or(PacketError::Empty)?;
        let words = &text[kind.len_utf8()..];
        let packet = match kind {
            '0' => return Ok(EnginePacket::Open(serde_json::from_str(words)?)),
            '1' => EnginePacket::Close,
            '2' => return Ok(EnginePacket::Ping(words.to_owned())),
            '3' => return Ok(EnginePacket::Pong(words.to_owned())),
            '4' => return Ok(EnginePacket::Message(words.to_owned())),
            '5' => EnginePacket::Upgrade,
            '6' => EnginePacket::Noop,
            'b' => {
                let bytes = BASE64.decode(words.as_bytes());
                return bytes.map(EnginePacket::Binary).map_err(|_| PacketError::Base64);
            }
            _ => return Err(PacketError::UnknownType(kind)),
        };
        if words.is_empty() { Ok(packet) } else { Err(PacketError::Trailing(kind)) }
    }
}

/// Encodes packets, in order, as the body of a poll's answer or of a post.
pub fn encode_payload<'a>(packets: impl IntoIterator<Item = &'a EnginePacket>) -> String {
    let mut payload = String::new();
    for packet in packets {
        if !payload.is_empty() {
            payload.push(SEPARATOR);
        }
        payload += &packet.encode();
    }
    payload
}

/// Decodes the packets of a body.
///
/// # Errors
/// The body is too long, has too many packets, or one of them is not valid.
pub fn decode_payload(payload: &str) -> Result<Vec<EnginePacket>, PacketError> {
    if payload.len() > MOST_PAYLOAD {
        return Err(PacketError::TooLong(payload.len()));
    }
    if payload.matches(SEPARATOR).count() >= MOST_PACKETS {
        return Err(PacketError::TooMany);
    }
    payload.split(SEPARATOR).map(EnginePacket::decode).collect()
}

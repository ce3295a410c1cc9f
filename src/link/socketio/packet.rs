//! Engine.IO packets as text: one to a WebSocket frame, several to the body of a poll.
//!
//! The codec of Engine.IO protocol v4 (github.com/socketio/engine.io-protocol). Any text may come
//! in; none panics. Nothing here knows what a message means, nor when a packet is due.

use serde::{Deserialize, Serialize};

use crate::link::limits::{MOST_PACKETS, MOST_PAYLOAD};

/// Stands between the packets of a payload: the record separator (protocol v4, "Packet encoding",
/// "HTTP long-polling").
pub const SEPARATOR: char = '\x1e';
/// What a probe of a new transport says (protocol v4, "Upgrade").
pub const PROBE: &str = "probe";

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnginePacket {
    /// The server opens a session.
    Open(Handshake),
    /// The session's transport can be closed.
    Close,
    /// Are you there? The server's heartbeat says nothing, a client's probe [`PROBE`].
    Ping(String),
    /// Yes; with the words of the ping.
    Pong(String),
    /// A message of the layer above.
    Message(String),
    /// The client goes over to the transport that it has probed.
    Upgrade,
    /// Nothing: ends a poll while a transport is probed.
    Noop,
}

/// What a session begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// The session's id.
    pub sid: String,
    /// Transports that the client may go over to.
    pub upgrades: Vec<String>,
    /// How often the server pings, in milliseconds.
    pub ping_interval: u64,
    /// How long a pong may take, in milliseconds.
    pub ping_timeout: u64,
    /// The longest payload that the server takes, in bytes.
    pub max_payload: u64,
}

/// Why a text is no packet, or a body no payload.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// There is nothing.
    #[error("an empty packet")]
    Empty,
    /// The first character is no packet's type.
    #[error("no packet begins with {0:?}")]
    UnknownType(char),
    /// A packet of bytes: messages are JSON here, which is text.
    #[error("a packet of bytes, and only text is understood")]
    Binary,
    /// Words behind a type that has none.
    #[error("a packet of type {0} says more than its type")]
    Trailing(char),
    /// The handshake is not what a server says.
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
    /// The packet as text.
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
            EnginePacket::Upgrade => ('5', ""),
            EnginePacket::Noop => ('6', ""),
        };
        format!("{kind}{words}")
    }

    /// The packet that a text is.
    ///
    /// # Errors
    /// It is none, or one of bytes.
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
            'b' => return Err(PacketError::Binary),
            _ => return Err(PacketError::UnknownType(kind)),
        };
        if words.is_empty() { Ok(packet) } else { Err(PacketError::Trailing(kind)) }
    }
}

/// The body of a poll's answer, or of a post: packets in order.
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

/// The packets of a body.
///
/// # Errors
/// It is too long, has too many packets, or one of them is none.
pub fn decode_payload(payload: &str) -> Result<Vec<EnginePacket>, PacketError> {
    if payload.len() > MOST_PAYLOAD {
        return Err(PacketError::TooLong(payload.len()));
    }
    if payload.matches(SEPARATOR).count() >= MOST_PACKETS {
        return Err(PacketError::TooMany);
    }
    payload.split(SEPARATOR).map(EnginePacket::decode).collect()
}

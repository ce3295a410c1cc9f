//! Socket.IO packets as text: the content of an Engine.IO message.
//!
//! The codec of Socket.IO protocol v5 (github.com/socketio/socket.io-protocol), "Packet encoding".
//! An event may have one binary attachment, which follows in a packet of its own: the payload. What
//! Node's clients can send beyond that (attachments inside JSON, several, those of acknowledgements)
//! is recognized and refused. Decoding never panics, whatever the text, and keeps arguments as the
//! text that was received.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::packet::EnginePacket;
use crate::link::limits::MOST_ARGUMENTS;

/// The namespace of packets that name none.
pub const MAIN: &str = "/";

/// A JSON value, kept as its text.
pub type Json = Box<RawValue>;

/// A Socket.IO packet.
#[derive(Clone, Debug)]
pub struct SocketIoPacket {
    /// The packet's namespace, with its `/`.
    pub namespace: String,
    /// The packet's type and content.
    pub what: PacketKind,
}

/// The type and the content of a packet.
#[derive(Clone, Debug)]
pub enum PacketKind {
    /// From a client: connects to the namespace, with `auth`. From the server: accepts that, with
    /// the socket's id.
    Connect(Option<Json>),
    /// Disconnects from the namespace.
    Disconnect,
    /// An event. With a number in `ack`, the sender asks for an acknowledgement. With an attachment,
    /// the first argument is its [placeholder](placeholder).
    Event { name: String, arguments: Vec<Json>, ack: Option<u64>, attachment: BinaryAttachment },
    /// Acknowledges the event with this number.
    Ack { id: u64, arguments: Vec<Json> },
    /// The server refuses the client's connection to the namespace.
    ConnectError(Json),
}

/// The binary attachment of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BinaryAttachment {
    /// It has none.
    #[default]
    None,
    /// It follows in the next packet.
    Awaited,
    /// These bytes.
    Bytes(Vec<u8>),
}

/// The errors of decoding a packet.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The first character is not the type of a packet.
    #[error("no Socket.IO packet begins like this")]
    UnknownType,
    /// The packet announces attachments other than one that is the first argument of an event.
    #[error("attachments of bytes other than one, the first argument of an event")]
    Binary,
    /// Bytes came that no packet had announced, or a packet before the bytes that one had.
    #[error("bytes without a packet that announces them, or the reverse")]
    Misplaced,
    /// The number of the acknowledgement is missing or not valid, or the type has none.
    #[error("no number of an acknowledgement")]
    BadNumber,
    /// The JSON is not valid for the packet's type.
    #[error("not the JSON of its type: {0}")]
    BadJson(#[from] serde_json::Error),
    /// The event has no name, or there are too many arguments.
    #[error("an event is a name and at most {MOST_ARGUMENTS} arguments")]
    BadArguments,
}

impl SocketIoPacket {
    /// Encodes the packet as text.
    pub fn encode(&self) -> String {
        let mut text = String::from(match &self.what {
            PacketKind::Connect(_) => '0',
            PacketKind::Disconnect => '1',
            PacketKind::Event { attachment: BinaryAttachment::None, .. } => '2',
            PacketKind::Event { .. } => '5',
            PacketKind::Ack { .. } => '3',
            PacketKind::ConnectError(_) => '4',
        });
        if text == "5" {
            text += "1-";
        }
        if self.namespace != MAIN {
            text += &self.namespace;
            text.push(',');
        }
        match &self.what {
            PacketKind::Connect(auth) => text += auth.as_deref().map_or("", RawValue::get),
            PacketKind::Disconnect => {}
            PacketKind::ConnectError(error) => text += error.get(),
            PacketKind::Ack { id, arguments } => {
                text += &id.to_string();
                list(&mut text, None, arguments);
            }
            PacketKind::Event { name, arguments, ack, .. } => {
                text += &ack.map_or_else(String::new, |id| id.to_string());
                list(&mut text, Some(name), arguments);
            }
        }
        text
    }

    /// Decodes a packet.
    ///
    /// # Errors
    /// The text is not a packet, or has attachments that are not understood.
    pub fn decode(text: &str) -> Result<SocketIoPacket, EventError> {
        let kind = text.chars().next().ok_or(EventError::UnknownType)?;
        let rest = match kind {
            '0'..='4' => &text[1..],
            '5' => text[1..].strip_prefix("1-").ok_or(EventError::Binary)?,
            '6' => return Err(EventError::Binary),
            _ => return Err(EventError::UnknownType),
        };
        let (namespace, rest) = split_namespace(rest);
        let (number, json) = split_number(rest)?;
        let what = match (kind, number) {
            ('0', None) if json.is_empty() => PacketKind::Connect(None),
            ('0', None) => PacketKind::Connect(Some(serde_json::from_str(json)?)),
            ('1', None) if json.is_empty() => PacketKind::Disconnect,
            ('2' | '5', ack) => {
                let mut arguments = few(serde_json::from_str(json)?)?;
                if arguments.is_empty() {
                    return Err(EventError::BadArguments);
                }
                let name = serde_json::from_str(arguments.remove(0).get())?;
                let attachment = match kind {
                    '5' if !arguments.first().is_some_and(is_placeholder) => {
                        return Err(EventError::Binary);
                    }
                    '5' => BinaryAttachment::Awaited,
                    _ => BinaryAttachment::None,
                };
                PacketKind::Event { name, arguments, ack, attachment }
            }
            ('3', Some(id)) => PacketKind::Ack { id, arguments: few(serde_json::from_str(json)?)? },
            ('4', None) => PacketKind::ConnectError(serde_json::from_str(json)?),
            _ => return Err(EventError::BadNumber),
        };
        Ok(SocketIoPacket { namespace: namespace.to_owned(), what })
    }
}

impl PartialEq for SocketIoPacket {
    fn eq(&self, other: &SocketIoPacket) -> bool {
        self.encode() == other.encode()
    }
}

/// Puts events and their attachments together.
#[derive(Debug, Default)]
pub struct Assembler(Option<SocketIoPacket>);

impl Assembler {
    /// Decodes the Socket.IO packet in one of Engine.IO, a `Message` or the `Binary` that follows it;
    /// `None` if an attachment is still to come.
    ///
    /// # Errors
    /// It is not a packet, or text came where an attachment was to come, or the reverse.
    pub fn next(&mut self, packet: EnginePacket) -> Result<Option<SocketIoPacket>, EventError> {
        match (packet, self.0.take()) {
            (EnginePacket::Message(text), None) => {
                let packet = SocketIoPacket::decode(&text)?;
                if let PacketKind::Event { attachment: BinaryAttachment::Awaited, .. } =
                    &packet.what
                {
                    self.0 = Some(packet);
                    return Ok(None);
                }
                Ok(Some(packet))
            }
            (EnginePacket::Binary(bytes), Some(mut packet)) => {
                if let PacketKind::Event { attachment, .. } = &mut packet.what {
                    *attachment = BinaryAttachment::Bytes(bytes);
                }
                Ok(Some(packet))
            }
            _ => Err(EventError::Misplaced),
        }
    }
}

/// Returns the argument that stands for an attachment (protocol v5, "Packet encoding").
pub fn placeholder() -> Json {
    json(&serde_json::json!({ "_placeholder": true, "num": 0 }))
}

fn is_placeholder(json: &Json) -> bool {
    #[derive(Deserialize)]
    struct Placeholder {
        _placeholder: bool,
        num: u64,
    }
    parse::<Placeholder>(json).is_some_and(|one| one._placeholder && one.num == 0)
}

/// Serializes a value, which must have a JSON form.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Json {
    serde_json::value::to_raw_value(value).expect("names, numbers and JSON are JSON")
}

/// Parses a value from JSON, if it has the right form.
pub fn parse<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Option<T> {
    serde_json::from_str(json.get()).ok()
}

fn few(arguments: Vec<Json>) -> Result<Vec<Json>, EventError> {
    if arguments.len() > MOST_ARGUMENTS { Err(EventError::BadArguments) } else { Ok(arguments) }
}

/// Splits off the namespace in front of a comma. A query after its name (`?token=…`) is dropped.
fn split_namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return (MAIN, text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    (namespace.split_once('?').map_or(namespace, |(name, _)| name), rest)
}

/// Splits off the number in front of the JSON.
fn split_number(text: &str) -> Result<(Option<u64>, &str), EventError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    if number.is_empty() {
        return Ok((None, rest));
    }
    Ok((Some(number.parse().map_err(|_| EventError::BadNumber)?), rest))
}

fn list(text: &mut String, name: Option<&str>, arguments: &[Json]) {
    let name = name.map(|name| json(name).get().to_owned());
    let all = name.as_deref().into_iter().chain(arguments.iter().map(|json| json.get()));
    text.push('[');
    for (index, one) in all.enumerate() {
        if index > 0 {
            text.push(',');
        }
        *text += one;
    }
    text.push(']');
}

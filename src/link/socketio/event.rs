//! Socket.IO packets as text: what an Engine.IO message says.
//!
//! The codec of Socket.IO protocol v5 (github.com/socketio/socket.io-protocol), "Packet encoding".
//! Packets with attachments of bytes are told apart and refused: a payload here is JSON. Any text
//! may come in; none panics, and arguments are kept as the text that they came in.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::link::limits::MOST_ARGUMENTS;

/// The namespace that packets without one are for.
pub const MAIN: &str = "/";

/// A JSON value as it was written.
pub type Json = Box<RawValue>;

/// One packet.
#[derive(Clone, Debug)]
pub struct SocketIoPacket {
    /// For which namespace, with its `/`.
    pub namespace: String,
    /// What it says.
    pub what: Saying,
}

/// What a packet says.
#[derive(Clone, Debug)]
pub enum Saying {
    /// Joins the namespace, with `auth`; or, from the server, with the socket's id.
    Connect(Option<Json>),
    /// Leaves it.
    Disconnect,
    /// An event by name; whoever wants it acknowledged gives it a number.
    Event { name: String, arguments: Vec<Json>, ack: Option<u64> },
    /// The answer to the event of this number.
    Ack { id: u64, arguments: Vec<Json> },
    /// The server does not let the client join.
    ConnectError(Json),
}

/// Why a text is no packet.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The first character is no packet's type.
    #[error("no Socket.IO packet begins like this")]
    UnknownType,
    /// It announces attachments of bytes.
    #[error("a packet with attachments of bytes, and only JSON is understood")]
    Binary,
    /// The number of the acknowledgement is missing, or no number.
    #[error("no number of an acknowledgement")]
    BadNumber,
    /// Behind it stands what the type does not have, or not what it has.
    #[error("not the JSON of its type: {0}")]
    BadJson(#[from] serde_json::Error),
    /// An event without a name, or with too many arguments.
    #[error("an event is a name and at most {MOST_ARGUMENTS} arguments")]
    BadArguments,
}

impl SocketIoPacket {
    /// The packet as text.
    pub fn encode(&self) -> String {
        let mut text = String::from(match &self.what {
            Saying::Connect(_) => '0',
            Saying::Disconnect => '1',
            Saying::Event { .. } => '2',
            Saying::Ack { .. } => '3',
            Saying::ConnectError(_) => '4',
        });
        if self.namespace != MAIN {
            text += &self.namespace;
            text.push(',');
        }
        match &self.what {
            Saying::Connect(auth) => text += auth.as_deref().map_or("", RawValue::get),
            Saying::Disconnect => {}
            Saying::ConnectError(error) => text += error.get(),
            Saying::Ack { id, arguments } => {
                text += &id.to_string();
                list(&mut text, None, arguments);
            }
            Saying::Event { name, arguments, ack } => {
                text += &ack.map_or_else(String::new, |id| id.to_string());
                list(&mut text, Some(name), arguments);
            }
        }
        text
    }

    /// The packet that a text is.
    ///
    /// # Errors
    /// It is none, or one with attachments of bytes.
    pub fn decode(text: &str) -> Result<SocketIoPacket, EventError> {
        let kind = text.chars().next().ok_or(EventError::UnknownType)?;
        match kind {
            '0'..='4' => {}
            '5' | '6' => return Err(EventError::Binary),
            _ => return Err(EventError::UnknownType),
        }
        let (namespace, rest) = split_namespace(&text[1..]);
        let (number, json) = split_number(rest)?;
        let what = match (kind, number) {
            ('0', None) if json.is_empty() => Saying::Connect(None),
            ('0', None) => Saying::Connect(Some(serde_json::from_str(json)?)),
            ('1', None) if json.is_empty() => Saying::Disconnect,
            ('2', ack) => {
                let mut arguments = few(serde_json::from_str(json)?)?;
                if arguments.is_empty() {
                    return Err(EventError::BadArguments);
                }
                let name = serde_json::from_str(arguments.remove(0).get())?;
                Saying::Event { name, arguments, ack }
            }
            ('3', Some(id)) => Saying::Ack { id, arguments: few(serde_json::from_str(json)?)? },
            ('4', None) => Saying::ConnectError(serde_json::from_str(json)?),
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

/// The JSON of a value of ours.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Json {
    serde_json::value::to_raw_value(value).expect("names, numbers and JSON are JSON")
}

/// A value out of JSON, if it is one.
pub fn parse<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Option<T> {
    serde_json::from_str(json.get()).ok()
}

fn few(arguments: Vec<Json>) -> Result<Vec<Json>, EventError> {
    if arguments.len() > MOST_ARGUMENTS { Err(EventError::BadArguments) } else { Ok(arguments) }
}

/// The namespace in front of a comma; a query behind it (`?token=…`) is no part of it.
fn split_namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return (MAIN, text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    (namespace.split_once('?').map_or(namespace, |(name, _)| name), rest)
}

/// The number in front of the JSON.
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

//! Messages, names, frames, limits, and the notes that broker and client write about themselves.
//!
//! Plain data that every other layer may use. Nothing here makes decisions.

mod contender;
mod end_reason;
mod frame;
mod head;
mod id;
mod limits;
mod link;
mod note;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use contender::{Contender, Mode, UnknownContender};
pub use end_reason::EndReason;
pub use frame::{Confirm, Cursor, Frame, Offset, PushKind, ResumeOutcome, RoomJoin};
pub use head::{Encoding, Head, bytes_of, payload_of};
pub use id::{Epoch, InvalidMessageId, MessageId, Name, Position, SessionId};
pub use limits::{
    AckPolicy, BrokerLimits, ClientLimits, Dedup, Heartbeat, HttpConnections, KeepAlive,
    OnReplaced, Resubscribe, Retention, Upgrade, WhenFull, longest_resend_wait, resend_wait,
};
pub use link::{
    Framing, Link, LinkSemantics, Liveness, MOST_DATAGRAM, MOST_FRAME, MOST_PAYLOAD, OfflineBuffer,
    Reliability,
};
pub use note::{DropReason, GapReason, Note};

/// Most bytes that a frame has around a message's names and payload.
const AROUND: usize = 400;

/// One message from one publisher to the subscribers of one queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Publisher name and sequence number, as in `driver-3`.
    pub id: MessageId,
    /// The queue it is published to.
    pub queue: Name,
    /// The name of the event; to subscribe to an event is to join the room of this name.
    pub event: Name,
    /// The rooms that it goes to.
    #[serde(default, skip_serializing_if = "Target::is_default")]
    pub target: Target,
    /// Its headers, and the encoding of the payload.
    #[serde(default, skip_serializing_if = "Head::is_default")]
    pub head: Head,
    /// The data that goes with it.
    pub payload: Payload,
}

impl Message {
    /// Creates the message that a draft becomes under an id.
    pub fn new(id: MessageId, draft: Draft) -> Message {
        let Draft { queue, event, target, head, payload } = draft;
        Message { id, queue, event, target, head, payload }
    }

    /// Returns the target rooms: those of its target, or else the room of its event.
    pub fn rooms(&self) -> &[Name] {
        if self.target.to.is_empty() { std::slice::from_ref(&self.event) } else { &self.target.to }
    }

    /// Returns the bytes that the message takes in a queue: names, headers and payload, without
    /// framing.
    pub fn size(&self) -> usize {
        self.id.publisher.as_str().len()
            + self.queue.as_str().len()
            + self.event.as_str().len()
            + self.head.size()
            + self.payload.as_str().len()
    }

    /// Whether the message fits into a frame of `most` bytes, on its way to the broker and to a
    /// subscriber, whatever its position will be.
    pub fn fits(&self, most: usize) -> bool {
        let Target { to, except, .. } = &self.target;
        let rooms: usize = to.iter().chain(except).map(|room| room.as_str().len() + 3).sum();
        let headers = 6 * self.head.headers.len();
        // In JSON, a byte of a text takes at most six.
        let names = self.size() - self.payload.as_str().len() + rooms + headers;
        let longest = self.payload.as_str().len() + 6 * names + AROUND;
        longest <= most || Frame::longest_push(self) <= most
    }

    /// Returns the length of the payload: of the bytes that it is, or of its JSON text.
    pub fn payload_bytes(&self) -> usize {
        self.bytes().map_or(self.payload.as_str().len(), |bytes| bytes.len())
    }

    /// Returns the payload's bytes, if it is bytes and their base64 is valid.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        if self.head.encoding == Encoding::Base64 { bytes_of(&self.payload) } else { None }
    }

    /// Whether the message is never kept while there is no connection.
    pub fn is_volatile(&self) -> bool {
        self.target.keep == Durability::Volatile
    }
}

/// The receivers of a message: the members of the rooms in `to`, each client once, minus the
/// members of the rooms in `except`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// Target rooms; empty means the room of the event.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Name>,
    /// Rooms whose members do not get it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Name>,
    /// Whether the sender, if it is a member, gets its own message.
    #[serde(skip_serializing_if = "is_default")]
    pub echo: Echo,
    /// Whether the message is kept while there is no connection.
    #[serde(skip_serializing_if = "is_default")]
    pub keep: Durability,
}

impl Target {
    fn is_default(&self) -> bool {
        *self == Target::default()
    }
}

/// Whether the sender of a message is among its receivers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Echo {
    /// Every member of the rooms, the sender too.
    #[default]
    Everyone,
    /// Every member but the sender (Socket.IO's `broadcast`).
    NotSender,
}

/// Whether a message is kept while there is no connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// It is kept as mode and link keep messages.
    #[default]
    Kept,
    /// It is kept in no link buffer, no outbox and no backlog (Socket.IO's `volatile`).
    Volatile,
}

/// The event of presence that says who came to a queue.
pub const CONNECTED: &str = "connected";
/// The event of presence that says who left a queue, and the reason.
pub const DISCONNECTED: &str = "disconnected";

/// A message as an application publishes it; it has no id yet. A client's last will is one that the
/// broker keeps, and publishes if a session ends without a goodbye of the client, as MQTT's Will
/// Message (MQTT 5.0, 3.1.2.5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The queue to publish to.
    pub queue: Name,
    /// The name of the event.
    pub event: Name,
    /// The rooms that it goes to, and whether it is kept.
    #[serde(default, skip_serializing_if = "Target::is_default")]
    pub target: Target,
    /// Its headers, and the encoding of the payload.
    #[serde(default, skip_serializing_if = "Head::is_default")]
    pub head: Head,
    /// The data.
    pub payload: Payload,
}

impl Draft {
    /// Creates a message for the room of its event, without headers.
    pub fn new(queue: Name, event: Name, payload: Payload) -> Draft {
        Draft { queue, event, target: Target::default(), head: Head::default(), payload }
    }
}

/// The clients that an application on the broker's side means: those in any of these rooms of a
/// queue, each once; without rooms all that have joined the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// The queue.
    pub queue: Name,
    /// The rooms. A client's own name is a room, too.
    pub rooms: Vec<Name>,
}

/// The start of a new subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartAt {
    /// It begins with the next message that is accepted.
    #[default]
    Now,
    /// It begins with the oldest message that the broker retains.
    Start,
    /// It continues: the room was on record before. A broker that lost the record in a crash
    /// replays everything that it has accepted since.
    Before,
}

/// The data of a message: one JSON value, kept as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Arc<RawValue>);

impl Payload {
    /// Returns the payload `null`.
    pub fn null() -> Self {
        Payload(Arc::from(RawValue::NULL.to_owned()))
    }

    /// Returns the JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl From<Box<RawValue>> for Payload {
    fn from(json: Box<RawValue>) -> Self {
        Payload(Arc::from(json))
    }
}

impl From<&serde_json::Value> for Payload {
    fn from(value: &serde_json::Value) -> Self {
        let raw = RawValue::from_string(value.to_string()).expect("a JSON value prints as JSON");
        Payload(Arc::from(raw))
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

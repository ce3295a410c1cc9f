//! Maps our frames to Socket.IO events: namespace, event name and arguments.
//!
//! A queue is a namespace. A message is an event with the name of the message's event; its first
//! argument is the payload, and its second the rest, as [`Meta`]. A program that knows only
//! Socket.IO can therefore publish and listen. Nothing here sends or waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::{BinaryAttachment, Json, MAIN, PacketKind, json, parse, placeholder};
use super::nmq::{PUBLISH, SUBSCRIBE};
use crate::message::{
    Cursor, Draft, Durability, Echo, Encoding, EndReason, Epoch, Head, Message, MessageId, Name,
    Offset, Payload, Position, PushKind, ResumeOutcome, RoomJoin, SessionId, StartAt, Target,
    payload_of,
};

/// The prefix of the events of this link itself, as in `$gap`.
const PREFIX: char = '$';
/// Event names that Socket.IO's clients reserve (socket.io/docs/v4/emit-cheatsheet, "Reserved
/// events"), and the names of this link's requests.
const RESERVED: [&str; 10] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
    JOIN,
    LEAVE,
    SUBSCRIBE,
    PUBLISH,
];

/// The event that asks to join rooms. A third-party client sends only their names.
pub const JOIN: &str = "join";
/// The event that asks to leave rooms.
pub const LEAVE: &str = "leave";
/// The event that confirms a join that came with CONNECT.
pub const JOINED: &str = "$joined";
/// The event that reports a gap: outstanding messages of the subscription are lost.
pub const GAP: &str = "$gap";
/// The event that announces the end of the session, with the reason.
pub const BYE: &str = "$bye";

/// The `auth` object that a client sends with CONNECT.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Auth {
    /// The client's name. A third-party client without one is given a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Name>,
    /// The session's id. Sessions of third-party clients are numbered by the broker's link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Its last will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub will: Option<Arc<Draft>>,
    /// The rooms that it joins in this namespace.
    #[serde(flatten)]
    pub join: JoinEvent,
}

/// A request to join rooms, with CONNECT or later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JoinEvent {
    /// The request's number in the session. Requests of third-party clients are numbered by the
    /// broker's link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// The rooms, each by its name or with its starting point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rooms: Option<Vec<SocketIoRoom>>,
    /// The client's cursor in the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<Cursor>,
}

/// A room in a request to join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SocketIoRoom {
    /// Only a name: deliveries start now.
    Named(Name),
    /// A name with a starting point.
    From(RoomJoin),
}

impl SocketIoRoom {
    /// Converts the room to the form that a frame has.
    pub fn join(self) -> RoomJoin {
        match self {
            SocketIoRoom::Named(room) => RoomJoin { room, from: StartAt::Now },
            SocketIoRoom::From(join) => join,
        }
    }
}

/// A request to leave rooms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leave {
    /// The request's number in the session.
    pub request: u64,
    /// The rooms.
    pub rooms: Vec<Name>,
}

/// Confirms a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Joined {
    /// The number of the request.
    pub request: u64,
    /// The result of resuming the subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ResumeOutcome>,
}

/// The outcome of a publish: the argument of its acknowledgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AckOutcome {
    /// The broker has accepted the message.
    Accepted(MessageId),
    /// The broker has refused it, because the backlog is full.
    Refused(MessageId),
}

/// A range of positions that is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The first lost position.
    pub from: Position,
    /// The last lost position.
    pub to: Position,
    /// The previous position of the subscription, before the gap.
    pub after: Position,
}

/// Parses a join from an event's arguments: a [`JoinEvent`], a room's name, or several names.
pub fn join_of(arguments: &[Json]) -> Option<JoinEvent> {
    let first = arguments.first()?;
    if let Some(rooms) = names(first) {
        let rooms = rooms.into_iter().map(SocketIoRoom::Named).collect();
        return Some(JoinEvent { rooms: Some(rooms), ..JoinEvent::default() });
    }
    parse(first)
}

/// Parses a room's name, or a list of names.
pub fn names(json: &Json) -> Option<Vec<Name>> {
    parse::<Name>(json).map(|name| vec![name]).or_else(|| parse::<Vec<Name>>(json))
}

/// Returns the event of a message. A payload of bytes is its attachment.
pub fn event_of_message(
    message: &Message,
    name: String,
    meta: Meta,
    ack: Option<u64>,
) -> PacketKind {
    let (payload, meta, attachment) = match message.bytes() {
        Some(bytes) => {
            let meta = Meta { encoding: Encoding::Json, ..meta };
            (placeholder(), meta, BinaryAttachment::Bytes(bytes))
        }
        None => (json(&message.payload), meta, BinaryAttachment::None),
    };
    PacketKind::Event { name, arguments: vec![payload, json(&meta)], ack, attachment }
}

/// Splits an event's arguments into a message's payload and its metadata.
pub fn message_of(arguments: Vec<Json>, attachment: BinaryAttachment) -> (Payload, Meta) {
    let mut arguments = arguments.into_iter();
    let first = arguments.next();
    let meta = arguments.next().and_then(|meta| parse::<Meta>(&meta)).unwrap_or_default();
    match attachment {
        BinaryAttachment::Bytes(bytes) => {
            (payload_of(&bytes), Meta { encoding: Encoding::Base64, ..meta })
        }
        BinaryAttachment::None | BinaryAttachment::Awaited => {
            (first.map_or_else(Payload::null, Payload::from), meta)
        }
    }
}

/// Announces the end of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bye {
    /// The reason for the end.
    pub reason: EndReason,
}

/// Refuses a CONNECT. Socket.IO's clients show the message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// The reason for the refusal.
    pub message: EndReason,
}

/// A message's metadata: the second argument of its event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// The message's id. Messages of third-party clients are numbered by the broker's link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// The rooms that the message goes to, unless it is the event's own room.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Name>,
    /// The rooms that are excluded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Name>,
    /// The message's headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<Name, String>,
    /// The encoding of the payload, unless it is an attachment.
    #[serde(skip_serializing_if = "is_default")]
    pub encoding: Encoding,
    /// Whether the sender gets the message too.
    #[serde(skip_serializing_if = "is_default")]
    pub echo: Echo,
    /// The message's durability.
    #[serde(skip_serializing_if = "is_default")]
    pub keep: Durability,
    /// From a publisher: the sequence of the previous message that the publisher still keeps. To a
    /// subscriber: the previous position of the subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// To a subscriber in catch-up mode: the message's position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// To a subscriber in catch-up mode: the epoch of the position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// To a subscriber: the kind of the push.
    #[serde(skip_serializing_if = "is_default")]
    pub kind: PushKind,
}

impl Meta {
    /// Returns the metadata of a published message.
    pub fn of_publish(message: &Message, after: Option<u64>) -> Meta {
        Meta { after, ..Meta::of(message) }
    }

    /// Returns the metadata of a message that the broker pushes.
    pub fn of_push(
        message: &Message,
        offset: Option<Offset>,
        kind: PushKind,
        epoch: Option<Epoch>,
    ) -> Meta {
        Meta {
            after: offset.map(|offset| offset.previous.0),
            position: offset.map(|offset| offset.position),
            epoch: epoch.filter(|_| offset.is_some()),
            kind,
            ..Meta::of(message)
        }
    }

    fn of(message: &Message) -> Meta {
        let Target { to, except, echo, keep } = message.target.clone();
        let Head { headers, encoding } = message.head.clone();
        let id = Some(message.id.clone());
        Meta { id, to, except, headers, encoding, echo, keep, ..Meta::default() }
    }

    /// Returns the offset of a push, if it has one.
    pub fn offset(&self) -> Option<Offset> {
        Some(Offset { position: self.position?, previous: Position(self.after?) })
    }

    /// Returns the message without its id.
    pub fn draft(self, queue: Name, event: Name, payload: Payload) -> Draft {
        let Meta { to, except, echo, keep, headers, encoding, .. } = self;
        let (target, head) = (Target { to, except, echo, keep }, Head { headers, encoding });
        Draft { queue, event, target, head, payload }
    }
}

/// Returns the name under which a message's event is sent. A name that is reserved, or that begins
/// with our prefix, gets the prefix in front.
pub fn event_name(event: &Name) -> String {
    let name = event.as_str();
    if RESERVED.contains(&name) || name.starts_with(PREFIX) {
        format!("{PREFIX}{name}")
    } else {
        name.to_owned()
    }
}

/// Returns the message's event that is sent under a name; `None` if the name belongs to this link
/// itself.
pub fn event_of(name: &str) -> Option<Name> {
    match name.strip_prefix(PREFIX) {
        None => Some(name.into()),
        Some(rest) if RESERVED.contains(&rest) || rest.starts_with(PREFIX) => Some(rest.into()),
        Some(_) => None,
    }
}

/// Returns the namespace of a queue: a `/` and the queue's name, in which characters with a meaning
/// in namespaces are escaped (RFC 3986 §2.1). The queue `/` is the main namespace.
pub fn namespace_of(queue: &Name) -> String {
    if queue.as_str() == MAIN {
        return MAIN.to_owned();
    }
    let mut namespace = String::from("/");
    for c in queue.as_str().chars() {
        match c {
            '%' | ',' | '?' | '/' | '#' => namespace += &format!("%{:02X}", c as u32),
            c => namespace.push(c),
        }
    }
    namespace
}

/// Returns the queue of a namespace.
pub fn queue_of(namespace: &str) -> Name {
    if namespace == MAIN {
        return MAIN.into();
    }
    let name = namespace.strip_prefix('/').unwrap_or(namespace);
    let mut queue = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, behind)) = rest.split_once('%') {
        queue += before;
        let code = behind.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                queue.push(char::from(code));
                rest = &behind[2..];
            }
            None => {
                queue.push('%');
                rest = behind;
            }
        }
    }
    (queue + rest).into()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_s_namespace_reads_back_as_the_queue() {
        for (queue, namespace) in [
            ("caps", "/caps"),
            ("1-800-flowers", "/1-800-flowers"),
            ("Database Events", "/Database Events"),
            ("a/b,c?d%e#f", "/a%2Fb%2Cc%3Fd%25e%23f"),
            ("é", "/é"),
            ("/", "/"),
            ("//", "/%2F%2F"),
        ] {
            assert_eq!(namespace_of(&queue.into()), namespace);
            assert_eq!(queue_of(namespace), queue.into(), "{namespace}");
        }
        // A third-party client's namespace need not be escaped as ours are.
        assert_eq!(queue_of("/100%"), "100%".into());
        assert_eq!(queue_of("/%zz%é"), "%zz%é".into());
    }

    #[test]
    fn an_event_s_name_clashes_with_none_of_socket_io_s_or_ours() {
        for (event, name) in [
            ("pickup", "pickup"),
            ("in-transit", "in-transit"),
            ("disconnect", "$disconnect"),
            ("join", "$join"),
            ("$gap", "$$gap"),
            ("$", "$$"),
        ] {
            assert_eq!(event_name(&event.into()), name);
            assert_eq!(event_of(name), Some(event.into()));
        }
        for ours in [JOINED, GAP, BYE, "$", "$pickup"] {
            assert_eq!(event_of(ours), None, "{ours}");
        }
    }

    #[test]
    fn what_a_stranger_leaves_out_has_a_default() {
        let auth: Auth = serde_json::from_str(r#"{"client":"shop","rooms":["a"]}"#).unwrap();
        let rooms = auth.join.rooms.unwrap().into_iter().map(SocketIoRoom::join);
        let expected = RoomJoin { room: "a".into(), from: StartAt::Now };
        assert_eq!(rooms.collect::<Vec<_>>(), [expected]);
        assert_eq!((auth.session, auth.join.request, auth.join.known), (None, None, None));
        assert_eq!(serde_json::from_str::<Meta>("{}").unwrap(), Meta::default());
    }
}

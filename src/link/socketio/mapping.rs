//! The mapping of our frames to Socket.IO's events: which namespace, which event, which arguments.
//!
//! A queue is a namespace; a message is an event of its own name, with the payload as its first
//! argument and what else is to be said as its second, so that a program that knows nothing of us
//! can publish and listen. Nothing here sends or waits.

use serde::{Deserialize, Serialize};

use super::event::{Json, MAIN, parse};
use super::nmq::{PUBLISH, SUBSCRIBE};
use crate::message::{
    Cursor, Durability, Echo, EndReason, Epoch, Message, MessageId, Name, Offset, Payload,
    Position, PushKind, ResumeOutcome, RoomJoin, SessionId, StartAt, Target,
};

/// Stands in front of the events that are this link's own, as in `$gap`.
const OURS: char = '$';
/// Names of events that Socket.IO's clients keep for themselves
/// (socket.io/docs/v4/emit-cheatsheet, "Reserved events"), and the requests of this link.
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

/// Asks to join rooms; a stranger says their names alone.
pub const JOIN: &str = "join";
/// Asks to leave rooms.
pub const LEAVE: &str = "leave";
/// A join that came with CONNECT is on record.
pub const JOINED: &str = "$joined";
/// Some of what the subscription was owed is lost.
pub const GAP: &str = "$gap";
/// The session ends, and why.
pub const BYE: &str = "$bye";

/// What a client says with CONNECT.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Auth {
    /// Who it is; a stranger without a name gets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Name>,
    /// Which session this is; those of strangers are counted by the broker's link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// What it joins in this namespace.
    #[serde(flatten)]
    pub join: JoinEvent,
}

/// A join: with CONNECT, or later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JoinEvent {
    /// The how manyth request of the session it is; those of strangers are counted for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// The rooms, by name or with where they begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rooms: Option<Vec<SocketIoRoom>>,
    /// How far the client came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<Cursor>,
}

/// A room to join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SocketIoRoom {
    /// From now on.
    Named(Name),
    /// From where it says.
    From(RoomJoin),
}

impl SocketIoRoom {
    /// As a frame has it.
    pub fn join(self) -> RoomJoin {
        match self {
            SocketIoRoom::Named(room) => RoomJoin { room, from: StartAt::Now },
            SocketIoRoom::From(join) => join,
        }
    }
}

/// A leave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leave {
    /// The how manyth request of the session it is.
    pub request: u64,
    /// The rooms.
    pub rooms: Vec<Name>,
}

/// A join is on record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Joined {
    /// Which request.
    pub request: u64,
    /// Where the subscription stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ResumeOutcome>,
}

/// What became of a published message: the answer that its acknowledgement carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The broker has it.
    Accepted(MessageId),
    /// The backlog is full.
    Refused(MessageId),
}

/// A gap's ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// The first position that is lost.
    pub from: Position,
    /// The last one.
    pub to: Position,
    /// The position before it that belongs to the subscription.
    pub after: Position,
}

/// A join as an event's arguments: ours, a room's name, or several.
pub fn join_of(arguments: &[Json]) -> Option<JoinEvent> {
    let first = arguments.first()?;
    if let Some(rooms) = names(first) {
        let rooms = rooms.into_iter().map(SocketIoRoom::Named).collect();
        return Some(JoinEvent { rooms: Some(rooms), ..JoinEvent::default() });
    }
    parse(first)
}

/// A room's name, or several.
pub fn names(json: &Json) -> Option<Vec<Name>> {
    parse::<Name>(json).map(|name| vec![name]).or_else(|| parse::<Vec<Name>>(json))
}

/// A message's payload, and what is said of it beside.
pub fn message_of(arguments: Vec<Json>) -> (Payload, Meta) {
    let mut arguments = arguments.into_iter();
    let payload = arguments.next().map_or_else(Payload::null, Payload::from);
    let meta = arguments.next().and_then(|meta| parse::<Meta>(&meta));
    (payload, meta.unwrap_or_default())
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bye {
    /// In one word.
    pub reason: EndReason,
}

/// Why a CONNECT was refused: Socket.IO's clients show the message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// In one word.
    pub message: EndReason,
}

/// What is said of a message beside its payload: the second argument.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Which message; a stranger's are counted for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// To which rooms, unless it is the event's own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Name>,
    /// Less these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<Name>,
    /// Whether the sender hears itself.
    #[serde(skip_serializing_if = "is_default")]
    pub echo: Echo,
    /// Whether it is kept.
    #[serde(skip_serializing_if = "is_default")]
    pub keep: Durability,
    /// From a publisher: the sequence before it that it still keeps. To a subscriber: the
    /// position before it that belongs to the subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// To a subscriber in catch-up mode: its position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// To a subscriber in catch-up mode: the epoch that the position belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// To a subscriber: why it comes.
    #[serde(skip_serializing_if = "is_default")]
    pub kind: PushKind,
}

impl Meta {
    /// What a publisher says of a message.
    pub fn of_publish(message: &Message, after: Option<u64>) -> Meta {
        Meta { after, ..Meta::of(message) }
    }

    /// What the broker says of a message.
    pub fn of_push(
        message: &Message,
        place: Option<Offset>,
        kind: PushKind,
        epoch: Option<Epoch>,
    ) -> Meta {
        Meta {
            after: place.map(|place| place.after),
            position: place.map(|place| place.position),
            epoch: epoch.filter(|_| place.is_some()),
            kind,
            ..Meta::of(message)
        }
    }

    fn of(message: &Message) -> Meta {
        let Target { to, except, echo, keep } = message.target.clone();
        Meta { id: Some(message.id.clone()), to, except, echo, keep, ..Meta::default() }
    }

    /// The place of a push, if it has one.
    pub fn place(&self) -> Option<Offset> {
        Some(Offset { position: self.position?, after: self.after? })
    }

    /// Which rooms the message goes to.
    pub fn target(self) -> Target {
        Target { to: self.to, except: self.except, echo: self.echo, keep: self.keep }
    }
}

/// The name under which a message's event is sent: one that is reserved, or looks like one of
/// ours, has our sign in front.
pub fn event_name(event: &Name) -> String {
    let name = event.as_str();
    if RESERVED.contains(&name) || name.starts_with(OURS) {
        format!("{OURS}{name}")
    } else {
        name.to_owned()
    }
}

/// The message's event that is sent under a name; `None` if that is one of ours.
pub fn event_of(name: &str) -> Option<Name> {
    match name.strip_prefix(OURS) {
        None => Some(name.into()),
        Some(rest) if RESERVED.contains(&rest) || rest.starts_with(OURS) => Some(rest.into()),
        Some(_) => None,
    }
}

/// The namespace of a queue: its name behind a `/`, without what means something there (RFC 3986
/// §2.1). The main namespace is the queue `/`.
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

/// The queue of a namespace.
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
        // A stranger's namespace need not be escaped as ours are.
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

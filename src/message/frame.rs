//! What client and broker say to each other. One vocabulary for every link.
//!
//! A frame is data only; `wire` turns it into bytes, the machines of `core` give it meaning.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{EndReason, Epoch, Heartbeat, Message, MessageId, Name, Position, SessionId, StartAt};

/// One thing said on a session.
///
/// Client to broker: `Hello`, `Join`, `Leave`, `Publish`, `Ack`, `Pong`. Broker to client:
/// `Welcome`, `Joined`, `Left`, `Accepted`, `Refused`, `Push`, `Gap`, `Ping`. Both: `Bye`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// Opens a session: who is there, and its how manyth session this is.
    Hello { client: Name, session: SessionId },
    /// The session is open; this is how often the broker pings.
    Welcome {
        session: SessionId,
        #[serde(with = "heartbeat")]
        heartbeat: Heartbeat,
    },
    /// Joins rooms of a queue. The first join of a queue on a session attaches the subscription
    /// to it; `known` is how far the client came, if it still knows.
    Join {
        request: u64,
        queue: Name,
        rooms: Vec<RoomJoin>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known: Option<Cursor>,
    },
    /// The join is on record. In catch-up mode it says where the subscription stands.
    Joined {
        request: u64,
        queue: Name,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<ResumeOutcome>,
    },
    /// Leaves rooms of a queue.
    Leave { request: u64, queue: Name, rooms: Vec<Name> },
    /// The leave is on record.
    Left { request: u64 },
    /// Hands over a message. In catch-up mode `after` is the sequence before it that the
    /// publisher still kept when it sent this; below it the broker waits for nothing.
    Publish {
        message: Arc<Message>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        #[serde(default, skip_serializing_if = "Confirm::is_unwanted")]
        reply: Confirm,
    },
    /// The message is the broker's now.
    Accepted { id: MessageId },
    /// The backlog is full; the message is nobody's.
    Refused { id: MessageId },
    /// A message for a subscriber. In catch-up mode it has a place in the queue.
    Push {
        message: Arc<Message>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Offset>,
        #[serde(default, skip_serializing_if = "PushKind::is_live")]
        kind: PushKind,
    },
    /// What lay from position `from` to position `to` is lost to this subscription.
    Gap { queue: Name, from: Position, to: Position, after: Position },
    /// The message or gap at this position of this queue has been dealt with.
    Ack { queue: Name, position: Position },
    /// Are you there?
    Ping,
    /// Yes.
    Pong,
    /// The session ends, and why.
    Bye { reason: EndReason },
}

impl Frame {
    /// The message that the frame carries, if it carries one: a copy of it is on its way.
    pub fn message(&self) -> Option<&Arc<Message>> {
        match self {
            Frame::Publish { message, .. } | Frame::Push { message, .. } => Some(message),
            _ => None,
        }
    }
}

/// A room to join, and from when on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomJoin {
    /// The room.
    pub room: Name,
    /// Where the subscription begins, if it is new.
    #[serde(default)]
    pub from: StartAt,
}

/// How far a client came in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The life of the broker's memory that the position belongs to.
    pub epoch: Epoch,
    /// The last position up to which all is acknowledged.
    pub position: Position,
}

/// Where a subscription stands when a session attaches to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResumeOutcome {
    /// The client knew no position: the broker goes on from its own record, or begins one.
    Started { epoch: Epoch, position: Position },
    /// All that came after the client's position follows.
    Resumed { epoch: Epoch, position: Position },
    /// Some of what came after the client's position is lost; the rest follows.
    Gap { epoch: Epoch, position: Position, from: Position, to: Position },
    /// The client's position is of another epoch; all of this one follows.
    NewEpoch { epoch: Epoch, position: Position },
}

impl ResumeOutcome {
    /// The epoch that the subscription is in.
    pub const fn epoch(self) -> Epoch {
        match self {
            ResumeOutcome::Started { epoch, .. }
            | ResumeOutcome::Resumed { epoch, .. }
            | ResumeOutcome::Gap { epoch, .. }
            | ResumeOutcome::NewEpoch { epoch, .. } => epoch,
        }
    }

    /// The position after which the deliveries of this session begin.
    pub const fn position(self) -> Position {
        match self {
            ResumeOutcome::Started { position, .. }
            | ResumeOutcome::Resumed { position, .. }
            | ResumeOutcome::Gap { position, .. }
            | ResumeOutcome::NewEpoch { position, .. } => position,
        }
    }
}

/// A delivery's place: its own position and the previous one of this subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// The message's position in the queue.
    pub position: Position,
    /// The position before it that belongs to this subscription: a client that has not read it
    /// sees that something is missing.
    pub after: Position,
}

/// Why a message is pushed: what reports call live or caught up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushKind {
    /// Accepted while this session was attached, sent for the first time.
    #[default]
    Live,
    /// Accepted before this session was attached.
    Replay,
    /// Sent before, not acknowledged.
    Again,
}

impl PushKind {
    fn is_live(&self) -> bool {
        *self == PushKind::Live
    }
}

/// Whether a publisher wants to hear what became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// No answer is sent.
    #[default]
    Unwanted,
    /// The broker answers `Accepted` or `Refused`.
    Wanted,
}

impl Confirm {
    fn is_unwanted(&self) -> bool {
        *self == Confirm::Unwanted
    }
}

/// A heartbeat on the wire: milliseconds, as in Engine.IO's handshake. One that takes no time is
/// none: whoever kept it would do nothing else.
mod heartbeat {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Heartbeat;
    use crate::time::Duration;

    #[derive(Serialize, Deserialize)]
    struct Millis {
        every: u64,
        timeout: u64,
    }

    pub fn serialize<S: Serializer>(beat: &Heartbeat, serializer: S) -> Result<S::Ok, S::Error> {
        Millis { every: beat.every.as_millis(), timeout: beat.timeout.as_millis() }
            .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Heartbeat, D::Error> {
        let Millis { every, timeout } = Millis::deserialize(deserializer)?;
        if every == 0 || timeout == 0 {
            return Err(D::Error::custom("a heartbeat of no time"));
        }
        Ok(Heartbeat {
            every: Duration::from_millis(every),
            timeout: Duration::from_millis(timeout),
        })
    }
}

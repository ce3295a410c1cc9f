//! The frames that client and broker exchange, the same ones over every link.
//!
//! A frame is data only: `wire` turns it into bytes, and `core` defines what it means.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Draft, EndReason, Epoch, Heartbeat, Message, MessageId, Name, Position, SessionId, StartAt,
};

/// One frame of a session.
///
/// | from | frames |
/// | --- | --- |
/// | client | `Hello`, `Join`, `Leave`, `Publish`, `Ack`, `Answer`, `Pong` |
/// | broker | `Welcome`, `Joined`, `Left`, `Accepted`, `Refused`, `Push`, `Gap`, `Ping` |
/// | both | `Bye` |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Frame {
    /// Opens a session: the client's name, the id of the new session, and its last will, if it has
    /// one.
    Hello {
        client: Name,
        session: SessionId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        will: Option<Arc<Draft>>,
    },
    /// The session is open, with this heartbeat.
    Welcome {
        session: SessionId,
        #[serde(with = "heartbeat")]
        heartbeat: Heartbeat,
    },
    /// Joins rooms of a queue. The first join of a queue on a session attaches the subscription to
    /// the session; `known` is the position that the client has, if any.
    Join {
        request: u64,
        queue: Name,
        rooms: Vec<RoomJoin>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known: Option<Cursor>,
    },
    /// The join is on record. In catch-up mode `answer` is the outcome of the resume.
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
    /// Publishes a message. In catch-up mode `after` is the sequence of the message before it that
    /// the publisher still kept when it sent this one; the broker waits for no message in between.
    Publish {
        message: Arc<Message>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        #[serde(rename = "reply", default, skip_serializing_if = "Confirm::is_unwanted")]
        confirm: Confirm,
    },
    /// The broker has accepted the message, and is responsible for it now.
    Accepted { id: MessageId },
    /// The broker has refused the message, since the backlog is full.
    Refused { id: MessageId },
    /// A message for a subscriber. In catch-up mode, unless it is volatile, it has an offset.
    Push {
        message: Arc<Message>,
        #[serde(rename = "place", default, skip_serializing_if = "Option::is_none")]
        offset: Option<Offset>,
        #[serde(default, skip_serializing_if = "PushKind::is_live")]
        kind: PushKind,
        /// Whether the broker's application wants an [`Answer`](Frame::Answer).
        #[serde(rename = "reply", default, skip_serializing_if = "Confirm::is_unwanted")]
        confirm: Confirm,
    },
    /// The messages from position `from` to position `to` are lost to this subscription; `after` is
    /// the position before the gap that belongs to it.
    Gap { queue: Name, from: Position, to: Position, after: Position },
    /// Acknowledges the message or gap at this position of this queue.
    Ack { queue: Name, position: Position },
    /// Answers a message that has no position: the client's handler has returned.
    Answer { id: MessageId },
    /// Asks whether the client is still there.
    Ping,
    /// Answers a ping.
    Pong,
    /// Ends the session, with the reason.
    Bye { reason: EndReason },
}

impl Frame {
    /// Returns the length in bytes of the longest frame that ever carries a message.
    pub fn longest_push(message: &Message) -> usize {
        let last = Position(u64::MAX);
        let offset = Some(Offset { position: last, previous: last });
        let (message, kind, confirm) =
            (Arc::new(message.clone()), PushKind::Replay, Confirm::Wanted);
        let push = Frame::Push { message, offset, kind, confirm };
        serde_json::to_vec(&push).expect("a frame is plain data").len()
    }

    /// Returns the message that the frame carries, if it carries one.
    pub fn message(&self) -> Option<&Arc<Message>> {
        match self {
            Frame::Publish { message, .. } | Frame::Push { message, .. } => Some(message),
            _ => None,
        }
    }
}

/// A room to join, and the start of the subscription to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomJoin {
    /// The room.
    pub room: Name,
    /// The start of the subscription, if it is new.
    #[serde(default)]
    pub from: StartAt,
}

/// The position of a client in a queue, from which it resumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The epoch that the position belongs to.
    pub epoch: Epoch,
    /// The last position up to which everything is acknowledged.
    pub position: Position,
}

/// Outcome of the attempt to resume a subscription on a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResumeOutcome {
    /// The client has no position: the broker continues from its own record, or begins a new one.
    Started { epoch: Epoch, position: Position },
    /// Everything after the client's position follows.
    Resumed { epoch: Epoch, position: Position },
    /// Some messages after the client's position are lost, the first of them in this gap; the rest
    /// follows.
    Gap { epoch: Epoch, position: Position, from: Position, to: Position },
    /// The client's position is of another epoch; the deliveries of this one follow.
    NewEpoch { epoch: Epoch, position: Position },
}

impl ResumeOutcome {
    /// Returns the epoch of the subscription.
    pub const fn epoch(self) -> Epoch {
        match self {
            ResumeOutcome::Started { epoch, .. }
            | ResumeOutcome::Resumed { epoch, .. }
            | ResumeOutcome::Gap { epoch, .. }
            | ResumeOutcome::NewEpoch { epoch, .. } => epoch,
        }
    }

    /// Whether it announces exactly the gap of these positions.
    pub fn is_gap(self, first: Position, last: Position) -> bool {
        matches!(self, ResumeOutcome::Gap { from, to, .. } if (from, to) == (first, last))
    }

    /// Returns the position after which the deliveries of this session begin.
    pub const fn position(self) -> Position {
        match self {
            ResumeOutcome::Started { position, .. }
            | ResumeOutcome::Resumed { position, .. }
            | ResumeOutcome::Gap { position, .. }
            | ResumeOutcome::NewEpoch { position, .. } => position,
        }
    }
}

/// The position of a delivery, and the one before it in the same subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// The message's position in the queue.
    pub position: Position,
    /// The position before it that belongs to this subscription. A client that has not read that
    /// one knows that a delivery is missing.
    #[serde(rename = "after")]
    pub previous: Position,
}

/// The reason for which a message is pushed; reports call the first one live, and the others caught
/// up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushKind {
    /// It was accepted while this session was attached, and is sent for the first time.
    #[default]
    Live,
    /// It was accepted before this session was attached.
    Replay,
    /// It was sent before, and is not acknowledged.
    Again,
}

impl PushKind {
    fn is_live(&self) -> bool {
        *self == PushKind::Live
    }
}

/// Whether a publisher wants the broker's answer to a message, or the broker a client's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// The publisher does not wait for an answer.
    #[default]
    Unwanted,
    /// The broker answers `Accepted` or `Refused`, a client `Answer`.
    Wanted,
}

impl Confirm {
    fn is_unwanted(&self) -> bool {
        *self == Confirm::Unwanted
    }
}

/// The format of a heartbeat on the wire: milliseconds, as in Engine.IO's handshake. Zero is
/// invalid, since a peer would send pings, or time out, without end.
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

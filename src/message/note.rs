//! The notes that broker and client write about themselves: facts for the history.
//!
//! They state what was done with each message. What that means for a subscriber is decided by
//! `verdict`, never here.

use std::sync::Arc;

use serde::Serialize;

use super::{
    EndReason, Message, MessageId, Name, Position, PushKind, ResumeOutcome, RoomJoin, SessionId,
};

/// One fact about the broker or a client.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Note {
    // ── of the broker ───────────────────────────────────────────────────────────────────────
    /// A hello was accepted.
    SessionOpened { session: SessionId, client: Name },
    /// The broker ended a session, or found it ended.
    SessionClosed { session: SessionId, client: Name, reason: EndReason },
    /// A client had no session for too long: the broker discards what it keeps for it, and takes
    /// its subscriptions off the record.
    SessionExpired { client: Name },
    /// A connection that never became a session was closed.
    ConnectionClosed { reason: EndReason },
    /// A room got its first member.
    CreateRoom { queue: Name, room: Name },
    /// A room lost its last member.
    DeleteRoom { queue: Name, room: Name },
    /// A session joined a room.
    JoinRoom { queue: Name, room: Name, session: SessionId, client: Name },
    /// A session left a room, or ended in it.
    LeaveRoom { queue: Name, room: Name, session: SessionId, client: Name },
    /// A client joined rooms that it was not on record for; all rooms of a join are one note.
    Subscribed { client: Name, queue: Name, rooms: Vec<RoomJoin> },
    /// A subscription to a room was removed from the record.
    Unsubscribed { client: Name, queue: Name, room: Name },
    /// A message was accepted; a message that is kept in a backlog has a position.
    Accepted { id: MessageId, queue: Name, position: Option<Position> },
    /// A message was refused by a full backlog.
    Refused { id: MessageId },
    /// A copy came of a message that was accepted or refused before.
    PublishedAgain { id: MessageId },
    /// A message that came early was dropped: too many of its publisher are held.
    EarlyDropped { id: MessageId },
    /// A message was pushed to a session: here a copy of it begins.
    Pushed { id: MessageId, session: SessionId, client: Name, kind: PushKind },
    /// A push was replaced by a newer one of its rooms before the client asked for it.
    Overwritten { id: MessageId, session: SessionId, client: Name },
    /// A push was dropped because the session's send queue was full.
    SendQueueFull { id: MessageId, session: SessionId, client: Name },
    /// A volatile push was dropped because the session's transport was busy.
    TransportBusy { id: MessageId, session: SessionId, client: Name },
    /// A push is longer than the link's limit, and can never arrive.
    TooLong { id: MessageId, session: SessionId, client: Name },
    /// A message left the backlog, acknowledged or not.
    Trimmed { id: MessageId, queue: Name, position: Position },
    /// A message is not kept, or not any longer, for a client that has not acknowledged it: the
    /// client gets a gap instead.
    BecameGap { id: MessageId, queue: Name, position: Position, client: Name, reason: GapReason },
    /// A message or gap was acknowledged.
    Acknowledged { queue: Name, position: Position, client: Name },
    /// The application on the broker's side asks these clients for an answer to its message.
    AnswersAsked { id: MessageId, clients: Vec<Name> },
    /// A client's answer came in time.
    AnswerReceived { id: MessageId, client: Name },
    /// The wait for answers ended: all of those that were asked have answered, or time has passed.
    AnswersEnded { id: MessageId, asked: usize, in_time: usize },
    /// A session attached to a subscription, with this outcome.
    Attached { queue: Name, client: Name, session: SessionId, answer: Box<ResumeOutcome> },

    // ── of a client ─────────────────────────────────────────────────────────────────────────
    /// The application published a message.
    Published { message: Arc<Message> },
    /// A message was dropped before it was sent.
    Unsent { id: MessageId, reason: DropReason },
    /// A message was sent on a session (again, if it was sent before).
    Sent { id: MessageId, session: SessionId },
    /// The broker's acceptance of a message was received.
    AcceptedReceived { id: MessageId },
    /// The broker's refusal of a message was received.
    RefusedReceived { id: MessageId },
    /// The answer that the application waits for did not come in time.
    ConfirmTimedOut { id: MessageId },
    /// A session began: the welcome was received.
    Welcomed { session: SessionId },
    /// A session, or an attempt at one, ended.
    Lost { session: SessionId, reason: EndReason },
    /// A request of a session failed; the session goes on.
    RequestFailed { session: SessionId, reason: EndReason },
    /// A message was read from a session into the inbox.
    Read { id: MessageId, session: SessionId, kind: PushKind },
    /// A message came early and waits for the one before it.
    HeldEarly { id: MessageId, session: SessionId },
    /// A copy was dropped by the dedup window.
    DroppedCopy { id: MessageId, session: SessionId },
    /// A message was dropped because the inbox, or the room for early ones, was full.
    InboxFull { id: MessageId, session: SessionId },
    /// A message was dropped because no handler was installed for it.
    NoHandler { id: MessageId },
    /// The handler was called.
    Handling { id: MessageId, kind: PushKind },
    /// The handler returned.
    Handled { id: MessageId, kind: PushKind, session: SessionId },
    /// The client acknowledged a message or gap.
    Ack { queue: Name, position: Position, id: Option<MessageId> },
    /// The client answered a message for which the broker's application asked it.
    AnswerSent { id: MessageId },
    /// The outcome of a resume was received.
    ResumeReceived { queue: Name, answer: ResumeOutcome },
    /// A gap was received.
    GapReceived { queue: Name, from: Position, to: Position },
}

impl Note {
    /// Returns the message that it names.
    pub fn message(&self) -> Option<&MessageId> {
        match self {
            Note::Published { message } => Some(&message.id),
            Note::Ack { id, .. } => id.as_ref(),
            Note::Accepted { id, .. }
            | Note::Refused { id }
            | Note::PublishedAgain { id }
            | Note::EarlyDropped { id }
            | Note::Pushed { id, .. }
            | Note::Overwritten { id, .. }
            | Note::SendQueueFull { id, .. }
            | Note::TransportBusy { id, .. }
            | Note::TooLong { id, .. }
            | Note::Trimmed { id, .. }
            | Note::BecameGap { id, .. }
            | Note::AnswersAsked { id, .. }
            | Note::AnswerReceived { id, .. }
            | Note::AnswersEnded { id, .. }
            | Note::AnswerSent { id }
            | Note::Unsent { id, .. }
            | Note::Sent { id, .. }
            | Note::AcceptedReceived { id }
            | Note::RefusedReceived { id }
            | Note::ConfirmTimedOut { id }
            | Note::Read { id, .. }
            | Note::HeldEarly { id, .. }
            | Note::DroppedCopy { id, .. }
            | Note::InboxFull { id, .. }
            | Note::NoHandler { id }
            | Note::Handling { id, .. }
            | Note::Handled { id, .. } => Some(id),
            Note::SessionOpened { .. }
            | Note::SessionClosed { .. }
            | Note::SessionExpired { .. }
            | Note::ConnectionClosed { .. }
            | Note::CreateRoom { .. }
            | Note::DeleteRoom { .. }
            | Note::JoinRoom { .. }
            | Note::LeaveRoom { .. }
            | Note::Subscribed { .. }
            | Note::Unsubscribed { .. }
            | Note::Acknowledged { .. }
            | Note::Attached { .. }
            | Note::Welcomed { .. }
            | Note::Lost { .. }
            | Note::RequestFailed { .. }
            | Note::ResumeReceived { .. }
            | Note::GapReceived { .. } => None,
        }
    }

    /// Returns the client that the broker names in it.
    pub fn client(&self) -> Option<&Name> {
        match self {
            Note::SessionOpened { client, .. }
            | Note::SessionClosed { client, .. }
            | Note::SessionExpired { client }
            | Note::JoinRoom { client, .. }
            | Note::LeaveRoom { client, .. }
            | Note::Subscribed { client, .. }
            | Note::Unsubscribed { client, .. }
            | Note::Pushed { client, .. }
            | Note::Overwritten { client, .. }
            | Note::SendQueueFull { client, .. }
            | Note::TransportBusy { client, .. }
            | Note::TooLong { client, .. }
            | Note::BecameGap { client, .. }
            | Note::Acknowledged { client, .. }
            | Note::AnswerReceived { client, .. }
            | Note::Attached { client, .. } => Some(client),
            Note::ConnectionClosed { .. }
            | Note::CreateRoom { .. }
            | Note::DeleteRoom { .. }
            | Note::Accepted { .. }
            | Note::Refused { .. }
            | Note::PublishedAgain { .. }
            | Note::EarlyDropped { .. }
            | Note::Trimmed { .. }
            | Note::Published { .. }
            | Note::Unsent { .. }
            | Note::Sent { .. }
            | Note::AcceptedReceived { .. }
            | Note::RefusedReceived { .. }
            | Note::ConfirmTimedOut { .. }
            | Note::Welcomed { .. }
            | Note::Lost { .. }
            | Note::RequestFailed { .. }
            | Note::Read { .. }
            | Note::HeldEarly { .. }
            | Note::DroppedCopy { .. }
            | Note::InboxFull { .. }
            | Note::NoHandler { .. }
            | Note::Handling { .. }
            | Note::Handled { .. }
            | Note::Ack { .. }
            | Note::AnswersAsked { .. }
            | Note::AnswersEnded { .. }
            | Note::AnswerSent { .. }
            | Note::ResumeReceived { .. }
            | Note::GapReceived { .. } => None,
        }
    }

    /// Returns the session that it names.
    pub fn session(&self) -> Option<&SessionId> {
        match self {
            Note::SessionOpened { session, .. }
            | Note::SessionClosed { session, .. }
            | Note::JoinRoom { session, .. }
            | Note::LeaveRoom { session, .. }
            | Note::Pushed { session, .. }
            | Note::Overwritten { session, .. }
            | Note::SendQueueFull { session, .. }
            | Note::TransportBusy { session, .. }
            | Note::TooLong { session, .. }
            | Note::Attached { session, .. }
            | Note::Sent { session, .. }
            | Note::Welcomed { session }
            | Note::Lost { session, .. }
            | Note::RequestFailed { session, .. }
            | Note::Read { session, .. }
            | Note::HeldEarly { session, .. }
            | Note::DroppedCopy { session, .. }
            | Note::InboxFull { session, .. }
            | Note::Handled { session, .. } => Some(session),
            Note::SessionExpired { .. }
            | Note::ConnectionClosed { .. }
            | Note::CreateRoom { .. }
            | Note::DeleteRoom { .. }
            | Note::Subscribed { .. }
            | Note::Unsubscribed { .. }
            | Note::Accepted { .. }
            | Note::Refused { .. }
            | Note::PublishedAgain { .. }
            | Note::EarlyDropped { .. }
            | Note::Trimmed { .. }
            | Note::BecameGap { .. }
            | Note::Acknowledged { .. }
            | Note::Published { .. }
            | Note::Unsent { .. }
            | Note::AcceptedReceived { .. }
            | Note::RefusedReceived { .. }
            | Note::ConfirmTimedOut { .. }
            | Note::NoHandler { .. }
            | Note::Handling { .. }
            | Note::Ack { .. }
            | Note::AnswersAsked { .. }
            | Note::AnswerReceived { .. }
            | Note::AnswersEnded { .. }
            | Note::AnswerSent { .. }
            | Note::ResumeReceived { .. }
            | Note::GapReceived { .. } => None,
        }
    }
}

/// The reason for which a client gets a gap instead of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    /// The backlog's limits dropped the message.
    Evicted,
    /// As many messages as the backlog keeps for one subscription were unacknowledged already.
    Overflowed,
    /// The client had no session for too long.
    Expired,
}

/// The reason for which a publisher dropped a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropReason {
    /// There was no connection to send it on.
    NoConnection,
    /// The outbox was full.
    OutboxFull,
    /// The request that carried it failed, and no copy is kept to be sent again.
    RequestFailed,
    /// The application's time for an answer passed while the link's library buffered it.
    ConfirmTimedOut,
    /// It is volatile, and the transport was busy.
    TransportBusy,
    /// It is longer than the link's limit.
    TooLong,
}

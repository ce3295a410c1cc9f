//! What a machine notes about itself: facts for the history, never orders.
//!
//! Broker and client state what they did with each message; what it means for a subscriber is
//! for the verdict to say.

use std::sync::Arc;

use serde::Serialize;

use crate::closed_list::closed_list;

use super::{Message, MessageId, Name, Position, PushKind, ResumeOutcome, RoomJoin, SessionId};

/// One fact about a machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    // ── the broker's ────────────────────────────────────────────────────────────────────────
    /// A hello was accepted.
    SessionOpened { session: SessionId, client: Name },
    /// The broker ended a session, or found it ended.
    SessionClosed { session: SessionId, client: Name, reason: EndReason },
    /// A connection that never became a session was closed.
    ConnectionClosed { reason: EndReason },
    /// A room has its first member.
    CreateRoom { queue: Name, room: Name },
    /// A room has lost its last member.
    DeleteRoom { queue: Name, room: Name },
    /// A session is in a room.
    JoinRoom { queue: Name, room: Name, session: SessionId, client: Name },
    /// A session is no longer in a room.
    LeaveRoom { queue: Name, room: Name, session: SessionId, client: Name },
    /// A client joined rooms that it was not recorded in: they are on record, all at once.
    #[serde(rename = "recorded")]
    Subscribed { client: Name, queue: Name, rooms: Vec<RoomJoin> },
    /// A subscription to a room is no longer on record.
    #[serde(rename = "unrecorded")]
    Unsubscribed { client: Name, queue: Name, room: Name },
    /// A message is the broker's. It has a position in catch-up mode.
    Accepted { id: MessageId, queue: Name, position: Option<Position> },
    /// A message was refused by a full backlog.
    Refused { id: MessageId },
    /// A copy of a message that was accepted or refused before.
    PublishedAgain { id: MessageId },
    /// A message that came early was not held: the publisher's share was full.
    EarlyDropped { id: MessageId },
    /// A message was pushed to a session: a copy begins.
    Pushed { id: MessageId, session: SessionId, client: Name, kind: PushKind },
    /// A push was replaced by a newer one of its rooms before the client asked.
    Overwritten { id: MessageId, session: SessionId, client: Name },
    /// A push was dropped because the session's send queue was full.
    SendQueueFull { id: MessageId, session: SessionId, client: Name },
    /// A message left the backlog, whoever had acknowledged it.
    #[serde(rename = "forgotten")]
    Trimmed { id: MessageId, queue: Name, position: Position },
    /// A message that left the backlog was still owed to this client, which is told of a gap.
    #[serde(rename = "evicted")]
    BecameGap { id: MessageId, queue: Name, position: Position, client: Name },
    /// A message or gap was acknowledged.
    Acknowledged { queue: Name, position: Position, client: Name },
    /// A session attached to a subscription, and what it was told.
    Attached { queue: Name, client: Name, session: SessionId, answer: Box<ResumeOutcome> },

    // ── the client's ────────────────────────────────────────────────────────────────────────
    /// The application handed over a message.
    #[serde(rename = "handed-over")]
    Published { message: Arc<Message> },
    /// A message was dropped before it was sent.
    Unsent { id: MessageId, reason: DropReason },
    /// A message was sent on a session (again, if it was sent before).
    Sent { id: MessageId, session: SessionId },
    /// The broker's answer came.
    #[serde(rename = "told-accepted")]
    AcceptedReceived { id: MessageId },
    /// The broker's refusal came.
    #[serde(rename = "told-refused")]
    RefusedReceived { id: MessageId },
    /// The answer that the publisher asked for did not come in time.
    #[serde(rename = "answer-late")]
    ConfirmTimedOut { id: MessageId },
    /// A session began: the welcome came.
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
    /// The client was told where its subscription stands.
    #[serde(rename = "told-answer")]
    ResumeReceived { queue: Name, answer: ResumeOutcome },
    /// The client was told of a gap.
    #[serde(rename = "told-gap")]
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
            | Note::Trimmed { id, .. }
            | Note::BecameGap { id, .. }
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
            | Note::JoinRoom { client, .. }
            | Note::LeaveRoom { client, .. }
            | Note::Subscribed { client, .. }
            | Note::Unsubscribed { client, .. }
            | Note::Pushed { client, .. }
            | Note::Overwritten { client, .. }
            | Note::SendQueueFull { client, .. }
            | Note::BecameGap { client, .. }
            | Note::Acknowledged { client, .. }
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
            Note::ConnectionClosed { .. }
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
            | Note::ResumeReceived { .. }
            | Note::GapReceived { .. } => None,
        }
    }
}

/// Why a message was dropped by its publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropReason {
    /// There was no connection to send it on.
    NoConnection,
    /// The outbox was full.
    OutboxFull,
    /// The request that carried it failed, and nothing is kept to be sent again.
    RequestFailed,
}

closed_list! {
    /// Why a session, or an attempt at one, ended: what a side noticed, and by what.
    EndReason ["reason"] {
        /// The peer closed its side in order (TCP's FIN).
        Fin = "fin",
        /// This machine lost power.
        PowerLost = "power-lost",
        /// The peer has no such connection, or threw data away (TCP's RST).
        Reset = "reset",
        /// Nothing was heard for too long on the level of TCP.
        TcpTimeout = "tcp-timeout",
        /// Nobody listens there.
        Refused = "refused",
        /// Nobody listens there for datagrams (ICMP port unreachable).
        Unreachable = "unreachable",
        /// The upgrade to WebSocket was refused.
        UpgradeRefused = "upgrade-refused",
        /// The attempt took too long.
        ConnectTimeout = "connect-timeout",
        /// A request was not answered, or did not come whole, in time.
        HttpTimeout = "http-timeout",
        /// No ping, or no pong, in time.
        Heartbeat = "heartbeat",
        /// A newer session of the same client took over.
        Replaced = "replaced",
        /// This side closed it on purpose.
        Left = "left",
        /// The peer spoke of a session that this broker does not know.
        UnknownSession = "unknown-session",
        /// The hello is older than a session that this broker knows.
        StaleHello = "stale-hello",
        /// Bytes that are no frame.
        Malformed = "malformed",
        /// A frame longer than the limit.
        TooLong = "too-long",
        /// A frame that has no place in this conversation.
        Unexpected = "unexpected",
        /// A limit of the broker was reached: too many names or rooms.
        LimitReached = "limit-reached",
    }
}

impl EndReason {
    /// The words for it in reports.
    pub const fn words(self) -> &'static str {
        match self {
            EndReason::Fin => "FIN",
            EndReason::PowerLost => "power lost",
            EndReason::Reset => "RST",
            EndReason::TcpTimeout => "TCP timeout",
            EndReason::Refused => "connection refused",
            EndReason::UpgradeRefused => "upgrade refused",
            EndReason::Unreachable => "ICMP",
            EndReason::ConnectTimeout => "connect timeout",
            EndReason::HttpTimeout => "HTTP timeout",
            EndReason::Heartbeat => "heartbeat",
            EndReason::Replaced => "replaced",
            EndReason::Left => "left",
            EndReason::UnknownSession => "unknown session",
            EndReason::StaleHello => "stale hello",
            EndReason::Malformed => "malformed frame",
            EndReason::TooLong => "frame too long",
            EndReason::Unexpected => "unexpected frame",
            EndReason::LimitReached => "limit reached",
        }
    }
}

//! A snapshot of the broker's state: sessions, rooms, positions, backlog. It is data; `cli` prints it.

use crate::message::{Mode, Name, Position, SessionId};

/// A snapshot of the broker's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerView {
    /// The mode of the broker: in fire-and-forget it has no backlog and no subscriptions.
    pub mode: Mode,
    /// The open sessions with their clients, in the order of their connections.
    pub sessions: Vec<(SessionId, Name)>,
    /// The queues, by name.
    pub queues: Vec<QueueView>,
}

/// One queue of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// The name of the queue.
    pub name: Name,
    /// The rooms by name, each with the clients whose sessions are in it.
    pub rooms: Vec<(Name, Vec<Name>)>,
    /// Number of messages in the backlog.
    pub kept: usize,
    /// Number of bytes in the backlog.
    pub bytes: usize,
    /// The position of the oldest message in the backlog.
    pub oldest: Position,
    /// The position of the newest message that was accepted.
    pub head: Position,
    /// The subscriptions on record, by client; in catch-up only.
    pub subscriptions: Vec<SubscriptionView>,
}

/// One subscription of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionView {
    /// The client.
    pub client: Name,
    /// The rooms on record.
    pub rooms: Vec<Name>,
    /// The position up to which all is acknowledged.
    pub position: Position,
    /// Number of messages that are sent or to be sent, and not acknowledged.
    pub outstanding: usize,
    /// Whether a session is attached to it.
    pub is_attached: bool,
}

impl BrokerView {
    /// Returns the open session of a client.
    pub fn session_of(&self, client: &Name) -> Option<&SessionId> {
        self.sessions.iter().find(|(_, one)| one == client).map(|(session, _)| session)
    }
}

impl QueueView {
    /// Returns the rooms in which a client has a session.
    pub fn rooms_of(&self, client: &Name) -> Vec<Name> {
        let is_in = |(_, members): &&(Name, Vec<Name>)| members.contains(client);
        self.rooms.iter().filter(is_in).map(|(room, _)| room.clone()).collect()
    }
}

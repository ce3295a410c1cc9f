//! One queue at the broker: its rooms, and in catch-up mode its subscriptions and backlog.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::Name;

use super::super::backlog::Backlog;
use super::super::rooms::Rooms;
use super::super::subscription::Subscription;
use super::ConnectionId;

/// State of one queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The rooms, with the open sessions that are in them.
    pub sessions: Rooms<ConnectionId>,
    /// The rooms, with the clients that are on record as subscribers (catch-up only).
    pub recorded: Rooms<Name>,
    /// The rooms into which the application on the broker's side has put each client. They hold until
    /// the session ends, and in catch-up mode on later sessions, too.
    pub put: BTreeMap<Name, BTreeSet<Name>>,
    /// The subscription of each client (catch-up only).
    pub subscriptions: BTreeMap<Name, Subscription>,
    /// The messages that are kept (catch-up only).
    pub backlog: Backlog,
}

impl Queue {
    pub(super) fn new() -> Self {
        Queue {
            sessions: Rooms::new(),
            recorded: Rooms::new(),
            put: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            backlog: Backlog::new(),
        }
    }

    /// Records that a room is no longer one into which the broker's application has put a client.
    pub(super) fn take_out(&mut self, client: &Name, room: &Name) {
        if let Some(rooms) = self.put.get_mut(client) {
            rooms.remove(room);
        }
    }

    /// Returns the number of messages held, and their bytes.
    pub(super) fn holds(&self) -> (usize, usize) {
        let beyond = self.subscriptions.values().map(Subscription::kept_beyond);
        beyond.fold((self.backlog.len(), self.backlog.bytes()), |sum, held| {
            (sum.0 + held.0, sum.1 + held.1)
        })
    }
}

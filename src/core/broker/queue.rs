//! One queue at the broker: who is in its rooms now, and in catch-up mode what is owed to whom.

use std::collections::BTreeMap;

use crate::message::Name;

use super::super::backlog::Backlog;
use super::super::rooms::Rooms;
use super::super::subscription::Subscription;
use super::ConnectionId;

/// A bucket of events.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The rooms of the sessions that are connected now.
    pub sessions: Rooms<ConnectionId>,
    /// The rooms of the subscriptions on record (catch-up only).
    pub recorded: Rooms<Name>,
    /// What each subscription is owed (catch-up only).
    pub subscriptions: BTreeMap<Name, Subscription>,
    /// What is kept (catch-up only).
    pub backlog: Backlog,
}

impl Queue {
    pub(super) fn new() -> Self {
        Queue {
            sessions: Rooms::new(),
            recorded: Rooms::new(),
            subscriptions: BTreeMap::new(),
            backlog: Backlog::new(),
        }
    }

    /// How many messages are held, and their bytes.
    pub(super) fn holds(&self) -> (usize, usize) {
        let beyond = self.subscriptions.values().map(Subscription::kept_beyond);
        beyond.fold((self.backlog.len(), self.backlog.bytes()), |sum, held| {
            (sum.0 + held.0, sum.1 + held.1)
        })
    }
}

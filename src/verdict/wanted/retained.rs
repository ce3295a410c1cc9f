//! Tracks what the backlog retains, which a subscription from the start is to be sent. Never which
//! subscriber wants it.

use std::collections::BTreeMap;

use crate::message::{Name, Position};
use crate::verdict::facts::{Map, MessageIndex};

/// The messages in the backlog of every queue, by position.
#[derive(Default)]
pub struct Retained<'h> {
    queues: Map<&'h Name, BTreeMap<Position, MessageIndex>>,
}

impl<'h> Retained<'h> {
    /// Empties the backlog, because the broker died.
    pub fn clear(&mut self) {
        self.queues.clear();
    }

    /// Adds a message that was accepted.
    pub fn add(&mut self, queue: &'h Name, position: Position, message: MessageIndex) {
        self.queues.entry(queue).or_default().insert(position, message);
    }

    /// Removes a message that left the backlog.
    pub fn remove(&mut self, queue: &Name, position: Position) {
        if let Some(backlog) = self.queues.get_mut(queue) {
            backlog.remove(&position);
        }
    }

    /// Returns everything that a queue retains, in order of position.
    pub fn of_queue(&self, queue: &Name) -> Vec<MessageIndex> {
        self.queues.get(queue).into_iter().flat_map(BTreeMap::values).copied().collect()
    }
}

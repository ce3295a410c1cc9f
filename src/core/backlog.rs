//! The backlog of one queue: accepted messages by position, bounded in count, bytes and age.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::message::{Message, Position, Retention, WhenFull};
use crate::time::Instant;

/// Messages that a queue keeps for catch-up.
#[derive(Clone, Debug)]
pub struct Backlog {
    entries: BTreeMap<Position, Entry>,
    /// Entries that every subscription has acknowledged: they are removed first.
    acknowledged: BTreeSet<Position>,
    acknowledged_bytes: usize,
    bytes: usize,
    head: Position,
}

#[derive(Clone, Debug)]
struct Entry {
    message: Arc<Message>,
    at: Instant,
    /// Number of subscriptions that have not acknowledged it.
    outstanding: usize,
}

/// A message that left the backlog.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    /// Its position.
    pub position: Position,
    /// The message.
    pub message: Arc<Message>,
    /// Number of subscriptions that had not acknowledged it.
    pub outstanding: usize,
}

impl Backlog {
    /// Creates an empty backlog; the first message gets position 1.
    pub fn new() -> Self {
        Backlog {
            entries: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            acknowledged_bytes: 0,
            bytes: 0,
            head: Position::START,
        }
    }

    /// Returns the position of the newest message ever appended; 0 before the first.
    pub fn head(&self) -> Position {
        self.head
    }

    /// Returns the number of messages kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the bytes of the messages kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the message at a position, if it is kept.
    pub fn get(&self, position: Position) -> Option<&Arc<Message>> {
        self.entries.get(&position).map(|entry| &entry.message)
    }

    /// Iterates over the messages kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Position, &Arc<Message>)> {
        self.entries.iter().map(|(position, entry)| (*position, &entry.message))
    }

    /// Returns the oldest position that is kept; one beyond the head if nothing is.
    pub fn oldest(&self) -> Position {
        self.entries.keys().next().copied().unwrap_or(self.head.next())
    }

    /// Makes room for a message of `size` bytes, and returns what was removed for it: first
    /// messages that every subscription has acknowledged, then the oldest.
    ///
    /// Returns `None` if the message must be refused; then nothing was removed.
    pub fn make_room(&mut self, size: usize, limits: &Retention) -> Option<Vec<Removed>> {
        if size > limits.bytes || limits.messages == 0 || !self.can_fit(size, limits) {
            return None;
        }
        let mut removed = Vec::new();
        while self.len() + 1 > limits.messages || self.bytes + size > limits.bytes {
            let first = self.acknowledged.first().or_else(|| self.entries.keys().next()).copied();
            removed.extend(self.remove(first.expect("an empty backlog has room")));
        }
        Some(removed)
    }

    /// Whether enough can be removed for a message of `size` bytes.
    fn can_fit(&self, size: usize, limits: &Retention) -> bool {
        if limits.when_full == WhenFull::DropOldest {
            return true;
        }
        let outstanding = self.len() - self.acknowledged.len();
        outstanding < limits.messages && self.bytes - self.acknowledged_bytes + size <= limits.bytes
    }

    /// Appends a message for `outstanding` subscriptions, and returns its position.
    pub fn append(&mut self, now: Instant, message: Arc<Message>, outstanding: usize) -> Position {
        self.head = self.head.next();
        self.bytes += message.size();
        if outstanding == 0 {
            self.acknowledged.insert(self.head);
            self.acknowledged_bytes += message.size();
        }
        self.entries.insert(self.head, Entry { message, at: now, outstanding });
        self.head
    }

    /// Counts one more subscription that must acknowledge the message at a position.
    pub fn add_outstanding(&mut self, position: Position) {
        if let Some(entry) = self.entries.get_mut(&position) {
            entry.outstanding += 1;
            if self.acknowledged.remove(&position) {
                self.acknowledged_bytes -= entry.message.size();
            }
        }
    }

    /// Counts one subscription less that must acknowledge the message at a position.
    pub fn acknowledge(&mut self, position: Position) {
        if let Some(entry) = self.entries.get_mut(&position) {
            assert!(
                entry.outstanding > 0,
                "position {position} is acknowledged once a subscription"
            );
            entry.outstanding -= 1;
            if entry.outstanding == 0 {
                self.acknowledged.insert(position);
                self.acknowledged_bytes += entry.message.size();
            }
        }
    }

    /// Returns the time at which the oldest message reaches the age limit.
    pub fn expires(&self, limits: &Retention) -> Option<Instant> {
        let oldest = self.entries.values().next()?;
        limits.age.map(|age| oldest.at + age)
    }

    /// Removes the messages that have reached the age limit.
    pub fn expire(&mut self, now: Instant, limits: &Retention) -> Vec<Removed> {
        let mut removed = Vec::new();
        while self.expires(limits).is_some_and(|at| at <= now) {
            let oldest = self.oldest();
            removed.extend(self.remove(oldest));
        }
        removed
    }

    fn remove(&mut self, position: Position) -> Option<Removed> {
        let entry = self.entries.remove(&position)?;
        if self.acknowledged.remove(&position) {
            self.acknowledged_bytes -= entry.message.size();
        }
        self.bytes -= entry.message.size();
        Some(Removed { position, message: entry.message, outstanding: entry.outstanding })
    }
}

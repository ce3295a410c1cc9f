//! The backlog of one queue: accepted messages by position, bounded in count, bytes and age.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::message::{Message, Position, Retention, WhenFull};
use crate::time::Instant;

/// What a queue keeps for catch-up.
#[derive(Clone, Debug)]
pub struct Backlog {
    entries: BTreeMap<Position, Entry>,
    /// Entries that every subscription has acknowledged: they make room first.
    settled: BTreeSet<Position>,
    settled_bytes: usize,
    bytes: usize,
    head: Position,
}

#[derive(Clone, Debug)]
struct Entry {
    message: Arc<Message>,
    at: Instant,
    /// Subscriptions that have not acknowledged it.
    owed: usize,
}

/// A message that left the backlog.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    /// Where it was.
    pub position: Position,
    /// What it was.
    pub message: Arc<Message>,
    /// How many subscriptions had not acknowledged it.
    pub owed: usize,
}

impl Backlog {
    /// Nothing is kept; the first message gets position 1.
    pub fn new() -> Self {
        Backlog {
            entries: BTreeMap::new(),
            settled: BTreeSet::new(),
            settled_bytes: 0,
            bytes: 0,
            head: 0,
        }
    }

    /// The position of the newest message ever appended; 0 before the first.
    pub fn head(&self) -> Position {
        self.head
    }

    /// How many messages are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes are kept.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The message at a position, if it is kept.
    pub fn get(&self, position: Position) -> Option<&Arc<Message>> {
        self.entries.get(&position).map(|entry| &entry.message)
    }

    /// All that is kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Position, &Arc<Message>)> {
        self.entries.iter().map(|(position, entry)| (*position, &entry.message))
    }

    /// The oldest position that is kept; one beyond the head if nothing is.
    pub fn oldest(&self) -> Position {
        self.entries.keys().next().copied().unwrap_or(self.head + 1)
    }

    /// Makes room for a message of `size` bytes: what is settled goes first, then the oldest.
    ///
    /// `None` means that the message must be refused; then nothing was removed.
    pub fn make_room(&mut self, size: usize, limits: &Retention) -> Option<Vec<Removed>> {
        if size > limits.bytes || limits.messages == 0 || !self.can_fit(size, limits) {
            return None;
        }
        let mut removed = Vec::new();
        while self.len() + 1 > limits.messages || self.bytes + size > limits.bytes {
            let oldest = self.settled.first().or_else(|| self.entries.keys().next()).copied();
            removed.extend(self.remove(oldest.expect("an empty backlog has room")));
        }
        Some(removed)
    }

    /// Whether removing what may be removed makes room.
    fn can_fit(&self, size: usize, limits: &Retention) -> bool {
        if limits.when_full == WhenFull::DropOldest {
            return true;
        }
        let owed = self.len() - self.settled.len();
        owed < limits.messages && self.bytes - self.settled_bytes + size <= limits.bytes
    }

    /// Appends a message that `owed` subscriptions want, and says where.
    pub fn append(&mut self, now: Instant, message: Arc<Message>, owed: usize) -> Position {
        self.head += 1;
        self.bytes += message.size();
        if owed == 0 {
            self.settled.insert(self.head);
            self.settled_bytes += message.size();
        }
        self.entries.insert(self.head, Entry { message, at: now, owed });
        self.head
    }

    /// One more subscription wants what is at this position.
    pub fn owe(&mut self, position: Position) {
        if let Some(entry) = self.entries.get_mut(&position) {
            entry.owed += 1;
            if self.settled.remove(&position) {
                self.settled_bytes -= entry.message.size();
            }
        }
    }

    /// One subscription has acknowledged what is at this position, or has been told of a gap.
    pub fn settle(&mut self, position: Position) {
        if let Some(entry) = self.entries.get_mut(&position) {
            assert!(entry.owed > 0, "position {position} is acknowledged once a subscription");
            entry.owed -= 1;
            if entry.owed == 0 {
                self.settled.insert(position);
                self.settled_bytes += entry.message.size();
            }
        }
    }

    /// When the oldest message reaches the age limit.
    pub fn expires(&self, limits: &Retention) -> Option<Instant> {
        let oldest = self.entries.values().next()?;
        limits.age.map(|age| oldest.at + age)
    }

    /// Removes what has reached the age limit.
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
        if self.settled.remove(&position) {
            self.settled_bytes -= entry.message.size();
        }
        self.bytes -= entry.message.size();
        Some(Removed { position, message: entry.message, owed: entry.owed })
    }
}

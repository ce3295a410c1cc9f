//! What the backlog retains: what a subscription from the start is owed. Never who wants it.
//!
//! Evictions are in the history; what every subscription has acknowledged makes room without a
//! word, so that part is computed from the limits.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Name, Position, Retention};
use crate::time::{Duration, Instant};
use crate::verdict::facts::Map;

/// The backlog of every queue.
#[derive(Default)]
pub struct Retained<'h> {
    queues: Map<&'h Name, Backlog>,
    /// How many subscriptions have not acknowledged a message.
    owed: Map<usize, u32>,
    keeping: Keeping,
}

/// Whether a book is kept at all.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Keeping {
    #[default]
    Kept,
    NobodyAsks,
}

#[derive(Default)]
struct Backlog {
    entries: BTreeMap<Position, Entry>,
    acknowledged: BTreeSet<Position>,
    bytes: usize,
}

struct Entry {
    message: usize,
    accepted: Instant,
    size: usize,
}

impl<'h> Retained<'h> {
    /// A backlog of which nothing will be asked: it stays empty.
    pub fn unasked() -> Self {
        Retained { keeping: Keeping::NobodyAsks, ..Retained::default() }
    }

    /// The broker died.
    pub fn clear(&mut self) {
        self.queues.clear();
        self.owed.clear();
    }

    /// One subscription is owed a message more.
    pub fn owe(&mut self, message: usize) {
        if self.keeping == Keeping::NobodyAsks {
            return;
        }
        *self.owed.entry(message).or_default() += 1;
    }

    /// A message `(index, accepted, size)` was accepted; what is acknowledged makes room for it.
    pub fn add(
        &mut self,
        queue: &'h Name,
        position: Position,
        (message, accepted, size): (usize, Instant, usize),
        limits: &Retention,
    ) {
        if self.keeping == Keeping::NobodyAsks {
            return;
        }
        let backlog = self.queues.entry(queue).or_default();
        while backlog.entries.len() >= limits.messages || backlog.bytes + size > limits.bytes {
            let Some(oldest) = backlog.acknowledged.pop_first() else { break };
            backlog.remove(oldest);
        }
        backlog.remove(position);
        backlog.entries.insert(position, Entry { message, accepted, size });
        backlog.bytes += size;
        if !self.owed.contains_key(&message) {
            backlog.acknowledged.insert(position);
        }
    }

    /// A subscription has acknowledged what is at a position.
    pub fn acknowledge(&mut self, queue: &Name, position: Position) {
        let Some(backlog) = self.queues.get_mut(queue) else { return };
        let Some(entry) = backlog.entries.get(&position) else { return };
        let Some(owed) = self.owed.get_mut(&entry.message) else { return };
        *owed = owed.saturating_sub(1);
        if *owed == 0 {
            backlog.acknowledged.insert(position);
        }
    }

    /// What was at a position was evicted.
    pub fn remove(&mut self, queue: &Name, position: Position) {
        if let Some(backlog) = self.queues.get_mut(queue) {
            backlog.remove(position);
        }
    }

    /// Everything that a queue retains, in order.
    pub fn of_queue(&self, queue: &Name) -> impl Iterator<Item = usize> {
        let entries = self.queues.get(queue).into_iter().flat_map(|backlog| &backlog.entries);
        entries.map(|(_, entry)| entry.message)
    }

    /// Everything that a queue retains and that is younger than its limit, in order.
    pub fn young(&self, queue: &Name, now: Instant, age: Option<Duration>) -> Vec<usize> {
        let entries = self.queues.get(queue).into_iter().flat_map(|backlog| &backlog.entries);
        let young = |entry: &&Entry| age.is_none_or(|age| now.since(entry.accepted) < age);
        entries.map(|(_, entry)| entry).filter(young).map(|entry| entry.message).collect()
    }
}

impl Backlog {
    fn remove(&mut self, position: Position) {
        self.acknowledged.remove(&position);
        if let Some(entry) = self.entries.remove(&position) {
            self.bytes -= entry.size;
        }
    }
}

//! A publish entry with a schedule: the times that are still to come.

use crate::scenario::{Publish, When};
use crate::time::{Duration, Instant};

/// A scheduled publish: `left` more times, the next at `at`.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// The index of the entry.
    pub publish: usize,
    pub at: Instant,
    every: Duration,
    pub left: u64,
}

impl Slot {
    /// Returns the slots of those entries that have a schedule, from `now` on.
    pub fn all(publishes: &[Publish], now: Instant) -> Vec<Slot> {
        let mut slots = Vec::new();
        for (publish, entry) in publishes.iter().enumerate() {
            if let When::Every { start, every, count } = entry.when {
                let mut slot = Slot { publish, at: start, every, left: count };
                slot.skip_before(now);
                slots.push(slot);
            }
        }
        slots
    }

    /// Goes on to the next time.
    pub fn advance(&mut self) {
        self.at += self.every;
        self.left -= 1;
    }

    /// Skips the slots that were due while the host was down.
    pub fn skip_before(&mut self, now: Instant) {
        while self.left > 0 && self.at < now {
            self.advance();
        }
    }

    /// Skips the slots that came due while the host slept.
    pub fn skip_until(&mut self, now: Instant) {
        while self.left > 0 && self.at <= now {
            self.advance();
        }
    }
}

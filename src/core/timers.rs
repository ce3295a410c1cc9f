//! Timers by key, of which each has at most one due time. They never fire by themselves.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::Instant;

/// Due times by key, and in order.
#[derive(Clone, Debug)]
pub struct Timers<K> {
    moments: BTreeMap<K, Instant>,
    order: BTreeSet<(Instant, K)>,
}

impl<K: Ord + Clone> Timers<K> {
    /// Creates an empty set of timers.
    pub fn new() -> Self {
        Timers { moments: BTreeMap::new(), order: BTreeSet::new() }
    }

    /// Sets or moves a timer.
    pub fn set(&mut self, key: K, at: Instant) {
        self.clear(&key);
        self.order.insert((at, key.clone()));
        self.moments.insert(key, at);
    }

    /// Removes a timer, if it is set.
    pub fn clear(&mut self, key: &K) {
        if let Some(at) = self.moments.remove(key) {
            self.order.remove(&(at, key.clone()));
        }
    }

    /// Whether a timer is set.
    pub fn is_set(&self, key: &K) -> bool {
        self.moments.contains_key(key)
    }

    /// Returns the earliest due time.
    pub fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Removes the earliest timer that is due, and returns its key.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        let (at, key) = self.order.first()?.clone();
        (at <= now).then(|| {
            self.clear(&key);
            key
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_set_again_is_moved_and_the_earliest_comes_first() {
        let mut timers = Timers::new();
        timers.set("a", Instant::from_millis(5));
        timers.set("b", Instant::from_millis(3));
        timers.set("a", Instant::from_millis(1));
        assert_eq!(timers.next(), Some(Instant::from_millis(1)));
        let now = Instant::from_millis(3);
        assert_eq!(timers.pop_due(now), Some("a"));
        assert_eq!(timers.pop_due(now), Some("b"));
        assert_eq!(timers.pop_due(now), None);
        assert_eq!(timers.next(), None);
    }
}

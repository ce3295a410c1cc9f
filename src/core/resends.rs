//! Keeps what was sent over a lossy link and is not answered, in the order in which it is due
//! again.

use std::collections::BTreeMap;

use crate::message::resend_wait;
use crate::time::{Duration, Instant};

/// The unanswered frames of a session, by their keys. An answered one stays until it is in front:
/// the owner knows which those are.
#[derive(Clone, Debug)]
pub struct Resends<K> {
    /// By the moment at which they are due, then in the order of sending: the key, and how many
    /// times it was sent.
    due: BTreeMap<(Instant, u64), (K, u32)>,
    sendings: u64,
}

impl<K: Copy> Resends<K> {
    /// Creates an empty list.
    pub fn new() -> Self {
        Resends { due: BTreeMap::new(), sendings: 0 }
    }

    /// Adds what is sent now for the first time.
    pub fn sent(&mut self, now: Instant, ack_timeout: Duration, key: K) {
        self.insert(now, ack_timeout, key, 1);
    }

    /// Returns what is due first, and when.
    pub fn first(&self) -> Option<(Instant, K)> {
        self.due.first_key_value().map(|((at, _), (key, _))| (*at, *key))
    }

    /// Removes what is due first.
    pub fn drop_first(&mut self) {
        self.due.pop_first();
    }

    /// Returns what is due first, if that is now. It counts as sent again.
    pub fn again(&mut self, now: Instant, ack_timeout: Duration) -> Option<K> {
        self.first().filter(|(at, _)| *at <= now)?;
        let (_, (key, times)) = self.due.pop_first()?;
        self.insert(now, ack_timeout, key, times.saturating_add(1));
        Some(key)
    }

    fn insert(&mut self, now: Instant, ack_timeout: Duration, key: K, times: u32) {
        self.sendings += 1;
        self.due.insert((now + resend_wait(ack_timeout, times), self.sendings), (key, times));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_longest_is_first_and_each_waits_twice_as_long_again() {
        let at = Instant::from_millis;
        let timeout = Duration::from_millis(10);
        let mut resends = Resends::new();
        resends.sent(at(0), timeout, 'a');
        resends.sent(at(5), timeout, 'b');
        assert_eq!(resends.again(at(9), timeout), None);
        assert_eq!(resends.again(at(10), timeout), Some('a'));
        assert_eq!(resends.first(), Some((at(15), 'b')));
        assert_eq!(resends.again(at(15), timeout), Some('b'));
        assert_eq!(resends.first(), Some((at(30), 'a')));
        resends.drop_first();
        assert_eq!(resends.first(), Some((at(35), 'b')));
    }
}

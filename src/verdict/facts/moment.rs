//! A point in a history: the instant, and the event's index. Never a clock.

use crate::time::Instant;

/// The moment of an event; moments of the same instant are ordered by event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The instant.
    pub at: Instant,
    /// The event's index in the history.
    pub order: usize,
}

impl Moment {
    /// Whether it is earlier. No two events share a moment, so there is no third case to tell.
    pub fn is_before(self, other: Moment) -> bool {
        self.cmp(&other).is_lt()
    }
}

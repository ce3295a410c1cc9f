//! A place in a history: when, and the how manyth event. Never a clock.

use crate::time::Instant;

/// When something happened; moments of the same instant are told apart by their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The instant.
    pub at: Instant,
    /// The event's index in the history.
    pub order: usize,
}

impl Moment {
    /// Whether it is earlier. No two events share a moment, so that there is no other question.
    pub fn is_before(self, other: Moment) -> bool {
        self.cmp(&other).is_lt()
    }
}

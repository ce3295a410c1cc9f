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

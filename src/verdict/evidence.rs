//! Phrases evidence, without a full stop, in the same words for every judge.

use crate::message::MessageId;
use crate::time::Instant;

/// Names a message, and the instant at which it was published.
pub fn published(id: &MessageId, at: Instant) -> String {
    format!("{id}, published at {at},")
}

/// Says that a message was handled twice.
pub fn handled_again(id: &MessageId, first: Instant, again: Instant) -> String {
    format!("{id} was handled at {first} and again at {again}")
}

/// Says that a message was handled after one that was published later.
pub fn handled_after(id: &MessageId, at: Instant, later: &MessageId) -> String {
    format!("{id} was handled at {at}, after {later}")
}

//! Evidence in words, without a full stop: the same, whoever judges.

use crate::message::MessageId;
use crate::time::Instant;

/// A message, and when.
pub fn published(id: &MessageId, at: Instant) -> String {
    format!("{id}, published at {at},")
}

/// It was handled twice.
pub fn handled_again(id: &MessageId, first: Instant, again: Instant) -> String {
    format!("{id} was handled at {first} and again at {again}")
}

/// It was handled after one that was published later.
pub fn handled_after(id: &MessageId, at: Instant, later: &MessageId) -> String {
    format!("{id} was handled at {at}, after {later}")
}

//! The guarantees.

use super::{Family, Word};
use crate::terms::Guarantee;

/// The guarantees that a subscriber may be given.
pub static GUARANTEES: Family = Family {
    name: "guarantee",
    heading: "Guarantees",
    about: "What can be promised to a subscriber. It is judged for each subscriber; a contender's \
            is the worst.",
    words: &[
        Word::new(
            Guarantee::AtMostOnce.name(),
            "Holds if nothing was handled twice.",
            "Losing everything keeps it, which is why fire-and-forget can claim it. A link that \
             repeats packets breaks it; so does a redelivery that nobody recognises as a copy.",
        )
        .see(&["exactly-once", "duplicate"])
        .shown_by("dlab run duplicated"),
        Word::new(
            Guarantee::AtLeastOnce.name(),
            "Holds if nothing was missed.",
            "Somebody must keep each message until it is acknowledged, and send it again until then: \
             that is catch-up. The price is memory, packets, and copies that must be recognised.",
        )
        .see(&["missed", "exactly-once", "catch-up"])
        .shown_by("dlab run caps"),
        Word::new(
            Guarantee::ExactlyOnce.name(),
            "Holds if nothing was missed and nothing was handled twice.",
            "No link gives it. It is at-least-once with copies dropped by their id, and it holds only \
             within its terms: a client that crashes between its handler and its acknowledgement \
             has forgotten that it was done.",
        )
        .see(&["at-most-once", "at-least-once", "outside-terms"])
        .shown_by("dlab run caps"),
        Word::new(
            Guarantee::InOrder.name(),
            "Holds if nothing was handled out of order.",
            "Only the messages of one publisher in one queue have an order. It says nothing about \
             holes: 1, 2, 5 is in order. A link that keeps order makes the rest wait for what is \
             lost.",
        )
        .see(&["order-broken", "reorder", "tcp"])
        .shown_by("dlab run reordered"),
        Word::new(
            Guarantee::NoSilentGap.name(),
            "Holds if each missed message lies in a gap that was announced, or in an epoch that was \
             said to be over, or was refused to its publisher.",
            "It is the honest second best: something is lost, and the client knows it, so it can ask \
             somebody else for the whole state. A client that has had no session since cannot have \
             been told; then the verdict is unknown.",
        )
        .see(&["silent-loss", "evicted", "false-comfort"])
        .shown_by("dlab run retention"),
    ],
};

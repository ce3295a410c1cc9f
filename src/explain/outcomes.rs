//! The three outcomes.

use super::{Family, Word};
use crate::terms::Outcome;

/// The outcomes of a message that a subscriber wanted.
pub static OUTCOMES: Family = Family {
    name: "outcome",
    heading: "Outcomes",
    about: "What became of a message that a subscriber wanted. Each has exactly one, so live, caught \
            up and missed always add up to wanted.",
    words: &[
        Word::new(
            Outcome::Live.name(),
            "Handled from a first sending, however late.",
            "The broker pushed the message to a session that was there, and the handler returned. \
             A message that TCP had to send again is still live: the broker sent it once, and the \
             link repaired what was lost. How late it came is a number beside it, not an outcome.",
        )
        .see(&["caught-up", "missed"])
        .shown_by("dlab run caps --contender tcp/catch-up"),
        Word::new(
            Outcome::CaughtUp.name(),
            "Handled from a replay or a redelivery.",
            "The client was away, or an acknowledgement did not come, and the broker still had the \
             message: it sent what was missing when the client came back. Only catch-up can do \
             that, for fire-and-forget keeps nothing.",
        )
        .also(&["caught up"])
        .see(&["live", "missed", "catch-up", "evicted"])
        .shown_by("dlab run caps --contender tcp/catch-up"),
        Word::new(
            Outcome::Missed.name(),
            "Wanted, and not handled by the end of the run.",
            "Each missed message has one cause: what ended the last copy that could still have \
             reached the handler. A message still under way when the run ends is missed too, with \
             the cause unsettled; a longer run may settle it.",
        )
        .see(&["cause", "unsettled", "silent-loss", "at-least-once"])
        .shown_by("dlab run caps --contender tcp/fire-and-forget"),
    ],
};

//! The verdicts.

use crate::terms::Verdict;

use super::{Family, Word};

/// The verdicts on a guarantee, whether or not it was claimed.
pub static VERDICTS: Family = Family {
    name: "verdict",
    heading: "Verdicts",
    about: "The plain truth about a guarantee in this run, whether or not anybody claimed it.",
    words: &[
        Word::new(
            Verdict::Holds.name(),
            "Nothing in this run violated the guarantee.",
            "That is luck where nothing was claimed: another seed may violate it. One run proves \
             nothing for the next; it only shows this one.",
        )
        .see(&["violated", "kept", "not-claimed"])
        .shown_by("dlab run caps --contender tcp/catch-up"),
        Word::new(
            Verdict::Violated.name(),
            "At least one message of this run violated the guarantee.",
            "The JSON has the shortest evidence: which message, and when. It is a bug only if the \
             contender claimed the guarantee and the message was within the terms.",
        )
        .see(&["holds", "broken", "outside-terms", "not-claimed"])
        .shown_by("dlab run caps --contender tcp/fire-and-forget"),
        Word::new(
            Verdict::Unknown.name(),
            "The run ended too early to say.",
            "A message was still under way, or the client has had no session in which it could have \
             been told of its loss. A violation beats it: what is known to be broken is not unknown.",
        )
        .see(&["unsettled", "open"])
        .shown_by("dlab run slow-consumer --contender tcp/catch-up"),
    ],
};

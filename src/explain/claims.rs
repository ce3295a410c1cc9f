//! The states of a claim, the worst first.

use super::{Family, Word};
use crate::terms::Claim;

/// The states of a contender's claim to a guarantee.
pub static CLAIMS: Family = Family {
    name: "claim",
    heading: "Claims",
    about: "What became of what a contender claims. A \
            contender with several subscribers shows the worst of theirs: the first in this list.",
    words: &[
        Word::new(
            Claim::Broken.name(),
            "The guarantee was claimed, and a message within the terms violated it.",
            "This is the only one that is a bug: the machine said that it would, and it did not. A \
             correct broker and client never break a claim, under any storm.",
        )
        .see(&["outside-terms", "violated"])
        .shown_by("dlab run museum/off-by-one"),
        Word::new(
            Claim::OutsideTerms.name(),
            "The guarantee was claimed, and violated only where the terms do not reach.",
            "A claim has terms: the broker did not crash, the backlog's limits kept the message, the \
             client's session did not expire, it acknowledges after its handler and has one. The \
             report says which term it was, and which message.",
        )
        .also(&["outside"])
        .see(&["broken", "evicted", "expired", "broker-crashed", "lost-after-ack"])
        .shown_by("dlab run retention --contender tcp/catch-up"),
        Word::new(
            Claim::Open.name(),
            "The guarantee was claimed, and the run ended too early to say.",
            "Its verdict is unknown, mostly since messages were still under way. Let the scenario \
             run for longer to see what becomes of them.",
        )
        .see(&["unknown", "unsettled"])
        .shown_by("dlab run slow-consumer --contender tcp/catch-up"),
        Word::new(
            Claim::Kept.name(),
            "The guarantee was claimed, and it held.",
            "Compare what the same storm did to the contenders that claim less, and with \
             `dlab run NAME --prices` what keeping it cost.",
        )
        .see(&["holds", "not-claimed"])
        .shown_by("dlab run caps --contender tcp/catch-up"),
        Word::new(
            Claim::NotClaimed.name(),
            "This contender does not promise it.",
            "The guarantee may hold all the same, by luck or because the storm was mild. Violating \
             it is no bug, and the report has no sentence about it.",
        )
        .see(&["kept", "holds", "fire-and-forget"])
        .shown_by("dlab run caps --contender udp/fire-and-forget"),
    ],
};

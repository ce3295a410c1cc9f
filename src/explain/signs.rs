//! The signs of the lane diagram, in Unicode and in ASCII.

use super::{Family, Word};

/// The signs that the diagram is drawn with.
pub static SIGNS: Family = Family {
    name: "sign",
    heading: "Signs",
    about: "What the lane diagram is drawn with: one column a stretch of time, one lane a contender. \
            `--ascii` draws the second sign of each pair.",
    words: &[
        Word::new(
            "▾",
            "A message was published here.",
            "The lane stands at the top. What became of the message stands below it in the same \
             column, whenever it was handled.",
        )
        .also(&["v", "published"])
        .see(&["live", "caught-up", "missed"])
        .shown_by("dlab run caps"),
        Word::new(
            "–",
            "Published while the subscription did not stand: the subscriber does not want it.",
            "The broker had not recorded the subscriber's join when it accepted the message, or, if \
             it never did, when it was published. So it counts as neither missed nor caught up. A \
             subscription stands a round trip or more after its session began, and in some runs \
             never; publish later, or subscribe from the start.",
        )
        .also(&["-", "not subscribed", "came before", "came before a subscription stood"])
        .see(&["wanted", "not-joined"])
        .shown_by("dlab run websocket-blocked"),
        Word::new(
            "●",
            "Live: handled from a first sending.",
            "The sign stands where the message was published, not where it was handled, so that it \
             stands under its fault.",
        )
        .also(&["o"])
        .see(&["live", "outcome"])
        .shown_by("dlab run caps"),
        Word::new(
            "◎",
            "Live, but late: handled from a first sending, after a delay that matters.",
            "Late is more than five times the scenario's longest latency, and more than 100 ms: \
             longer than the network alone takes. A line below the diagram says how much that is. \
             Something was sent again, waited its turn, or waited for a slow handler.",
        )
        .also(&["~", "live, but late", "late"])
        .see(&["live", "worst-delay"])
        .shown_by("dlab run head-of-line"),
        Word::new(
            "◐",
            "Caught up later: handled from a replay or a redelivery.",
            "It stands where the message was published; it was handled later.",
        )
        .also(&["+", "caught up later"])
        .see(&["caught-up", "outcome"])
        .shown_by("dlab run caps"),
        Word::new(
            "○",
            "Still under way when the run ended: not handled yet, and not lost either.",
            "The table counts it as missed, by the cause `unsettled`, for nobody handled it. \
             Whether it would have come only a longer run says: `--set run_for=60s`.",
        )
        .also(&["?", "still under way"])
        .see(&["unsettled", "missed"])
        .shown_by("dlab run caps --set fault.0.for=30s"),
        Word::new(
            "⊗",
            "Some missed: of the messages that share this column some were missed, some were not.",
            "A column is a stretch of time, and a lane may stand for many subscribers. The column \
             is a plain cross only if all of its messages were missed.",
        )
        .also(&["%", "some missed"])
        .see(&["missed", "✗"])
        .shown_by("dlab run head-of-line --contender udp/fire-and-forget"),
        Word::new(
            "✗",
            "Missed: wanted, and not handled by the end of the run.",
            "Where messages share a column, this one stands for several messages, all of them \
             missed. Below the table the report says why.",
        )
        .also(&["x"])
        .see(&["missed", "cause"])
        .shown_by("dlab run caps"),
        Word::new(
            "═",
            "A fault is on.",
            "The bar stands in the lane of whom the fault is about, from its first moment to its \
             last, with what it is in words. What it does is heard of later than it began.",
        )
        .also(&["=", "fault is on"])
        .see(&["fault", "late-detection"])
        .shown_by("dlab run caps"),
    ],
};

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
            "●",
            "Live: handled from a first sending.",
            "The sign stands where the message was published, not where it was handled, so that it \
             stands under its fault.",
        )
        .also(&["o"])
        .see(&["live", "outcome"])
        .shown_by("dlab run caps"),
        Word::new(
            "◐",
            "Caught up later: handled from a replay or a redelivery.",
            "It stands where the message was published; it was handled later.",
        )
        .also(&["+", "caught up later"])
        .see(&["caught-up", "outcome"])
        .shown_by("dlab run caps"),
        Word::new(
            "✗",
            "Missed: wanted, and not handled by the end of the run.",
            "Where messages share a column the worst is shown, so one of these can stand for several \
             messages, some of them handled. Below the table the report says why.",
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

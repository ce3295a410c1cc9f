//! The words of the section Expectations.

use super::{Family, Word};

/// The results of expectations, and the words in which they are printed.
pub static EXPECTATIONS: Family = Family {
    name: "expectation",
    heading: "Expectations",
    about: "What a scenario says must come of it: `[[expect]]` in its file. The report compares \
            each with what was measured, and the exit code says whether all were met.",
    words: &[
        Word::new(
            "met",
            "What was measured is what was expected.",
            "A range is met by any number in it, both ends included.",
        )
        .also(&["✓"])
        .see(&["failed", "measured", "0"])
        .shown_by("dlab run caps"),
        Word::new(
            "failed",
            "What was measured is not what was expected.",
            "It is a finding: the expectation is wrong, or the machine is. In a sweep a run has \
             failed if one of its expectations has.",
        )
        .also(&["!"])
        .see(&["met", "measured", "1"])
        .shown_by("dlab run caps --set expect.0.caught_up=7"),
        Word::new(
            "not-run",
            "The expectation is about a contender that was not run.",
            "`--contender` left it out. It counts neither as met nor as failed.",
        )
        .see(&["met", "contender"])
        .shown_by("dlab run caps --contender tcp/catch-up"),
        Word::new(
            "unchecked",
            "Nothing was expected of what ran.",
            "The scenario expects nothing, or only of contenders that were left out. Nothing is \
             wrong, so the exit code is 0; but nothing was met either.",
        )
        .also(&["nothing was expected of what ran"])
        .see(&["not-run", "met", "0"])
        .shown_by("dlab run caps --contender websocket/catch-up -q"),
        Word::new(
            "measured",
            "What the run shows, beside what was expected of it.",
            "Counters are summed over the subscribers of the contender, or are those of the one \
             that the expectation names.",
        )
        .see(&["met", "failed"])
        .shown_by("dlab run caps"),
        Word::new(
            "missed-by",
            "How many messages were missed by this cause alone.",
            "An expectation with a `cause` counts only those. Without one it counts all that were \
             missed.",
        )
        .see(&["missed", "cause"])
        .shown_by("dlab run caps"),
        Word::new(
            "gaps-announced",
            "How many gaps the subscribers were told of.",
            "A gap is a range of positions whose messages are lost for the subscriber.",
        )
        .see(&["gap", "no-silent-gap"])
        .shown_by("dlab run retention"),
    ],
};

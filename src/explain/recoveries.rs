//! The kinds of recovery: told or not told of a loss, and truly or not.

use super::{Family, Word};

/// The answers that a client got when it came back, compared with what had happened.
pub static RECOVERIES: Family = Family {
    name: "recovery",
    heading: "Recoveries",
    about: "A client that comes back is told whether it has lost something: `resumed`, a gap, or a \
            new epoch. The report counts per contender what was told, and whether it was true. A \
            gap that is told to a connected client counts, too.",
    words: &[
        Word::new(
            "honest-success",
            "The client was told that nothing is lost, and nothing was.",
            "The broker said `resumed`, and sent all that the client had missed. That is what \
             catch-up is for.",
        )
        .also(&["honest successes"])
        .see(&["resumed", "false-comfort"])
        .shown_by("dlab run caps"),
        Word::new(
            "honest-failure",
            "The client was told that something is lost, and something was.",
            "It was told of a gap, or of a new epoch. It has lost messages and knows it, so it can \
             fetch the state anew.",
        )
        .see(&["gap", "epoch", "no-silent-gap"])
        .shown_by("dlab run retention"),
        Word::new(
            "false-comfort",
            "The client was told that nothing is lost, and something was.",
            "Nobody will look for what is missing. Correct brokers never do it.",
        )
        .see(&["honest-success", "silent-loss"])
        .shown_by("dlab run museum/empty-epoch"),
        Word::new(
            "false-alarm",
            "The client was told that something is lost, and nothing was.",
            "It fetches everything anew for nothing. Correct brokers never do it.",
        )
        .see(&["honest-failure", "gap"])
        .shown_by("dlab run museum/quiet-room-trim"),
    ],
};

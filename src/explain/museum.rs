//! The words of the museum.

use super::{Family, Word};

/// The columns of the museum's table, and the words of its list.
pub static MUSEUM: Family = Family {
    name: "museum",
    heading: "The museum",
    about: "Brokers and clients that are broken on purpose, most of them as real systems were. \
            `dlab museum` runs each in a storm of its own and shows that the judge finds it out. \
            It is a test of the judge: one that finds nothing is worth nothing.",
    words: &[
        Word::new(
            "mutant",
            "A machine that is broken on purpose: the correct one, and one change.",
            "The heading of its report says what is broken. `dlab list --mutants` has all of them.",
        )
        .see(&["anomaly", "caught-by"])
        .shown_by("dlab museum --seeds 1..1"),
        Word::new(
            "found-by",
            "The contender that first showed the mutant's anomaly.",
            "A defect of the broker shows over every link, but some need a link that loses or \
             doubles packets.",
        )
        .see(&["contender", "caught-by"])
        .shown_by("dlab museum --seeds 1..1"),
        Word::new(
            "seeds",
            "How many seeds it took until the mutant was caught.",
            "With more than one, the storm does not hit it each time.",
        )
        .see(&["seed", "storm"])
        .shown_by("dlab museum --seeds 1..1"),
        Word::new(
            "caught-by",
            "The anomaly that must be seen, or the mutant has not been found out.",
            "Nothing may be seen without the storm, and the correct machine must break no claim in \
             it.",
        )
        .see(&["mutant", "anomaly"])
        .shown_by("dlab list --mutants"),
        Word::new(
            "seen",
            "The system or kind of program in which this defect was seen.",
            "A name and a number are an issue at GitHub.",
        )
        .see(&["mutant"])
        .shown_by("dlab list --mutants"),
    ],
};

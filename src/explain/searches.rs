//! The words of a search.

use super::{Family, Word};

/// A command that finds and shrinks a storm.
const SEARCH: &str = "dlab search museum/off-by-one --budget 400";

/// The words for what a search tries, and for what it finds.
pub static SEARCHES: Family = Family {
    name: "search",
    heading: "Searches",
    about: "A search tries one storm after another until one of them breaks a claim, or shows what \
            no correct machine does. Then it makes the storm smaller and tells it as a story.",
    words: &[
        Word::new(
            "storm",
            "The faults of a scenario: what goes wrong, for whom, and when.",
            "A search draws its storms from seeds. Every contender of a scenario meets the same \
             storm.",
        )
        .see(&["fault", "seed", "exercise"])
        .shown_by("dlab search any --budget 20"),
        Word::new(
            "any",
            "Workload and storm drawn anew from each seed.",
            "`dlab sweep any` and `dlab search any` need no file. `dlab show any:7` prints the \
             scenario of seed 7, and `dlab run any:7` runs it.",
        )
        .see(&["seed", "scenario"])
        .shown_by("dlab sweep any --seeds 1..3 --contender tcp/catch-up"),
        Word::new(
            "budget",
            "How long a search looks: so many trials, or so much time.",
            "A number of trials gives the same result on every computer. If nothing was found, \
             that is no proof: the next storm may do it.",
        )
        .see(&["trial", "finding"])
        .shown_by("dlab help search"),
        Word::new(
            "finding",
            "A claim that was broken, or an anomaly that no correct machine shows.",
            "With `--guarantee` it is a violation of this guarantee, claimed or not. The exit code \
             of a search with a finding is 1.",
        )
        .also(&["found"])
        .see(&["broken", "violated", "anomaly"])
        .shown_by(SEARCH),
        Word::new(
            "shrunk",
            "Made as small as possible: fewer faults, clients and messages, and shorter times.",
            "A step is kept if the smaller storm still shows the same. What is left is the story, \
             and a scenario file that shows it.",
        )
        .see(&["finding", "story"])
        .shown_by(SEARCH),
        Word::new(
            "story",
            "What happened in the smallest storm, in the order of time.",
            "It has the faults, sessions that ended and began, and what was published. The last \
             sentence says what came of it for the subscriber.",
        )
        .see(&["shrunk", "why"])
        .shown_by(SEARCH),
    ],
};

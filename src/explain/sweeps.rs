//! The words of a sweep.

use super::{Family, Word};

/// A command that shows most of these words.
const SWEEP: &str = "dlab sweep caps --seeds 1..3 --vary fault.0.for=1s..2s/1s";

/// The columns and lines of a sweep.
pub static SWEEPS: Family = Family {
    name: "sweep",
    heading: "Sweeps",
    about: "A sweep runs one scenario under many seeds, or with many values of a key, and sums up \
            what came of it. Contender, wanted and missed mean the same as in a report, summed \
            over the trials. What the runs brought, and never brought, are exercises.",
    words: &[
        Word::new(
            "held",
            "So many runs met all their expectations.",
            "Without expectations it holds if no claim was broken and nothing was seen that no \
             correct machine shows. So does a built-in scenario under other seeds or values, which \
             its expectations are not for. One in which no fault did anything counts by itself.",
        )
        .see(&["failed", "met", "inconclusive"])
        .shown_by("dlab sweep caps --seeds 1..3"),
        Word::new(
            "trials",
            "How many trials of this contender were run.",
            "There is one a seed and value.",
        )
        .see(&["trial", "seed"])
        .shown_by(SWEEP),
        Word::new(
            "losing",
            "In how many of the trials this contender missed a message.",
            "What was only still under way does not count. With the number of trials it says how \
             likely a loss is in such a storm. The number of messages missed says how bad it is.",
        )
        .see(&["missed", "trials"])
        .shown_by(SWEEP),
        Word::new(
            "p50",
            "Half of the handled messages took this long, or less.",
            "It is the delay from publish to handled, over all trials, kept to three digits. In \
             CSV it is `p50_ms`.",
        )
        .also(&["p50_ms"])
        .see(&["p99", "median-delay"])
        .shown_by(SWEEP),
        Word::new(
            "p99",
            "99 of 100 handled messages took this long, or less.",
            "The rest took longer: with many messages, somebody meets them all the time. In CSV it \
             is `p99_ms`.",
        )
        .also(&["p99_ms"])
        .see(&["p50", "worst"])
        .shown_by(SWEEP),
        Word::new(
            "worst",
            "The longest delay from publish to handled, over all trials.",
            "One unlucky trial decides it. In CSV it is `worst_ms`.",
        )
        .also(&["worst_ms"])
        .see(&["p99", "worst-delay"])
        .shown_by(SWEEP),
        Word::new(
            "share-of-messages-missed",
            "A chart of how much of what was wanted each contender missed, one column a value.",
            "A dot is nothing, a full block is everything; two keys make a grid. Below it stand the \
             values at which the contender loses messages. What is only still under way is not \
             in it.",
        )
        .also(&["loses from", "loses nothing", "loses at", "loses up", "loses between"])
        .see(&["missed", "wanted", "undecided"])
        .shown_by(SWEEP),
        Word::new(
            "undecided",
            "At these values something was still under way when the run ended.",
            "It is not lost, and perhaps it would still have come; a hollow circle stands for it. \
             A longer `run_for` decides it.",
        )
        .also(&["still under way at the end"])
        .see(&["unsettled", "share-of-messages-missed"])
        .shown_by("dlab sweep caps --seeds 1..1 --vary fault.0.for=16s..20s/2s"),
        Word::new(
            "never-brought",
            "The kinds of trouble that no run of the sweep brought.",
            "Nothing has been shown about them: a guarantee whose trouble never came has not been \
             tested. The line before it says what did come, and how often.",
        )
        .also(&["they never brought", "the runs brought"])
        .see(&["exercise"])
        .shown_by("dlab sweep caps --seeds 1..3"),
        Word::new(
            "shard",
            "One of several equal parts of the work.",
            "`--shard 2/8` runs the second of eight parts, perhaps on another computer. `dlab \
             merge` joins what all of them printed with `--json`, and the result is that of one \
             sweep.",
        )
        .also(&["part"])
        .see(&["trials"])
        .shown_by("dlab sweep caps --seeds 1..3 --shard 1/2"),
    ],
};

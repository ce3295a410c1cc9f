//! delivery-lab: what a client still gets after it was away, over which link, and who promised it.
//!
//! One workload and one seeded storm of faults run through several ways of delivering events;
//! for each, message by message, it is shown what arrived, what was caught up, what was missed
//! and why. In reading order:
//!
//! - [`message`], [`time`] and [`terms`]: the nouns. [`explain`]: what the words of a report mean.
//! - [`scenario`]: who publishes and subscribes, what goes wrong when, what must come of it.
//! - [`core`]: broker and client as state machines, without any IO.
//! - [`wire`]: frames as bytes. [`net`]: what a network is. [`link`]: how frames travel.
//! - [`sim`]: the world, in which the same links and the same core run deterministically.
//! - [`history`]: what happened. [`verdict`]: what it means. [`report`]: how it is shown.
//! - [`search`]: storms from seeds, and the smallest one that breaks something.
//! - [`cli`]: the program `dlab`.
//!
//! One run in five steps:
//!
//! 1. a scenario file is parsed into a [`scenario::Scenario`], valid by construction;
//! 2. [`sim::run_trial`] runs it, once a contender, and gives a [`history::History`];
//! 3. [`verdict::judge`] folds the history into a [`verdict::Row`];
//! 4. [`report::build`] puts the rows and the expectations into a [`report::Report`];
//! 5. the report is rendered as text or JSON.

#[cfg(not(any(tokio_unstable, doc)))]
compile_error!(
    "delivery-lab needs `rustflags = [\"--cfg\", \"tokio_unstable\"]` under `[build]` in your \
     .cargo/config.toml: without it turmoil neither seeds tokio nor ends a trial when a task panics"
);

#[cfg(feature = "cli")]
pub mod cli;
mod closed_list;
pub mod core;
pub mod explain;
pub mod history;
pub mod link;
pub mod message;
pub mod mutant;
pub mod net;
pub mod report;
pub mod scenario;
pub mod search;
pub mod sim;
pub mod terms;
pub mod time;
pub mod verdict;
pub mod wire;

/// The page's code, as a test.
#[cfg(doctest)]
#[doc = include_str!("../docs/your-own-queue.md")]
struct YourOwnQueue;

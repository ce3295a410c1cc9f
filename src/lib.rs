//! delivery-lab: what a client still gets after it was away, over which link, and who promised it.
//!
//! A deterministic lab for delivery guarantees. One workload and one seeded storm of faults run
//! through several ways of delivering events, over a simulated network with a real TCP/IP stack;
//! for each, message by message, it is shown what arrived, what was caught up, what was missed
//! and why. The program `dlab` does that from files; this library does it in your tests.
//!
//! # A queue of your own
//!
//! [`Programs`] is a broker and a client that you wrote, as two programs on tokio; [`check`] holds
//! them to a guarantee in a hundred storms, and fails with the story of the smallest storm that
//! breaks it. [`Property`] is the same in parts, and [`Property::all`] asks for all guarantees at
//! once. The [`guide`] writes a queue in sixty lines and finds the message that it loses. What is
//! at hand may be checked, too:
//!
//! ```
//! use delivery_lab::{Contender, Guarantee, check};
//!
//! let ours: Contender = "tcp/catch-up".parse().unwrap();
//! check(&ours, Guarantee::AtLeastOnce);
//! ```
//!
//! # One run in five steps
//!
//! 1. a scenario file is parsed into a [`Scenario`], valid by construction;
//! 2. [`run_trial`] runs it, once a contender, and gives a [`History`];
//! 3. [`judge`] folds the history into a [`Row`];
//! 4. [`report::build`] puts the rows and the expectations into a [`Report`];
//! 5. the report is rendered, by [`report::text()`] or [`report::json()`].
//!
//! Only the second is asynchronous; the others are pure functions. The same version, scenario and
//! seed give the same bytes, in any process.
//!
//! # The run loop of a machine
//!
//! Broker and client are state machines without IO ([`core`]), and yours may take the place of
//! ours ([`CoreSystem`]). A driver does three things: it reports an input (`handle`), carries out
//! the outputs until there are none (`poll`), and waits for the next input, but no longer than
//! until the machine's `deadline`. Here nothing comes from a connection, so that only time passes;
//! a driver also reports `Received`, `Queued` and `Closed`:
//!
//! ```
//! use delivery_lab::core::{
//!     Broker, BrokerInput, BrokerOptions, BrokerOutput, ConnectionId, Machine,
//! };
//! use delivery_lab::message::{BrokerLimits, EndReason, Epoch};
//! use delivery_lab::{Instant, Link, Mode};
//!
//! let mut broker = Broker::new(BrokerOptions {
//!     mode: Mode::CatchUp,
//!     link: Link::Tcp.semantics(),
//!     limits: BrokerLimits::default(),
//!     epoch: Epoch::FIRST,
//! });
//! let (mut now, mut closed) = (Instant::ZERO, None);
//!
//! broker.handle(now, BrokerInput::Opened { connection: ConnectionId(1) });
//! loop {
//!     while let Some(output) = broker.poll() {
//!         match output {
//!             BrokerOutput::Send { connection, frame } => println!("{connection:?}: {frame:?}"),
//!             BrokerOutput::Close { connection, reason } => closed = Some((connection, reason)),
//!             BrokerOutput::CallHandler { message } => println!("handles {}", message.id),
//!             BrokerOutput::Note(note) => println!("{now}: {note:?}"),
//!         }
//!     }
//!     let Some(deadline) = broker.deadline() else { break };
//!     // A driver on sockets waits here, for a frame or for that moment.
//!     now = now.max(deadline);
//!     broker.handle(now, BrokerInput::Elapsed);
//! }
//!
//! // A connection that says nothing for 20 seconds is closed, and the broker waits for nothing.
//! assert_eq!(closed, Some((ConnectionId(1), EndReason::ConnectTimeout)));
//! assert_eq!(now.to_string(), "20s");
//! ```
//!
//! # Where things stand
//!
//! The root has the names that most tests need. The rest is in modules by subject: [`message`],
//! [`time`] and [`terms`] are the nouns; [`scenario`] says who publishes and subscribes, what goes
//! wrong when, and what must come of it; [`core`] has the machines, [`net`] the network, and
//! [`link`] carries frames over it; [`sim`] is the world in which all that runs; [`history`] is
//! what happened, [`verdict`] what it means, [`report`] how it is shown; [`search`] draws storms
//! and shrinks them; [`mutant`] keeps machines that are broken on purpose.
//!
//! # Features
//!
//! - `cli` (default): the program `dlab`. A test library needs none of it:
//!   `default-features = false`.
//! - `proptest`: [`Scenarios`] is a strategy of proptest.

#[cfg(not(any(tokio_unstable, doc)))]
compile_error!(
    "delivery-lab needs `rustflags = [\"--cfg\", \"tokio_unstable\"]` under `[build]` in your \
     .cargo/config.toml: without it turmoil neither seeds tokio nor ends a trial when a task panics"
);

// A system is held to a guarantee.
#[doc(inline)]
pub use search::{
    Broken, CASES, Failed, Property, Question, Scenarios, SystemUnderTest, Upheld, check,
};
#[doc(inline)]
pub use terms::{FaultKind, Guarantee};

// The system is yours: programs over a network, or machines in the place of ours.
#[doc(inline)]
pub use net::{Datagrams, Listener, Net, Stream};
#[doc(inline)]
pub use sim::{App, AppRequest, CoreSystem, Programs, RESTART};

// One run: parsed, run, judged, shown.
#[doc(inline)]
pub use history::History;
#[doc(inline)]
pub use report::Report;
#[doc(inline)]
pub use scenario::{Diagnostics, LoadOptions, Scenario};
#[doc(inline)]
pub use sim::{
    Apart, Cancel, ExceededLimit, Placement, Trial, TrialError, TrialLimits, TrialOptions,
    TurmoilOrder, run_trial,
};
#[doc(inline)]
pub use verdict::{Row, SubscriberReport, judge};

// The nouns of them all.
#[doc(inline)]
pub use message::{Contender, Link, Message, MessageId, Mode, Name, Payload};
#[doc(inline)]
pub use terms::{Anomaly, Cause, Claim, Exercise, Outcome, Verdict};
#[doc(inline)]
pub use time::{Duration, Instant};

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod closed_list;
pub mod core;
#[doc(hidden)]
pub mod explain;
mod hash;
pub mod history;
pub mod link;
pub mod message;
pub mod mutant;
pub mod net;
mod platform;
pub mod report;
pub mod scenario;
pub mod search;
pub mod sim;
pub mod terms;
pub mod time;
pub mod verdict;
#[doc(hidden)]
pub mod wire;

// A link of the page has its target here, and among the other pages there.
#[doc = "[searching]: search\n\n"]
#[doc = include_str!("../docs/your-own-queue.md")]
pub mod guide {}

//! Runs the state machines of `core` alone, over an in-memory network of frames: no sockets, no
//! bytes, no simulator.
//!
//! A [`Model`] is one broker, one client that publishes, some that subscribe, and the frames in
//! flight between them. A [`Step`] is one event: a message is published, a frame arrives, is lost,
//! duplicated or overtaken, a connection breaks, a process dies, time passes. After the steps,
//! [`Model::quiesce`] lets the model quiesce: every client connects, every frame arrives, and what
//! is then still missing is lost. Steps come from a seed ([`run_steps()`]), from a list, or from a test.
//!
//! The model checks the same guarantees as the search on the simulator ([`Guarantee`], [`Wrong`]):
//!
//! - *at-most-once*: no handler returns twice for one message;
//! - *at-least-once*: once the model is quiescent, each subscriber's handler has returned for each
//!   message that the subscriber wants;
//! - *exactly-once*: both;
//! - *in-order*: no message is handled for the first time after a later one of its publisher;
//! - *no-silent-gap*: a message that a subscriber wanted and has not handled lies in a gap that the
//!   subscriber was told of, or in an epoch that it was told is over.
//!
//! In catch-up mode every finding lies within the terms of the claim:
//!
//! - **Wanted messages.** A subscriber wants the messages that the broker accepted in the current
//!   epoch after it recorded the subscriber's join. It wants all messages of the current epoch if
//!   its process knew an older epoch when it joined.
//! - **Earlier epochs.** A message accepted in an earlier epoch may be lost. It may also come
//!   again, late and twice. But a process that knew that epoch must have been told of a new one.
//! - **Retention.** A message that the backlog trimmed may be lost if [`Retention`] had no room for
//!   it. Either as many messages as it keeps were accepted since, or the subscriber was not yet
//!   recorded; with `when_full = refuse` only the second reason counts. A message that the broker did
//!   not keep for a subscriber may be lost if as many as may be kept for it were accepted before.
//! - **Expiry.** What the broker accepted before a subscriber's session expired, and until it records
//!   the subscriber again, may be lost if the subscriber had no session for that long.
//! - **Gaps.** A message lost to retention must be announced as a gap, unless a process of the
//!   subscriber has died since the message was accepted. The dead process may have read the
//!   message, and then the next process needs no gap.
//! - **Crashes.** A message is handled twice only if the same process handled it twice: a crash
//!   loses the record of what was read.
//! - **Options.** A client that acknowledges before its handler has no claims. Without `dedup`,
//!   at-most-once and exactly-once are not claimed.
//!
//! In fire-and-forget mode at-most-once and in-order are claimed over reliable links, and nothing
//! over lossy ones. The model also looks for two kinds of [`Anomaly`]: `NotWanted`, a message was
//! handled that was never published; and `Stalled`, a message has no answer although the model is
//! quiescent and the process that published it has not died.
//!
//! [`Retention`]: crate::message::Retention
//! [`Wrong`]: super::Wrong
//! [`Anomaly`]: crate::terms::Anomaly

mod checker;
mod deliver;
mod node;
mod quiesce;
mod random;
mod reader;
mod shrink;
mod step;

use crate::core::{Broker, BrokerOptions, ClientInput, Intercepted};
use crate::history::ProcessId;
use crate::message::{
    BrokerLimits, ClientLimits, Draft, EndReason, Epoch, LinkSemantics, Mode, Name, Payload,
    Position, StartAt,
};
use crate::mutant::{self, Mutant};
use crate::terms::Guarantee;
use crate::time::Instant;

use super::{Coverage, Tally};
use checker::Checker;
use node::{ModelNode, State};

pub use checker::ModelFinding;
pub use random::{ModelRun, Steps, drawn, length, run_steps};
pub use shrink::shrink;
pub use step::{FrameDirection, Noticed, Step};

/// The index of the client that publishes.
const PUBLISHER: usize = 0;

/// Configures a model.
#[derive(Clone, Debug)]
pub struct ModelOptions {
    /// Either [`LinkSemantics::RELIABLE`] or [`LinkSemantics::LOSSY`]: others need a real link.
    pub link: LinkSemantics,
    /// The delivery mode.
    pub mode: Mode,
    /// Limits of the broker.
    pub broker: BrokerLimits,
    /// Limits and behaviour of each client.
    pub client: ClientLimits,
    /// Number of subscribers, at least 1.
    pub subscribers: usize,
    /// The broken machine that replaces a correct one, if any.
    pub mutant: Option<&'static Mutant>,
}

impl Default for ModelOptions {
    /// Two subscribers in catch-up mode over a reliable link.
    fn default() -> ModelOptions {
        ModelOptions {
            link: LinkSemantics::RELIABLE,
            mode: Mode::CatchUp,
            broker: BrokerLimits::default(),
            client: ClientLimits::default(),
            subscribers: 2,
            mutant: None,
        }
    }
}

/// One broker, its clients, and the frames between them.
pub struct Model {
    options: ModelOptions,
    now: Instant,
    broker: Intercepted<Broker>,
    nodes: Vec<ModelNode>,
    names: Vec<Name>,
    draft: Draft,
    last_connection: u64,
    /// Whether a client waits for a connection, which it gets before the next step.
    is_connect_pending: bool,
    /// Whether nothing has happened since the model was quiescent.
    is_quiescent: bool,
    checker: Checker,
    tally: Tally,
}

impl Model {
    /// Creates a quiescent model: `driver` publishes, `shop1`, `shop2` … subscribe. All are
    /// connected, and the broker has recorded their subscriptions.
    pub fn new(options: ModelOptions) -> Model {
        let names = (0..=options.subscribers).map(|n| match n {
            PUBLISHER => Name::from("driver"),
            n => Name::from(format!("shop{n}")),
        });
        let names: Vec<Name> = names.collect();
        let nodes = names.iter().map(|name| ModelNode::new(&options, name.clone())).collect();
        let draft = Draft::new("q".into(), "e".into(), Payload::null());
        let checker = Checker::new(&options);
        let mut model = Model {
            now: Instant::ZERO,
            broker: broker(&options, checker.epoch()),
            nodes,
            names,
            draft,
            last_connection: 0,
            is_connect_pending: false,
            is_quiescent: false,
            checker,
            tally: Tally::default(),
            options,
        };
        model.quiesce();
        model
    }

    /// Takes one step. Returns whether anything happened: there may be nothing to deliver.
    pub fn step(&mut self, step: Step) -> bool {
        let count = self.nodes.len();
        let happened = match step {
            Step::Publish => self.publish(),
            Step::Deliver(direction, n) => self.deliver(direction, n % count),
            Step::DeliverLate(n) => self.deliver_late(n % count),
            Step::HandlerReturns(n) => self.return_handler(n % count),
            Step::Lose(direction, n) => self.disturb(n % count, |pipe| pipe.lose(direction)),
            Step::Double(direction, n) => self.disturb(n % count, |pipe| pipe.double(direction)),
            Step::Overtake(direction, n) => {
                self.disturb(n % count, |pipe| pipe.overtake(direction))
            }
            Step::Break(noticed, n) => self.break_connection(noticed, n % count),
            Step::GoAway(n) => self.go_away(n % count),
            Step::ComeBack(n) => self.come_back(n % count),
            Step::Crash(n) => self.crash(n % count),
            Step::Restart(n) => self.restart(n % count),
            Step::CrashBroker => self.crash_broker(),
            Step::Wait(span) => self.wait(span),
        };
        self.connect_all();
        self.is_quiescent &= !happened;
        happened
    }

    /// Returns the first thing that is wrong: broken claims before anomalies. Missing messages and
    /// answers are findings only after [`Model::quiesce`].
    pub fn check(&self) -> Option<ModelFinding> {
        self.checker.check(self.is_quiescent)
    }

    /// Returns the finding that breaks this claim, if it is broken.
    pub fn finding(&self, guarantee: Guarantee) -> Option<ModelFinding> {
        self.checker.finding(guarantee, self.is_quiescent)
    }

    /// Returns the counts of what was exercised.
    pub fn coverage(&self) -> &Coverage {
        self.tally.coverage()
    }

    /// Returns the simulated time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Returns the sequences that the broker accepted, in its order. A sequence repeats if the
    /// broker accepted it again because it no longer knew it.
    pub fn accepted(&self) -> &[u64] {
        self.checker.accepted()
    }

    /// Returns the sequences that the broker refused, in its order.
    pub fn refused(&self) -> &[u64] {
        self.checker.refused()
    }

    /// Returns the sequences for which a subscriber's handler has returned, in order. Subscribers
    /// count from 1.
    ///
    /// # Panics
    /// There is no such subscriber.
    pub fn handled(&self, subscriber: usize) -> &[u64] {
        self.checker.handled(subscriber)
    }

    /// Returns the gaps that a subscriber was told of: the epoch, the first and the last position.
    /// Subscribers count from 1.
    ///
    /// # Panics
    /// There is no such subscriber.
    pub fn gaps(&self, subscriber: usize) -> &[(Epoch, Position, Position)] {
        self.checker.gaps(subscriber)
    }

    /// Whether a client runs and wants to be connected.
    ///
    /// # Panics
    /// There is no such client.
    pub fn is_here(&self, client: usize) -> bool {
        self.nodes[client].state == State::Here
    }

    fn publish(&mut self) -> bool {
        if self.nodes[PUBLISHER].state == State::Down {
            return false;
        }
        self.checker.publish(self.now);
        let draft = self.draft.clone();
        self.feed_client(PUBLISHER, ClientInput::Publish { draft, confirm_within: None });
        true
    }

    fn go_away(&mut self, n: usize) -> bool {
        let is_here = self.nodes[n].state == State::Here;
        if is_here {
            self.nodes[n].state = State::Away;
            self.feed_client(n, ClientInput::GoAway);
        }
        is_here
    }

    fn come_back(&mut self, n: usize) -> bool {
        let is_away = self.nodes[n].state == State::Away;
        if is_away {
            self.nodes[n].state = State::Here;
            self.feed_client(n, ClientInput::ComeBack);
        }
        is_away
    }

    fn crash(&mut self, n: usize) -> bool {
        let is_up = self.nodes[n].state != State::Down;
        if is_up {
            self.close_pipe(n, EndReason::Reset);
            self.nodes[n].crash(&self.options, self.names[n].clone());
            self.checker.crash(n);
            self.tally.crashed(process(n));
        }
        is_up
    }

    fn restart(&mut self, n: usize) -> bool {
        let is_down = self.nodes[n].state == State::Down;
        if is_down {
            self.nodes[n].state = State::Here;
            if n != PUBLISHER {
                let (queue, room) = (self.draft.queue.clone(), self.draft.event.clone());
                self.feed_client(n, ClientInput::Join { queue, room, from: StartAt::Now });
            }
            self.feed_client(n, ClientInput::Started);
        }
        is_down
    }

    fn crash_broker(&mut self) -> bool {
        self.checker.crash_broker();
        self.tally.crashed(BROKER);
        self.broker = broker(&self.options, self.checker.epoch());
        for node in &mut self.nodes {
            node.former = None;
            if let Some(pipe) = &mut node.pipe {
                pipe.is_open_at_broker = false;
                pipe.to_broker.clear();
            }
        }
        true
    }
}

/// The broker's process number.
const BROKER: ProcessId = ProcessId::BROKER;

/// Returns the process number of a client.
fn process(n: usize) -> ProcessId {
    ProcessId(n as u32 + 1)
}

fn broker(options: &ModelOptions, epoch: Epoch) -> Intercepted<Broker> {
    let (mode, link, limits) = (options.mode, options.link, options.broker.clone());
    mutant::broker(options.mutant, BrokerOptions { mode, link, limits, epoch })
}

//! The machines of `core` alone over a mailbag of frames: no sockets, no bytes, no simulator.
//!
//! A [`Model`] is one broker, one client that publishes and some that subscribe, and between
//! them the frames that are on their way. A [`Step`] is one thing that happens: a message is handed
//! over, a frame arrives, is lost, doubled or overtaken, a connection breaks, somebody dies, time
//! passes. After the steps there is peace, long enough for everything to arrive, and then what is
//! missing stays missing. Steps come from a seed ([`play()`]), from a list, or from a test.
//!
//! What is asked is the same as at the other depth, in the same words ([`Guarantee`], [`Wrong`]):
//!
//! - *at-most-once*: nobody's handler returns twice for one message;
//! - *at-least-once*: after peace each subscriber's handler has returned for each message that it
//!   wants;
//! - *exactly-once*: both;
//! - *in-order*: no message is handled for the first time after a later one of its publisher;
//! - *no-silent-gap*: what a subscriber wanted and has not handled lies in a gap that it was told
//!   of, or in an epoch that it was told is over.
//!
//! Every finding lies within the terms of the claim, in catch-up mode:
//!
//! - A subscriber wants what the broker accepted in the epoch that is on, from the recording of its
//!   join on; and all of that epoch, if its process had been told an older one when it joined.
//! - What was accepted in an epoch before may be lost, and may come again, late and twice; but a
//!   process that knew that epoch must have been told of a new one.
//! - What the backlog let go may be lost if [`Retention`] had no room for it: as many messages as it
//!   keeps were accepted since; or the subscriber was not yet on record, and with
//!   `when_full = refuse` only then. It must be announced, unless a process of the subscriber has
//!   died since it was accepted: that may have read the message, and not needed the gap.
//! - A message is handled twice if the same process did it: a crash loses what was read.
//! - Nothing is said of a client that acknowledges before its handler, nor of copies where `dedup`
//!   is off.
//!
//! In fire-and-forget mode at-most-once and in-order are claimed over reliable paths, and nothing
//! over lossy ones. Beside the guarantees there are two of [`Anomaly`]'s words: *unasked*, what was
//! handled was never handed over; *stalled*, a living publisher has no answer after peace, though
//! it was there to be answered.
//!
//! [`Retention`]: crate::message::Retention
//! [`Wrong`]: super::Wrong
//! [`Anomaly`]: crate::verdict::Anomaly

mod checker;
mod deliver;
mod node;
mod quiesce;
mod random;
mod reader;
mod shrink;
mod step;

use crate::core::{Broker, BrokerOptions, ClientInput, Draft, Intercepted, LinkSemantics};
use crate::history::ProcessId;
use crate::message::{
    BrokerLimits, ClientLimits, EndReason, Epoch, Mode, Name, Payload, Position, StartAt, Target,
};
use crate::mutant::{self, Mutant};
use crate::terms::Guarantee;
use crate::time::Instant;

use super::{Coverage, Tally};
use checker::Checker;
use node::{ModelNode, State};

pub use checker::ModelFinding;
pub use random::{Played, Steps, drawn, length, play};
pub use shrink::shrink;
pub use step::{Noticed, Step, Way};

/// The number of the client that publishes.
const PUBLISHER: usize = 0;

/// How a mailbag is set up.
#[derive(Clone, Debug)]
pub struct Mail {
    /// [`LinkSemantics::RELIABLE`] or [`LinkSemantics::LOSSY`]: the others need a link of their own.
    pub path: LinkSemantics,
    /// What is promised.
    pub mode: Mode,
    /// What the broker keeps.
    pub broker: BrokerLimits,
    /// What each client keeps, and how it behaves.
    pub client: ClientLimits,
    /// How many subscribe, from 1.
    pub subscribers: usize,
    /// The broken machine that stands in the place of a correct one.
    pub mutant: Option<&'static Mutant>,
}

impl Default for Mail {
    /// Two subscribers in catch-up mode over a reliable path.
    fn default() -> Mail {
        Mail {
            path: LinkSemantics::RELIABLE,
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
    mail: Mail,
    now: Instant,
    broker: Intercepted<Broker>,
    nodes: Vec<ModelNode>,
    names: Vec<Name>,
    draft: Draft,
    last_peer: u64,
    /// Whether a client waits to be connected: it is, before the next step.
    is_ordered: bool,
    /// Whether nothing has happened since there was peace.
    is_at_peace: bool,
    ledger: Checker,
    tally: Tally,
}

impl Model {
    /// `driver` publishes, `shop1`, `shop2` … subscribe; all are connected and on record.
    pub fn new(mail: Mail) -> Model {
        let names = (0..=mail.subscribers).map(|n| match n {
            PUBLISHER => Name::from("driver"),
            n => Name::from(format!("shop{n}")),
        });
        let names: Vec<Name> = names.collect();
        let nodes = names.iter().map(|name| ModelNode::new(&mail, name.clone())).collect();
        let draft = Draft {
            queue: "q".into(),
            event: "e".into(),
            target: Target::default(),
            payload: Payload::null(),
            answer_within: None,
        };
        let ledger = Checker::new(&mail);
        let mut bag = Model {
            now: Instant::ZERO,
            broker: broker(&mail, ledger.epoch()),
            nodes,
            names,
            draft,
            last_peer: 0,
            is_ordered: false,
            is_at_peace: false,
            ledger,
            tally: Tally::default(),
            mail,
        };
        bag.settle();
        bag
    }

    /// Takes one step, and says whether anything happened: there may be nothing to deliver.
    pub fn step(&mut self, step: Step) -> bool {
        let count = self.nodes.len();
        let happened = match step {
            Step::Publish => self.publish(),
            Step::Deliver(way, n) => self.deliver(way, n % count),
            Step::DeliverLate(n) => self.deliver_late(n % count),
            Step::HandlerReturns(n) => self.return_handler(n % count),
            Step::Lose(way, n) => self.disturb(n % count, |pipe| pipe.lose(way)),
            Step::Double(way, n) => self.disturb(n % count, |pipe| pipe.double(way)),
            Step::Overtake(way, n) => self.disturb(n % count, |pipe| pipe.overtake(way)),
            Step::Break(noticed, n) => self.break_off(noticed, n % count),
            Step::GoAway(n) => self.go_away(n % count),
            Step::ComeBack(n) => self.come_back(n % count),
            Step::Crash(n) => self.crash(n % count),
            Step::Restart(n) => self.restart(n % count),
            Step::CrashBroker => self.crash_broker(),
            Step::Wait(span) => self.wait(span),
        };
        self.connect_all();
        self.is_at_peace &= !happened;
        happened
    }

    /// The first thing that is wrong: broken claims before anomalies. What is missing is only
    /// known after [`Model::settle`].
    pub fn check(&self) -> Option<ModelFinding> {
        self.ledger.check(self.is_at_peace)
    }

    /// Whether this claim is broken, and the evidence.
    pub fn finding(&self, guarantee: Guarantee) -> Option<ModelFinding> {
        self.ledger.finding(guarantee, self.is_at_peace)
    }

    /// What was exercised.
    pub fn coverage(&self) -> &Coverage {
        self.tally.coverage()
    }

    /// The moment in simulated time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Sequences that the broker accepted, in its order; again, if it had forgotten them.
    pub fn accepted(&self) -> &[u64] {
        self.ledger.accepted()
    }

    /// Sequences that the broker refused, in its order.
    pub fn refused(&self) -> &[u64] {
        self.ledger.refused()
    }

    /// Sequences for which the handler of a subscriber (from 1) has returned, in order.
    ///
    /// # Panics
    /// There is no such subscriber.
    pub fn handled(&self, subscriber: usize) -> &[u64] {
        self.ledger.handled(subscriber)
    }

    /// Gaps that a subscriber (from 1) was told of: the epoch, the first and the last position.
    ///
    /// # Panics
    /// There is no such subscriber.
    pub fn gaps(&self, subscriber: usize) -> &[(Epoch, Position, Position)] {
        self.ledger.gaps(subscriber)
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
        self.ledger.publish(self.now);
        let draft = self.draft.clone();
        self.tell(PUBLISHER, ClientInput::Publish { draft });
        true
    }

    fn go_away(&mut self, n: usize) -> bool {
        let is_here = self.nodes[n].state == State::Here;
        if is_here {
            self.nodes[n].state = State::Away;
            self.tell(n, ClientInput::GoAway);
        }
        is_here
    }

    fn come_back(&mut self, n: usize) -> bool {
        let is_away = self.nodes[n].state == State::Away;
        if is_away {
            self.nodes[n].state = State::Here;
            self.tell(n, ClientInput::ComeBack);
        }
        is_away
    }

    fn crash(&mut self, n: usize) -> bool {
        let is_up = self.nodes[n].state != State::Down;
        if is_up {
            self.close_pipe(n, EndReason::Reset);
            self.nodes[n].crash(&self.mail, self.names[n].clone());
            self.ledger.crash(n);
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
                self.tell(n, ClientInput::Join { queue, room, from: StartAt::Now });
            }
            self.tell(n, ClientInput::Started);
        }
        is_down
    }

    fn crash_broker(&mut self) -> bool {
        self.ledger.crash_broker();
        self.tally.crashed(BROKER);
        self.broker = broker(&self.mail, self.ledger.epoch());
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

/// The broker's number in the order of processes.
const BROKER: ProcessId = ProcessId::BROKER;

/// A client's number in the order of processes.
fn process(n: usize) -> ProcessId {
    ProcessId(n as u32 + 1)
}

fn broker(mail: &Mail, epoch: Epoch) -> Intercepted<Broker> {
    let (mode, path, limits) = (mail.mode, mail.path, mail.broker.clone());
    mutant::broker(mail.mutant, BrokerOptions { mode, path, limits, epoch })
}

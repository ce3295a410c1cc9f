//! A scenario: its clients and their messages, the faults, and the expected results.
//!
//! A [`Scenario`] is valid by construction: the loader rejects what the simulator could not run.

#[cfg(feature = "cli")]
pub mod builtin;
mod deliveries;
mod fault;
mod keys;
pub mod limits;
mod load;
mod printable;
mod reference;
mod schema;
mod template;
mod text;
mod warning;
mod write;

use std::fmt;

use crate::message::{
    BrokerLimits, ClientLimits, Confirm, Contender, Draft, HttpConnections, Members, Name, StartAt,
};
use crate::mutant::Mutant;
use crate::terms::{Anomaly, Cause, Claim, Counter, Guarantee, Verdict};
use crate::time::{Duration, Instant};

pub use fault::{Acts, CrashNotice, Direction, Effect, Fault, MOMENT, SessionEffect, Who};
pub use load::{
    Diagnostics, ExpectationsFile, LoadOptions, Place, Problem, Setting, contender_tip,
    nearest_word,
};
pub use reference::reference;
pub use schema::schema;
pub use template::template;
pub use text::{InvalidText, parse_duration};
pub use warning::Warning;

/// One workload, one storm, the contenders that run it, and the expected results.
#[derive(Clone, PartialEq)]
pub struct Scenario {
    /// The stem of the file's name. Built-in scenarios are run by it.
    pub name: String,
    /// One line.
    pub title: String,
    /// A paragraph that introduces the scenario to a student.
    pub about: String,
    /// The seed of all random draws.
    pub seed: u64,
    /// The length of the trial.
    pub run_for: Duration,
    /// One-way latency of every path.
    pub latency: Latency,
    /// The rows of the report, in this order.
    pub contenders: Vec<Contender>,
    /// The limits of the broker.
    pub broker: BrokerLimits,
    /// The application on the broker's side.
    pub broker_app: BrokerApp,
    /// The time that a client over `polling` waits from one request to the next.
    pub polling_interval: Duration,
    /// The time within which a request of a client over HTTP is answered.
    pub http_timeout: Duration,
    /// The connections on which clients make their requests over HTTP; without effect on
    /// `socketio`.
    pub http_connections: HttpConnections,
    /// The mutant to run: a component that is broken on purpose. `None` if all are correct.
    pub mutant: Option<&'static Mutant>,
    /// The entries of the file. [`ClientEntry::processes`] expands `count`.
    pub clients: Vec<ClientEntry>,
    /// The faults: the storm.
    pub faults: Vec<Fault>,
    /// The expected results.
    pub expectations: Vec<Expectation>,
}

impl Scenario {
    /// Returns the time of the last publish, join or leave that is scheduled by the clock.
    pub fn scripted_until(&self) -> Instant {
        let last = self.publishes().filter_map(|publish| match publish.when {
            When::Every { start, every, count } => Some(start + every * count.saturating_sub(1)),
            When::On { .. } => None,
        });
        let changes =
            self.clients.iter().flat_map(|client| client.join.iter().chain(&client.leave));
        let acts = self.broker_app.acts.iter().map(|act| act.at);
        last.chain(changes.map(|change| change.at)).chain(acts).max().unwrap_or(Instant::ZERO)
    }

    /// Iterates over all entries `publish`: those of the clients, then those of the broker.
    pub fn publishes(&self) -> impl Iterator<Item = &Publish> {
        self.clients.iter().flat_map(|client| &client.publish).chain(&self.broker_app.publish)
    }
}

/// Formats the scenario as the file that it could have been loaded from, for messages of failed
/// tests.
impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

/// The application on the broker's side: what a server does by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerApp {
    /// The messages that it publishes.
    pub publish: Vec<Publish>,
    /// The changes that it makes to rooms and sessions of clients.
    pub acts: Vec<BrokerAct>,
}

impl BrokerApp {
    /// Whether it publishes something in answer to an event.
    pub fn answers(&self, event: &Name) -> bool {
        self.publish
            .iter()
            .any(|publish| matches!(&publish.when, When::On { event: on, .. } if on == event))
    }
}

/// One change that the application on the broker's side makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAct {
    /// The clients that it is about: the members of these rooms of a queue, or with no rooms all
    /// that have joined the queue.
    pub members: Members,
    /// The change.
    pub change: MemberChange,
    /// The time.
    pub at: Instant,
}

impl MemberChange {
    /// Returns the key of `[broker]` that asks for it.
    pub fn key(&self) -> &'static str {
        match self {
            MemberChange::Join(_) => "join",
            MemberChange::Leave(_) => "leave",
            MemberChange::Disconnect => "disconnect",
        }
    }
}

/// A change to what a client is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// It joins a room of the queue.
    Join(Name),
    /// It leaves a room of the queue.
    Leave(Name),
    /// Its session ends.
    Disconnect,
}

/// One-way latency, drawn per packet, first in first out. Whole milliseconds, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The least.
    pub min: Duration,
    /// The most.
    pub max: Duration,
}

/// One entry `[[client]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientEntry {
    /// The entry's id.
    pub id: Name,
    /// The name of the client, if it differs from the id. Two entries may share one.
    pub name: Option<Name>,
    /// The number of processes of the entry.
    pub count: u32,
    /// The messages that it publishes.
    pub publish: Vec<Publish>,
    /// The subscriptions that it makes when it starts.
    pub subscribe: Vec<Subscribe>,
    /// The rooms that it joins later.
    pub join: Vec<RoomChange>,
    /// The rooms that it leaves.
    pub leave: Vec<RoomChange>,
    /// Its last will.
    pub will: Option<Draft>,
    /// Its limits, and its behaviour.
    pub limits: ClientLimits,
}

impl ClientEntry {
    /// Returns the processes of the entry as `(process, client)`: `reader`, or `reader#1`,
    /// `reader#2`, …
    pub fn processes(&self) -> impl Iterator<Item = (Name, Name)> + '_ {
        (1..=self.count).map(|n| {
            let process =
                if self.count == 1 { self.id.clone() } else { format!("{}#{n}", self.id).into() };
            let client = self.name.clone().unwrap_or_else(|| process.clone());
            (process, client)
        })
    }

    /// Whether its processes ever join a room of a queue.
    pub fn joins_queue(&self, queue: &Name) -> bool {
        self.subscribe.iter().any(|one| one.queue == *queue)
            || self.join.iter().any(|one| one.queue == *queue)
    }

    /// Whether a client of this name is one of the entry.
    pub fn is_client(&self, name: &Name) -> bool {
        match &self.name {
            Some(own) => own == name,
            None => {
                name.as_str().starts_with(self.id.as_str()) && {
                    self.processes().any(|(_, client)| client == *name)
                }
            }
        }
    }
}

/// One entry `publish` of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Publish {
    /// The message.
    pub draft: Draft,
    /// The times of publication.
    pub when: When,
    /// The time that the publisher waits for the broker's acknowledgement, if it asks for one.
    pub ack_within: Option<Duration>,
}

impl Publish {
    /// Returns the number of messages that one process publishes by the clock; 0 if it publishes in
    /// answer to an event.
    pub fn count(&self) -> u64 {
        match self.when {
            When::Every { count, .. } => count,
            When::On { .. } => 0,
        }
    }

    /// Returns whether the publisher wants an answer in fire-and-forget mode.
    pub fn reply(&self) -> Confirm {
        if self.ack_within.is_some() { Confirm::Wanted } else { Confirm::Unwanted }
    }
}

/// The times at which something is published.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// `count` times: the first at `start`, the others at intervals of `every`.
    Every { start: Instant, every: Duration, count: u64 },
    /// Each time after a message with this event was handled, with a delay of `after`.
    On { event: Name, after: Duration },
}

/// A subscription to an event of a queue: the client joins the room with the event's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// The queue.
    pub queue: Name,
    /// The event, which is also the room.
    pub event: Name,
    /// The start of the subscription.
    pub from: StartAt,
}

/// A room joined or left at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomChange {
    /// The queue.
    pub queue: Name,
    /// The room.
    pub room: Name,
    /// The time.
    pub at: Instant,
}

/// One entry `[[expect]]`: a number, a guarantee's verdict or claim, or an anomaly.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The contender; `None` is each contender.
    pub contender: Option<Contender>,
    /// The client; `None` is the sum over the contender's subscribers.
    pub client: Option<Name>,
    /// The value that is checked, and what it should be.
    pub what: Expected,
}

/// The value that an expectation checks, and what it should be.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// A counter of the report is in a range.
    Counter { counter: Counter, range: Range },
    /// `missed` by this cause alone is in a range.
    MissedBy { cause: Cause, range: Range },
    /// A guarantee has this verdict.
    Verdict { guarantee: Guarantee, verdict: Verdict },
    /// The claim to a guarantee is in this state.
    Claim { guarantee: Guarantee, claim: Claim },
    /// An anomaly was seen.
    Anomaly(Anomaly),
}

/// A range of numbers that includes both ends. `A..`, `..B` and a single number are ranges too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least, if there is one.
    pub min: Option<f64>,
    /// The most, if there is one.
    pub max: Option<f64>,
}

impl Range {
    /// Whether the number lies in the range.
    pub fn contains(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }
}

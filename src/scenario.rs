//! A scenario: who publishes and subscribes, what goes wrong when, and what must come of it.
//!
//! A [`Scenario`] is valid by construction: the loader refuses what the simulator could not run.

#[cfg(feature = "cli")]
pub mod builtin;
mod deliveries;
mod fault;
mod keys;
pub mod limits;
mod load;
mod reference;
mod schema;
mod template;
mod text;
mod write;

use std::fmt;

use crate::message::{BrokerLimits, ClientLimits, Contender, From, Name, Payload, Reply, Target};
use crate::mutant::Mutant;
use crate::terms::{Anomaly, Cause, Claim, Counter, Guarantee, Verdict};
use crate::time::{Duration, Instant};

pub use fault::{Acts, Direction, Effect, Fault, Notice, Who};
pub use load::{Diagnostics, LoadOptions, Place, Problem, Setting, nearest_word};
pub use reference::reference;
pub use schema::schema;
pub use template::template;
pub use text::{InvalidText, parse_duration};

/// One workload, one storm, the contenders that meet it, and what is expected.
#[derive(Clone, PartialEq)]
pub struct Scenario {
    /// The file's stem, by which built-in scenarios are run.
    pub name: String,
    /// One line.
    pub title: String,
    /// A paragraph in the student's words.
    pub about: String,
    /// From which all draws follow.
    pub seed: u64,
    /// How long the trial runs.
    pub run_for: Duration,
    /// One-way latency of every path.
    pub latency: Latency,
    /// The rows of the report, in this order.
    pub contenders: Vec<Contender>,
    /// What the broker keeps.
    pub broker: BrokerLimits,
    /// How long a client over `polling` waits from one request to the next.
    pub polling_interval: Duration,
    /// Which machine is broken, and how; `None` if all are correct.
    pub mutant: Option<&'static Mutant>,
    /// The entries of the file; [`Client::processes`] unfolds `count`.
    pub clients: Vec<Client>,
    /// The storm.
    pub faults: Vec<Fault>,
    /// What must come of it.
    pub expectations: Vec<Expectation>,
}

impl Scenario {
    /// When everything has been done that is done by the clock: the last publish, join or leave.
    pub fn scripted_until(&self) -> Instant {
        let publishes = self.clients.iter().flat_map(|client| &client.publish);
        let last = publishes.filter_map(|publish| match publish.when {
            When::Every { start, every, count } => Some(start + every * count.saturating_sub(1)),
            When::On { .. } => None,
        });
        let changes =
            self.clients.iter().flat_map(|client| client.join.iter().chain(&client.leave));
        last.chain(changes.map(|change| change.at)).max().unwrap_or(Instant::ZERO)
    }
}

/// As the file that it could have been loaded from, for whom a test fails.
impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
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
pub struct Client {
    /// The entry's id.
    pub id: Name,
    /// The client that its process is; two entries may share one. Default: the id.
    pub name: Option<Name>,
    /// How many processes the entry is.
    pub count: u32,
    /// What it publishes.
    pub publish: Vec<Publish>,
    /// What it subscribes to when it starts.
    pub subscribe: Vec<Subscribe>,
    /// Rooms that it joins later.
    pub join: Vec<RoomChange>,
    /// Rooms that it leaves.
    pub leave: Vec<RoomChange>,
    /// What it keeps, and how it behaves.
    pub limits: ClientLimits,
}

impl Client {
    /// The processes of the entry as `(process, client)`: `reader`, or `reader#1`, `reader#2`, …
    pub fn processes(&self) -> impl Iterator<Item = (Name, Name)> + '_ {
        (1..=self.count).map(|n| {
            let process =
                if self.count == 1 { self.id.clone() } else { format!("{}#{n}", self.id).into() };
            let client = self.name.clone().unwrap_or_else(|| process.clone());
            (process, client)
        })
    }
}

/// Something that a client publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Publish {
    /// To which queue.
    pub queue: Name,
    /// What happened.
    pub event: Name,
    /// The data that goes with it.
    pub payload: Payload,
    /// To which rooms, and whether it is kept.
    pub target: Target,
    /// When.
    pub when: When,
    /// How long the publisher waits for the broker's acknowledgement, if it asks for one.
    pub ack_within: Option<Duration>,
}

impl Publish {
    /// How many messages one process publishes by the clock; 0 in answer to an event.
    pub fn count(&self) -> u64 {
        match self.when {
            When::Every { count, .. } => count,
            When::On { .. } => 0,
        }
    }

    /// Whether the publisher wants an answer in fire-and-forget mode.
    pub fn reply(&self) -> Reply {
        if self.ack_within.is_some() { Reply::Wanted } else { Reply::Unwanted }
    }
}

/// When something is published.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// `count` times, the first at `start`, then one `every` so often.
    Every { start: Instant, every: Duration, count: u64 },
    /// Each time that a message with this event was handled, so long after.
    On { event: Name, after: Duration },
}

/// A subscription to an event of a queue: the client joins the room of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// Of which queue.
    pub queue: Name,
    /// The event, which is the room.
    pub event: Name,
    /// Where it begins.
    pub from: From,
}

/// A room joined or left at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomChange {
    /// Of which queue.
    pub queue: Name,
    /// Which room.
    pub room: Name,
    /// When.
    pub at: Instant,
}

/// One entry `[[expect]]`: a number, a guarantee's verdict or claim, or an anomaly.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Which contender; `None` is each.
    pub contender: Option<Contender>,
    /// Which client; `None` is the sum of the contender's subscribers.
    pub client: Option<Name>,
    /// What is looked at.
    pub what: Expected,
}

/// The thing that an expectation looks at, and what it should be.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// A counter of the report in a range.
    Counter { counter: Counter, range: Range },
    /// `missed` by this cause alone, in a range.
    MissedBy { cause: Cause, range: Range },
    /// A guarantee's verdict.
    Verdict { guarantee: Guarantee, verdict: Verdict },
    /// What became of the claim to a guarantee.
    Claim { guarantee: Guarantee, claim: Claim },
    /// An anomaly was seen.
    Anomaly(Anomaly),
}

/// A range of numbers that includes both ends; `A..`, `..B` and one number are ranges too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least, if there is one.
    pub min: Option<f64>,
    /// The most, if there is one.
    pub max: Option<f64>,
}

impl Range {
    /// Whether the number lies in it.
    pub fn contains(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }
}

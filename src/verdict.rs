//! What the history means: outcomes, causes, guarantees, expectations. Pure folds, no IO.
//!
//! The shapes here are the shapes of the JSON report; `report` only renders them.

mod absence;
mod anomaly;
mod black_box;
mod cause;
mod claim;
mod copies;
mod detection;
mod evidence;
mod expectation;
mod facts;
mod guarantee;
mod judge;
mod outcome;
mod quiescent;
mod recovery;
mod switch;
mod totals;
mod wanted;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

pub use black_box::{Outside, Violated, judge_outside};
pub use expectation::{check_expectations, result};
pub use judge::{follow, judge};
pub use quiescent::{is_settled, settled_from};
pub use totals::{Totals, median_delay_ms};

use crate::closed_list::closed_list;
use crate::history::Cost;
use crate::message::{Contender, Link, MessageId, Mode, Name};
use crate::terms::{Anomaly, Cause, Claim, Guarantee, Outcome, Verdict};
use crate::time::Instant;

/// One row of the report: everything that was found about one contender.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// How bytes travelled.
    pub link: Link,
    /// What was promised.
    pub mode: Mode,
    /// Messages handed over by all publishers.
    pub published: u64,
    /// When the trial ended.
    pub ended_at_ms: f64,
    /// One a client that subscribed, by name.
    pub subscribers: Vec<SubscriberReport>,
    /// The worst over all subscribers.
    pub guarantees: BTreeMap<Guarantee, GuaranteeFinding>,
    /// How often each fault bit.
    pub faults: Vec<Hits>,
    /// Who noticed which fault when, and by what.
    pub detections: Vec<Detection>,
    /// What it cost.
    pub cost: Cost,
}

impl Row {
    /// Whose row it is.
    pub fn contender(&self) -> Contender {
        Contender { link: self.link, mode: self.mode }
    }

    /// The longest time until somebody noticed a fault; none if nobody noticed any.
    pub fn noticed_after_ms(&self) -> Option<f64> {
        totals::most(self.detections.iter().filter_map(|detection| detection.after_ms))
    }
}

/// What one subscriber got.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SubscriberReport {
    /// The client's name.
    pub client: String,
    /// By what its last attempt at a session ended, if it was to subscribe and never was on record:
    /// then it wanted nothing. Left out of the JSON otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_subscribed: Option<&'static str>,
    /// Messages that it wanted: always `live + caught_up + missed`.
    pub wanted: u64,
    /// Handled from a first sending.
    pub live: u64,
    /// Handled from a replay or a redelivery.
    pub caught_up: u64,
    /// Not handled.
    pub missed: u64,
    /// Handlings beyond the first.
    pub handled_again: u64,
    /// First handlings below a sequence already handled from the same publisher and queue.
    pub out_of_order: u64,
    /// Handler calls cut short by a crash.
    pub interrupted: u64,
    /// Handled but not wanted.
    pub not_wanted: u64,
    /// Longest time from hand-over to handled; null if nothing was handled.
    pub worst_delay_ms: Option<f64>,
    /// Lower median of these times.
    pub median_delay_ms: Option<f64>,
    /// The missed ones by cause: adds up to `missed`.
    pub causes: BTreeMap<Cause, u64>,
    /// Patterns seen, and how often.
    pub anomalies: BTreeMap<Anomaly, u64>,
    /// Gaps that the client was told of.
    pub gaps_announced: u64,
    /// Whether what it was told at each recovery was true.
    pub recoveries: Recoveries,
    /// Each guarantee: the truth, the claim, the evidence.
    pub guarantees: BTreeMap<Guarantee, GuaranteeFinding>,
    /// Every wanted message, in order of hand-over.
    pub messages: Vec<MessageOutcome>,
}

/// Whether what a client was told at its recoveries was true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recoveries {
    /// Told that all is well, and it was.
    pub honest_success: u64,
    /// Told that something is lost, and it was.
    pub honest_failure: u64,
    /// Told that all is well, and something was missing.
    pub false_comfort: u64,
    /// Told that something is lost, and nothing was.
    pub false_alarm: u64,
}

/// The truth about a guarantee, and what was claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuaranteeFinding {
    /// The plain truth.
    pub verdict: Verdict,
    /// What became of the claim.
    pub claim: Claim,
    /// The shortest evidence, in words: which message, which times.
    #[serde(skip_serializing_if = "Evidence::is_left_out")]
    pub evidence: Evidence,
}

/// Evidence of a finding: present on a subscriber (null if there is none to show), left out of a
/// contender's summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Evidence {
    /// The sentence, or null.
    Said(Option<String>),
    /// A contender's finding shows none.
    LeftOut,
}

impl Evidence {
    fn is_left_out(&self) -> bool {
        *self == Evidence::LeftOut
    }
}

/// What became of one wanted message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageOutcome {
    /// Which message.
    pub id: MessageId,
    /// Of which queue.
    pub queue: Name,
    /// What happened.
    pub event: Name,
    /// When it was handed over.
    pub published_ms: f64,
    /// Live, caught up or missed.
    pub outcome: Outcome,
    /// When its handler returned first.
    pub handled_ms: Option<f64>,
    /// Why it was missed.
    pub cause: Option<Cause>,
}

/// What became of one message for one subscriber that wanted it.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// Which subscriber.
    pub client: Name,
    /// Live, caught up or missed.
    pub outcome: Outcome,
    /// Why it was missed.
    pub cause: Option<Cause>,
    /// When its handler returned first, or its last copy ended; the end of the trial if one was
    /// still under way then.
    pub at: Instant,
}

/// How often a fault bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hits {
    /// The fault's index in the file, from 0.
    pub fault: usize,
    /// Packets dropped, delayed or changed; sessions ended; handler calls slowed, skipped or
    /// killed.
    pub hits: u64,
}

/// One side noticed that a session had ended because of a fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// The fault's index in the file, from 0.
    pub fault: usize,
    /// Whose link it was.
    pub client: String,
    /// `client` or `broker`.
    pub side: &'static str,
    /// How long after the fault began; null if nobody noticed.
    pub after_ms: Option<f64>,
    /// By what; null if nobody noticed.
    pub by: Option<&'static str>,
}

/// An expectation, and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The expectation in words, as in `tcp/catch-up missed = 0`.
    pub expected: String,
    /// What was measured, in words; null if the contender was not run.
    pub measured: Option<String>,
    /// Whether they agree; null if the contender was not run.
    pub met: Option<bool>,
}

closed_list! {
    /// Whether the expectations were met.
    RunResult ["result"] {
        /// All that were run are met.
        Met = "met",
        /// One is not: a finding.
        Failed = "failed",
        /// There are faults, and none of them did anything in any contender.
        Inconclusive = "inconclusive",
    }
}

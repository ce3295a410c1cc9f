//! Judges a trial: outcomes, causes, guarantees and expectations, from its history alone. Pure
//! folds, no IO.
//!
//! The structs here have the shape of the JSON report; `report` only renders them.

mod anomaly;
mod before_subscription;
mod black_box;
mod cause;
mod claim;
mod copies;
mod detection;
mod expectation;
mod facts;
mod guarantee;
mod judge;
mod outcome;
mod price;
mod quiescent;
mod recovery;
mod switch;
mod totals;
mod wanted;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

pub use black_box::{BlackBoxReport, Violated, judge_black_box};
pub use expectation::{check_expectations, result};
pub use judge::{follow, judge};
pub use quiescent::{is_quiescent, quiescent_from};
pub use totals::{Totals, median_delay_ms};

use crate::closed_list::closed_list;
use crate::history::Cost;
use crate::message::{Contender, Link, MessageId, Mode, Name};
use crate::terms::{Anomaly, Cause, Claim, Guarantee, Outcome, Verdict};
use crate::time::Instant;

/// One row of the report: all findings about one contender.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The link that carried the bytes.
    pub link: Link,
    /// The delivery mode, and with it the promises.
    pub mode: Mode,
    /// Messages published by all publishers.
    pub published: u64,
    /// Answers for which the broker's application asked those that its messages went to.
    pub answers_asked: u64,
    /// Those of them that came in time.
    pub answers_in_time: u64,
    /// The end of the trial.
    pub ended_at_ms: f64,
    /// One report for each subscriber, by client name.
    pub subscribers: Vec<SubscriberReport>,
    /// The worst finding over all subscribers.
    pub guarantees: BTreeMap<Guarantee, GuaranteeFinding>,
    /// The hits of each fault.
    pub faults: Vec<Hits>,
    /// Each detection of a fault: the side that noticed, the time and the reason.
    pub detections: Vec<Detection>,
    /// Each process that a newer session of its name replaced, and that never came back. Left out of
    /// the JSON if there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<ReplacedProcess>,
    /// Each process whose attempts at a session all failed. Left out of the JSON if there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never_connected: Vec<UnconnectedProcess>,
    /// The cost in packets, bytes, connections, waits and memory.
    pub cost: Cost,
}

impl Row {
    /// Returns the contender that the row is about.
    pub fn contender(&self) -> Contender {
        Contender { link: self.link, mode: self.mode }
    }

    /// Returns the longest time until a side noticed a fault; `None` if no side noticed any.
    pub fn noticed_after_ms(&self) -> Option<f64> {
        totals::most(self.detections.iter().filter_map(|detection| detection.after_ms))
    }
}

/// Reports what one subscriber wanted, got and missed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SubscriberReport {
    /// The client's name.
    pub client: String,
    /// The reason for which its last attempt at a session ended, for the side that ended it, if it
    /// should have subscribed and never was on record. It wanted nothing then. Left out of the JSON
    /// otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_subscribed: Option<&'static str>,
    /// Messages that it wanted: always `live + caught_up + missed`.
    pub wanted: u64,
    /// Messages handled from a first sending.
    pub live: u64,
    /// Messages handled from a replay or a redelivery.
    pub caught_up: u64,
    /// Wanted messages that were not handled.
    pub missed: u64,
    /// Handlings beyond the first.
    pub handled_again: u64,
    /// First handlings below a sequence already handled from the same publisher and queue.
    pub out_of_order: u64,
    /// Handler calls cut short by a crash.
    pub interrupted: u64,
    /// Messages handled but not wanted.
    pub not_wanted: u64,
    /// The longest time from publish to handled; null if nothing was handled.
    pub worst_delay_ms: Option<f64>,
    /// The lower median of these times.
    pub median_delay_ms: Option<f64>,
    /// The missed messages by cause: the counts add up to `missed`.
    pub causes: BTreeMap<Cause, u64>,
    /// The anomalies seen, and how often.
    pub anomalies: BTreeMap<Anomaly, u64>,
    /// Gaps that the client was told of.
    pub gaps_announced: u64,
    /// Recoveries by what the client was told, and whether it was true.
    pub recoveries: Recoveries,
    /// For each guarantee: the truth, the claim, the evidence.
    pub guarantees: BTreeMap<Guarantee, GuaranteeFinding>,
    /// Every wanted message, in the order of publishing.
    pub messages: Vec<MessageOutcome>,
    /// The messages of its rooms that were decided on before its subscription stood, in the order of
    /// publishing. It wants none of them. Left out of the JSON if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub before_subscription: Vec<UnwantedMessage>,
}

/// Counts a client's recoveries by what it was told, and whether that was true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recoveries {
    /// The client was told that nothing is lost, and nothing was.
    pub honest_success: u64,
    /// The client was told that something is lost, and something was.
    pub honest_failure: u64,
    /// The client was told that nothing is lost, and something was.
    pub false_comfort: u64,
    /// The client was told that something is lost, and nothing was.
    pub false_alarm: u64,
}

/// Pairs the truth about a guarantee with what became of the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuaranteeFinding {
    /// The truth, whatever was claimed.
    pub verdict: Verdict,
    /// The judgement of the contender's claim.
    pub claim: Claim,
    /// The shortest evidence, in words: the message and the times.
    #[serde(skip_serializing_if = "Evidence::is_left_out")]
    pub evidence: Evidence,
}

/// Evidence of a finding. A subscriber's finding shows it (null if there is none); a contender's
/// summary leaves it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Evidence {
    /// The sentence, or null.
    Said(Option<String>),
    /// Not shown: the finding is of a contender's summary.
    LeftOut,
}

impl Evidence {
    fn is_left_out(&self) -> bool {
        *self == Evidence::LeftOut
    }
}

/// Describes the outcome of one wanted message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageOutcome {
    /// The message's id.
    pub id: MessageId,
    /// The queue that it was published to.
    pub queue: Name,
    /// The event that it announces.
    pub event: Name,
    /// The instant at which it was published.
    pub published_ms: f64,
    /// Live, caught up or missed.
    pub outcome: Outcome,
    /// The instant at which its handler first returned.
    pub handled_ms: Option<f64>,
    /// The cause, if it was missed.
    pub cause: Option<Cause>,
}

/// Names a message that a subscriber does not want.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnwantedMessage {
    /// The message's id.
    pub id: MessageId,
    /// The instant at which it was published.
    pub published_ms: f64,
}

/// Describes what became of one message for one subscriber that wanted it, or that would have wanted
/// it later.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// The subscriber's name.
    pub client: Name,
    /// Live, caught up or missed; `None` if the message came before the subscription.
    pub outcome: Option<Outcome>,
    /// The cause, if it was missed.
    pub cause: Option<Cause>,
    /// The instant at which its handler first returned, or at which its last copy ended. If a copy
    /// was still under way at the end of the trial, that end. If it came before the subscription, the
    /// instant at which that was decided.
    pub at: Instant,
}

/// Counts the hits of one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hits {
    /// The fault's index in the file, from 0.
    pub fault: usize,
    /// Packets dropped, delayed or changed; sessions ended; handler calls slowed, skipped or
    /// killed.
    pub hits: u64,
}

/// Reports whether one side noticed that a session had ended because of a fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detection {
    /// The fault's index in the file, from 0.
    pub fault: usize,
    /// The client whose link the fault was on.
    pub client: String,
    /// The side that noticed: `client` or `broker`.
    pub side: &'static str,
    /// The time from the beginning of the fault to the detection; null if the side did not notice.
    pub after_ms: Option<f64>,
    /// The reason for which the session ended or the request failed; null if the side did not
    /// notice.
    pub by: Option<&'static str>,
}

/// Names a process that was replaced by a newer session of its name, and never came back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplacedProcess {
    /// The process's name.
    pub process: String,
    /// The name of the client that it belongs to.
    pub client: String,
    /// The instant at which it learned of it.
    pub at_ms: f64,
}

/// Names a process that tried to get a session, and never had one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnconnectedProcess {
    /// The process's name.
    pub process: String,
    /// The name of the client that it belongs to.
    pub client: String,
    /// The reason for which its last attempt ended, for the side that ended it.
    pub by: &'static str,
}

/// Compares one expectation with what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The expectation in words, as in `tcp/catch-up missed = 0`.
    pub expected: String,
    /// The measured value in words; null if the contender was not run.
    pub measured: Option<String>,
    /// Whether they agree; null if the contender was not run.
    pub met: Option<bool>,
}

closed_list! {
    /// Whether the expectations were met.
    RunResult ["result"] {
        /// All expectations that were checked are met.
        Met = "met",
        /// At least one expectation is not met.
        Failed = "failed",
        /// There are faults, and none of them had a hit in any contender.
        Inconclusive = "inconclusive",
        /// No expectation is about anything that ran.
        Unchecked = "unchecked",
    }
}

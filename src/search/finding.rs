//! Findings: broken claims, violated guarantees and anomalies in the row of a trial.

use crate::terms::{Anomaly, Claim, Guarantee, Verdict};
use std::fmt;

use crate::explain;
use crate::message::Contender;
use crate::scenario::{Expectation, Expected};
use crate::verdict::{Evidence, Row, SubscriberReport};

use super::Aim;

/// Something wrong, in one row of one trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The first subscriber that shows it.
    pub client: String,
    /// The kind of error; shrinking keeps it.
    pub wrong: Wrong,
    /// The message and the times, if they are known.
    pub evidence: Option<String>,
}

/// The kind of error that a finding shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A claim was broken.
    Broken(Guarantee),
    /// A guarantee was violated, claimed or not.
    Violated(Guarantee),
    /// An anomaly was seen that no correct machine shows.
    Seen(Anomaly),
}

/// Whether a correct machine may show this in a storm.
const fn may_be_correct(anomaly: Anomaly) -> bool {
    match anomaly {
        Anomaly::Duplicate
        | Anomaly::OrderBroken
        | Anomaly::SilentLoss
        | Anomaly::LostAfterAck
        | Anomaly::LateDetection => true,
        Anomaly::NotWanted
        | Anomaly::PositionMovedBack
        | Anomaly::TwoSessions
        | Anomaly::DeliveredAfterEnd
        | Anomaly::ForeignEpoch
        | Anomaly::FalseComfort
        | Anomaly::FalseAlarm
        | Anomaly::Poison
        | Anomaly::Stalled => false,
    }
}

/// Anomalies that no correct machine shows in any storm, in the order in which they are looked for.
const NEVER: [Anomaly; 9] = [
    Anomaly::NotWanted,
    Anomaly::PositionMovedBack,
    Anomaly::TwoSessions,
    Anomaly::DeliveredAfterEnd,
    Anomaly::ForeignEpoch,
    Anomaly::FalseComfort,
    Anomaly::FalseAlarm,
    // Before what waits behind it.
    Anomaly::Poison,
    Anomaly::Stalled,
];

/// Guarantees in the order in which they are looked at. Exactly-once is last: whatever breaks it
/// also breaks one of the others, which says more.
const CLAIMS: [Guarantee; 5] = [
    Guarantee::AtLeastOnce,
    Guarantee::AtMostOnce,
    Guarantee::InOrder,
    Guarantee::NoSilentGap,
    Guarantee::ExactlyOnce,
];

/// Both lists are complete: a new anomaly or guarantee does not compile without its place.
const _: () = {
    let (mut index, mut never) = (0, 0);
    while index < Anomaly::ALL.len() {
        never += !may_be_correct(Anomaly::ALL[index]) as usize;
        index += 1;
    }
    assert!(never == NEVER.len() && CLAIMS.len() == Guarantee::ALL.len());
};

/// Returns the first thing that is wrong in a row: broken claims before anomalies.
pub fn find(row: &Row, aim: Aim) -> Option<Finding> {
    let all: Vec<Wrong> = match aim {
        Aim::Wrong => CLAIMS.map(Wrong::Broken).into_iter().chain(NEVER.map(Wrong::Seen)).collect(),
        Aim::Violation(guarantee) => vec![Wrong::Violated(guarantee)],
    };
    all.into_iter().find_map(|wrong| wrong.find(row))
}

impl Wrong {
    /// Returns the finding of this kind in a row, for the first subscriber that shows it.
    pub fn find(self, row: &Row) -> Option<Finding> {
        let subscriber = row.subscribers.iter().find(|one| self.is_in(one))?;
        let evidence = match self {
            Wrong::Broken(guarantee) | Wrong::Violated(guarantee) => {
                match &subscriber.guarantees.get(&guarantee)?.evidence {
                    Evidence::Said(said) => said.clone(),
                    Evidence::LeftOut => None,
                }
            }
            Wrong::Seen(_) => None,
        };
        let client = subscriber.client.clone();
        Some(Finding { client, wrong: self, evidence })
    }

    fn is_in(self, subscriber: &SubscriberReport) -> bool {
        let finding = |guarantee| subscriber.guarantees.get(&guarantee);
        match self {
            Wrong::Broken(guarantee) => {
                finding(guarantee).is_some_and(|one| one.claim == Claim::Broken)
            }
            Wrong::Violated(guarantee) => {
                finding(guarantee).is_some_and(|one| one.verdict == Verdict::Violated)
            }
            Wrong::Seen(anomaly) => subscriber.anomalies.contains_key(&anomaly),
        }
    }

    /// Returns the name of the guarantee or of the anomaly.
    pub fn word(self) -> &'static str {
        match self {
            Wrong::Broken(guarantee) | Wrong::Violated(guarantee) => guarantee.name(),
            Wrong::Seen(anomaly) => anomaly.name(),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Broken(guarantee) => write!(f, "{guarantee} is claimed and broken"),
            Wrong::Violated(guarantee) => write!(f, "{guarantee} is violated"),
            Wrong::Seen(anomaly) => write!(f, "{anomaly}, which no correct machine shows"),
        }
    }
}

impl Finding {
    /// Returns the conclusion for the subscriber, in one sentence.
    pub fn sentence(&self) -> String {
        let Finding { client, wrong, evidence } = self;
        match (wrong, evidence) {
            (_, Some(evidence)) => format!("So for {client}: {evidence}."),
            (Wrong::Seen(anomaly), None) => {
                let word = explain::ANOMALIES.word(anomaly.name()).expect("each is explained");
                let mut brief = word.brief.trim_end_matches('.').chars();
                let first = brief.next().into_iter().flat_map(char::to_lowercase);
                let brief: String = first.chain(brief).collect();
                format!("So for {client} it is {anomaly}: {brief}.")
            }
            (wrong, None) => format!("So for {client}: {wrong}."),
        }
    }

    /// Returns the expectation that is met as long as the contender's row shows this finding.
    pub fn expectation(&self, contender: Contender) -> Expectation {
        let what = match self.wrong {
            Wrong::Broken(guarantee) => Expected::Claim { guarantee, claim: Claim::Broken },
            Wrong::Violated(guarantee) => {
                Expected::Verdict { guarantee, verdict: Verdict::Violated }
            }
            Wrong::Seen(anomaly) => Expected::Anomaly(anomaly),
        };
        let client = Some(self.client.as_str().into());
        Expectation { contender: Some(contender), client, what }
    }
}

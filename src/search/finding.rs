//! What a trial may show that it should not.

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
    /// For which subscriber it was seen first.
    pub client: String,
    /// What it is; shrinking keeps it.
    pub wrong: Wrong,
    /// Which message, which times, if that can be said.
    pub evidence: Option<String>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A claim was broken.
    Broken(Guarantee),
    /// A guarantee was violated, claimed or not.
    Violated(Guarantee),
    /// Something that only a broken machine does.
    Seen(Anomaly),
}

/// What no correct machine does in any storm.
const NEVER: [Anomaly; 8] = [
    Anomaly::Unasked,
    Anomaly::PositionMovedBack,
    Anomaly::TwoSessions,
    Anomaly::DeliveredAfterEnd,
    Anomaly::ForeignEpoch,
    Anomaly::FalseComfort,
    Anomaly::FalseAlarm,
    Anomaly::Stalled,
];

/// Of the claims that say it best: exactly-once is broken by what breaks one of the others.
const CLAIMS: [Guarantee; 5] = [
    Guarantee::AtLeastOnce,
    Guarantee::AtMostOnce,
    Guarantee::InOrder,
    Guarantee::NoSilentGap,
    Guarantee::ExactlyOnce,
];

/// The first thing that is wrong in a row: broken claims before anomalies.
pub fn find(row: &Row, aim: Aim) -> Option<Finding> {
    let all: Vec<Wrong> = match aim {
        Aim::Wrong => CLAIMS.map(Wrong::Broken).into_iter().chain(NEVER.map(Wrong::Seen)).collect(),
        Aim::Violation(guarantee) => vec![Wrong::Violated(guarantee)],
    };
    all.into_iter().find_map(|wrong| wrong.find(row))
}

impl Wrong {
    /// This and nothing else.
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

    /// One word for it.
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
    /// What it comes to, in a sentence.
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

    /// The expectation that is met as long as this is found in the row of a contender.
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

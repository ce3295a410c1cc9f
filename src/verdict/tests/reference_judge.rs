//! A second judge, slow and simple: each rule of `docs/reference/outcomes.md` is a search through
//! the whole history.
//!
//! It shares nothing with the judge but the types of its answer.

mod anomalies;
mod causes;
mod copies;
mod detections;
mod outcomes;
mod prices;
mod promises;
mod recoveries;
mod subscriber;
mod trial;

use crate::terms::{Claim, Guarantee, Outcome, Verdict};
use std::collections::BTreeMap;

use crate::history::History;
use crate::message::{Contender, EndReason, Note, SessionId};
use crate::scenario::Scenario;
use crate::verdict::{
    Evidence, GuaranteeFinding, Hits, ReplacedProcess, Row, SubscriberReport as Judged,
    UnconnectedProcess,
};

use detections::Notice;
use outcomes::{Case, Wanted};
use subscriber::Subscriber;
use trial::Trial;

/// Returns the row of the report, by brute force.
pub fn judge(scenario: &Scenario, contender: Contender, history: &History) -> Row {
    let trial = Trial { scenario, contender, history };
    let notices = detections::notices(trial);
    let subscribers = Subscriber::all(trial);
    let subscribers: Vec<Judged> = subscribers.iter().map(|one| judged(one, &notices)).collect();
    let published = |note: &Note| matches!(note, Note::Published { .. });
    let asked = trial.notes().map(|(_, _, note)| match note {
        Note::AnswersAsked { clients, .. } => clients.len() as u64,
        _ => 0,
    });
    let answered = |note: &Note| matches!(note, Note::AnswerReceived { .. });
    let hits = (0..scenario.faults.len())
        .map(|fault| Hits { fault, hits: history.hits.get(fault).copied().unwrap_or(0) });
    Row {
        link: contender.link,
        mode: contender.mode,
        published: trial.notes().filter(|(_, _, note)| published(note)).count() as u64,
        answers_asked: asked.sum(),
        answers_in_time: trial.notes().filter(|(_, _, note)| answered(note)).count() as u64,
        ended_at_ms: history.ended_at.as_millis_f64(),
        guarantees: worst(&subscribers),
        faults: hits.collect(),
        detections: notices.into_iter().map(|notice| notice.detection).collect(),
        replaced: replaced(trial),
        never_connected: never_connected(trial),
        cost: prices::cost(trial),
        subscribers,
    }
}

/// Returns each process of a client that lost the last of its sessions because it was replaced, and
/// was welcomed to none since.
fn replaced(trial: Trial<'_>) -> Vec<ReplacedProcess> {
    let processes = trial.history.processes.iter().zip(0..).skip(1);
    let replaced = processes.filter_map(|(process, index)| {
        let ids = trial.sessions_of(index).into_iter();
        let sessions: Vec<_> = ids.map(|id| trial.session(id)).collect();
        let (when, reason) = sessions.iter().filter_map(|one| one.lost).max_by_key(|one| one.0)?;
        let is_back = sessions.iter().any(|one| one.welcomed.is_some_and(|at| at > when));
        (reason == EndReason::Replaced && !is_back).then(|| ReplacedProcess {
            process: process.name.to_string(),
            client: process.client.to_string(),
            at_ms: trial.at(when).as_millis_f64(),
        })
    });
    replaced.collect()
}

/// Returns each process of a client that lost an attempt at a session, and was welcomed to none.
fn never_connected(trial: Trial<'_>) -> Vec<UnconnectedProcess> {
    let processes = trial.history.processes.iter().zip(0..).skip(1);
    let unconnected = processes.filter_map(|(process, index)| {
        let ids = trial.sessions_of(index);
        if ids.iter().any(|id| trial.session(id).welcomed.is_some()) {
            return None;
        }
        let (process, client) = (process.name.to_string(), process.client.to_string());
        Some(UnconnectedProcess { process, client, by: last_loss(trial, ids)? })
    });
    unconnected.collect()
}

/// Returns why the session ended that was lost last, as the side saw it that saw it first.
fn last_loss(trial: Trial<'_>, ids: Vec<&SessionId>) -> Option<&'static str> {
    let sessions = ids.into_iter().map(|id| trial.session(id));
    let last = sessions.filter(|one| one.lost.is_some()).max_by_key(|one| one.lost.unwrap().0)?;
    let ends = [last.lost, last.closed].into_iter().flatten();
    ends.min_by_key(|(when, _)| *when).map(|(_, reason)| reason.words())
}

fn judged(subscriber: &Subscriber<'_>, notices: &[Notice]) -> Judged {
    let case = Case::of(subscriber);
    let delays = case.delays_ms();
    Judged {
        client: subscriber.name.to_string(),
        never_subscribed: never_subscribed(subscriber),
        wanted: case.wanted.len() as u64,
        live: case.count(Outcome::Live),
        caught_up: case.count(Outcome::CaughtUp),
        missed: case.count(Outcome::Missed),
        handled_again: case.repeats().len() as u64,
        out_of_order: case.late().len() as u64,
        interrupted: case.interrupted(),
        not_wanted: case.not_wanted(),
        worst_delay_ms: delays.last().copied(),
        median_delay_ms: delays.get(delays.len().saturating_sub(1) / 2).copied(),
        causes: case.causes(),
        anomalies: case.anomalies(notices),
        gaps_announced: case.gaps_announced(),
        recoveries: case.recoveries(),
        guarantees: case.findings(),
        messages: case.wanted.iter().map(Wanted::report).collect(),
        before_subscription: subscriber.before_subscription(),
    }
}

/// Returns the reason for which the session or attempt ended that a subscriber lost last which never
/// was on record, as the side saw it that saw it first; or "no answer" if it lost none.
///
/// `None` if it was on record at any time, or subscribes to nothing in the scenario.
fn never_subscribed(subscriber: &Subscriber<'_>) -> Option<&'static str> {
    let Subscriber { trial, name, processes, .. } = subscriber;
    let entries = trial.scenario.clients.iter();
    let mut own = entries.filter(|entry| entry.processes().any(|(_, client)| client == *name));
    let subscribes = own.any(|entry| !entry.subscribe.is_empty());
    let is_on_record = trial
        .notes()
        .any(|(_, _, note)| matches!(note, Note::Subscribed { client, .. } if client == name));
    if !subscribes || is_on_record {
        return None;
    }
    let sessions = processes.iter().flat_map(|process| trial.sessions_of(*process)).collect();
    Some(last_loss(*trial, sessions).unwrap_or("no answer"))
}

/// Returns a contender's finding for each guarantee: the worst verdict of all subscribers, and the
/// first of their claims in the order of [`Claim`].
fn worst(subscribers: &[Judged]) -> BTreeMap<Guarantee, GuaranteeFinding> {
    let of = |guarantee: &Guarantee| {
        let findings = || subscribers.iter().map(|one| &one.guarantees[guarantee]);
        let has = |verdict| findings().any(|finding| finding.verdict == verdict);
        let verdict = match () {
            _ if has(Verdict::Violated) => Verdict::Violated,
            _ if has(Verdict::Unknown) => Verdict::Unknown,
            _ => Verdict::Holds,
        };
        let claims = Claim::ALL.iter().copied();
        let mut claims = claims.filter(|claim| findings().any(|finding| finding.claim == *claim));
        let claim = claims.next().unwrap_or(Claim::NotClaimed);
        (*guarantee, GuaranteeFinding { verdict, claim, evidence: Evidence::LeftOut })
    };
    Guarantee::ALL.iter().map(of).collect()
}

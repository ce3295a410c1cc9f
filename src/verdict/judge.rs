//! Judges a trial: from its history to one row of the report. A pure fold, no IO.

use crate::history::{History, ProcessId};
use crate::message::{Contender, EndReason, MessageId};
use crate::scenario::Scenario;
use crate::time::Instant;

use super::anomaly::{self, Scene};
use super::before_subscription::Decisions;
use super::detection;
use super::facts::{Facts, Map, SessionFacts, SubscriberId};
use super::outcome::SubscriberCase;
use super::switch::rule;
use super::{
    Followed, Hits, ReplacedProcess, Row, SubscriberReport, UnconnectedProcess, claim, price,
    recovery, wanted,
};

/// Judges a trial's history.
///
/// ```
/// use delivery_lab::{Cause, Contender, Scenario, TrialOptions, judge, run_trial};
///
/// let text = r#"
///     title = "A shop that is away for two seconds"
///     run_for = "10s"
///     client = [
///         { id = "driver", publish = [
///             { queue = "shop", event = "delivered", start = "1s", every = "1s", count = 4 },
///         ] },
///         { id = "shop", subscribe = [{ queue = "shop", event = "delivered" }] },
///     ]
///     fault = [{ kind = "disconnect", who = "shop", at = "1.5s", for = "2s" }]
/// "#;
/// let scenario = Scenario::load("shop", text)?;
/// let contender: Contender = "tcp/fire-and-forget".parse()?;
/// let trial = run_trial(&scenario, contender, scenario.seed, &TrialOptions::default())?;
///
/// // Published at 1, 2, 3 and 4 s; the shop is away from 1.5 s to 3.5 s.
/// let row = judge(&scenario, contender, &trial.history);
/// assert_eq!((row.subscribers[0].live, row.subscribers[0].missed), (2, 2));
/// assert_eq!(row.subscribers[0].causes[&Cause::NotConnected], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// Outcomes do not add up to what was wanted, or causes to what was missed: a bug of the judge.
pub fn judge(scenario: &Scenario, contender: Contender, history: &History) -> Row {
    let mut facts = Facts::gather(scenario, contender, history);
    wanted::mark(&mut facts);
    let notices = detection::notices(&facts);
    let blind_spots = detection::blind_spots(&notices);
    let decisions = Decisions::of(&facts);
    let everyone = facts.participants.subscribers();
    let judged = everyone.map(|one| SubscriberReport {
        before_subscription: decisions.before_subscription(&facts, one),
        ..judge_subscriber(&facts, one, &blind_spots)
    });
    let subscribers: Vec<SubscriberReport> = judged.collect();
    let guarantees = claim::summary(&subscribers.iter().collect::<Vec<_>>());
    let hits = |fault| history.hits.get(fault).copied().unwrap_or_default();
    let faults = (0..scenario.faults.len()).map(|fault| Hits { fault, hits: hits(fault) });
    Row {
        link: contender.link,
        mode: contender.mode,
        published: facts.messages.published(),
        answers_asked: facts.messages.answers().0,
        answers_in_time: facts.messages.answers().1,
        ended_at_ms: history.ended_at.as_millis_f64(),
        guarantees,
        faults: faults.collect(),
        detections: notices.into_iter().map(|notice| notice.detection).collect(),
        replaced: replaced(&facts, history),
        never_connected: never_connected(&facts, history),
        cost: price::of(&facts, history),
        subscribers,
    }
}

/// Returns the outcome of one message for each subscriber that wanted it, or for which it came before
/// its subscription, and its instant.
pub fn follow(
    scenario: &Scenario,
    contender: Contender,
    history: &History,
    id: &MessageId,
) -> Vec<Followed> {
    let mut facts = Facts::gather(scenario, contender, history);
    wanted::mark(&mut facts);
    let decisions = Decisions::of(&facts);
    let everyone = facts.participants.subscribers();
    let followed = everyone.filter_map(|subscriber| {
        let client = facts.participants.member(subscriber).name.clone();
        let case = SubscriberCase::of(&facts, subscriber);
        let Some(one) = case.judged.iter().find(|one| one.path.message.id == id) else {
            let before = decisions.before_subscription(&facts, subscriber);
            let is_before = before.iter().any(|message| message.id == *id);
            let at = decisions.instant_of(&facts, id).filter(|_| is_before)?;
            return Some(Followed { client, outcome: None, cause: None, at });
        };
        let end = one.loss.map(|end| (end.at, end.cause));
        let (at, cause) = match (one.handled, end) {
            (Some(handled), _) => (handled.at, None),
            (None, Some((at, cause))) => (at.min(history.ended_at), Some(cause)),
            (None, None) => unreachable!("what was not handled is missed by something"),
        };
        Some(Followed { client, outcome: Some(one.outcome), cause, at })
    });
    followed.collect()
}

fn judge_subscriber(
    facts: &Facts<'_>,
    subscriber: SubscriberId,
    blind_spots: &Map<ProcessId, Vec<(Instant, Instant)>>,
) -> SubscriberReport {
    let case = SubscriberCase::of(facts, subscriber);
    let mut counted = case.count();
    counted.never_subscribed = never_subscribed(facts, subscriber);
    counted.recoveries = recovery::judge(&case);
    counted.guarantees = claim::findings(&case);
    counted.anomalies = anomaly::seen(&Scene { case: &case, counted: &counted, blind_spots });
    assert_sums(&counted);
    counted
}

/// Returns each client process whose last session ended because a newer one of its name replaced it.
fn replaced(facts: &Facts<'_>, history: &History) -> Vec<ReplacedProcess> {
    let replaced = facts.participants.client_processes().filter_map(|process| {
        let sessions = || facts.sessions.of_process(process);
        let last = sessions().filter_map(|session| session.lost).max_by_key(|lost| lost.moment)?;
        let welcomed = sessions().filter_map(|session| session.welcomed).max();
        let is_back = welcomed.is_some_and(|welcomed| last.moment.is_before(welcomed));
        let names = &history.processes[process.index()];
        (last.reason == EndReason::Replaced && !is_back).then(|| ReplacedProcess {
            process: names.name.to_string(),
            client: names.client.to_string(),
            at_ms: last.moment.at.as_millis_f64(),
        })
    });
    replaced.collect()
}

/// Returns each client process that tried to get a session and never had one.
fn never_connected(facts: &Facts<'_>, history: &History) -> Vec<UnconnectedProcess> {
    let unconnected = facts.participants.client_processes().filter_map(|process| {
        let sessions = || facts.sessions.of_process(process);
        let was_connected = sessions().any(|session| session.welcomed.is_some());
        let by = last_end(sessions()).filter(|_| !was_connected)?;
        let names = &history.processes[process.index()];
        let (process, client) = (names.name.to_string(), names.client.to_string());
        Some(UnconnectedProcess { process, client, by })
    });
    unconnected.collect()
}

/// Returns the reason for which the session or attempt ended that was lost last. It is the reason of
/// the side that ended it, which the other side may not know.
fn last_end<'a>(sessions: impl Iterator<Item = &'a SessionFacts>) -> Option<&'static str> {
    let lost = sessions.filter_map(|session| Some((session.lost?, session.closed)));
    let last = lost.max_by_key(|(lost, _)| rule("absent-by-the-last-end").then_some(lost.moment));
    last.map(|(lost, closed)| {
        // To the client the end of a session that the broker closed is but a FIN.
        let first = closed.filter(|closed| closed.moment < lost.moment).unwrap_or(lost);
        first.reason.words()
    })
}

/// Returns the reason for which the last attempt at a session ended, for a subscriber that should
/// have been on record from its beginning and never was. `None` for every other subscriber.
///
/// Such a subscriber wants nothing, so it misses nothing either: its counts alone would look
/// perfect.
fn never_subscribed(facts: &Facts<'_>, subscriber: SubscriberId) -> Option<&'static str> {
    let member = &facts.participants.member(subscriber);
    if member.subscribes.is_none() || facts.on_record.contains(&subscriber) {
        return None;
    }
    let sessions = member.processes.iter().flat_map(|one| facts.sessions.of_process(*one));
    Some(last_end(sessions).unwrap_or("no answer"))
}

/// Asserts the sums that every row promises.
fn assert_sums(counted: &SubscriberReport) {
    let SubscriberReport { client, wanted, live, caught_up, missed, causes, messages, .. } =
        counted;
    assert_eq!(
        live + caught_up + missed,
        *wanted,
        "{client}: live + caught up + missed is what was wanted"
    );
    assert_eq!(
        causes.values().sum::<u64>(),
        *missed,
        "{client}: every missed message has exactly one cause"
    );
    assert_eq!(messages.len() as u64, *wanted, "{client}: every wanted message is listed");
}

//! Judging a trial: from its history to one row of the report. A pure fold, no IO.

use crate::history::History;
use crate::message::{Contender, MessageId};
use crate::scenario::Scenario;
use crate::time::Instant;

use super::absence;
use super::anomaly::{self, Scene};
use super::detection;
use super::facts::{Facts, Map};
use super::outcome::Case;
use super::{Bites, Followed, Row, Subscriber, claim, recovery, wanted};

/// Judges what happened in a trial.
///
/// ```
/// use delivery_lab::{Cause, Contender, Scenario, TrialOptions, judge, run_trial};
///
/// let text = r#"
///     run_for = "10s"
///     client = [
///         { id = "driver", publish = [{ queue = "shop", event = "delivered", count = 4 }] },
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
    let everyone = 0..facts.roll.members().len();
    let subscribers: Vec<Subscriber> =
        everyone.map(|one| judge_subscriber(&facts, one, &blind_spots)).collect();
    let guarantees = claim::summary(&subscribers.iter().collect::<Vec<_>>());
    let bit = |fault| history.bites.get(fault).copied().unwrap_or_default();
    let faults = (0..scenario.faults.len()).map(|fault| Bites { fault, bit: bit(fault) });
    Row {
        link: contender.link,
        mode: contender.mode,
        published: facts.messages.handed_over(),
        ended_at_ms: history.ended_at.as_millis_f64(),
        guarantees,
        faults: faults.collect(),
        detections: notices.into_iter().map(|notice| notice.detection).collect(),
        cost: history.cost,
        subscribers,
    }
}

/// What became of one message for each subscriber that wanted it, and when.
pub fn follow(
    scenario: &Scenario,
    contender: Contender,
    history: &History,
    id: &MessageId,
) -> Vec<Followed> {
    let mut facts = Facts::gather(scenario, contender, history);
    wanted::mark(&mut facts);
    let everyone = 0..facts.roll.members().len();
    let followed = everyone.filter_map(|subscriber| {
        let case = Case::of(&facts, subscriber);
        let one = case.judged.iter().find(|one| one.way.message.id == id)?;
        let end = one.loss.map(|end| (end.at, end.cause));
        let (at, cause) = match (one.handled, end) {
            (Some(handled), _) => (handled.at, None),
            (None, Some((at, cause))) => (at.min(history.ended_at), Some(cause)),
            (None, None) => unreachable!("what was not handled is missed by something"),
        };
        let client = facts.roll.members()[subscriber].name.clone();
        Some(Followed { client, outcome: one.outcome, cause, at })
    });
    followed.collect()
}

fn judge_subscriber(
    facts: &Facts<'_>,
    subscriber: usize,
    blind_spots: &Map<u32, Vec<(Instant, Instant)>>,
) -> Subscriber {
    let case = Case::of(facts, subscriber);
    let mut counted = case.count();
    counted.kept_away = absence::kept_away(facts, subscriber);
    counted.recoveries = recovery::judge(&case);
    counted.guarantees = claim::findings(&case);
    counted.anomalies = anomaly::seen(&Scene { case: &case, counted: &counted, blind_spots });
    assert_sums(&counted);
    counted
}

/// The sums that every row promises.
fn assert_sums(counted: &Subscriber) {
    let Subscriber { client, wanted, live, caught_up, missed, causes, messages, .. } = counted;
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

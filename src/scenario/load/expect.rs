//! Builds the expectations: each counter, guarantee and anomaly of an entry becomes one of them.

use crate::message::Name;
use crate::scenario::{Expectation, Expected};
use crate::terms::{Anomaly, Cause, Claim, Counter, CounterOf, Guarantee, Verdict};

use super::problem::{Problem, Problems};
use super::record::{PlacedText, Record};
use super::roster::Roster;

/// Builds all expectations. Those that cannot be built are left out: their problems are reported
/// already.
pub fn all(records: &[Record], roster: &Roster, problems: &mut Problems) -> Vec<Expectation> {
    let mut all = Vec::new();
    for record in records {
        // A contender that is not in `contenders` is allowed: its expectations are listed as not
        // run.
        let contender = record.text("contender").and_then(|word| word.parse().ok());
        let client = client(record, roster, problems);
        let mut looked_at = counters(record);
        looked_at.extend(guarantees(record, problems));
        looked_at.extend(record.member::<Anomaly>("anomaly").map(Expected::Anomaly));
        check_complete(record, &looked_at, problems);
        all.extend(looked_at.into_iter().map(|what| Expectation {
            contender,
            client: client.clone(),
            what,
        }));
    }
    all
}

fn client(record: &Record, roster: &Roster, problems: &mut Problems) -> Option<Name> {
    if !record.names("client") {
        return None;
    }
    let is_of_contender =
        |one: &Counter| matches!(one.of(), CounterOf::Contender | CounterOf::Cost);
    let of_contender = Counter::ALL.into_iter().filter(is_of_contender).map(Counter::name);
    for counter in of_contender.filter(|counter| record.names(counter)) {
        let what = format!("`{counter}` is counted for a contender, not for a client");
        let problem = Problem::new(record.key_of(counter), what, "has no `client`");
        problems
            .push(problem.also(record.key_of("client"), "this one").help("make two entries of it"));
    }
    let text = record.text("client")?.to_owned();
    roster.subscriber(&PlacedText { text, place: record.place_of("client") }, problems)
}

fn counters(record: &Record) -> Vec<Expected> {
    let cause = record.member::<Cause>("cause");
    let looked_at = Counter::ALL.into_iter().filter_map(|counter| {
        let record = match counter.of() {
            CounterOf::Subscriber | CounterOf::Contender | CounterOf::Cost => record,
            CounterOf::Recoveries => record.table("recoveries")?,
        };
        let range = record.bounds(counter.name())?;
        Some(match cause {
            Some(cause) if counter == Counter::Missed => Expected::MissedBy { cause, range },
            _ => Expected::Counter { counter, range },
        })
    });
    looked_at.collect()
}

fn guarantees(record: &Record, problems: &mut Problems) -> Vec<Expected> {
    for key in ["verdict", "claim"] {
        if record.names(key) && !record.names("guarantee") {
            let what = format!("`{key}` without `guarantee`");
            let problem = Problem::new(record.key_of(key), what, "of which guarantee?");
            problems.push(problem.help("for example: guarantee = \"at-least-once\""));
        }
    }
    let Some(guarantee) = record.member::<Guarantee>("guarantee") else { return Vec::new() };
    if !record.names("verdict") && !record.names("claim") {
        let what = format!("`{guarantee}` is looked at, and nothing is expected of it");
        let problem = Problem::new(record.key_of("guarantee"), what, "needs `verdict` or `claim`");
        problems.push(problem.help("for example: verdict = \"holds\""));
    }
    let verdict = record.member::<Verdict>("verdict");
    let verdict = verdict.map(|verdict| Expected::Verdict { guarantee, verdict });
    let claim = record.member::<Claim>("claim");
    let claim = claim.map(|claim| Expected::Claim { guarantee, claim });
    verdict.into_iter().chain(claim).collect()
}

/// Reports what an entry lacks. If a key of it was refused already, that problem is enough.
fn check_complete(record: &Record, looked_at: &[Expected], problems: &mut Problems) {
    if record.names("cause") && !record.names("missed") {
        let what = "`cause` without `missed`";
        let problem = Problem::new(record.key_of("cause"), what, "how many?");
        problems.push(problem.help("for example: missed = \"1..\""));
        return;
    }
    let refused = !record.refused.is_empty()
        || record.table("recoveries").is_some_and(|recoveries| !recoveries.refused.is_empty());
    let said = ["guarantee", "verdict", "claim"].iter().any(|key| record.names(key));
    if looked_at.is_empty() && !refused && !said {
        let what = "an expectation that expects nothing";
        let problem =
            Problem::new(record.place, what, "needs a counter, a guarantee or an anomaly");
        problems.push(problem.help("for example: missed = 0"));
    }
}

//! The expectations: each counter, guarantee and anomaly of an entry becomes one of its own.

use crate::message::Name;
use crate::scenario::vocabulary::{CONTENDER_COUNTERS, RECOVERY_COUNTERS, SUBSCRIBER_COUNTERS};
use crate::scenario::{Expectation, Expected};

use super::problem::{Problem, Problems, quote};
use super::record::{Record, Word};
use super::roster::Roster;

/// Builds all expectations; what cannot be built is left out, and is a problem already.
pub fn all(records: &[Record], roster: &Roster, problems: &mut Problems) -> Vec<Expectation> {
    let mut all = Vec::new();
    for record in records {
        // One that is not in `contenders` is listed as not run.
        let contender = record.text("contender").and_then(|word| word.parse().ok());
        let client = client(record, roster, problems);
        let mut looked_at = counters(record);
        looked_at.extend(guarantees(record, problems));
        let anomaly =
            record.text("anomaly").map(|name| Expected::Anomaly { name: name.to_owned() });
        looked_at.extend(anomaly);
        incomplete(record, &looked_at, problems);
        all.extend(looked_at.into_iter().map(|what| Expectation {
            contender,
            client: client.clone(),
            what,
        }));
    }
    all
}

fn client(record: &Record, roster: &Roster, problems: &mut Problems) -> Option<Name> {
    let text = record.text("client")?.to_owned();
    for counter in CONTENDER_COUNTERS.into_iter().filter(|counter| record.names(counter)) {
        let what = format!("`{counter}` is counted for a contender, not for a client");
        let problem = Problem::new(record.key_of(counter), what, "has no `client`");
        problems
            .push(problem.also(record.key_of("client"), "this one").help("make two entries of it"));
    }
    roster.subscriber(&Word { text, place: record.place_of("client") }, problems)
}

fn counters(record: &Record) -> Vec<Expected> {
    let mut counters = Vec::new();
    for name in SUBSCRIBER_COUNTERS.into_iter().chain(CONTENDER_COUNTERS) {
        let Some(range) = record.bounds(name) else { continue };
        counters.push(match record.text("cause") {
            Some(cause) if name == "missed" => {
                Expected::MissedBy { cause: cause.to_owned(), range }
            }
            _ => Expected::Counter { name: name.to_owned(), range },
        });
    }
    if let Some(recoveries) = record.table("recoveries") {
        for name in RECOVERY_COUNTERS {
            let Some(range) = recoveries.bounds(name) else { continue };
            counters.push(Expected::Counter { name: format!("recoveries.{name}"), range });
        }
    }
    counters
}

fn guarantees(record: &Record, problems: &mut Problems) -> Vec<Expected> {
    for key in ["verdict", "claim"] {
        if record.names(key) && !record.names("guarantee") {
            let what = format!("`{key}` without `guarantee`");
            let problem = Problem::new(record.key_of(key), what, "of which guarantee?");
            problems.push(problem.help("for example: guarantee = \"at-least-once\""));
        }
    }
    let Some(guarantee) = record.text("guarantee").map(str::to_owned) else { return Vec::new() };
    if !record.names("verdict") && !record.names("claim") {
        let what = format!("{} is looked at, and nothing is expected of it", quote(&guarantee));
        let problem = Problem::new(record.key_of("guarantee"), what, "needs `verdict` or `claim`");
        problems.push(problem.help("for example: verdict = \"holds\""));
    }
    let verdict = record.text("verdict").map(|verdict| Expected::Verdict {
        guarantee: guarantee.clone(),
        verdict: verdict.to_owned(),
    });
    let claim = record
        .text("claim")
        .map(|claim| Expected::Claim { guarantee: guarantee.clone(), claim: claim.to_owned() });
    verdict.into_iter().chain(claim).collect()
}

/// What an entry lacks. If anything in it was refused, one problem is enough.
fn incomplete(record: &Record, looked_at: &[Expected], problems: &mut Problems) {
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

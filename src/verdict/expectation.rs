//! Expectations: what was expected, in words, and what was measured.

use crate::message::{Contender, Name};
use crate::scenario::{Expectation, Expected, Range, Scenario};

use super::outcome::lower_median;
use super::{Checked, Row, RunResult, Subscriber};

/// Compares every expectation with the rows, in the order of the file; one that names no
/// contender gives one line a contender that was run.
pub fn check_expectations(scenario: &Scenario, rows: &[Row]) -> Vec<Checked> {
    let mut checked = Vec::new();
    for expectation in &scenario.expectations {
        match expectation.contender {
            Some(contender) => {
                let row = rows.iter().find(|row| contender_of(row) == contender);
                checked.push(check(scenario, expectation, contender, row));
            }
            None => {
                for row in rows {
                    checked.push(check(scenario, expectation, contender_of(row), Some(row)));
                }
            }
        }
    }
    checked
}

/// The result of a run: a failed expectation is a finding even where no fault bit.
pub fn result(scenario: &Scenario, rows: &[Row], checked: &[Checked]) -> RunResult {
    let mut bites = rows.iter().flat_map(|row| &row.faults);
    if checked.iter().any(|one| one.met == Some(false)) {
        RunResult::Failed
    } else if !scenario.faults.is_empty() && !bites.any(|fault| fault.bit > 0) {
        RunResult::Inconclusive
    } else {
        RunResult::Met
    }
}

fn contender_of(row: &Row) -> Contender {
    Contender { link: row.link, mode: row.mode }
}

fn check(
    scenario: &Scenario,
    expectation: &Expectation,
    contender: Contender,
    row: Option<&Row>,
) -> Checked {
    let whose = match &expectation.client {
        Some(client) => format!("{contender} {client}"),
        None => contender.to_string(),
    };
    let expected = format!("{whose} {}", in_words(&expectation.what));
    let Some(row) = row else { return Checked { expected, measured: None, met: None } };
    let subscribers = match &expectation.client {
        Some(client) => of_client(scenario, row, client),
        None => row.subscribers.iter().collect(),
    };
    let (measured, met) = if subscribers.is_empty() && expectation.client.is_some() {
        ("no such subscriber".to_owned(), false)
    } else {
        measure(row, &subscribers, expectation)
    };
    Checked { expected, measured: Some(measured), met: Some(met) }
}

/// The subscribers that a client of an expectation is: of that name, or of the entry of that id.
fn of_client<'r>(scenario: &Scenario, row: &'r Row, client: &Name) -> Vec<&'r Subscriber> {
    let entries = scenario.clients.iter().filter(|entry| entry.id == *client);
    let names: Vec<Name> = entries.flat_map(|entry| entry.processes().map(|(_, n)| n)).collect();
    let is_meant = |one: &&Subscriber| {
        one.client == client.as_str() || names.iter().any(|name| name.as_str() == one.client)
    };
    row.subscribers.iter().filter(is_meant).collect()
}

fn in_words(what: &Expected) -> String {
    match what {
        Expected::Counter { name, range } => format!("{name} = {}", range_in_words(range)),
        Expected::MissedBy { cause, range } => {
            format!("missed by {cause} = {}", range_in_words(range))
        }
        Expected::Verdict { guarantee, verdict } => format!("{guarantee} verdict = {verdict}"),
        Expected::Claim { guarantee, claim } => format!("{guarantee} claim = {claim}"),
        Expected::Anomaly { name } => format!("anomaly {name} = 1.."),
    }
}

/// `4`, `1..`, `..3`, `1..3`.
fn range_in_words(range: &Range) -> String {
    match (range.min, range.max) {
        (Some(min), Some(max)) if min == max => format!("{min}"),
        (min, max) => {
            let end = |number: Option<f64>| number.map_or(String::new(), |one| one.to_string());
            format!("{}..{}", end(min), end(max))
        }
    }
}

/// What was measured, in words, and whether it is as expected.
fn measure(row: &Row, subscribers: &[&Subscriber], expectation: &Expectation) -> (String, bool) {
    let in_range = |number: Option<f64>, range: &Range| match number {
        Some(number) => (number.to_string(), range.contains(number)),
        None => ("none".to_owned(), false),
    };
    let sum = |count: &dyn Fn(&Subscriber) -> u64| {
        subscribers.iter().map(|one| count(one)).sum::<u64>() as f64
    };
    match &expectation.what {
        Expected::Counter { name, range } => in_range(counter(row, subscribers, name), range),
        Expected::MissedBy { cause, range } => {
            let by = |one: &Subscriber| {
                let causes = one.causes.iter().filter(|(of, _)| of.name() == cause);
                causes.map(|(_, count)| *count).sum()
            };
            in_range(Some(sum(&by)), range)
        }
        Expected::Anomaly { name } => {
            let seen = |one: &Subscriber| {
                let anomalies = one.anomalies.iter().filter(|(of, _)| of.name() == name);
                anomalies.map(|(_, count)| *count).sum()
            };
            in_range(Some(sum(&seen)), &Range { min: Some(1.0), max: None })
        }
        Expected::Verdict { guarantee, verdict } => {
            as_expected(worst(row, subscribers, expectation, guarantee).map(|one| one.0), verdict)
        }
        Expected::Claim { guarantee, claim } => {
            as_expected(worst(row, subscribers, expectation, guarantee).map(|one| one.1), claim)
        }
    }
}

fn as_expected(measured: Option<&'static str>, expected: &str) -> (String, bool) {
    match measured {
        Some(measured) => (measured.to_owned(), measured == expected),
        None => ("none".to_owned(), false),
    }
}

/// Verdict and claim of the contender, or of the subscribers that are meant.
fn worst(
    row: &Row,
    subscribers: &[&Subscriber],
    expectation: &Expectation,
    guarantee: &str,
) -> Option<(&'static str, &'static str)> {
    let summary = match expectation.client {
        None => row.guarantees.clone(),
        Some(_) => super::claim::summary(subscribers),
    };
    let mut findings = summary.iter();
    let (_, finding) = findings.find(|(of, _)| of.name() == guarantee)?;
    Some((finding.verdict.name(), finding.claim.name()))
}

/// A counter of the JSON by its name: of the row, or of the subscribers together.
fn counter(row: &Row, subscribers: &[&Subscriber], name: &str) -> Option<f64> {
    let sum = |count: fn(&Subscriber) -> u64| {
        Some(subscribers.iter().map(|one| count(one)).sum::<u64>() as f64)
    };
    match name {
        "wanted" => sum(|one| one.wanted),
        "live" => sum(|one| one.live),
        "caught_up" => sum(|one| one.caught_up),
        "missed" => sum(|one| one.missed),
        "twice" => sum(|one| one.twice),
        "out_of_order" => sum(|one| one.out_of_order),
        "interrupted" => sum(|one| one.interrupted),
        "unasked" => sum(|one| one.unasked),
        "gaps_announced" => sum(|one| one.gaps_announced),
        "recoveries.honest_success" => sum(|one| one.recoveries.honest_success),
        "recoveries.honest_failure" => sum(|one| one.recoveries.honest_failure),
        "recoveries.false_comfort" => sum(|one| one.recoveries.false_comfort),
        "recoveries.false_alarm" => sum(|one| one.recoveries.false_alarm),
        "worst_delay_ms" => delays_ms(subscribers).last().copied(),
        "median_delay_ms" => lower_median(&delays_ms(subscribers)),
        "published" => Some(row.published as f64),
        "ended_at_ms" => Some(row.ended_at_ms),
        "packets" => Some(row.cost.packets as f64),
        "bytes" => Some(row.cost.bytes as f64),
        "retransmits" => Some(row.cost.retransmits as f64),
        "broker_peak_messages" => Some(row.cost.broker_peak_messages as f64),
        "broker_peak_bytes" => Some(row.cost.broker_peak_bytes as f64),
        "client_peak_messages" => Some(row.cost.client_peak_messages as f64),
        name => unreachable!("the loader knows no counter {name}"),
    }
}

/// From hand-over to handled, sorted, of everything that these subscribers handled. Rounded to
/// the microseconds of which instants are made, so that no arithmetic shows.
fn delays_ms(subscribers: &[&Subscriber]) -> Vec<f64> {
    let messages = subscribers.iter().flat_map(|one| &one.messages);
    let delay = |handled: f64, published: f64| ((handled - published) * 1_000.0).round() / 1_000.0;
    let mut delays: Vec<f64> =
        messages.filter_map(|one| Some(delay(one.handled_ms?, one.published_ms))).collect();
    delays.sort_unstable_by(f64::total_cmp);
    delays
}

//! Expectations: what was expected, in words, and what was measured.

use crate::message::{Contender, Name};
use crate::scenario::{Expectation, Expected, Range, Scenario};

use super::{Checked, Row, RunResult, Subscriber, Totals, median_delay_ms};

/// Compares every expectation with the rows, in the order of the file; one that names no
/// contender gives one line a contender that was run.
pub fn check_expectations(scenario: &Scenario, rows: &[Row]) -> Vec<Checked> {
    let mut checked = Vec::new();
    for expectation in &scenario.expectations {
        match expectation.contender {
            Some(contender) => {
                let row = rows.iter().find(|row| row.contender() == contender);
                checked.push(check(scenario, expectation, contender, row));
            }
            None => {
                for row in rows {
                    checked.push(check(scenario, expectation, row.contender(), Some(row)));
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
    let totals = Totals::of(subscribers.iter().copied());
    match &expectation.what {
        Expected::Counter { name, range } => {
            in_range(counter(row, subscribers, &totals, name), range)
        }
        Expected::MissedBy { cause, range } => {
            let missed = totals.causes.iter().find(|(of, _)| of.name() == cause);
            in_range(Some(missed.map_or(0, |(_, count)| *count) as f64), range)
        }
        Expected::Anomaly { name } => {
            let seen = totals.anomalies.iter().find(|(of, _)| of.name() == name);
            let range = Range { min: Some(1.0), max: None };
            in_range(Some(seen.map_or(0, |(_, count)| *count) as f64), &range)
        }
        Expected::Verdict { guarantee, verdict } => {
            as_expected(worst(subscribers, guarantee).map(|one| one.0), verdict)
        }
        Expected::Claim { guarantee, claim } => {
            as_expected(worst(subscribers, guarantee).map(|one| one.1), claim)
        }
    }
}

fn as_expected(measured: Option<&'static str>, expected: &str) -> (String, bool) {
    match measured {
        Some(measured) => (measured.to_owned(), measured == expected),
        None => ("none".to_owned(), false),
    }
}

/// Verdict and claim of the subscribers that are meant.
fn worst(subscribers: &[&Subscriber], guarantee: &str) -> Option<(&'static str, &'static str)> {
    let summary = super::claim::summary(subscribers);
    let (_, finding) = summary.iter().find(|(of, _)| of.name() == guarantee)?;
    Some((finding.verdict.name(), finding.claim.name()))
}

/// A counter of the JSON by its name: of the row, or of the subscribers together.
fn counter(row: &Row, subscribers: &[&Subscriber], totals: &Totals, name: &str) -> Option<f64> {
    let Totals { recoveries, .. } = totals;
    let count = match name {
        "worst_delay_ms" => return totals.worst_delay_ms,
        "median_delay_ms" => return median_delay_ms(subscribers.iter().copied()),
        "ended_at_ms" => return Some(row.ended_at_ms),
        "wanted" => totals.wanted,
        "live" => totals.live,
        "caught_up" => totals.caught_up,
        "missed" => totals.missed,
        "twice" => totals.twice,
        "out_of_order" => totals.out_of_order,
        "interrupted" => totals.interrupted,
        "unasked" => totals.unasked,
        "gaps_announced" => totals.gaps_announced,
        "recoveries.honest_success" => recoveries.honest_success,
        "recoveries.honest_failure" => recoveries.honest_failure,
        "recoveries.false_comfort" => recoveries.false_comfort,
        "recoveries.false_alarm" => recoveries.false_alarm,
        "published" => row.published,
        "packets" => row.cost.packets,
        "bytes" => row.cost.bytes,
        "retransmits" => row.cost.retransmits,
        "broker_peak_messages" => row.cost.broker_peak_messages,
        "broker_peak_bytes" => row.cost.broker_peak_bytes,
        "client_peak_messages" => row.cost.client_peak_messages,
        name => unreachable!("the loader knows no counter {name}"),
    };
    Some(count as f64)
}

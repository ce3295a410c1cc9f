//! Checks the expectations of a scenario against what was measured.

use crate::message::{Contender, Name};
use crate::scenario::{Expectation, Expected, Range, Scenario};

use super::{Checked, Row, RunResult, SubscriberReport, Totals, median_delay_ms};
use crate::terms::{Counter, CounterOf};
use crate::time::Duration;

/// Compares every expectation with the rows, in the order of the file. One that names no contender
/// gives one line for each contender that was run.
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

/// Returns the result of a run: a failed expectation fails it even if no fault had a hit, and if
/// none is about what ran, none was met.
pub fn result(scenario: &Scenario, rows: &[Row], checked: &[Checked]) -> RunResult {
    let mut hits = rows.iter().flat_map(|row| &row.faults);
    if checked.iter().any(|one| one.met == Some(false)) {
        RunResult::Failed
    } else if !scenario.faults.is_empty() && !hits.any(|fault| fault.hits > 0) {
        RunResult::Inconclusive
    } else if checked.iter().all(|one| one.met.is_none()) {
        RunResult::Unchecked
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
        let measured = measure(row, &subscribers, expectation);
        match subscribers.iter().find(|one| one.never_subscribed.is_some()) {
            Some(absent) if is_met_by_absence(row, absent, expectation) => {
                (format!("{}, but {} never subscribed", measured.0, absent.client), false)
            }
            _ => measured,
        }
    };
    Checked { expected, measured: Some(measured), met: Some(met) }
}

/// Whether a subscriber that never subscribed meets an expectation by that alone. One that asks for
/// how much is wanted speaks of it.
fn is_met_by_absence(row: &Row, absent: &SubscriberReport, expectation: &Expectation) -> bool {
    let is_about_subscribers = match &expectation.what {
        Expected::Counter { counter: Counter::Wanted, .. } => false,
        Expected::Counter { counter, .. } => {
            matches!(counter.of(), CounterOf::Subscriber | CounterOf::Recoveries)
        }
        Expected::MissedBy { .. } | Expected::Verdict { .. } | Expected::Claim { .. } => true,
        Expected::Anomaly(_) => false,
    };
    is_about_subscribers && measure(row, &[absent], expectation).1
}

/// Returns the subscribers that an expectation's client stands for: the one of that name, and those
/// of the entry of that id.
fn of_client<'r>(scenario: &Scenario, row: &'r Row, client: &Name) -> Vec<&'r SubscriberReport> {
    let entries = scenario.clients.iter().filter(|entry| entry.id == *client);
    let names: Vec<Name> = entries.flat_map(|entry| entry.processes().map(|(_, n)| n)).collect();
    let is_meant = |one: &&SubscriberReport| {
        one.client == client.as_str() || names.iter().any(|name| name.as_str() == one.client)
    };
    row.subscribers.iter().filter(is_meant).collect()
}

fn in_words(what: &Expected) -> String {
    match what {
        Expected::Counter { counter, range } => {
            let table = if counter.of() == CounterOf::Recoveries { "recoveries." } else { "" };
            format!("{table}{counter} = {}", range_in_words(range))
        }
        Expected::MissedBy { cause, range } => {
            format!("missed by {cause} = {}", range_in_words(range))
        }
        Expected::Verdict { guarantee, verdict } => format!("{guarantee} verdict = {verdict}"),
        Expected::Claim { guarantee, claim } => format!("{guarantee} claim = {claim}"),
        Expected::Anomaly(anomaly) => format!("anomaly {anomaly} = 1.."),
    }
}

/// Formats a range as `4`, `1..`, `..3` or `1..3`.
fn range_in_words(range: &Range) -> String {
    match (range.min, range.max) {
        (Some(min), Some(max)) if min == max => format!("{min}"),
        (min, max) => {
            let end = |number: Option<f64>| number.map_or(String::new(), |one| one.to_string());
            format!("{}..{}", end(min), end(max))
        }
    }
}

/// Returns what was measured, in words, and whether it is as expected.
fn measure(
    row: &Row,
    subscribers: &[&SubscriberReport],
    expectation: &Expectation,
) -> (String, bool) {
    let in_range = |number: Option<f64>, range: &Range| match number {
        Some(number) => (number.to_string(), range.contains(number)),
        None => ("none".to_owned(), false),
    };
    let totals = Totals::of(subscribers.iter().copied());
    let summary = super::claim::summary(subscribers);
    match &expectation.what {
        Expected::Counter { counter, range } => {
            in_range(count(row, subscribers, &totals, *counter), range)
        }
        Expected::MissedBy { cause, range } => {
            in_range(Some(totals.causes.get(cause).map_or(0.0, |count| *count as f64)), range)
        }
        Expected::Anomaly(anomaly) => {
            let range = Range { min: Some(1.0), max: None };
            let seen = totals.anomalies.get(anomaly);
            in_range(Some(seen.map_or(0.0, |count| *count as f64)), &range)
        }
        Expected::Verdict { guarantee, verdict } => {
            as_expected(summary.get(guarantee).map(|worst| worst.verdict), *verdict)
        }
        Expected::Claim { guarantee, claim } => {
            as_expected(summary.get(guarantee).map(|worst| worst.claim), *claim)
        }
    }
}

fn as_expected<T: ToString + PartialEq>(measured: Option<T>, expected: T) -> (String, bool) {
    match measured {
        Some(measured) => (measured.to_string(), measured == expected),
        None => ("none".to_owned(), false),
    }
}

/// Returns a counter of the row, or of the subscribers together.
fn count(
    row: &Row,
    subscribers: &[&SubscriberReport],
    totals: &Totals,
    counter: Counter,
) -> Option<f64> {
    let Totals { recoveries, .. } = totals;
    let count = match counter {
        Counter::WorstDelay => return totals.worst_delay_ms,
        Counter::MedianDelay => return median_delay_ms(subscribers.iter().copied()),
        Counter::Wanted => totals.wanted,
        Counter::Live => totals.live,
        Counter::CaughtUp => totals.caught_up,
        Counter::Missed => totals.missed,
        Counter::HandledAgain => totals.handled_again,
        Counter::OutOfOrder => totals.out_of_order,
        Counter::Interrupted => totals.interrupted,
        Counter::NotWanted => totals.not_wanted,
        Counter::GapsAnnounced => totals.gaps_announced,
        Counter::HonestSuccess => recoveries.honest_success,
        Counter::HonestFailure => recoveries.honest_failure,
        Counter::FalseComfort => recoveries.false_comfort,
        Counter::FalseAlarm => recoveries.false_alarm,
        Counter::Published => row.published,
        Counter::AnswersAsked => row.answers_asked,
        Counter::AnswersInTime => row.answers_in_time,
        Counter::Packets => row.cost.packets,
        Counter::Bytes => row.cost.bytes,
        Counter::Retransmits => row.cost.retransmits,
        Counter::Handshakes => row.cost.handshakes,
        Counter::ConnectionTime => return Some(row.cost.connection_time.as_millis_f64()),
        Counter::HeldRequestTime => return Some(row.cost.held_request_time.as_millis_f64()),
        Counter::PayloadBytes => row.cost.payload_bytes,
        Counter::MedianAnswer => return row.cost.median_answer.map(Duration::as_millis_f64),
        Counter::WorstAnswer => return row.cost.worst_answer.map(Duration::as_millis_f64),
        Counter::BrokerPeakMessages => row.cost.broker_peak_messages,
        Counter::BrokerPeakBytes => row.cost.broker_peak_bytes,
        Counter::ClientPeakMessages => row.cost.client_peak_messages,
    };
    Some(count as f64)
}

//! Expectations in words, and the result of a run.

use crate::message::{EndReason, PushKind};
use crate::scenario::{Effect, Expectation, Expected, Range};
use crate::verdict::{
    Hits, Row, RunResult, SubscriberReport, Totals, check_expectations, median_delay_ms, result,
};

use super::story::{Story, scenario, story};
use crate::terms::{Anomaly, Cause, Claim, Counter, Guarantee, Verdict};

fn range(min: Option<f64>, max: Option<f64>) -> Range {
    Range { min, max }
}

fn counter(counter: Counter, range: Range) -> Expected {
    Expected::Counter { counter, range }
}

/// Builds a story of two messages: one is handled after 40 ms, one is missed.
fn told() -> Story {
    let story = story("tcp/fire-and-forget").joined().at(1_000).under_way(1).at(1_040);
    let story = story.read(1, PushKind::Live).handled(1, PushKind::Live);
    story.disconnected(EndReason::Fin).at(2_000).published(2).accepted(2)
}

fn expecting(contender: Option<&str>, client: Option<&str>, what: Expected) -> Expectation {
    let contender = contender.map(|contender| contender.parse().unwrap());
    Expectation { contender, client: client.map(|client| client.into()), what }
}

/// Checks one expectation on the story of `told`: `expected`, `measured`, `met`.
#[track_caller]
fn check(expectation: Expectation, expected: &[(&str, Option<&str>, Option<bool>)]) {
    let mut scenario = scenario();
    scenario.expectations = vec![expectation];
    let checked = check_expectations(&scenario, &[told().row()]);
    let found: Vec<_> =
        checked.iter().map(|one| (&*one.expected, one.measured.as_deref(), one.met)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_counter_is_compared_with_a_range() {
    let tcp = Some("tcp/fire-and-forget");
    for (looked_at, range, words, measured, met) in [
        (Counter::Missed, range(Some(0.0), Some(0.0)), "missed = 0", "1", false),
        (Counter::Missed, range(Some(1.0), None), "missed = 1..", "1", true),
        (Counter::Live, range(None, Some(3.0)), "live = ..3", "1", true),
        (Counter::Wanted, range(Some(3.0), Some(5.0)), "wanted = 3..5", "2", false),
        (Counter::Published, range(Some(2.0), Some(2.0)), "published = 2", "2", true),
        (Counter::WorstDelay, range(None, Some(40.5)), "worst_delay_ms = ..40.5", "40", true),
        (Counter::MedianDelay, range(Some(50.0), None), "median_delay_ms = 50..", "40", false),
        (Counter::Packets, range(Some(0.0), None), "packets = 0..", "0", true),
        (
            Counter::HonestSuccess,
            range(Some(1.0), None),
            "recoveries.honest_success = 1..",
            "0",
            false,
        ),
    ] {
        let words = format!("tcp/fire-and-forget {words}");
        check(
            expecting(tcp, None, counter(looked_at, range)),
            &[(&words, Some(measured), Some(met))],
        );
    }
}

#[test]
fn a_client_a_cause_a_guarantee_and_an_anomaly_can_be_meant() {
    let missed = || counter(Counter::Missed, range(Some(1.0), Some(1.0)));
    let by = |cause| Expected::MissedBy { cause, range: range(Some(1.0), None) };
    let guarantee = Guarantee::AtLeastOnce;
    let verdict = Expected::Verdict { guarantee, verdict: Verdict::Holds };
    let claim = Expected::Claim { guarantee, claim: Claim::NotClaimed };
    let anomaly = Expected::Anomaly(Anomaly::Duplicate);
    for (client, what, words, measured, met) in [
        (Some("shop"), missed(), "shop missed = 1", "1", true),
        (Some("nobody"), missed(), "nobody missed = 1", "no such subscriber", false),
        (None, by(Cause::NotConnected), "missed by not-connected = 1..", "1", true),
        (None, by(Cause::Evicted), "missed by evicted = 1..", "0", false),
        (None, verdict, "at-least-once verdict = holds", "violated", false),
        (Some("shop"), claim, "shop at-least-once claim = not-claimed", "not-claimed", true),
        (None, anomaly, "anomaly duplicate = 1..", "0", false),
    ] {
        let words = format!("tcp/fire-and-forget {words}");
        check(expecting(None, client, what), &[(&words, Some(measured), Some(met))]);
    }
}

#[test]
fn a_contender_is_compared_with_its_own_row_and_none_with_every_row() {
    let wanted = || counter(Counter::Wanted, range(Some(1.0), None));
    let rows = [story("udp/catch-up").joined().row(), told().row()];
    let met = |contender| {
        let mut scenario = scenario();
        scenario.expectations = vec![expecting(contender, None, wanted())];
        let checked = check_expectations(&scenario, &rows);
        checked.iter().map(|one| one.met).collect::<Vec<_>>()
    };
    assert_eq!(met(Some("tcp/fire-and-forget")), [Some(true)]);
    assert_eq!(met(Some("udp/catch-up")), [Some(false)]);
    assert_eq!(met(None), [Some(false), Some(true)]);
}

#[test]
fn a_client_is_meant_by_its_name_or_by_the_id_of_its_entry() {
    let mut story = told();
    story.scenario.clients[1].name = Some("store".into());
    story.processes[2].client = "store".into();
    for (client, met) in [("store", true), ("shop", true), ("driver", false)] {
        story.scenario.expectations =
            vec![expecting(None, Some(client), counter(Counter::Wanted, range(None, Some(9.0))))];
        let checked = check_expectations(&story.scenario, &[story.row()]);
        assert_eq!(checked[0].met, Some(met), "{client}");
    }
}

#[test]
fn without_subscribers_there_are_counters_and_no_delays() {
    let mut nobody = story("tcp/fire-and-forget").published(1);
    nobody.scenario.clients[1].subscribe.clear();
    for (looked_at, measured, met) in [
        (Counter::Published, "1", true),
        (Counter::Wanted, "0", false),
        (Counter::WorstDelay, "none", false),
    ] {
        let what = counter(looked_at, range(Some(1.0), None));
        nobody.scenario.expectations = vec![expecting(None, None, what)];
        let checked = check_expectations(&nobody.scenario, &[nobody.row()]);
        assert_eq!((checked[0].measured.as_deref(), checked[0].met), (Some(measured), Some(met)));
    }
}

#[test]
fn an_anomaly_that_was_seen_once_is_as_expected() {
    let mut twice = told().at(3_000).connected().handled(1, PushKind::Again);
    let anomaly = Expected::Anomaly(Anomaly::Duplicate);
    twice.scenario.expectations = vec![expecting(None, None, anomaly)];
    let checked = check_expectations(&twice.scenario, &[twice.row()]);
    assert_eq!((checked[0].measured.as_deref(), checked[0].met), (Some("1"), Some(true)));
}

#[test]
fn several_subscribers_are_summed_and_of_their_delays_the_worst_and_the_middle_count() {
    let slow = |delays: &[u64]| {
        let story = story("tcp/fire-and-forget").joined();
        let story = (1..).zip(delays).fold(story, |story, (number, delay)| {
            let story = story.at(1_000 * number).under_way(number).at(1_000 * number + delay);
            story.read(number, PushKind::Live).handled(number, PushKind::Live)
        });
        story.at(50_000).disconnected(EndReason::Fin).published(9).accepted(9).shop()
    };
    let subscribers = [slow(&[10, 20, 300]), slow(&[40, 50]), SubscriberReport::default()];
    let totals = Totals::of(&subscribers);
    assert_eq!((totals.wanted, totals.live, totals.missed), (7, 5, 2));
    assert_eq!(totals.causes[&Cause::NotConnected], 2);
    assert_eq!(totals.anomalies.get(&Anomaly::Duplicate), None);
    assert_eq!(totals.worst_delay_ms, Some(300.0));
    assert_eq!(median_delay_ms(&subscribers), Some(40.0));
    assert_eq!(median_delay_ms(&subscribers[2..]), None);
    // The difference of two times does not show how floating-point numbers are stored.
    let mut one = slow(&[10]);
    (one.messages[0].published_ms, one.messages[0].handled_ms) = (1_000.1, Some(1_000.4));
    assert_eq!(median_delay_ms([&one]), Some(0.3));
}

#[test]
fn a_subscriber_that_never_subscribed_meets_nothing_by_that() {
    let (absent, zero) = (story("tcp/catch-up").lost(EndReason::Fin), range(Some(0.0), Some(0.0)));
    let row = absent.row();
    let check = |what, measured: &str, met| {
        let mut scenario = scenario();
        scenario.expectations = vec![expecting(None, None, what)];
        let checked = check_expectations(&scenario, std::slice::from_ref(&row));
        assert_eq!((checked[0].measured.as_deref(), checked[0].met), (Some(measured), Some(met)));
    };
    let holds = Expected::Verdict { guarantee: Guarantee::AtLeastOnce, verdict: Verdict::Holds };
    let kept = Expected::Claim { guarantee: Guarantee::AtLeastOnce, claim: Claim::Kept };
    let by = Expected::MissedBy { cause: Cause::NotConnected, range: zero };
    check(counter(Counter::Missed, zero), "0, but shop never subscribed", false);
    check(holds, "holds, but shop never subscribed", false);
    check(kept, "kept, but shop never subscribed", false);
    check(by, "0, but shop never subscribed", false);
    // Asking for how much is wanted speaks of it, and what fails anyway needs no reason.
    check(counter(Counter::Wanted, zero), "0", true);
    check(counter(Counter::Packets, zero), "0", true);
    check(counter(Counter::Missed, range(Some(1.0), None)), "0", false);
}

#[test]
fn what_was_not_run_counts_neither_way() {
    let what = counter(Counter::Missed, range(Some(0.0), Some(0.0)));
    check(
        expecting(Some("udp/catch-up"), None, what.clone()),
        &[("udp/catch-up missed = 0", None, None)],
    );
    let mut scenario = scenario();
    scenario.expectations = vec![expecting(Some("udp/catch-up"), None, what)];
    let rows = [told().row()];
    let checked = check_expectations(&scenario, &rows);
    assert_eq!(result(&scenario, &rows, &checked), RunResult::Unchecked);
}

#[test]
fn a_storm_that_never_hit_is_inconclusive_unless_an_expectation_failed() {
    let calm = told().row();
    let row = |hits| Row { faults: vec![Hits { fault: 0, hits }], ..calm.clone() };
    let expect =
        |most| vec![expecting(None, None, counter(Counter::Missed, range(None, Some(most))))];
    for (rows, faults, most, expected) in [
        (vec![calm.clone()], 0, 1.0, RunResult::Met),
        (vec![calm.clone()], 0, 0.0, RunResult::Failed),
        (vec![row(0), row(0)], 1, 1.0, RunResult::Inconclusive),
        (vec![row(0), row(1)], 1, 1.0, RunResult::Met),
        (vec![row(0)], 1, 0.0, RunResult::Failed),
    ] {
        let mut scenario = story("udp/catch-up").fault(Effect::Cut, 0, 1).scenario;
        scenario.faults.truncate(faults);
        scenario.expectations = expect(most);
        let checked = check_expectations(&scenario, &rows);
        assert_eq!(result(&scenario, &rows, &checked), expected);
    }
}

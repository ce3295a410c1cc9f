//! The sums of a row, and the parts of it that its JSON leaves out.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::message::{EndReason, MessageId};
use crate::terms::{Anomaly, Cause, Outcome};
use crate::verdict::{
    Detection, MessageOutcome, Recoveries, SubscriberReport, Totals, median_delay_ms,
};

use super::story::story;

#[test]
fn a_row_names_the_longest_time_until_a_fault_was_noticed() {
    let mut row = story("tcp/catch-up").row();
    assert_eq!(row.noticed_after_ms(), None);
    let noticed = |after_ms| Detection {
        fault: 0,
        client: "shop".to_owned(),
        side: "broker",
        after_ms,
        by: None,
    };
    row.detections = [Some(20.0), None, Some(70.0), Some(50.0)].map(noticed).into();
    assert_eq!(row.noticed_after_ms(), Some(70.0));
}

#[test]
fn a_subscriber_shows_its_evidence_and_a_row_leaves_it_out() {
    let away = story("tcp/fire-and-forget").joined().at(1_000).disconnected(EndReason::Fin);
    let row = away.published(1).accepted(1).row();
    let json = serde_json::to_value(&row).unwrap();
    let of_row = json["guarantees"]["at-least-once"].as_object().unwrap();
    assert!(!of_row.contains_key("evidence"), "{of_row:?}");
    let of_shop = &json["subscribers"][0]["guarantees"];
    assert!(of_shop["at-least-once"]["evidence"].is_string(), "{of_shop}");
    assert_eq!(of_shop["in-order"].get("evidence"), Some(&Value::Null), "{of_shop}");
}

#[test]
fn totals_are_sums_and_the_longest_delay() {
    let counted = |n: u64| SubscriberReport {
        wanted: n,
        live: n + 1,
        caught_up: n + 2,
        missed: n + 3,
        handled_again: n + 4,
        out_of_order: n + 5,
        interrupted: n + 6,
        not_wanted: n + 7,
        gaps_announced: n + 8,
        recoveries: Recoveries {
            honest_success: n + 9,
            honest_failure: n + 10,
            false_comfort: n + 11,
            false_alarm: n + 12,
        },
        worst_delay_ms: Some(n as f64),
        causes: BTreeMap::from([(Cause::Refused, n + 13)]),
        anomalies: BTreeMap::from([(Anomaly::Stalled, n + 14)]),
        ..SubscriberReport::default()
    };
    let sum = |n: u64| 300 + 2 * n;
    let expected = Totals {
        wanted: sum(0),
        live: sum(1),
        caught_up: sum(2),
        missed: sum(3),
        handled_again: sum(4),
        out_of_order: sum(5),
        interrupted: sum(6),
        not_wanted: sum(7),
        gaps_announced: sum(8),
        recoveries: Recoveries {
            honest_success: sum(9),
            honest_failure: sum(10),
            false_comfort: sum(11),
            false_alarm: sum(12),
        },
        worst_delay_ms: Some(200.0),
        causes: BTreeMap::from([(Cause::Refused, sum(13))]),
        anomalies: BTreeMap::from([(Anomaly::Stalled, sum(14))]),
    };
    assert_eq!(Totals::of(&[counted(100), counted(200)]), expected);
    assert_eq!(Totals::of(&[counted(200), counted(100)]), expected);
}

/// Returns the report of a subscriber that handled messages after these delays.
fn delayed(by_ms: &[f64]) -> SubscriberReport {
    let message = |delay: &f64| MessageOutcome {
        id: MessageId { publisher: "driver".into(), sequence: 1 },
        queue: "q".into(),
        event: "e".into(),
        published_ms: 1_000.0,
        outcome: Outcome::Live,
        handled_ms: Some(1_000.0 + delay),
        cause: None,
    };
    SubscriberReport {
        messages: by_ms.iter().map(message).collect(),
        ..SubscriberReport::default()
    }
}

#[test]
fn the_median_delay_is_the_lower_one_of_all_messages() {
    let median = |parts: &[&[f64]]| {
        let reports: Vec<_> = parts.iter().map(|delays| delayed(delays)).collect();
        median_delay_ms(&reports)
    };
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[&[30.0, 10.0], &[20.0]]), Some(20.0));
    assert_eq!(median(&[&[30.0, 10.0], &[20.0, 40.0]]), Some(20.0));
}

//! The sums of a row, and the parts of it that its JSON leaves out.

use serde_json::Value;

use crate::message::EndReason;
use crate::verdict::Detection;

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

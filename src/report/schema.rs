//! The JSON Schema of the report, for whoever reads it. A test validates the report of every
//! built-in scenario with it, and that each of its keys occurs in one of them.

use serde_json::{Map, Value, json};

use super::{SCHEMA, prices};
use crate::message::{Link, Mode};
use crate::terms::{Anomaly, Cause, Claim, Guarantee, Outcome, Verdict};
use crate::verdict::RunResult;

/// Returns the schema of a report, as JSON Schema 2020-12.
pub fn schema() -> Value {
    let report = object(&[
        ("schema", json!({ "const": SCHEMA })),
        ("scenario", text()),
        ("title", text()),
        ("mutant?", text()),
        ("seed", count()),
        ("version", text()),
        ("replay", about("The command that gives the same report again.", text())),
        ("trace_hash", json!({ "type": "string", "pattern": "^[0-9a-f]{16}$" })),
        ("result", word(&RunResult::WORDS)),
        ("contenders", list(contender())),
        ("prices?", list(price())),
        ("expectations", list(expectation())),
    ]);
    titled("A delivery-lab report", report)
}

fn contender() -> Value {
    object(&[
        ("link", word(&Link::WORDS)),
        ("mode", word(&Mode::WORDS)),
        ("published", count()),
        ("answers_asked", about("Answers that the broker asked for.", count())),
        ("answers_in_time", about("Those of them that came in time.", count())),
        ("ended_at_ms", millis()),
        ("subscribers", list(subscriber())),
        ("guarantees", of_each(&Guarantee::WORDS, finding(&[]))),
        ("faults", list(object(&[("fault", index()), ("hits", count())]))),
        ("detections", list(detection())),
        (
            "replaced?",
            list(object(&[("process", text()), ("client", text()), ("at_ms", millis())])),
        ),
        (
            "never_connected?",
            list(object(&[
                ("process", text()),
                ("client", text()),
                ("by", about("Why its last attempt at a session ended.", text())),
            ])),
        ),
        ("cost", cost()),
    ])
}

fn subscriber() -> Value {
    object(&[
        ("client", text()),
        (
            "never_subscribed?",
            about("Why its last attempt ended, if it never was on record.", text()),
        ),
        ("wanted", about("Always live + caught_up + missed.", count())),
        ("live", count()),
        ("caught_up", count()),
        ("missed", count()),
        ("handled_again", count()),
        ("out_of_order", count()),
        ("interrupted", count()),
        ("not_wanted", count()),
        ("worst_delay_ms", or_null(millis())),
        ("median_delay_ms", or_null(millis())),
        ("causes", of_some(&Cause::WORDS, count())),
        ("anomalies", of_some(&Anomaly::WORDS, count())),
        ("gaps_announced", count()),
        ("recoveries", recoveries()),
        ("guarantees", of_each(&Guarantee::WORDS, finding(&[("evidence", or_null(text()))]))),
        ("messages", list(message())),
        (
            "before_subscription?",
            about(
                "What its rooms were sent before its subscription stood. It wants none of it.",
                list(object(&[("id", text()), ("published_ms", millis())])),
            ),
        ),
    ])
}

fn recoveries() -> Value {
    let kinds = ["honest_success", "honest_failure", "false_comfort", "false_alarm"];
    object(&kinds.map(|kind| (kind, count())))
}

fn finding(more: &[(&str, Value)]) -> Value {
    let own = [("verdict", word(&Verdict::WORDS)), ("claim", word(&Claim::WORDS))];
    object(&[&own[..], more].concat())
}

fn message() -> Value {
    object(&[
        ("id", text()),
        ("queue", text()),
        ("event", text()),
        ("published_ms", millis()),
        ("outcome", word(&Outcome::WORDS)),
        ("handled_ms", or_null(millis())),
        ("cause", or_null(word(&Cause::WORDS))),
    ])
}

fn detection() -> Value {
    object(&[
        ("fault", index()),
        ("client", text()),
        ("side", word(&["broker", "client"])),
        ("after_ms", or_null(millis())),
        ("by", or_null(text())),
    ])
}

fn cost() -> Value {
    let sums = ["packets", "bytes", "retransmits", "handshakes", "payload_bytes"].into_iter();
    let peaks = ["broker_peak_messages", "broker_peak_bytes", "client_peak_messages"];
    let counts = sums.chain(peaks).map(|name| (name, count()));
    let times = ["connection_ms", "held_request_ms"].map(|name| (name, millis()));
    let answers = ["median_answer_ms", "worst_answer_ms"].map(|name| (name, or_null(millis())));
    object(&counts.chain(times).chain(answers).collect::<Vec<_>>())
}

fn price() -> Value {
    let amount = object(&[("measured", or_null(millis())), ("times_cheapest", or_null(millis()))]);
    let names = [("link", word(&Link::WORDS)), ("mode", word(&Mode::WORDS))].into_iter();
    let amounts = prices::keys().map(|key| (key, amount.clone()));
    object(&names.chain(amounts).collect::<Vec<_>>())
}

fn expectation() -> Value {
    object(&[
        ("expected", text()),
        ("measured", about("Null if the contender was not run.", or_null(text()))),
        ("met", about("Null if the contender was not run.", or_null(json!({ "type": "boolean" })))),
    ])
}

/// Returns the schema of a whole document, given its title.
pub(super) fn titled(title: &str, mut schema: Value) -> Value {
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    schema
}

/// Returns an object with these keys and no others. A key that ends in `?` may be left out.
pub(super) fn object(keys: &[(&str, Value)]) -> Value {
    let name = |key: &str| key.trim_end_matches('?').to_owned();
    let properties: Map<String, Value> =
        keys.iter().map(|(key, value)| (name(key), value.clone())).collect();
    let required: Vec<&str> =
        keys.iter().map(|(key, _)| *key).filter(|key| !key.ends_with('?')).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Returns an object with a value for each of these words.
fn of_each(words: &[&str], value: Value) -> Value {
    object(&words.iter().map(|word| (*word, value.clone())).collect::<Vec<_>>())
}

/// Returns an object with a value for some of these words.
fn of_some(words: &[&str], value: Value) -> Value {
    let mut some = of_each(words, value);
    some["required"] = json!([]);
    some
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(super) fn word(words: &[&str]) -> Value {
    json!({ "enum": words })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn index() -> Value {
    about("The index in the file, from 0.", count())
}

pub(super) fn millis() -> Value {
    json!({ "type": "number", "minimum": 0 })
}

pub(super) fn or_null(mut value: Value) -> Value {
    if let Some(words) = value.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    } else {
        let kind = value["type"].take();
        value["type"] = json!([kind, "null"]);
    }
    value
}

pub(super) fn about(text: &str, mut value: Value) -> Value {
    value["description"] = json!(text);
    value
}

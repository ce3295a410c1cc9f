//! The JSON of `dlab list`: the built-in scenarios by what they teach.

use serde_json::{Value, json};

use super::schema::{about, list, object, text, titled};
use crate::scenario::{Scenario, builtin};

/// The name of the JSON contract.
const SCHEMA: &str = "delivery-lab/scenarios/1";

/// Returns the scenarios as JSON, one document on one line, without a newline.
///
/// # Panics
/// A built-in scenario is not valid: a bug that a test would find.
pub fn json() -> String {
    let scenario = |name: &&str| {
        let file = builtin::find(name).expect("a topic names scenarios that are built in");
        let scenario = Scenario::load(name, file).expect("built-in scenarios are valid");
        json!({ "name": name, "title": scenario.title, "about": scenario.about })
    };
    let topics = builtin::TOPICS.iter().map(|topic| {
        let scenarios: Vec<Value> = topic.names.iter().map(scenario).collect();
        json!({ "heading": topic.heading, "scenarios": scenarios })
    });
    json!({ "schema": SCHEMA, "topics": topics.collect::<Vec<_>>() }).to_string()
}

/// Returns the schema of that document, as JSON Schema 2020-12.
pub fn schema() -> Value {
    let scenario =
        object(&[("name", about("What runs it.", text())), ("title", text()), ("about", text())]);
    let topic = object(&[("heading", text()), ("scenarios", list(scenario))]);
    let document = object(&[("schema", json!({ "const": SCHEMA })), ("topics", list(topic))]);
    titled("The scenarios that are built into delivery-lab", document)
}

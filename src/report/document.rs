//! The JSON document about one trial: a head, which every such contract has, and a body of its own.
//! The report is about several trials, and has another head.

use serde::Serialize;
use serde_json::Value;

use super::schema::{count, object, text, titled, word};
use crate::message::{Contender, Link, Mode};

#[derive(Serialize)]
struct Document<'a, Body> {
    schema: &'static str,
    scenario: &'a str,
    link: Link,
    mode: Mode,
    seed: u64,
    #[serde(flatten)]
    body: &'a Body,
}

/// Returns the document of a contract about one trial as JSON, on one line, without a newline.
pub fn json<Body: Serialize>(
    schema: &'static str,
    (scenario, contender, seed): (&str, Contender, u64),
    body: &Body,
) -> String {
    let Contender { link, mode } = contender;
    let document = Document { schema, scenario, link, mode, seed, body };
    serde_json::to_string(&document).expect("a document is plain data")
}

/// Returns the JSON Schema of a contract about one trial, whose body has these keys.
pub fn schema(name: &'static str, title: &str, body: &[(&str, Value)]) -> Value {
    let head = [
        ("schema", serde_json::json!({ "const": name })),
        ("scenario", text()),
        ("link", word(&Link::WORDS)),
        ("mode", word(&Mode::WORDS)),
        ("seed", count()),
    ];
    titled(title, object(&[&head[..], body].concat()))
}

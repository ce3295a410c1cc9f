//! The JSON Schema of what `--rooms --json` prints. A test validates the events of every built-in
//! scenario with it.

use serde_json::Value;

use super::SCHEMA;
use crate::message::EndReason;
use crate::report::document;
use crate::report::schema::{about, count, list, millis, object, or_null, text, word};

/// Returns the schema of the events of rooms of one trial, as JSON Schema 2020-12.
pub fn schema() -> Value {
    let body = [
        ("events", about("In order; the first ones, if there are many.", list(event()))),
        ("left_out", about("Later events.", count())),
        ("broker_died_at_ms", about("Its rooms were gone then, without events.", list(millis()))),
    ];
    document::schema(SCHEMA, "The room events of a trial of delivery-lab", &body)
}

fn event() -> Value {
    let ended = or_null(word(&EndReason::WORDS));
    object(&[
        ("at_ms", millis()),
        ("event", word(&["create-room", "join-room", "leave-room", "delete-room"])),
        ("queue", text()),
        ("room", text()),
        ("client?", about("Who joined or left.", text())),
        ("session?", about("As in `shop/2`.", text())),
        ("session_ended?", about("Why its session had ended, if it left because of that.", ended)),
    ])
}

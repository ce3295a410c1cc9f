//! The JSON Schema of what `--layers --json` prints. A test validates the layers of every link
//! with it.

use serde_json::{Value, json};

use super::SCHEMA;
use crate::message::Encoding;
use crate::report::document;
use crate::report::packets::ends_schema;
use crate::report::schema::{about, count, list, millis, object, or_null, text, word};

/// Returns the schema of the layers of one message, as JSON Schema 2020-12.
pub fn schema() -> Value {
    let body = [
        ("message", text()),
        ("headers", json!({ "type": "object", "additionalProperties": text() })),
        ("encoding", word(&Encoding::WORDS)),
        ("payload", about("The payload as JSON text.", text())),
        ("hops", about("To the broker, then to one subscriber.", list(hop()))),
    ];
    document::schema(SCHEMA, "The layers of a message of delivery-lab", &body)
}

fn hop() -> Value {
    object(&[
        ("from", text()),
        ("to", text()),
        ("copies", about("Copies that were sent on this hop.", count())),
        ("copy", about("The one that is shown, from 1; 0 if there is none.", count())),
        ("layers", about("The payload first.", list(layer()))),
        ("packets", about("In the order of sending.", list(packet()))),
        ("complete_ms", about("When all of it had come to the receiving host.", or_null(millis()))),
        ("in_order_ms", about("When all that was sent before it had, too.", or_null(millis()))),
        ("not_kept", about("Whether the capture was full.", json!({ "type": "boolean" }))),
    ])
}

fn layer() -> Value {
    object(&[
        ("name", text()),
        ("bytes", about("All bytes, those of the layers above included.", count())),
        ("own", about("The bytes that this layer adds.", count())),
        ("others", about("Bytes of others that share it.", count())),
        ("says", about("What its head says.", text())),
        ("osi", about("The layer of the OSI model.", text())),
        ("four", about("That of the TCP/IP model with four layers.", text())),
        ("five", about("That of the TCP/IP model with five layers.", text())),
    ])
}

fn packet() -> Value {
    object(&[
        ("number", about("Among all packets of the trial, from 1.", count())),
        ("at_ms", millis()),
        ("first", about("Its first byte of the outermost unit, from 1.", count())),
        ("last", count()),
        ("sent_again", json!({ "type": "boolean" })),
        (
            "ip",
            object(&[
                ("source", text()),
                ("destination", text()),
                ("ttl", count()),
                ("header_bytes", count()),
                ("bytes", count()),
                ("checksum", count()),
            ]),
        ),
        (
            "tcp",
            or_null(object(&[
                ("source_port", count()),
                ("destination_port", count()),
                ("flags", text()),
                ("sequence", about("Counted from that of the SYN.", count())),
                ("raw_sequence", count()),
                ("acknowledged", or_null(count())),
                ("window", count()),
                ("header_bytes", count()),
                ("length", count()),
                ("checksum", count()),
            ])),
        ),
        (
            "udp",
            or_null(object(&[
                ("source_port", count()),
                ("destination_port", count()),
                ("header_bytes", count()),
                ("length", count()),
                ("checksum", count()),
            ])),
        ),
        ("ends", ends_schema()),
    ])
}

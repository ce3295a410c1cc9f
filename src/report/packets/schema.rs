//! The JSON Schema of what `--packets --json` prints. A test validates the packets of every link with
//! it.

use serde_json::{Value, json};

use super::list::SCHEMA;
use crate::history::LossReason;
use crate::report::document;
use crate::report::schema::{about, count, list, millis, object, or_null, text, word};

/// Returns the schema of the packets of one trial, as JSON Schema 2020-12.
pub fn schema() -> Value {
    let body = [
        ("packets", about("In the order of sending.", list(packet()))),
        ("not_kept", about("Packets that the limit of a capture left out.", count())),
    ];
    document::schema(SCHEMA, "The packets of a trial of delivery-lab", &body)
}

fn packet() -> Value {
    object(&[
        ("number", about("Among all packets of the trial, from 1.", count())),
        ("at_ms", about("When it left.", millis())),
        ("from", about("The process that sent it.", text())),
        ("to", about("Null if no process has the address.", or_null(text()))),
        ("source", about("The address, with the port if there is one.", text())),
        ("destination", text()),
        ("protocol", word(&["tcp", "udp", "icmp", "ip"])),
        ("header", about("Flags, sequence number and length in words.", text())),
        ("bytes", about("From the IP header on.", count())),
        ("carries", about("The units of which it has bytes.", list(cargo()))),
        ("ends", ends()),
    ])
}

fn cargo() -> Value {
    object(&[
        ("unit", about("Its name, as in `frame: push`.", text())),
        ("messages", about("The ids of the messages in it.", list(text()))),
        ("first", about("Its first byte that is in this packet, from 1.", count())),
        ("last", count()),
        ("length", about("All of its bytes.", count())),
        ("sent_again", about("Whether they left before.", json!({ "type": "boolean" }))),
    ])
}

/// Returns the schema of the ends of a packet and of the copies that the network made.
pub fn ends() -> Value {
    let lost = about("Null if it arrived.", or_null(word(&LossReason::WORDS)));
    about("Its end, and that of each copy.", list(object(&[("at_ms", millis()), ("lost", lost)])))
}

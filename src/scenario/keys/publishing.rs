//! The keys that every publish entry has, whoever publishes, and that of a queue.

use crate::message::Encoding;

use super::{ANY_TIME, Key, Kind, SOME_TIME};

pub const QUEUE: Key = Key::required("queue", Kind::Name, "Of which queue.", r#""acme-widgets""#);
pub const TO_QUEUE: Key = Key { about: "To which queue.", ..QUEUE };
pub const EVENT: Key = Key::required("event", Kind::Name, "What happened.", r#""delivered""#);
pub const PAYLOAD: Key = Key::optional(
    "payload",
    Kind::Payload,
    "The data that goes with it: any value; dates and times as texts.",
    r#"{ orderId = "e3669048" }"#,
    "null",
);
pub const HEADERS: Key =
    Key::default("headers", Kind::Headers, "Its headers, which the broker only carries.", "{}")
        .example(r#"{ type = "text/plain" }"#);
pub const ENCODING: Key = Key::default(
    "encoding",
    Kind::Word(&Encoding::WORDS),
    "With `base64` the payload is bytes, and the text of `payload` their base64.",
    r#""json""#,
);
pub const EVERY: Key =
    Key::optional("every", SOME_TIME, "Time between two of them.", r#""1s""#, "published once");
pub const COUNT: Key = Key::optional(
    "count",
    Kind::Whole { min: 1, max: 100_000_000 },
    "How many.",
    "8",
    "once, or with `every` until the run ends",
);
pub const START: Key =
    Key::optional("start", ANY_TIME, "When the first is published.", r#""1s""#, "at `\"1s\"`");
pub const ON: Key = Key::optional(
    "on",
    Kind::Name,
    "Published each time that it has handled this event, instead of by the clock.",
    r#""pickup""#,
    "published by the clock",
);
pub const AFTER: Key =
    Key::optional("after", ANY_TIME, "With `on`: how long after.", r#""1s""#, "at once");
pub const ACK_WITHIN: Key = Key::optional(
    "ack_within",
    SOME_TIME,
    "How long it waits for the broker's acknowledgement; without one nothing is resent.",
    r#""2s""#,
    "asks for none",
);
pub const TO: Key = Key::default(
    "to",
    Kind::Names,
    "Target rooms; none is the room of the event. A client's name is a room with it alone.",
    "[]",
)
.example(r#"["vip"]"#);
pub const EXCEPT: Key =
    Key::default("except", Kind::Names, "Rooms whose members do not get it.", "[]")
        .example(r#"["vip"]"#);
pub const VOLATILE: Key = Key::default(
    "volatile",
    Kind::Flag,
    "Whether it is kept nowhere while there is no connection.",
    "false",
);

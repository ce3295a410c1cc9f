//! The keys of `[[client]]`. The defaults are those of `message::ClientLimits`, which a test
//! compares.

use crate::message::{AckPolicy, OnReplaced};
use crate::scenario::limits;

use super::publishing::{self, QUEUE};
use super::{AMOUNT, ANY_TIME, Key, Kind, Section};

/// An entry `[[client]]`: a publisher, a subscriber, or both.
pub static CLIENT: Section = Section {
    heading: "[[client]]",
    noun: "a client",
    about: "A publisher, a subscriber, or both.",
    keys: &[
        Key::required("id", Kind::Id, "By which faults and expectations name it.", r#""driver""#),
        Key::optional(
            "name",
            Kind::Id,
            "Which client its process is for the broker. Entries that share one say the same \
             `subscribe`, `join` and `leave`, or none: a client has one set of subscriptions.",
            r#""driver""#,
            "the id",
        ),
        Key::default(
            "count",
            Kind::Whole { min: 1, max: limits::PROCESSES },
            "How many processes the entry is: `id#1`, `id#2`, …",
            "1",
        )
        .example("3"),
        Key::default(
            "publish",
            Kind::Tables(&PUBLISH, 0, limits::LIST),
            "What it publishes.",
            "[]",
        )
        .example(r#"[{ queue = "acme-widgets", event = "delivered", every = "1s", count = 8 }]"#),
        Key::default(
            "subscribe",
            Kind::Tables(&SUBSCRIBE, 0, limits::LIST),
            "What it subscribes to when it starts.",
            "[]",
        )
        .example(r#"[{ queue = "acme-widgets", event = "delivered" }]"#),
        Key::default(
            "ack",
            Kind::Word(&AckPolicy::WORDS),
            "When it acknowledges a message; all but the first are there to be broken.",
            r#""after-handler""#,
        ),
        Key::default("dedup", Kind::Flag, "Whether it drops copies of what it has read.", "true"),
        Key::default(
            "inbox",
            AMOUNT,
            "Most messages read and not yet handled, without the one in the handler.",
            "1000",
        ),
        Key::default(
            "outbox",
            AMOUNT,
            "Most messages published and not yet answered (catch-up only).",
            "10000",
        ),
        Key::default(
            "resubscribe",
            Kind::Flag,
            "Whether it subscribes again on each new session; if not, a reconnection deafens it.",
            "true",
        ),
        Key::default(
            "on_replaced",
            Kind::Word(&OnReplaced::WORDS),
            "What it does when a newer session of its name has replaced its own.",
            r#""stay-away""#,
        ),
        super::broker::KEEP_ALIVE,
        Key::optional(
            "will",
            Kind::Table(&WILL),
            "What the broker publishes if its session ends without a goodbye.",
            r#"{ queue = "acme-widgets", event = "gone" }"#,
            "it has none",
        ),
        Key::default(
            "join",
            Kind::Tables(&ROOM, 0, limits::LIST),
            "Rooms that it joins later.",
            "[]",
        )
        .example(r#"[{ queue = "acme-widgets", room = "vip", at = "3s" }]"#),
        Key::default("leave", Kind::Tables(&ROOM, 0, limits::LIST), "Rooms that it leaves.", "[]")
            .example(r#"[{ queue = "acme-widgets", room = "delivered", at = "6s" }]"#),
    ],
    cases: None,
};

static PUBLISH: Section = Section {
    heading: "publish of [[client]]",
    noun: "a publish entry",
    about: "Something that the client publishes: at times of its own, or in answer to an event.",
    keys: &[
        publishing::TO_QUEUE,
        publishing::EVENT,
        publishing::PAYLOAD,
        publishing::HEADERS,
        publishing::ENCODING,
        publishing::EVERY,
        publishing::COUNT,
        publishing::START,
        publishing::ON,
        publishing::AFTER,
        publishing::TO,
        publishing::EXCEPT,
        Key::default("broadcast", Kind::Flag, "Whether it goes to all but itself.", "false"),
        publishing::VOLATILE,
        publishing::ACK_WITHIN,
    ],
    cases: None,
};

static WILL: Section = Section {
    heading: "will of [[client]]",
    noun: "a last will",
    about: "A message that the broker publishes, as `broker`, when a session of the client ends \
            without a goodbye of it: its heartbeat failed, its program died, another took over. \
            Over `polling`, `long-polling` and `sse` there is no goodbye.",
    keys: &[
        publishing::TO_QUEUE,
        publishing::EVENT,
        publishing::PAYLOAD,
        publishing::HEADERS,
        publishing::ENCODING,
        publishing::TO,
        publishing::EXCEPT,
        publishing::VOLATILE,
    ],
    cases: None,
};

static SUBSCRIBE: Section = Section {
    heading: "subscribe of [[client]]",
    noun: "a subscription",
    about: "An event of a queue: the client joins the room of that name.",
    keys: &[
        QUEUE,
        Key::required("event", Kind::Name, "Which event, which is the room.", r#""delivered""#),
        Key::default(
            "from",
            Kind::Word(&["now", "start"]),
            "Where it begins: with what comes, or with the oldest message kept (catch-up only).",
            r#""now""#,
        ),
    ],
    cases: None,
};

static ROOM: Section = Section {
    heading: "join and leave of [[client]]",
    noun: "a change of rooms",
    about: "A room joined or left at a moment.",
    keys: &[
        QUEUE,
        Key::required("room", Kind::Name, "Which room.", r#""vip""#),
        Key::required("at", ANY_TIME, "When.", r#""3s""#),
    ],
    cases: None,
};

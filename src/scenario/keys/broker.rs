//! The keys of `[broker]`. The defaults are those of `message::BrokerLimits`, which a test
//! compares.

use crate::message::{HttpConnections, Upgrade, WhenFull};

use super::publishing::{self, QUEUE};
use super::{AMOUNT, ANY_TIME, Key, Kind, SOME_TIME, Section};
use crate::scenario::limits;

/// The limits and timeouts of the broker.
pub static BROKER: Section = Section {
    heading: "[broker]",
    noun: "the broker",
    about: "What the broker keeps, and for how long it waits.",
    keys: &[
        Key::default(
            "backlog",
            Kind::Table(&BACKLOG),
            "What each queue keeps (catch-up only).",
            "{}",
        )
        .example("{ messages = 1000 }"),
        Key::default("heartbeat", Kind::Table(&HEARTBEAT), "How a session is found dead.", "{}")
            .example(r#"{ every = "5s", timeout = "3s" }"#),
        Key::default(
            "ack_timeout",
            SOME_TIME,
            "Over udp: how long an unanswered frame waits before broker or client sends it again; the \
             next waits are twice as long each, up to 1s.",
            r#""1s""#,
        ),
        Key::default(
            "window",
            AMOUNT,
            "Most unacknowledged messages that are out at a time, a subscription.",
            "100",
        ),
        Key::default(
            "send_queue",
            AMOUNT,
            "Most bytes that wait for one session beyond its socket.",
            "1048576",
        ),
        Key::default(
            "accept_queue",
            Kind::Whole { min: 1, max: 65_535 },
            "Most connections that wait to be accepted.",
            "1024",
        ),
        Key::default(
            "upgrade",
            Kind::Word(&Upgrade::WORDS),
            "What becomes of a request to go on with WebSocket: a proxy in between may refuse it.",
            r#""accept""#,
        ),
        Key::optional(
            "session_expiry",
            ANY_TIME,
            "How long a client may be without a session: then what is kept for it is discarded, and \
             its subscriptions end (catch-up only).",
            r#""30s""#,
            "for ever",
        ),
        KEEP_ALIVE,
        Key::default(
            "presence",
            Kind::Names,
            "Queues in which it publishes who came (`connected`) and who left (`disconnected`).",
            "[]",
        )
        .example(r#"["acme-widgets"]"#),
        Key::default(
            "publish",
            Kind::Tables(&PUBLISH, 0, limits::LIST),
            "What the application on its side publishes.",
            "[]",
        )
        .example(r#"[{ queue = "acme-widgets", event = "notice", start = "3s" }]"#),
        Key::default(
            "join",
            Kind::Tables(&JOIN, 0, limits::LIST),
            "Rooms that it makes clients join.",
            "[]",
        )
        .example(r#"[{ queue = "acme-widgets", to = ["shop"], room = "vip", at = "3s" }]"#),
        Key::default(
            "leave",
            Kind::Tables(&JOIN, 0, limits::LIST),
            "Rooms that it makes clients leave.",
            "[]",
        )
        .example(r#"[{ queue = "acme-widgets", to = ["shop"], room = "vip", at = "6s" }]"#),
        Key::default(
            "disconnect",
            Kind::Tables(&DISCONNECT, 0, limits::LIST),
            "Sessions that it ends; those clients stay away.",
            "[]",
        )
        .example(r#"[{ queue = "acme-widgets", to = ["shop"], at = "6s" }]"#),
    ],
    cases: None,
};

static PUBLISH: Section = Section {
    heading: "publish of [broker]",
    noun: "a publish entry of the broker",
    about: "Something that the application on the broker's side publishes, as `broker`. It has no \
            way to the broker, so that it is never lost before it.",
    keys: &[
        publishing::TO_QUEUE,
        publishing::EVENT,
        publishing::PAYLOAD,
        publishing::HEADERS,
        publishing::ENCODING,
        publishing::EVERY,
        publishing::COUNT,
        publishing::START,
        Key {
            about: "Published each time that a client's message with this event is accepted, instead of by the clock.",
            ..publishing::ON
        },
        publishing::AFTER,
        publishing::TO,
        publishing::EXCEPT,
        publishing::VOLATILE,
        Key {
            about: "How long it waits for answers of those that it goes to; they are counted.",
            ..publishing::ACK_WITHIN
        },
    ],
    cases: None,
};

/// The keys that name clients by their rooms.
const TO: Key = Key::default(
    "to",
    Kind::Names,
    "The rooms whose members are meant, a client by its own name; none is everybody in the queue.",
    "[]",
)
.example(r#"["shop"]"#);

static JOIN: Section = Section {
    heading: "join and leave of [broker]",
    noun: "a change of rooms by the broker",
    about: "A room that the application on the broker's side makes clients join or leave.",
    keys: &[
        QUEUE,
        TO,
        Key::required("room", Kind::Name, "Which room.", r#""vip""#),
        Key::required("at", ANY_TIME, "When.", r#""3s""#),
    ],
    cases: None,
};

static DISCONNECT: Section = Section {
    heading: "disconnect of [broker]",
    noun: "a disconnect by the broker",
    about: "Sessions that the application on the broker's side ends, with a goodbye.",
    keys: &[QUEUE, TO, Key::required("at", ANY_TIME, "When.", r#""6s""#)],
    cases: None,
};

/// The key that asks for TCP's keep-alive.
pub const KEEP_ALIVE: Key = Key::default(
    "keep_alive",
    Kind::Table(&KEEP_ALIVE_SECTION),
    "TCP's keep-alive on its sockets; without this key, as usual, they have none.",
    "{}",
)
.example(r#"{ after = "10s", every = "2s", probes = 3 }"#);

static KEEP_ALIVE_SECTION: Section = Section {
    heading: "keep_alive of [broker] and [[client]]",
    noun: "keep-alive",
    about: "Probes on an idle connection; if they are not answered, it ends. The defaults are \
            Linux's.",
    keys: &[
        Key::default("after", SOME_TIME, "Silence before the first probe.", r#""7200s""#),
        Key::default("every", SOME_TIME, "Time between two probes.", r#""75s""#),
        Key::default(
            "probes",
            Kind::Whole { min: 1, max: 100 },
            "Probes without an answer after which the connection is reset.",
            "9",
        ),
    ],
    cases: None,
};

static BACKLOG: Section = Section {
    heading: "backlog of [broker]",
    noun: "a backlog",
    about: "What a queue keeps for subscribers that are away (catch-up only).",
    keys: &[
        Key::default("messages", AMOUNT, "Most messages.", "10000").example("1000"),
        Key::default("bytes", AMOUNT, "Most bytes: names and payloads.", "67108864"),
        Key::optional("age", SOME_TIME, "How long a message is kept.", r#""1m""#, "for ever"),
        Key::default(
            "when_full",
            Kind::Word(&WhenFull::WORDS),
            "What happens to a message that does not fit: the oldest goes, or it is refused.",
            r#""drop-oldest""#,
        ),
        Key::optional(
            "per_subscription",
            AMOUNT,
            "Most unacknowledged messages of one subscription: a newer one is not kept for it.",
            "100",
            "no limit besides those of the queue",
        ),
    ],
    cases: None,
};

/// The requests of clients over HTTP.
pub static HTTP: Section = Section {
    heading: "[http]",
    noun: "http",
    about: "How clients make requests over `polling`, `long-polling` and `sse`.",
    keys: &[
        Key::default(
            "timeout",
            SOME_TIME,
            "Time within which a request is answered; a long poll may take a ping's interval more.",
            r#""20s""#,
        ),
        Key::default(
            "connections",
            Kind::Word(&HttpConnections::WORDS),
            "Whether a connection is kept for the next request, or closed after each answer.",
            r#""kept""#,
        )
        .example(r#""one-per-request""#),
    ],
    cases: None,
};

/// The timing of clients over `polling`.
pub static POLLING: Section = Section {
    heading: "[polling]",
    noun: "polling",
    about: "How clients ask over `polling`.",
    keys: &[Key::default(
        "interval",
        SOME_TIME,
        "Time from one request for messages to the next.",
        r#""1s""#,
    )],
    cases: None,
};

static HEARTBEAT: Section = Section {
    heading: "heartbeat of [broker]",
    noun: "a heartbeat",
    about: "A ping every so often; a session that does not answer in time is dead. \
            The defaults are Socket.IO's.",
    keys: &[
        Key::default("every", SOME_TIME, "Time between two pings.", r#""25s""#),
        Key::default("timeout", SOME_TIME, "How long an answer may take.", r#""20s""#),
    ],
    cases: None,
};

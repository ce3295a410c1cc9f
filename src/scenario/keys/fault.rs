//! The keys of `[[fault]]`: those that every fault has, and those of each kind.

use crate::scenario::Direction;
use crate::terms::FaultKind;

use super::{ANY_TIME, Case, Cases, Key, Kind, SOME_TIME, Section};

const WHO: Key = Key::required(
    "who",
    Kind::Who,
    "A client id, `id#3` for one of many, a list, `\"broker\"` (all its links), or `\"everyone\"` \
     (all clients).",
    r#""driver""#,
);

const DIRECTION: Key = Key::optional(
    "direction",
    Kind::Word(&Direction::WORDS),
    "Only packets towards `who`, or only those from it.",
    r#""in""#,
    "both ways",
);

const RATE: Key = Key::required("rate", Kind::Rate, "Probability, for each packet.", "0.1");

/// An entry `[[fault]]`.
pub static FAULT: Section = Section {
    heading: "[[fault]]",
    noun: "a fault",
    about: "One injected trouble. A packet in flight when it begins still arrives.",
    keys: &[
        Key::required("kind", Kind::Word(&FaultKind::WORDS), "What happens.", r#""disconnect""#),
        Key::required("at", ANY_TIME, "When it begins.", r#""2.5s""#),
        Key::optional(
            "for",
            SOME_TIME,
            "How long it lasts; `reset` happens at once.",
            r#""4s""#,
            "to the end",
        ),
    ],
    cases: Some(Cases { tag: "kind", list: &KINDS }),
};

/// The keys of every kind of fault.
const KINDS: [Case; FaultKind::ALL.len()] = {
    let mut kinds = [Case { word: "", keys: &[] }; FaultKind::ALL.len()];
    let mut index = 0;
    while index < kinds.len() {
        let kind = FaultKind::ALL[index];
        kinds[index] = Case { word: kind.name(), keys: keys(kind) };
        index += 1;
    }
    kinds
};

/// Returns the keys of a kind of fault.
const fn keys(kind: FaultKind) -> &'static [Key] {
    match kind {
        FaultKind::Disconnect | FaultKind::Pause | FaultKind::Freeze | FaultKind::Reset => {
            const { &[WHO] }
        }
        FaultKind::Cut => const { &[WHO, DIRECTION] },
        FaultKind::Loss | FaultKind::Duplicate | FaultKind::Corrupt => {
            const { &[WHO, DIRECTION, RATE] }
        }
        FaultKind::Partition => const { &[GROUPS] },
        FaultKind::IdleTimeout => const { &[WHO, AFTER] },
        FaultKind::Reorder => const { &[WHO, DIRECTION, RATE, DELAY] },
        FaultKind::Latency => const { &[WHO, DIRECTION, LATENCY] },
        FaultKind::Bandwidth => const { &[WHO, DIRECTION, BYTES_PER_SECOND, QUEUE_BYTES] },
        FaultKind::Crash => const { &[WHO, NOTICE] },
        FaultKind::Slow => const { &[WHO, HANDLER] },
        FaultKind::Deaf => const { &[WHO, QUEUE, EVENT] },
    }
}

const GROUPS: Key = Key::required(
    "groups",
    Kind::Groups,
    "Those who still reach each other: client ids, `id#3`, `\"broker\"`.",
    r#"[["broker", "driver"], ["shop"]]"#,
);

const AFTER: Key = Key::required(
    "after",
    SOME_TIME,
    "How long a flow is quiet before the middlebox, which is right beside `who`, has forgotten it. \
     No silence counts from before the fault began.",
    r#""350s""#,
);

const DELAY: Key = Key::required("delay", SOME_TIME, "For how long it is held back.", r#""100ms""#);

const LATENCY: Key =
    Key::required("latency", Kind::Latency, "One way, as at the top.", r#""200ms..400ms""#);

const BYTES_PER_SECOND: Key = Key::required(
    "bytes_per_second",
    Kind::Whole { min: 1, max: 1 << 40 },
    "The rate, each way.",
    "10000",
);

const QUEUE_BYTES: Key = Key::required(
    "queue_bytes",
    // With less than one Ethernet frame, nothing of full size would get through.
    Kind::Whole { min: 1_500, max: 1 << 40 },
    "How much waits for it; at least one full packet.",
    "20000",
);

const NOTICE: Key = Key::default(
    "notice",
    Kind::Flag,
    "Whether only the process dies, and its kernel closes the sockets.",
    "false",
);

const HANDLER: Key = Key::required("handler", SOME_TIME, "How long.", r#""300ms""#);

const QUEUE: Key = Key::required("queue", Kind::Name, "Of which queue.", r#""acme-widgets""#);

const EVENT: Key = Key::required("event", Kind::Name, "For which event.", r#""delivered""#);

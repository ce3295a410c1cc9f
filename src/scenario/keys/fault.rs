//! The keys of `[[fault]]`: those that every fault has, and those of each kind.

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
    Kind::Word(&["in", "out"]),
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
        Key::optional("for", SOME_TIME, "How long it lasts.", r#""4s""#, "to the end"),
    ],
    cases: Some(Cases { tag: "kind", list: KINDS }),
};

const KINDS: &[Case] = &[
    Case { word: FaultKind::Disconnect.name(), keys: &[WHO] },
    Case { word: FaultKind::Cut.name(), keys: &[WHO, DIRECTION] },
    Case {
        word: FaultKind::Partition.name(),
        keys: &[Key::required(
            "groups",
            Kind::Groups,
            "Those who still reach each other: client ids, `id#3`, `\"broker\"`.",
            r#"[["broker", "driver"], ["shop"]]"#,
        )],
    },
    Case { word: FaultKind::Loss.name(), keys: &[WHO, DIRECTION, RATE] },
    Case { word: FaultKind::Duplicate.name(), keys: &[WHO, DIRECTION, RATE] },
    Case { word: FaultKind::Corrupt.name(), keys: &[WHO, DIRECTION, RATE] },
    Case {
        word: FaultKind::Reorder.name(),
        keys: &[
            WHO,
            DIRECTION,
            RATE,
            Key::required("delay", SOME_TIME, "For how long it is held back.", r#""100ms""#),
        ],
    },
    Case {
        word: FaultKind::Latency.name(),
        keys: &[
            WHO,
            DIRECTION,
            Key::required("latency", Kind::Latency, "One way, as at the top.", r#""200ms..400ms""#),
        ],
    },
    Case {
        word: FaultKind::Bandwidth.name(),
        keys: &[
            WHO,
            DIRECTION,
            Key::required(
                "bytes_per_second",
                Kind::Whole { min: 1, max: 1 << 40 },
                "The rate, each way.",
                "10000",
            ),
            Key::required(
                "queue_bytes",
                // With less than one Ethernet frame, nothing of full size would get through.
                Kind::Whole { min: 1_500, max: 1 << 40 },
                "How much waits for it; at least one full packet.",
                "20000",
            ),
        ],
    },
    Case {
        word: FaultKind::Crash.name(),
        keys: &[
            WHO,
            Key::default(
                "notice",
                Kind::Flag,
                "Whether only the process dies, and its kernel closes the sockets.",
                "false",
            ),
        ],
    },
    Case { word: FaultKind::Pause.name(), keys: &[WHO] },
    Case {
        word: FaultKind::Slow.name(),
        keys: &[WHO, Key::required("handler", SOME_TIME, "How long.", r#""300ms""#)],
    },
    Case {
        word: FaultKind::Deaf.name(),
        keys: &[
            WHO,
            Key::required("queue", Kind::Name, "Of which queue.", r#""acme-widgets""#),
            Key::required("event", Kind::Name, "For which event.", r#""delivered""#),
        ],
    },
];

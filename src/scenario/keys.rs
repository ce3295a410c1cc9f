//! The table of keys. The parser, the JSON Schema, `dlab new` and the reference page are all
//! derived from it.
//!
//! Only data. Rules that involve several keys are checked in `load`.

mod broker;
mod client;
mod expect;
mod fault;
mod mutant;
mod publishing;

use crate::explain::FAULTS;
use crate::time::Duration;

use super::limits;

/// A table of the file: its name, and its keys in the order of the reference.
#[derive(Debug)]
pub struct Section {
    /// The heading in the reference: `[broker]`, `[[client]]`.
    pub heading: &'static str,
    /// The noun for a sentence: `a client`.
    pub noun: &'static str,
    /// The purpose of the table.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// Further keys, which depend on the value of one of these.
    pub cases: Option<Cases>,
}

/// Keys that depend on the value of another key.
#[derive(Debug)]
pub struct Cases {
    /// The other key. It is required.
    pub tag: &'static str,
    /// One case per value.
    pub list: &'static [Case],
}

/// The keys that go with one value.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The value.
    pub word: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

impl Case {
    /// Returns its meaning. Every kind of fault is also explained as a term of the report.
    pub fn about(&self) -> &'static str {
        FAULTS.word(self.word).expect("every kind of fault is explained").brief
    }

    /// Returns what holds where two such faults are on at once.
    pub fn at_once(&self) -> &'static str {
        let word = FAULTS.word(self.word);
        word.and_then(|word| word.at_once).expect("every kind of fault says it")
    }
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The name.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// Whether it may be left out, and the consequence.
    pub presence: Presence,
    /// Its meaning, in one line.
    pub about: &'static str,
    /// An example of a value, in TOML.
    pub example: &'static str,
}

/// The rule for leaving out a key.
#[derive(Clone, Copy, Debug)]
pub enum Presence {
    /// The key must be there.
    Required,
    /// The key may be left out: its value is then this one, in TOML.
    Default(&'static str),
    /// The key may be left out: the consequence, in words.
    Optional(&'static str),
}

/// The type of a value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text for people.
    Text,
    /// The name of a client: no `#`, since `id#3` is the third process of an entry.
    Id,
    /// The name of a queue, event or room, or of a process.
    Name,
    /// A list of names.
    Names,
    /// A client id, `id#n`, `"broker"`, `"everyone"`, or a list.
    Who,
    /// A list of lists of such ids.
    Groups,
    /// A whole number.
    Whole { min: u64, max: u64 },
    /// A probability.
    Rate,
    /// `true` or `false`.
    Flag,
    /// A duration.
    Time { min: Duration, max: Duration },
    /// A duration of at least 1 ms, or a range of such durations.
    Latency,
    /// A number, or a range of numbers.
    Bounds,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A link and a mode, as in `tcp/catch-up`.
    Contender,
    /// A list of contenders.
    Contenders,
    /// Any value.
    Payload,
    /// A table of texts.
    Headers,
    /// A table.
    Table(&'static Section),
    /// A list of tables, with the least and the most number of them.
    Tables(&'static Section, usize, usize),
}

impl Key {
    const fn required(
        name: &'static str,
        kind: Kind,
        about: &'static str,
        example: &'static str,
    ) -> Key {
        Key { name, kind, presence: Presence::Required, about, example }
    }

    /// Creates a key whose default is also its example.
    const fn default(
        name: &'static str,
        kind: Kind,
        about: &'static str,
        value: &'static str,
    ) -> Key {
        Key { name, kind, presence: Presence::Default(value), about, example: value }
    }

    const fn optional(
        name: &'static str,
        kind: Kind,
        about: &'static str,
        example: &'static str,
        left_out: &'static str,
    ) -> Key {
        Key { name, kind, presence: Presence::Optional(left_out), about, example }
    }

    /// Returns the same key with another example.
    const fn example(self, example: &'static str) -> Key {
        Key { example, ..self }
    }
}

impl Section {
    /// Returns every key that the table may have, those of all cases included.
    pub fn all_keys(&self) -> impl Iterator<Item = &'static Key> {
        let cases = self.cases.iter().flat_map(|cases| cases.list).flat_map(|case| case.keys);
        self.keys.iter().chain(cases)
    }

    /// Returns the case of a value.
    pub fn case(&self, word: &str) -> Option<&'static Case> {
        self.cases.as_ref()?.list.iter().find(|case| case.word == word)
    }
}

/// Words of earlier versions, each with the one that took its place.
const RENAMED: [(&str, &str); 3] =
    [("twice", "handled_again"), ("unasked", "not_wanted"), ("unasked", "not-wanted")];

/// Returns the word of a list that took the place of a word of an earlier version.
pub fn renamed<'a>(word: &str, mut now: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    now.find(|now| RENAMED.contains(&(word, now)))
}

/// Any duration, including zero.
const ANY_TIME: Kind = Kind::Time { min: Duration::ZERO, max: limits::RUN_FOR };

/// A duration of at least 1 ms.
const SOME_TIME: Kind = Kind::Time { min: Duration::from_millis(1), max: limits::RUN_FOR };

/// A number of messages or bytes, at least 1. The maximum is 2^32.
const AMOUNT: Kind = Kind::Whole { min: 1, max: 1 << 32 };

/// The top level of the file.
pub static FILE: Section = Section {
    heading: "The file",
    noun: "a scenario",
    about: "One workload, one storm, the contenders that meet it, and what must come of it.",
    keys: &[
        Key::required(
            "title",
            Kind::Text,
            "One line that heads the report.",
            r#""The shop goes offline""#,
        ),
        Key::default("about", Kind::Text, "What happens, in a sentence or two.", r#""""#)
            .example(r#""A driver reports deliveries; the shop is away for four seconds.""#),
        Key::default(
            "seed",
            Kind::Whole { min: 0, max: i64::MAX as u64 },
            "From which all draws follow: same version, scenario and seed, same bytes.",
            "1",
        )
        .example("42"),
        Key::required(
            "run_for",
            SOME_TIME,
            "How long the trial runs, in simulated time.",
            r#""20s""#,
        ),
        Key::default(
            "latency",
            Kind::Latency,
            "One way, drawn per packet, first in first out; one duration is fixed.",
            r#""20ms""#,
        )
        .example(r#""10ms..40ms""#),
        Key::optional(
            "contenders",
            Kind::Contenders,
            "The rows of the report, in this order.",
            r#"["udp/fire-and-forget", "tcp/fire-and-forget", "tcp/catch-up"]"#,
            "every link in every mode",
        ),
        Key::default(
            "broker",
            Kind::Table(&broker::BROKER),
            "What the broker keeps, and for how long.",
            "{}",
        )
        .example("{ backlog = { messages = 1000 } }"),
        Key::default(
            "polling",
            Kind::Table(&broker::POLLING),
            "How clients ask over `polling`.",
            "{}",
        )
        .example(r#"{ interval = "500ms" }"#),
        Key::default(
            "http",
            Kind::Table(&broker::HTTP),
            "How clients make requests over HTTP.",
            "{}",
        )
        .example(r#"{ timeout = "5s" }"#),
        Key::default(
            "mutant",
            Kind::Table(&mutant::MUTANT),
            "Which machine is broken on purpose, if any.",
            "{}",
        )
        .example(r#"{ name = "off-by-one" }"#),
        Key::required(
            "client",
            Kind::Tables(&client::CLIENT, 1, limits::LIST),
            "Who publishes and subscribes.",
            r#"[{ id = "driver" }]"#,
        ),
        Key::default(
            "fault",
            Kind::Tables(&fault::FAULT, 0, limits::FAULTS),
            "What goes wrong, for whom, from when to when.",
            "[]",
        )
        .example(r#"[{ kind = "cut", who = "driver", at = "2s" }]"#),
        Key::default(
            "expect",
            Kind::Tables(&expect::EXPECT, 0, limits::LIST),
            "What must come of it.",
            "[]",
        )
        .example(r#"[{ contender = "tcp/catch-up", missed = 0 }]"#),
    ],
    cases: None,
};

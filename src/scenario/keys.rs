//! The one table of keys: parser, JSON Schema, `dlab new` and reference page are made from it.
//!
//! Only data. What the keys of a file mean together is checked in `load`.

mod broker;
mod client;
mod expect;
mod fault;
mod mutant;

use crate::explain::FAULTS;
use crate::time::Duration;

use super::limits;

/// A table of the file: what it is called, and its keys in the order of the reference.
#[derive(Debug)]
pub struct Section {
    /// As the reference heads it: `[broker]`, `[[client]]`.
    pub heading: &'static str,
    /// For a sentence: `a client`.
    pub noun: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// Further keys by the word of one of them.
    pub cases: Option<Cases>,
}

/// Keys that depend on the word of another key.
#[derive(Debug)]
pub struct Cases {
    /// The other key, which is required.
    pub tag: &'static str,
    /// One a word.
    pub list: &'static [Case],
}

/// The keys of one word.
#[derive(Debug)]
pub struct Case {
    /// The word.
    pub word: &'static str,
    /// Its own keys.
    pub keys: &'static [Key],
}

impl Case {
    /// What it means: a kind of fault is a word of the report, too.
    pub fn about(&self) -> &'static str {
        FAULTS.word(self.word).expect("every kind of fault is explained").brief
    }
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether it may be left out, and what then.
    pub presence: Presence,
    /// One line.
    pub about: &'static str,
    /// A value, in TOML.
    pub example: &'static str,
}

/// Whether a key may be left out.
#[derive(Clone, Copy, Debug)]
pub enum Presence {
    /// It may not.
    Required,
    /// It may: then this is its value, in TOML.
    Default(&'static str),
    /// It may: then this happens, in words.
    Optional(&'static str),
}

/// What a value is.
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
    /// A list of lists of the same.
    Groups,
    /// A whole number.
    Whole { min: u64, max: u64 },
    /// A probability.
    Rate,
    /// `true` or `false`.
    Flag,
    /// A duration.
    Time { min: Duration, max: Duration },
    /// A duration from 1 ms, or a range of them.
    Latency,
    /// A number or a range of numbers.
    Bounds,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A link and a mode.
    Contender,
    /// A list of contenders.
    Contenders,
    /// Any value.
    Payload,
    /// A table.
    Table(&'static Section),
    /// A list of tables: at least and at most so many.
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

    /// The default is the example.
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

    /// The same key with another example.
    const fn example(self, example: &'static str) -> Key {
        Key { example, ..self }
    }
}

impl Section {
    /// Every key that may stand in it, those of all cases included.
    pub fn all_keys(&self) -> impl Iterator<Item = &'static Key> {
        let cases = self.cases.iter().flat_map(|cases| cases.list).flat_map(|case| case.keys);
        self.keys.iter().chain(cases)
    }

    /// The case of a word.
    pub fn case(&self, word: &str) -> Option<&'static Case> {
        self.cases.as_ref()?.list.iter().find(|case| case.word == word)
    }
}

/// From nothing, which a heartbeat may not be but a pause before a reply may.
const ANY_TIME: Kind = Kind::Time { min: Duration::ZERO, max: limits::RUN_FOR };

/// At least the least time there is.
const SOME_TIME: Kind = Kind::Time { min: Duration::from_millis(1), max: limits::RUN_FOR };

/// A number of messages or bytes that is not zero; the most is what a lab machine holds.
const AMOUNT: Kind = Kind::Whole { min: 1, max: 1 << 32 };

/// The file itself.
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

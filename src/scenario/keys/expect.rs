//! The keys of `[[expect]]`: where to look, and what must be there.

use crate::scenario::vocabulary::{ANOMALIES, CAUSES, CLAIMS, GUARANTEES, VERDICTS};

use super::{Key, Kind, Section};

const fn counter(name: &'static str, about: &'static str) -> Key {
    Key::optional(name, Kind::Bounds, about, r#""1..""#, "not looked at")
}

const fn word(
    name: &'static str,
    words: &'static [&'static str],
    about: &'static str,
    example: &'static str,
) -> Key {
    Key::optional(name, Kind::Word(words), about, example, "not looked at")
}

/// What must come of the trial.
pub static EXPECT: Section = Section {
    heading: "[[expect]]",
    noun: "an expectation",
    about: "What must come of it. An entry may name several counters; each is checked. \
            A counter is a number or a range `\"A..B\"`, `\"A..\"`, `\"..B\"`, both ends included.",
    keys: &[
        Key::optional("contender", Kind::Contender, "Which row.", r#""tcp/catch-up""#, "each row"),
        Key::optional("client", Kind::Name, "Which subscriber.", r#""shop""#, "the sum of them"),
        counter("wanted", "Messages that it wanted: live, caught up and missed."),
        counter("live", "Handled from a first sending."),
        counter("caught_up", "Handled from a replay or a redelivery."),
        counter("missed", "Not handled."),
        counter("twice", "Handlings beyond the first."),
        counter("out_of_order", "First handlings below a sequence already handled."),
        counter("interrupted", "Handler calls cut short by a crash."),
        counter("unasked", "Handled but not wanted."),
        counter("worst_delay_ms", "Longest time from hand-over to handled."),
        counter("median_delay_ms", "Lower median of these times."),
        counter("gaps_announced", "Gaps that it was told of."),
        Key::optional(
            "recoveries",
            Kind::Table(&RECOVERIES),
            "Whether what it was told at each recovery was true.",
            "{ false_comfort = 0 }",
            "not looked at",
        ),
        counter("published", "Messages handed over by all publishers."),
        counter("packets", "IP packets of all hosts."),
        counter("bytes", "Their IP bytes."),
        counter("retransmits", "TCP segments that carried bytes for a second time."),
        counter("broker_peak_messages", "Most messages that the broker held at a time."),
        counter("broker_peak_bytes", "Most bytes of messages that the broker held at a time."),
        counter("client_peak_messages", "Most messages that one client held at a time."),
        word("cause", &CAUSES, "With `missed`: counts this cause alone.", r#""not-connected""#),
        word("guarantee", &GUARANTEES, "With `verdict` or `claim`: which.", r#""at-least-once""#),
        word("verdict", &VERDICTS, "With `guarantee`: the plain truth.", r#""holds""#),
        word("claim", &CLAIMS, "With `guarantee`: what became of the claim.", r#""kept""#),
        word("anomaly", &ANOMALIES, "A pattern that must have been seen.", r#""silent-loss""#),
    ],
    cases: None,
};

static RECOVERIES: Section = Section {
    heading: "recoveries of [[expect]]",
    noun: "the table `recoveries`",
    about: "Whether what a client was told at its recoveries was true.",
    keys: &[
        counter("honest_success", "Told that all is well, and it was."),
        counter("honest_failure", "Told that something is lost, and it was."),
        counter("false_comfort", "Told that all is well, and something was missing."),
        counter("false_alarm", "Told that something is lost, and nothing was."),
    ],
    cases: None,
};

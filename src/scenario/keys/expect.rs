//! The keys of `[[expect]]`: the value to check, and what it should be.

use crate::terms::{Anomaly, Cause, Claim, Counter, Guarantee, Verdict};

use super::{Key, Kind, Section};

const fn counter(counter: Counter, about: &'static str) -> Key {
    Key::optional(counter.name(), Kind::Bounds, about, r#""1..""#, "not looked at")
}

const fn word(
    name: &'static str,
    words: &'static [&'static str],
    about: &'static str,
    example: &'static str,
) -> Key {
    Key::optional(name, Kind::Word(words), about, example, "not looked at")
}

/// An entry `[[expect]]`.
pub static EXPECT: Section = Section {
    heading: "[[expect]]",
    noun: "an expectation",
    about: "What must come of it. An entry may name several counters; each is checked. \
            A counter is a number or a range `\"A..B\"`, `\"A..\"`, `\"..B\"`, both ends included.",
    keys: &[
        Key::optional("contender", Kind::Contender, "Which row.", r#""tcp/catch-up""#, "each row"),
        Key::optional("client", Kind::Name, "Which subscriber.", r#""shop""#, "the sum of them"),
        counter(Counter::Wanted, "Messages that it wanted: live, caught up and missed."),
        counter(Counter::Live, "Handled from a first sending."),
        counter(Counter::CaughtUp, "Handled from a replay or a redelivery."),
        counter(Counter::Missed, "Not handled."),
        counter(Counter::HandledAgain, "Handlings beyond the first."),
        counter(Counter::OutOfOrder, "First handlings below a sequence already handled."),
        counter(Counter::Interrupted, "Handler calls cut short by a crash."),
        counter(Counter::NotWanted, "Handled but not wanted."),
        counter(Counter::WorstDelay, "Longest time from publish to handled."),
        counter(Counter::MedianDelay, "Lower median of these times."),
        counter(Counter::GapsAnnounced, "Gaps that it was told of."),
        Key::optional(
            "recoveries",
            Kind::Table(&RECOVERIES),
            "Whether what it was told at each recovery was true.",
            "{ false_comfort = 0 }",
            "not looked at",
        ),
        counter(Counter::Published, "Messages published by all publishers."),
        counter(Counter::AnswersAsked, "Answers that the broker asked for."),
        counter(Counter::AnswersInTime, "Those of them that came in time."),
        counter(Counter::Packets, "IP packets of all hosts."),
        counter(Counter::Bytes, "Their IP bytes."),
        counter(Counter::Retransmits, "TCP segments that carried bytes for a second time."),
        counter(
            Counter::Handshakes,
            "TCP handshakes that were complete at the host that was called.",
        ),
        counter(Counter::ConnectionTime, "Open TCP connections × time, where they were opened to."),
        counter(Counter::HeldRequestTime, "Requests over HTTP whose answer was kept back × time."),
        counter(Counter::PayloadBytes, "Bytes of payloads that were carried and not lost."),
        counter(Counter::MedianAnswer, "Lower median of the times from publish to answer."),
        counter(Counter::WorstAnswer, "Longest of these times."),
        counter(Counter::BrokerPeakMessages, "Most messages that the broker held at a time."),
        counter(Counter::BrokerPeakBytes, "Most bytes of messages that the broker held at a time."),
        counter(Counter::ClientPeakMessages, "Most messages that one client held at a time."),
        word(
            "cause",
            &Cause::WORDS,
            "With `missed`: counts this cause alone.",
            r#""not-connected""#,
        ),
        word(
            "guarantee",
            &Guarantee::WORDS,
            "With `verdict` or `claim`: which.",
            r#""at-least-once""#,
        ),
        word("verdict", &Verdict::WORDS, "With `guarantee`: the plain truth.", r#""holds""#),
        word("claim", &Claim::WORDS, "With `guarantee`: what became of the claim.", r#""kept""#),
        word("anomaly", &Anomaly::WORDS, "A pattern that must have been seen.", r#""silent-loss""#),
    ],
    cases: None,
};

static RECOVERIES: Section = Section {
    heading: "recoveries of [[expect]]",
    noun: "the table `recoveries`",
    about: "Whether what a client was told at its recoveries was true.",
    keys: &[
        counter(Counter::HonestSuccess, "Told that all is well, and it was."),
        counter(Counter::HonestFailure, "Told that something is lost, and it was."),
        counter(Counter::FalseComfort, "Told that all is well, and something was missing."),
        counter(Counter::FalseAlarm, "Told that something is lost, and nothing was."),
    ],
    cases: None,
};

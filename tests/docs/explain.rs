//! Tests that every closed list of terms is explained, and that each word's command shows it.

use super::printed;
use delivery_lab::terms::{
    Anomaly, Cause, Claim, Exercise, FaultKind, Guarantee, Outcome, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use delivery_lab::explain::{self, FAMILIES, Family, Word};
use delivery_lab::message::{EndReason, Link, Mode};
use delivery_lab::report::{Colour, Glyph, Shape, Style};
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::verdict::RunResult;
use serde_json::Value;

/// The words that no command shows: they need a malformed peer or an accident, or are said of what
/// is printed and not in it.
const NOT_SHOWN: [(&str, &[&str]); 7] = [
    ("cause", &["too-long"]),
    ("anomaly", &["poison"]),
    (
        "reason",
        &["tcp-timeout", "stale-hello", "malformed", "too-long", "unexpected", "limit-reached"],
    ),
    ("exit", &["5", "70", "130"]),
    ("report", &["pcap"]),
    ("noun", &["own-room", "outbox", "frame"]),
    ("lesson", &["full-duplex", "bidirectional", "connection-state-recovery", "handshake"]),
];

/// The words of the lesson and of a search that the lab shows under its own name or in a sentence.
const SHOWN_AS: [(&str, &str); 6] = [
    ("server", "the broker of"),
    ("emit", "driver publishes driver-3"),
    ("acknowledgement", "acknowledgement is lost"),
    ("port", "broker:7777"),
    ("story", "so for shop"),
    ("replay", "replay: dlab run"),
];

/// Checks that a family has these terms, in this order.
fn check<T: ToString>(family: &str, words: impl IntoIterator<Item = T>) {
    let family = explain::find_family(family).unwrap();
    let explained: Vec<&str> = family.words.iter().map(|word| word.name).collect();
    let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
    assert_eq!(explained, words, "the words of {}", family.heading);
}

#[test]
fn every_closed_list_is_explained_in_its_order() {
    check("link", Link::ALL);
    check("mode", Mode::ALL);
    check("outcome", Outcome::ALL);
    check("cause", Cause::ALL);
    check("guarantee", Guarantee::ALL);
    check("verdict", Verdict::ALL);
    check("claim", Claim::ALL);
    check("anomaly", Anomaly::ALL);
    check("fault", FaultKind::ALL);

    check("exercise", Exercise::ALL);
    let drawn = Style::new(Shape::Unicode, Colour::Off);
    check("sign", Glyph::ALL.map(|glyph| drawn.glyph(glyph)));

    check("reason", EndReason::ALL);
}

#[test]
fn a_word_is_found_as_it_is_printed() {
    let means = |given: &str, family: &str, name: &str| {
        let found = explain::find(given);
        let found = found.iter().any(|(of, word)| of.name == family && word.name == name);
        assert!(found, "`{given}` is not the {family} {name}");
    };
    for reason in EndReason::ALL {
        means(reason.words(), "reason", reason.name());
    }
    let [drawn, ascii] = [Shape::Unicode, Shape::Ascii].map(|shape| Style::new(shape, Colour::Off));
    for exercise in Exercise::ALL {
        let name = serde_json::to_value(exercise).unwrap();
        means(exercise.plural(), "exercise", name.as_str().unwrap());
    }
    for glyph in Glyph::ALL {
        means(&ascii.glyph(glyph).to_string(), "sign", &drawn.glyph(glyph).to_string());
    }
    for (result, code) in
        [(RunResult::Met, "0"), (RunResult::Failed, "1"), (RunResult::Inconclusive, "3")]
    {
        means(result.name(), "exit", code);
    }
    means(RunResult::Unchecked.name(), "expectation", "unchecked");
}

#[test]
fn every_text_is_a_short_paragraph_with_neighbours() {
    for (family, word) in words() {
        let Word { name, brief, text, see, shown_by, .. } = word;
        let paragraph = format!("{brief} {text}");
        let sentences = paragraph.matches(['.', '?']).count();
        assert!(brief.ends_with(['.', '?']) && text.ends_with('.'), "{name}");
        assert!(paragraph.split_whitespace().count() <= 90, "{name} is long");
        assert!(sentences >= 2 && paragraph.is_ascii(), "{name}: {paragraph}");
        assert_eq!(explain::normal(name), *name);
        for other in *see {
            let is_known = explain::find(other).len() + usize::from(other == &family.name) > 0;
            assert!(is_known || explain::find_family(other).is_some(), "{name} knows no {other}");
            assert!(other != name || explain::find(other).len() > 1, "{name} is its own neighbour");
        }
        assert!(!see.is_empty(), "{name} has no neighbours");
        assert!(shown_by.is_none_or(|command| command.len() <= 78), "{name}: two are indentation");
    }
}

fn words() -> impl Iterator<Item = (&'static Family, &'static Word)> {
    FAMILIES.into_iter().flat_map(|family| family.words.iter().map(move |word| (family, word)))
}

#[test]
fn what_a_word_names_is_seen_when_its_command_runs() {
    let mut runs = Runs::default();
    let mut not_shown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (family, word) in words() {
        match word.shown_by {
            Some(command) => {
                let seen = is_seen(family, word, command, &mut runs);
                assert!(seen, "`{command}` shows no {} {}", family.name, word.name);
            }
            None => not_shown.entry(family.name).or_default().push(word.name),
        }
    }
    let expected = NOT_SHOWN.map(|(family, words)| (family, words.to_vec()));
    assert_eq!(not_shown, BTreeMap::from(expected));
}

/// The outputs of commands, by command line: one command may show many terms.
#[derive(Default)]
struct Runs(BTreeMap<String, Output>);

impl Runs {
    fn output(&mut self, command: &str, option: &str) -> &Output {
        let line = format!("{command} {option}");
        self.0.entry(line.clone()).or_insert_with(|| {
            let mut words = line.split_whitespace();
            assert_eq!(words.next(), Some("dlab"), "{line}");
            let mut dlab = Command::new(env!("CARGO_BIN_EXE_dlab"));
            dlab.args(words).env("LC_ALL", "C.UTF-8").env_remove("DLAB_LOG").output().unwrap()
        })
    }

    /// Returns what the command prints and logs, in lower case, with single spaces for hyphens,
    /// underscores and line breaks.
    fn spoken(&mut self, command: &str) -> String {
        let Output { stdout, stderr, .. } = self.output(command, "");
        let both = [stdout, stderr].map(|text| String::from_utf8_lossy(text).to_lowercase());
        spaced(&both.concat())
    }

    fn text(&mut self, command: &str, option: &str) -> String {
        String::from_utf8(self.output(command, option).stdout.clone()).unwrap()
    }
}

fn spaced(text: &str) -> String {
    let is_gap = |c: char| c.is_whitespace() || c == '-' || c == '_';
    text.split(is_gap).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_seen(family: &Family, word: &Word, command: &str, runs: &mut Runs) -> bool {
    let name = word.name;
    match family.name {
        "exit" => {
            runs.output(command, "").status.code().map(|code| code.to_string())
                == Some(name.to_owned())
        }
        "reason" => {
            let log = &runs.output(command, "").stderr;
            String::from_utf8_lossy(log).contains(&format!(":\"{name}\""))
        }
        "sign" => {
            let [drawn, ascii] = [runs.text(command, ""), runs.text(command, "--ascii")];
            let at = FAMILIES.iter().find(|one| one.name == "sign").unwrap().words;
            let at = at.iter().position(|one| one.name == name).unwrap();
            let meaning = Glyph::ALL[at].meaning();
            drawn.contains(&format!("{name} {meaning}"))
                && ascii.contains(&format!("{} {meaning}", word.also[0]))
        }
        "exercise" => {
            let sweep: Value = serde_json::from_str(&runs.text(command, "--json")).unwrap();
            sweep["coverage"][name].as_u64() > Some(0)
        }
        "recovery" => {
            let report: Value = serde_json::from_str(&runs.text(command, "--json")).unwrap();
            let rows = report["contenders"].as_array().unwrap();
            let all = rows.iter().flat_map(|row| row["subscribers"].as_array().unwrap());
            let mut counts = all.map(|one| &one["recoveries"][name.replace('-', "_")]);
            counts.any(|count| count.as_u64() > Some(0))
        }
        "column" | "price" => {
            let words = printed::words(&runs.text(command, ""));
            let mut words = words.iter().map(|word| explain::normal(word));
            words.any(|printed| printed == name || word.also.contains(&printed.as_str()))
        }
        "expectation" | "report" | "sweep" | "search" | "museum" | "noun" | "room-event"
        | "lesson" => {
            let spoken = runs.spoken(command);
            let lab = SHOWN_AS.iter().find(|(word, _)| *word == name).map(|(_, as_lab)| *as_lab);
            let mut spellings = word.also.iter().copied().chain([lab.unwrap_or(name)]);
            spellings.any(|spelling| has_word(&spoken, &spaced(&spelling.to_lowercase())))
        }
        _ => {
            let report: Value = serde_json::from_str(&runs.text(command, "--json")).unwrap();
            is_in_report(family.name, name, &report)
        }
    }
}

/// Whether a text has these words in this order, the first not as the end of a longer one.
fn has_word(text: &str, words: &str) -> bool {
    let mut found = text.match_indices(words);
    found.any(|(at, _)| !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric()))
}

fn is_in_report(family: &str, name: &str, report: &Value) -> bool {
    let rows = report["contenders"].as_array().unwrap();
    let subscribers = || rows.iter().flat_map(|row| row["subscribers"].as_array().unwrap());
    let guarantees = |key: &'static str| {
        let all = rows.iter().flat_map(|row| row["guarantees"].as_object().unwrap().values());
        all.map(move |finding| &finding[key])
    };
    match family {
        "link" | "mode" => rows.iter().any(|row| row[family] == name),
        "outcome" => subscribers().any(|one| one[name.replace('-', "_")].as_u64() > Some(0)),
        "cause" => subscribers().any(|one| one["causes"][name].as_u64() > Some(0)),
        "anomaly" => subscribers().any(|one| one["anomalies"][name].as_u64() > Some(0)),
        // A guarantee is shown where one contender keeps it and another does not.
        "guarantee" => {
            let verdicts: BTreeSet<_> =
                rows.iter().map(|row| row["guarantees"][name]["verdict"].as_str()).collect();
            verdicts.is_superset(&BTreeSet::from([Some("holds"), Some("violated")]))
        }
        "verdict" | "claim" => guarantees(if family == "claim" { "claim" } else { "verdict" })
            .any(|found| found == name),
        "fault" => {
            let file = builtin::find(report["scenario"].as_str().unwrap()).unwrap();
            let scenario = Scenario::load("it", file).unwrap();
            let hits =
                |at: usize| rows.iter().any(|row| row["faults"][at]["hits"].as_u64() > Some(0));
            let mut faults = scenario.faults.iter().enumerate();
            faults.any(|(at, fault)| fault.effect.kind().name() == name && hits(at))
        }
        family => unreachable!("nobody knows how a {family} is seen"),
    }
}

//! The scenarios that `dlab search` found and shrunk for the museum's mutants, from random storms.
//!
//! Each scenario still shows its finding, and the correct machines do nothing wrong in it. This
//! command finds and writes one again:
//!
//! ```text
//! dlab search any --set mutant.name=NAME --budget 20000 --out tests/search/corpus/NAME.toml
//! ```
//!
//! `UPDATE_REFERENCE=1 cargo test --test suite corpus` writes the page with all their stories.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use delivery_lab::mutant;
use delivery_lab::report::{self, Style};
use delivery_lab::scenario::{Expected, Scenario};
use delivery_lab::search::{self, Aim};
use delivery_lab::sim::TrialLimits;

/// The most trials that a search was given.
const BUDGET: u64 = 20_000;

/// Mutants that no search found within the budget, each with the reason.
const NOT_FOUND: &[(&str, &str)] = &[
    (
        "close-during-upgrade",
        "what a client says in the 40 ms of its move to WebSocket is lost. A drawn publisher says \
         something every 100 to 600 ms, and must do so in the move of a session that a storm made \
         it open anew.",
    ),
    (
        "half-open",
        "it has no heartbeat, and finds out later that a session is dead. Nobody claims when a \
         message arrives, only that it does, and after the quiet period it has.",
    ),
    (
        "last-event-id-forgotten",
        "what it loses was accepted after a crash of the broker and before the client was back. No \
         claim covers that, and the correct client, which is sent it all the same, is not held to it.",
    ),
    (
        "second-resume-replays",
        "what it sends twice are copies that the dedup window of every drawn client drops; nothing \
         is handled twice.",
    ),
];

/// The most faults of a story.
const MOST_FAULTS: usize = 3;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/search/corpus")
}

/// Loads all scenarios, each with the name of its mutant.
fn stories() -> Vec<(String, Scenario)> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut stories: Vec<(String, Scenario)> = files
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&file).unwrap();
            let loaded = Scenario::load(&name, &text);
            let scenario = loaded.unwrap_or_else(|bad| panic!("{name}: {bad:?}"));
            (name, scenario)
        })
        .collect();
    stories.sort_by(|one, other| one.0.cmp(&other.0));
    stories
}

#[test]
fn all_mutants_but_four_at_most_are_found_and_their_stories_are_short() {
    let stories = stories();
    for (name, scenario) in &stories {
        assert_eq!(scenario.mutant.map(|mutant| mutant.name), Some(name.as_str()));
        assert!(scenario.faults.len() <= MOST_FAULTS, "{name}: {} faults", scenario.faults.len());
        assert_eq!((scenario.contenders.len(), scenario.expectations.len()), (1, 1), "{name}");
    }
    let mut all: Vec<&str> = stories.iter().map(|(name, _)| name.as_str()).collect();
    all.extend(NOT_FOUND.iter().map(|(name, _)| *name));
    all.sort_unstable();
    let mut mutants = mutant::NAMES.to_vec();
    mutants.sort_unstable();
    assert_eq!(all, mutants);
    assert!(NOT_FOUND.len() <= 4);
}

#[test]
fn each_story_shows_its_finding_in_a_fresh_process() {
    for (name, _) in stories() {
        let mut dlab = Command::new(env!("CARGO_BIN_EXE_dlab"));
        dlab.args(["run", &format!("tests/search/corpus/{name}.toml")]);
        dlab.current_dir(env!("CARGO_MANIFEST_DIR")).env("LC_ALL", "C.UTF-8");
        let output = dlab.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {text}");
        insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn the_correct_machines_do_nothing_wrong_in_any_story() {
    for (name, scenario) in stories() {
        let correct = Scenario { mutant: None, ..scenario.clone() };
        let contender = scenario.contenders[0];
        let tried = search::attempt(&correct, contender).unwrap();
        assert_eq!(search::find(&tried.row, Aim::Wrong), None, "{name}");
        // The same with the mutant shows the finding: the mutant alone is at fault.
        let tried = search::attempt(&scenario, contender).unwrap();
        assert!(search::find(&tried.row, Aim::Wrong).is_some(), "{name}");
    }
}

#[test]
fn the_page_tells_every_story() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/found.md");
    let page = page();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "write it anew: UPDATE_REFERENCE=1 cargo test --test suite corpus");
}

fn page() -> String {
    let stories = stories();
    let mut page = format!(
        "# What the search finds\n\n\
         `dlab search any --set mutant.name=NAME --budget {BUDGET}` was given each machine of [the\n\
         museum](museum.md) that is broken on purpose, and storms that know nothing of it. It found\n\
         {} of {}, each in the first storms of the seeds from 1 on, over all contenders. Here is what it\n\
         shrank them to: at most {MOST_FAULTS} faults. The files are in `tests/search/corpus`; a test runs them.\n",
        stories.len(),
        mutant::NAMES.len(),
    );
    if !NOT_FOUND.is_empty() {
        page += "\nNot found:\n\n";
        for (name, why) in NOT_FOUND {
            let text = format!("`{name}`: {why}");
            for line in report::wrap_to(100, &text, "- ", "  ") {
                writeln!(page, "{line}").unwrap();
            }
        }
    }
    for (name, scenario) in &stories {
        let contender = scenario.contenders[0];
        let style = Style::default();
        let story = |history: &_| report::story(scenario, history, &style);
        let (tried, story) =
            search::attempt_then(scenario, contender, &TrialLimits::default(), story).unwrap();
        let finding = search::find(&tried.row, Aim::Wrong).expect("it is found");
        let what = match &scenario.expectations[0].what {
            Expected::Claim { guarantee, .. } => format!("{guarantee} is claimed and broken"),
            Expected::Anomaly(anomaly) => format!("{anomaly}, which no correct machine shows"),
            other => panic!("{name} expects {other:?}"),
        };
        let so = report::wrap_to(80, &finding.sentence(), "", "");
        writeln!(page, "\n## {name}\n\nOver {contender}, seed {}: {what}.\n", scenario.seed)
            .unwrap();
        writeln!(page, "```\n{story}{}\n```", so.join("\n")).unwrap();
    }
    page
}

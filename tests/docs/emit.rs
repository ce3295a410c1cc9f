//! Checks `docs/reference/emit.md`: each line of its first table is run over every link in both
//! modes, and the commands of the second are run. Its first column is run by npm's socket.io
//! (`tests/npm/emits.test.js`).

use std::collections::BTreeSet;
use std::process::Command;

use delivery_lab::history::EventKind;
use delivery_lab::message::{Contender, Note};
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{TrialOptions, run_trial};

const PAGE: &str = include_str!("../../docs/reference/emit.md");

/// Returns the cells of all lines of tables with this number of columns, without the headings.
fn rows(columns: usize) -> Vec<Vec<&'static str>> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    let rows = lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let is_body = |row: &Vec<&str>| row[0] != "---" && row[0] != "Socket.IO";
    rows.filter(|row| row.len() == columns).filter(is_body).collect()
}

/// Returns the scenario of the page with one message, published by the broker or by ann.
fn scenario(by: &str, keys: &str) -> Scenario {
    let separator = if keys.is_empty() { "" } else { ", " };
    let publish = format!(
        "publish = [{{ queue = \"chat\", event = \"news\", start = \"2s\"{separator}{keys} }}]"
    );
    let of = |name: &str| if by == name { publish.as_str() } else { "" };
    let join = |room: &str| format!("{{ queue = \"chat\", room = \"{room}\", at = \"1s\" }}");
    let (vip, red) = (join("vip"), join("red"));
    let subscribe = "subscribe = [{ queue = \"chat\", event = \"news\" }]";
    let text = format!(
        r#"title = "An emit"
run_for = "6s"
[broker]
{}
[[client]]
id = "ann"
{subscribe}
join = [{red}]
{}
[[client]]
id = "ben"
{subscribe}
join = [{vip}]
[[client]]
id = "cat"
{subscribe}
join = [{vip}, {red}]
[[client]]
id = "dan"
{subscribe}
"#,
        of("broker"),
        of("ann"),
    );
    Scenario::load("emit.toml", &text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn each_emit_reaches_whom_the_page_says_over_every_link_in_both_modes() {
    let mut lines = 0;
    for row in rows(4) {
        let [code, by, keys, receivers] = row[..] else { unreachable!("four columns") };
        assert!(!keys.is_empty(), "{code}");
        let keys = if keys == "no more" { "" } else { keys.trim_matches('`') };
        let scenario = scenario(by, keys);
        let expected: BTreeSet<&str> = match receivers {
            "nobody" => BTreeSet::new(),
            receivers => receivers.split(", ").collect(),
        };
        for contender in Contender::all() {
            let trial = run_trial(&scenario, contender, 1, &TrialOptions::default());
            let history = trial.expect("nothing panics").history;
            let handled = history.events.iter().filter_map(|event| match &event.kind {
                EventKind::Note(Note::Handled { .. }) => {
                    Some(history.process(event.process).client.as_str())
                }
                _ => None,
            });
            let handled: Vec<&str> = handled.collect();
            let once: BTreeSet<&str> = handled.iter().copied().collect();
            assert_eq!(once, expected, "{code} over {contender}");
            assert_eq!(handled.len(), once.len(), "{code} over {contender}: each once");
            let answers = history.events.iter().find_map(|event| match &event.kind {
                EventKind::Note(Note::AnswersEnded { asked, in_time, .. }) => {
                    Some((*asked, *in_time))
                }
                _ => None,
            });
            let all = keys.contains("ack_within").then_some((expected.len(), expected.len()));
            assert_eq!(answers, all, "{code} over {contender}: answers");
        }
        lines += 1;
    }
    assert!(lines >= 20, "{lines} lines");
}

#[test]
fn no_cell_of_the_second_table_is_empty_and_its_commands_run() {
    let mut commands = BTreeSet::new();
    for row in rows(3) {
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        commands.insert(row[2].trim_matches('`'));
    }
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        let words = command.strip_prefix("dlab ").expect("it is a command of dlab");
        let output = Command::new(env!("CARGO_BIN_EXE_dlab")).args(words.split(' ')).output();
        let status = output.expect("it starts").status;
        assert!(status.success(), "{command}: {status}");
    }
}

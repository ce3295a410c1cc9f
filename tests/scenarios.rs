//! Every scenario of `scenarios/` as a snapshot, text and JSON, and one hash of its history each.
//!
//! Version and trace hash are redacted; long lists of messages and subscribers are cut in the
//! JSON snapshots, which the text snapshots sum up.

use delivery_lab::report::{self, Colour, Report, RunResult, Shape, Style};
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{self, TrialOptions};
use delivery_lab::verdict;
use serde_json::{Value, json};

delivery_lab::seed_entropy!();

/// Longest list of messages, and of subscribers, that a JSON snapshot shows.
const MOST_SHOWN: usize = 8;

fn run(scenario: &Scenario) -> (Report, Vec<String>) {
    let mut rows = Vec::new();
    let mut hashes = Vec::new();
    for contender in &scenario.contenders {
        let options = TrialOptions::default();
        let trial = sim::run_trial(scenario, *contender, scenario.seed, &options)
            .unwrap_or_else(|panic| panic!("{} {contender}: {panic}", scenario.name));
        hashes.push(format!("{contender} {}", trial.history.trace_hash()));
        rows.push(verdict::judge(scenario, *contender, &trial.history));
    }
    let checked = verdict::check_expectations(scenario, &rows);
    let replay = format!("dlab run {} --seed {}", scenario.name, scenario.seed);
    let report = report::build(scenario, scenario.seed, replay, rows, String::new(), checked);
    (report, hashes)
}

fn redacted(report: &Report) -> Value {
    let mut json: Value = serde_json::from_str(&report::json(report)).unwrap();
    json["version"] = json!("[version]");
    json["trace_hash"] = json!("[trace_hash]");
    for row in json["contenders"].as_array_mut().unwrap() {
        let subscribers = row["subscribers"].as_array_mut().unwrap();
        for subscriber in subscribers.iter_mut() {
            cut(subscriber["messages"].as_array_mut().unwrap());
        }
        cut(subscribers);
    }
    json
}

fn cut(list: &mut Vec<Value>) {
    if list.len() > MOST_SHOWN {
        let more = list.split_off(MOST_SHOWN / 2).len();
        list.push(json!(format!("[{more} more]")));
    }
}

#[test]
fn every_scenario_meets_its_expectations_and_reads_as_its_snapshot() {
    let mut hashes = String::new();
    for (name, text) in builtin::all() {
        let scenario = Scenario::load(name, text).unwrap();
        let (report, lines) = run(&scenario);
        for line in lines {
            hashes.push_str(&format!("{name} {line}\n"));
        }
        assert_eq!(report.result, RunResult::Met, "dlab run {name}: {:#?}", report.expectations);
        let style = Style { shape: Shape::Unicode, colour: Colour::Off };
        let text = report::text(&report, &scenario, &style);
        insta::assert_snapshot!(format!("text@{name}"), text);
        insta::assert_json_snapshot!(format!("json@{name}"), redacted(&report));
    }
    insta::assert_snapshot!("trace_hashes", hashes);
}

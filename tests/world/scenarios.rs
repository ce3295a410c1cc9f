//! Compares the report of every scenario of `scenarios/` with a snapshot of its text, and with
//! hashes of its histories and its JSON.
//!
//! Three scenarios have a snapshot of their JSON, too: between them they show every field. Version
//! and trace hash are redacted.

use delivery_lab::report::{self, Colour, Report, RunResult, Shape, Style};
use delivery_lab::scenario::{LoadOptions, Scenario, Setting, builtin};
use delivery_lab::sim::{self, TrialOptions};
use delivery_lab::verdict;
use serde_json::{Value, json};

use crate::json_schema;

/// The scenarios with a snapshot of their JSON.
const AS_JSON: [&str; 3] = ["ack-lost", "caps", "retention"];

fn run(scenario: &Scenario) -> (Report, Vec<String>) {
    let mut rows = Vec::new();
    let mut hashes = Vec::new();
    for contender in &scenario.contenders {
        let options = TrialOptions::default();
        let trial = sim::run_trial(scenario, *contender, scenario.seed, &options)
            .unwrap_or_else(|error| panic!("{} {contender}: {error}", scenario.name));
        hashes.push(format!("{contender} {}", trial.history.trace_hash()));
        rows.push(verdict::judge(scenario, *contender, &trial.history));
    }
    let checked = verdict::check_expectations(scenario, &rows);
    let replay = format!("dlab run {} --seed {}", scenario.name, scenario.seed);
    let hash = "0".repeat(16);
    let report = report::build(scenario, scenario.seed, replay, rows, hash, checked);
    (report, hashes)
}

fn redacted(report: &Report) -> Value {
    let mut json: Value = serde_json::from_str(&report::json(report)).unwrap();
    json["version"] = json!("[version]");
    json["trace_hash"] = json!("[trace_hash]");
    json
}

/// Returns a hash of the JSON: FNV-1a, 64 bits.
fn hash(json: &Value) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    json.to_string().bytes().fold(0xcbf2_9ce4_8422_2325, step)
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
        let style = Style::new(Shape::Unicode, Colour::Off);
        let text = report::text(&report, &scenario, &style);
        let json = redacted(&report);
        hashes.push_str(&format!("{name} json {:016x}\n", hash(&json)));
        compare(|| {
            insta::assert_snapshot!(format!("text@{name}"), text);
            if AS_JSON.contains(&name) {
                insta::assert_json_snapshot!(format!("json@{name}"), json);
            }
        });
    }
    compare(|| insta::assert_snapshot!("hashes", hashes));
}

/// Returns the JSON of reports that between them show every key: of all built-in scenarios, with
/// prices; of a mutant; and of a subscriber that never subscribes.
fn documents() -> Vec<Value> {
    let mut scenarios: Vec<Scenario> =
        builtin::all().map(|(name, text)| Scenario::load(name, text).unwrap()).collect();
    let (name, text) = builtin::museum().next().unwrap();
    scenarios.push(Scenario::load(name, text).unwrap());
    let settings = vec![Setting::new("broker.heartbeat={every=\"1ms\",timeout=\"1ms\"}")];
    let options = LoadOptions { settings, ..LoadOptions::default() };
    let caps = builtin::find("caps").unwrap();
    scenarios.push(Scenario::load_with("caps", caps, &options).unwrap());
    let report = |scenario: &Scenario| report::json(&run(scenario).0.with_prices());
    scenarios.iter().map(|scenario| serde_json::from_str(&report(scenario)).unwrap()).collect()
}

#[test]
fn every_report_is_valid_by_the_schema_and_one_with_an_unknown_key_is_not() {
    let documents = documents();
    let caps = documents.iter().find(|document| document["scenario"] == "caps").unwrap();
    json_schema::check(&report::schema(), &documents, caps);
}

fn compare(snapshots: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(snapshots);
}

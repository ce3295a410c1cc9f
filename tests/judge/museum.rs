//! Tests of the museum: each mutant is caught by its own anomaly in its own storm. Without the
//! storm it shows nothing, and the correct system breaks no claim in the storm.

use delivery_lab::terms::{Anomaly, Claim};
use std::fmt::Write;
use std::process::Command;

use delivery_lab::mutant::{self, Mutant};
use delivery_lab::report::MISSING;
use delivery_lab::scenario::{Expected, Scenario, builtin};
use delivery_lab::sim::{TrialOptions, run_trial};
use delivery_lab::verdict::{self, Row, SubscriberReport};

/// Number of seeds tried for each storm; `dlab museum --seeds` tries any number.
const SEEDS: u64 = 3;

/// Returns the museum's scenarios, each with its mutant.
fn museum() -> impl Iterator<Item = (&'static str, Scenario, &'static Mutant)> {
    builtin::museum().map(|(name, text)| {
        let scenario = Scenario::load(name, text).unwrap();
        let mutant = scenario.mutant.unwrap_or_else(|| panic!("{name} has no mutant"));
        (name, scenario, mutant)
    })
}

fn judge(scenario: &Scenario, seed: u64) -> Vec<Row> {
    let trial = |contender| {
        let trial = run_trial(scenario, contender, seed, &TrialOptions::default()).unwrap();
        verdict::judge(scenario, contender, &trial.history)
    };
    scenario.contenders.iter().map(|&contender| trial(contender)).collect()
}

fn subscribers(rows: &[Row]) -> impl Iterator<Item = &SubscriberReport> {
    rows.iter().flat_map(|row| &row.subscribers)
}

/// Whether a mutant's anomaly appears.
fn shows(rows: &[Row], mutant: &Mutant) -> bool {
    let is_named = |anomaly: &Anomaly| *anomaly == mutant.anomaly;
    subscribers(rows).any(|one| one.anomalies.keys().any(is_named))
}

fn broken_claims(rows: &[Row]) -> usize {
    let claims = subscribers(rows).flat_map(|one| one.guarantees.values());
    claims.filter(|one| one.claim == Claim::Broken).count()
}

#[test]
fn every_mutant_has_a_storm_of_its_name_that_expects_its_anomaly() {
    let storms: Vec<String> = museum()
        .map(|(name, scenario, mutant)| {
            assert_eq!(name, format!("museum/{}", mutant.name));
            let anomalies = scenario.expectations.iter().filter_map(|one| match &one.what {
                Expected::Anomaly(anomaly) => Some(*anomaly),
                _ => None,
            });
            assert!(anomalies.eq([mutant.anomaly]), "{name} expects {} alone", mutant.anomaly);
            assert!(!scenario.faults.is_empty(), "{name} has no storm");
            mutant.name.to_owned()
        })
        .collect();
    assert_eq!(storms, mutant::NAMES);
    // A storm with a message that no frame can carry is refused.
    for anomaly in Anomaly::ALL.into_iter().filter(|anomaly| *anomaly != Anomaly::Poison) {
        let named = mutant::ALL.iter().any(|mutant| mutant.anomaly == anomaly);
        assert!(named, "no mutant shows {anomaly}");
    }
}

#[test]
fn every_mutant_is_caught_by_its_own_anomaly_with_the_seed_of_its_storm() {
    for (name, scenario, mutant) in museum() {
        let rows = judge(&scenario, scenario.seed);
        let seen: Vec<_> = subscribers(&rows).map(|one| &one.anomalies).collect();
        assert!(shows(&rows, mutant), "{name}: {seen:?}");
    }
}

/// Tries other seeds than the storm's own; `dlab museum` tells how many of them catch a mutant.
#[test]
fn every_mutant_is_caught_within_fifty_seeds() {
    for (name, scenario, mutant) in museum() {
        let caught = (1..=50).any(|seed| shows(&judge(&scenario, seed), mutant));
        assert!(caught, "{name}");
    }
}

#[test]
fn without_the_storm_no_mutant_is_seen() {
    for (name, mut scenario, _) in museum() {
        scenario.faults.clear();
        let rows = judge(&scenario, scenario.seed);
        for one in subscribers(&rows) {
            assert!(one.anomalies.is_empty(), "{name} {}: {:?}", one.client, one.anomalies);
            assert_eq!(one.missed, 0, "{name} {}: {:?}", one.client, one.causes);
        }
        assert_eq!(broken_claims(&rows), 0, "{name}");
    }
}

#[test]
fn the_correct_machine_breaks_no_claim_in_any_of_the_storms() {
    for (name, mut scenario, mutant) in museum() {
        scenario.mutant = None;
        for seed in scenario.seed..scenario.seed + SEEDS {
            let rows = judge(&scenario, seed);
            assert_eq!(broken_claims(&rows), 0, "{name}, seed {seed}");
            assert!(
                !shows(&rows, mutant),
                "{name}, seed {seed}: {} without a cause",
                mutant.anomaly
            );
            for one in subscribers(&rows) {
                let recoveries = &one.recoveries;
                let false_ones = (recoveries.false_comfort, recoveries.false_alarm);
                assert_eq!(false_ones, (0, 0), "{name} {}, seed {seed}", one.client);
            }
        }
    }
}

const HEAD: &str = "\
# The museum

<!-- Made by tests/judge/museum.rs, which keeps it so. Do not edit. -->

Brokers and clients that are broken on purpose: each is the correct machine and one change. Most are
bugs that real systems had. A judge that does not see them is no judge, and one that sees them in
the correct machine is none either.

Each has a storm of its own, `scenarios/museum/<mutant>.toml`; `dlab run museum/<mutant>` shows what
comes of it. `[mutant] name = \"<mutant>\"` puts it into any scenario, `--set mutant.name=none` puts
the correct machine into its place.

| mutant | what it does wrong | seen | caught by |
| --- | --- | --- | --- |
";

const RUN: &str = "
## How they are caught

`dlab museum --seeds 1..500` runs each mutant in its storm, with at most 50 seeds, until its own
anomaly is seen: no other one counts. It runs the mutant without the storm with 50 seeds, where
nothing may be seen of it; and the correct machine in the storm with all 500.

```text
";

/// Number of seeds of the run on the page.
const RUN_SEEDS: u64 = 500;
/// Number of seeds without the storm in that run.
const CALM_SEEDS: u64 = 50;

/// Returns the page up to the run, and the run.
fn page() -> (String, String) {
    let path = format!("{}/docs/reference/museum.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(path).unwrap_or_default();
    let (head, run) = page.split_once("```text\n").unwrap_or_default();
    let run = run.strip_suffix("```\n").unwrap_or_default();
    (format!("{head}```text\n"), run.to_owned())
}

#[test]
fn the_page_lists_every_mutant_and_a_run_that_caught_them_all() {
    let mut head = HEAD.to_owned();
    for Mutant { name, about, seen, anomaly, .. } in mutant::ALL {
        writeln!(head, "| `{name}` | {about} | {seen} | `{anomaly}` |").unwrap();
    }
    write!(head, "\n{MISSING}\n{RUN}").unwrap();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        let seeds = format!("1..{RUN_SEEDS}");
        let mut dlab = Command::new(env!("CARGO_BIN_EXE_dlab"));
        let output = dlab.args(["museum", "--seeds", &seeds]).output().unwrap();
        let run = String::from_utf8(output.stdout).unwrap();
        let path = format!("{}/docs/reference/museum.md", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, format!("{head}{run}```\n")).unwrap();
    }
    let (listed, run) = page();
    assert!(listed == head, "UPDATE_REFERENCE=1 cargo test --test suite museum");
    let rows: Vec<Vec<&str>> = run.lines().map(|line| line.split_whitespace().collect()).collect();
    for (row, mutant) in rows[1..].iter().zip(mutant::ALL) {
        assert_eq!(row[..2], [mutant.name, mutant.anomaly.name()], "the run is of other mutants");
        assert!(row[3].parse::<u64>().unwrap() <= 50, "{}", mutant.name);
    }
    let said = run.split_whitespace().collect::<Vec<_>>().join(" ");
    let (count, runs) = (mutant::ALL.len(), mutant::ALL.len() as u64 * RUN_SEEDS);
    assert!(said.contains(&format!("{count} of {count} mutants were caught")), "{said}");
    let runs = format!("a false alarm, in 0 of {},{:03} runs.", runs / 1_000, runs % 1_000);
    assert!(said.ends_with(&runs), "{said}");
    let calm = mutant::ALL.len() as u64 * CALM_SEEDS;
    let calm = format!("was seen of them in 0 of {},{:03} runs.", calm / 1_000, calm % 1_000);
    assert!(said.contains(&calm), "{said}");
}

//! Tests that the same version, scenario and seed give the same bytes: with processes together and
//! apart, with turmoil hosts in any order, at half the tick, at any `-j`, in any process, after any
//! other trial. Another seed gives another trace.

use std::process::Command;

use delivery_lab::history::History;
use delivery_lab::message::Contender;
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{Apart, Placement, TrialOptions, TurmoilOrder, run_trial, tick};
use delivery_lab::time::Duration;

fn scenarios() -> impl Iterator<Item = Scenario> {
    builtin::all().map(|(name, text)| Scenario::load(name, text).unwrap())
}

fn run(scenario: &Scenario, contender: Contender, seed: u64, options: &TrialOptions) -> History {
    run_trial(scenario, contender, seed, options).unwrap().history
}

/// Compares the trials of every other scenario with those of processes apart, and of another seed.
fn compare(first: usize) {
    let options =
        |apart| TrialOptions { placement: Placement::Apart(apart), ..TrialOptions::default() };
    for scenario in scenarios().skip(first).step_by(2) {
        let half = Duration::from_millis((tick(&scenario).as_millis() / 2).max(1));
        let apart = options(Apart::default());
        let reversed = options(Apart { tick: Some(half), order: TurmoilOrder::Reverse });
        for (index, &contender) in scenario.contenders.iter().enumerate() {
            let (name, seed) = (&scenario.name, scenario.seed);
            // Events, hits of faults, costs: all of which reports are made.
            let together = run(&scenario, contender, seed, &TrialOptions::default());
            assert!(together == run(&scenario, contender, seed, &apart), "{name} {contender}");
            // At half the tick it takes twice as long.
            if index % 8 == 0 {
                let other = run(&scenario, contender, seed, &reversed);
                assert!(together == other, "{name} {contender}, reversed, at half the tick");
            }
            if index % 4 == 0 {
                let other = run(&scenario, contender, seed + 1, &TrialOptions::default());
                assert_ne!(together.trace_hash(), other.trace_hash(), "{name}, the next seed");
            }
        }
    }
}

// Two tests, so that two cores have something to do.
#[test]
fn processes_apart_give_the_same_bytes_and_another_seed_gives_others() {
    compare(0);
}

#[test]
fn processes_apart_give_the_same_bytes_and_another_seed_gives_others_in_the_other_half() {
    compare(1);
}

#[test]
fn one_thread_or_two_alone_or_after_all_others_in_separate_processes_give_the_same_bytes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dlab")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let all = run(&["run", folder, "--json", "-j", "2"]);
    for line in all.lines() {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        let file = format!("{folder}/{}.toml", report["scenario"].as_str().unwrap());
        assert!(
            run(&["run", &file, "--json", "-j", "1"]).trim_end() == line,
            "{file} differs when alone"
        );
    }
}

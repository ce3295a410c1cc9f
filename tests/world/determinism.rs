//! Tests that the same version, scenario and seed give the same bytes: with turmoil hosts in any
//! order, at half the tick, at any `-j`, in any process, after any other trial. Another seed gives
//! another trace.

use std::process::Command;

use delivery_lab::message::Contender;
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{TrialOptions, TurmoilOrder, run_trial, tick};
use delivery_lab::time::Duration;

fn scenarios() -> impl Iterator<Item = Scenario> {
    builtin::all().map(|(name, text)| Scenario::load(name, text).unwrap())
}

fn trace(scenario: &Scenario, contender: Contender, seed: u64, options: &TrialOptions) -> String {
    run_trial(scenario, contender, seed, options).unwrap().history.trace_hash()
}

/// Compares every trial with the same one under other options.
fn check(options: impl Fn(&Scenario) -> Option<TrialOptions>) {
    for scenario in scenarios() {
        let Some(options) = options(&scenario) else { continue };
        for &contender in &scenario.contenders {
            let seed = scenario.seed;
            let usual = trace(&scenario, contender, seed, &TrialOptions::default());
            let other = trace(&scenario, contender, seed, &options);
            assert_eq!(usual, other, "{} {contender} under {options:?}", scenario.name);
        }
    }
}

#[test]
fn turmoil_hosts_in_reverse_order_give_the_same_bytes() {
    check(|_| {
        Some(TrialOptions { turmoil_order: TurmoilOrder::Reverse, ..TrialOptions::default() })
    });
}

#[test]
fn half_the_tick_gives_the_same_bytes() {
    check(|scenario| {
        let half = Duration::from_millis(tick(scenario).as_millis() / 2);
        (half > Duration::ZERO)
            .then(|| TrialOptions { tick: Some(half), ..TrialOptions::default() })
    });
}

#[test]
fn another_seed_gives_another_trace() {
    for scenario in scenarios() {
        for &contender in &scenario.contenders {
            let [one, other] = [1, 2].map(|more| {
                trace(&scenario, contender, scenario.seed + more, &TrialOptions::default())
            });
            assert_ne!(one, other, "{} {contender}", scenario.name);
        }
    }
}

#[test]
fn one_thread_or_two_alone_or_after_all_others_in_separate_processes_give_the_same_bytes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dlab")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let one = run(&["run", folder, "--json", "-j", "1"]);
    let two = run(&["run", folder, "--json", "-j", "2"]);
    assert!(one == two, "the reports of -j 1 and -j 2 differ");
    for line in one.lines() {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        let file = format!("{folder}/{}.toml", report["scenario"].as_str().unwrap());
        assert!(run(&["run", &file, "--json"]).trim_end() == line, "{file} differs when alone");
    }
}

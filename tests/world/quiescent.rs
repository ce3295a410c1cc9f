//! Tests that a trial that stops as soon as it is quiescent finds what the whole trial finds.

use delivery_lab::message::Contender;
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{EarlyStop, TrialOptions, run_trial};
use delivery_lab::verdict::{self, Row};

/// The condition for stopping early.
const STOP: EarlyStop = EarlyStop { from: verdict::quiescent_from, when: verdict::is_quiescent };

fn run(scenario: &Scenario, contender: Contender, stop: Option<EarlyStop>) -> Row {
    let options = TrialOptions { stop, ..TrialOptions::default() };
    let trial = run_trial(scenario, contender, scenario.seed, &options).unwrap();
    verdict::judge(scenario, contender, &trial.history)
}

#[test]
fn what_stops_early_finds_the_same() {
    let (mut trials, mut early) = (0, 0);
    let files = builtin::all().chain(builtin::museum());
    for (name, text) in files {
        let scenario = Scenario::load(name, text).unwrap();
        for &contender in &scenario.contenders {
            let whole = run(&scenario, contender, None);
            let short = run(&scenario, contender, Some(STOP));
            assert_eq!(whole.subscribers, short.subscribers, "{name} {contender}");
            trials += 1;
            early += u64::from(short.ended_at_ms < whole.ended_at_ms);
        }
    }
    // After a fault on a session the trial must wait for the heartbeat of 45 s, and few scenarios
    // run that long.
    assert!(early * 2 > trials, "{early} of {trials} trials stopped early");
}

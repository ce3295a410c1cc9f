//! The museum: each broken machine is caught by its own anomaly, in its own storm; without the
//! storm nobody sees it, and the correct machine breaks no claim in it.

use delivery_lab::mutant::{self, Mutant};
use delivery_lab::scenario::{Expected, Scenario, builtin};
use delivery_lab::sim::{TrialOptions, run_trial};
use delivery_lab::verdict::{self, Anomaly, ClaimState, Row, Subscriber};

/// Seeds of each storm that are tried here; `dlab museum --seeds` tries as many as one likes.
const SEEDS: u64 = 3;

/// The museum's scenarios, each with its mutant.
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

fn subscribers(rows: &[Row]) -> impl Iterator<Item = &Subscriber> {
    rows.iter().flat_map(|row| &row.subscribers)
}

fn shows(rows: &[Row], mutant: &Mutant) -> bool {
    let is_named = |anomaly: &Anomaly| anomaly.name() == mutant.anomaly;
    subscribers(rows).any(|one| one.anomalies.keys().any(is_named))
}

fn broken_claims(rows: &[Row]) -> usize {
    let claims = subscribers(rows).flat_map(|one| one.guarantees.values());
    claims.filter(|one| one.claim == ClaimState::Broken).count()
}

#[test]
fn every_mutant_has_a_storm_of_its_name_that_expects_its_anomaly() {
    let storms: Vec<String> = museum()
        .map(|(name, scenario, mutant)| {
            assert_eq!(name, format!("museum/{}", mutant.name));
            let anomalies = scenario.expectations.iter().filter_map(|one| match &one.what {
                Expected::Anomaly { name } => Some(name.as_str()),
                _ => None,
            });
            assert!(anomalies.eq([mutant.anomaly]), "{name} expects {} alone", mutant.anomaly);
            assert!(!scenario.faults.is_empty(), "{name} has no storm");
            mutant.name.to_owned()
        })
        .collect();
    assert_eq!(storms, mutant::NAMES);
    for name in mutant::ALL.map(|mutant| mutant.anomaly) {
        assert!(Anomaly::ALL.iter().any(|anomaly| anomaly.name() == name), "{name}");
    }
    for anomaly in Anomaly::ALL {
        let named = mutant::ALL.iter().any(|mutant| mutant.anomaly == anomaly.name());
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

/// How it is with the seeds beside that one: `dlab museum` says.
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

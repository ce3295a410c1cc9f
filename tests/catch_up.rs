//! Random workloads in random storms, over every contender: what is claimed is kept, and within
//! its terms catch-up loses, doubles and reorders nothing.
//!
//! Every storm takes one subscriber away while a publisher publishes, and ends before a long
//! peace. A failure prints the smallest such scenario as a file that `dlab run` takes.

#[path = "catch_up/storms.rs"]
mod storms;

use std::cell::Cell;

use delivery_lab::history::{History, PowerState, What};
use delivery_lab::message::{Contender, Mode, Note};
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{HostOrder, Stop, TrialOptions, run_trial, tick};
use delivery_lab::time::{Duration, Instant};
use delivery_lab::verdict::{self, ClaimState, Row};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestRunner};
use storms::{Case, Crashes, cases};

delivery_lab::seed_entropy!();

/// Runs a property over as many cases, the same in every run and on every machine.
fn check(count: u32, crashes: Crashes, property: impl Fn(&Scenario)) {
    let regressions = FileFailurePersistence::Direct("tests/regressions/catch_up.txt");
    let config = ProptestConfig {
        cases: count,
        failure_persistence: Some(Box::new(regressions)),
        source_file: Some(file!()),
        rng_seed: RngSeed::Fixed(1),
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    };
    let result = TestRunner::new(config).run(&cases(crashes), |case| {
        property(&case.0);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

fn run(scenario: &Scenario, contender: Contender) -> (History, Row) {
    let trial = run_trial(scenario, contender, scenario.seed, &TrialOptions::default());
    let history = trial.unwrap_or_else(|panic| panic!("{contender}: {panic}")).history;
    let row = verdict::judge(scenario, contender, &history);
    (history, row)
}

fn contenders(mode: Mode) -> impl Iterator<Item = Contender> {
    Contender::all().filter(move |contender| contender.mode == mode)
}

/// What holds for every contender in every storm.
fn adds_up_and_breaks_no_claim(contender: Contender, row: &Row) {
    for subscriber in &row.subscribers {
        let who = format!("{contender} {}", subscriber.client);
        let outcomes = subscriber.live + subscriber.caught_up + subscriber.missed;
        assert_eq!(outcomes, subscriber.wanted, "{who}: outcomes add up");
        let causes: u64 = subscriber.causes.values().sum();
        assert_eq!(causes, subscriber.missed, "{who}: causes add up");
        assert_eq!(subscriber.messages.len() as u64, subscriber.wanted, "{who}: one a message");
        assert_eq!(subscriber.unasked, 0, "{who}: nothing unasked");
        for (guarantee, finding) in &subscriber.guarantees {
            assert_ne!(finding.claim, ClaimState::Broken, "{who} {guarantee}: {finding:?}");
        }
    }
}

/// How many messages were handed over while a subscriber that had had a session had none, and got
/// one again later.
fn published_while_away(history: &History) -> u64 {
    let handed_over: Vec<Instant> = history
        .events
        .iter()
        .filter(|event| matches!(event.what, What::Note(Note::HandedOver { .. })))
        .map(|event| event.at)
        .collect();
    let within = |from, to| handed_over.iter().filter(|at| from < **at && **at < to).count() as u64;
    let mut sum = 0;
    for (process, name) in history.processes.iter().zip(0_u32..) {
        if !process.name.as_str().starts_with("shop") {
            continue;
        }
        let (mut has_session, mut lost) = (false, None);
        for event in history.events.iter().filter(|event| event.process == name) {
            match &event.what {
                What::Note(Note::Welcomed { .. }) => {
                    sum += lost.take().map_or(0, |from| within(from, event.at));
                    has_session = true;
                }
                What::Note(Note::Lost { .. }) if has_session => {
                    lost.get_or_insert(event.at);
                }
                _ => {}
            }
        }
    }
    sum
}

#[test]
fn a_case_is_printed_as_the_scenario_that_it_is() {
    check(60, Crashes::Some, |scenario| {
        let printed = format!("{:?}", Case(scenario.clone()));
        let read = Scenario::load(&scenario.name, &printed);
        assert_eq!(read.as_ref().ok(), Some(scenario), "{printed}\n{read:?}");
    });
}

#[test]
fn within_the_terms_catch_up_gives_everyone_everything_once_and_in_order() {
    let (trials, away, caught_up) = (Cell::new(0), Cell::new(0), Cell::new(0));
    check(60, Crashes::None, |scenario| {
        for contender in contenders(Mode::CatchUp) {
            let (history, row) = run(scenario, contender);
            trials.set(trials.get() + 1);
            away.set(away.get() + u64::from(published_while_away(&history) > 0));
            adds_up_and_breaks_no_claim(contender, &row);
            for subscriber in &row.subscribers {
                let who = format!("{contender} {}", subscriber.client);
                assert_eq!(subscriber.wanted, row.published, "{who} wants all");
                assert_eq!(subscriber.missed, 0, "{who}: {:?}", subscriber.causes);
                assert_eq!((subscriber.twice, subscriber.out_of_order), (0, 0), "{who}");
                assert_eq!(subscriber.gaps_announced, 0, "{who}");
                caught_up.set(caught_up.get() + u64::from(subscriber.caught_up > 0));
            }
        }
    });
    let (trials, away) = (trials.get(), away.get());
    assert!(away * 10 >= trials * 9, "someone published while a subscriber was away: {away}");
    assert!(caught_up.get() >= trials * 9 / 10, "caught up: {} of {trials}", caught_up.get());
}

#[test]
fn whatever_crashes_catch_up_breaks_no_claim() {
    let (broker_crashes, client_crashes, losses) = (Cell::new(0), Cell::new(0), Cell::new(0));
    check(60, Crashes::Some, |scenario| {
        for contender in contenders(Mode::CatchUp) {
            let (history, row) = run(scenario, contender);
            adds_up_and_breaks_no_claim(contender, &row);
            let died = |broker: bool| {
                let died = history.events.iter().filter(|event| (event.process == 0) == broker);
                died.filter(|event| match event.what {
                    What::Power(state) => {
                        [PowerState::Killed, PowerState::PowerLost].contains(&state)
                    }
                    _ => false,
                })
                .count()
            };
            broker_crashes.set(broker_crashes.get() + died(true));
            client_crashes.set(client_crashes.get() + died(false));
            losses.set(losses.get() + row.subscribers.iter().map(|one| one.missed).sum::<u64>());
        }
    });
    let (brokers, clients) = (broker_crashes.get(), client_crashes.get());
    assert!(
        brokers >= 10 && clients >= 30,
        "{brokers} crashes of the broker, {clients} of clients"
    );
    assert!(losses.get() > 0, "a crash is outside the terms, and loses");
}

#[test]
fn fire_and_forget_adds_up_and_breaks_no_claim_in_any_storm() {
    let missed = Cell::new(0);
    check(40, Crashes::Some, |scenario| {
        for contender in contenders(Mode::FireAndForget) {
            let (_, row) = run(scenario, contender);
            adds_up_and_breaks_no_claim(contender, &row);
            missed.set(missed.get() + u64::from(row.subscribers.iter().any(|one| one.missed > 0)));
        }
    });
    // Each storm takes a subscriber away: only a catch-up contender could miss nothing.
    assert!(missed.get() >= 72, "missed something in {} of 80 trials", missed.get());
}

#[test]
fn a_storm_gives_the_same_bytes_under_reversed_hosts_and_at_half_the_tick() {
    check(4, Crashes::Some, |scenario| {
        let half = Duration::from_millis(tick(scenario).as_millis() / 2);
        let reversed = TrialOptions { hosts: HostOrder::Reverse, ..TrialOptions::default() };
        let halved = TrialOptions { tick: Some(half), ..TrialOptions::default() };
        for contender in Contender::all() {
            let hash = |options: &TrialOptions| {
                let trial = run_trial(scenario, contender, scenario.seed, options);
                trial.unwrap_or_else(|panic| panic!("{contender}: {panic}")).history.trace_hash()
            };
            let usual = hash(&TrialOptions::default());
            assert_eq!(usual, hash(&reversed), "{contender}: hosts reversed");
            assert_eq!(usual, hash(&halved), "{contender}: half the tick");
        }
    });
}

#[test]
fn a_storm_that_stops_as_soon_as_it_is_settled_finds_the_same() {
    let early = Cell::new(0);
    check(12, Crashes::Some, |scenario| {
        let stop = Some(Stop { from: verdict::settled_from, when: verdict::is_settled });
        for contender in Contender::all() {
            let (_, whole) = run(scenario, contender);
            let options = TrialOptions { stop, ..TrialOptions::default() };
            let trial = run_trial(scenario, contender, scenario.seed, &options).unwrap();
            let short = verdict::judge(scenario, contender, &trial.history);
            assert_eq!(whole.subscribers, short.subscribers, "{contender}");
            early.set(early.get() + u64::from(short.ended_at_ms < whole.ended_at_ms));
        }
    });
    assert!(early.get() > 12 * 14 / 2, "only {} of {} stopped early", early.get(), 12 * 14);
}

#[test]
fn whatever_happens_to_a_machine_twice_in_a_row_it_runs_afterwards() {
    let troubles = ["crash\"\nnotice = false", "crash\"\nnotice = true", "pause\""];
    for who in ["shop", "broker"] {
        for (first, second) in troubles.iter().flat_map(|one| troubles.map(|two| (one, two))) {
            // The second begins when the first ends.
            let fault = |kind: &str, at| {
                format!(
                    "[[fault]]\nkind = \"{kind}\nwho = \"{who}\"\nat = \"{at}\"\nfor = \"1s\"\n"
                )
            };
            let file = format!(
                r#"title = "Twice in a row"
run_for = "20s"
latency = "10ms"
[broker]
heartbeat = {{ every = "1s", timeout = "1s" }}
[[client]]
id = "driver"
publish = [{{ queue = "q", event = "e", every = "100ms", start = "500ms", count = 180 }}]
[[client]]
id = "shop"
subscribe = [{{ queue = "q", event = "e" }}]
{}{}"#,
                fault(first, "2s"),
                fault(second, "3s"),
            );
            let scenario =
                Scenario::load("twice.toml", &file).unwrap_or_else(|bad| panic!("{bad:?}"));
            for contender in Contender::all() {
                let (_, row) = run(&scenario, contender);
                adds_up_and_breaks_no_claim(contender, &row);
                let last = row.subscribers[0].messages.last().expect("the shop wants messages");
                assert!(last.handled_ms.is_some(), "{contender}: the last is missed:\n{file}");
            }
        }
    }
}

//! Random workloads in random storms: within its terms, catch-up loses, duplicates and reorders
//! nothing over any link. The result of a trial depends neither on the tick, nor on the order of
//! turmoil hosts, nor on when it stops. `tests/search/sweep.rs` tests that no storm breaks a claim.

use delivery_lab::message::{Contender, Mode};
use delivery_lab::scenario::Scenario;
use delivery_lab::search::{self, Coverage, Scenarios};
use delivery_lab::sim::{Apart, EarlyStop, Placement, TrialOptions, TurmoilOrder, run_trial, tick};
use delivery_lab::terms::{Claim, Exercise, FaultKind};
use delivery_lab::time::Duration;
use delivery_lab::verdict::{self, Row};

/// Applies a property to the scenarios of the seeds from 1 on, and returns the results.
fn in_storms<T>(count: u64, scenarios: &Scenarios, property: impl Fn(&Scenario) -> T) -> Vec<T> {
    (1..=count).map(|seed| property(&scenarios.draw(seed))).collect()
}

fn run(scenario: &Scenario, contender: Contender) -> Row {
    let trial = run_trial(scenario, contender, scenario.seed, &TrialOptions::default());
    let history = trial.unwrap_or_else(|error| panic!("{contender}: {error}")).history;
    verdict::judge(scenario, contender, &history)
}

fn catch_up() -> impl Iterator<Item = Contender> {
    Contender::all().filter(|contender| contender.mode == Mode::CatchUp)
}

/// Asserts what holds for every contender in every storm.
fn adds_up_and_breaks_no_claim(contender: Contender, row: &Row) {
    for subscriber in &row.subscribers {
        let who = format!("{contender} {}", subscriber.client);
        let outcomes = subscriber.live + subscriber.caught_up + subscriber.missed;
        assert_eq!(outcomes, subscriber.wanted, "{who}: outcomes add up");
        let causes: u64 = subscriber.causes.values().sum();
        assert_eq!(causes, subscriber.missed, "{who}: causes add up");
        assert_eq!(subscriber.messages.len() as u64, subscriber.wanted, "{who}: one a message");
        assert_eq!(subscriber.not_wanted, 0, "{who}: nothing that it does not want");
        for (guarantee, finding) in &subscriber.guarantees {
            assert_ne!(finding.claim, Claim::Broken, "{who} {guarantee}: {finding:?}");
        }
    }
}

#[test]
fn without_crashes_catch_up_loses_doubles_and_reorders_nothing() {
    let storms = Scenarios::plain().without(FaultKind::Crash);
    let met = in_storms(40, &storms, |scenario| {
        let (mut coverage, mut handled) = (Coverage::default(), 0);
        for contender in catch_up() {
            let tried = search::attempt(scenario, contender);
            let tried = tried.unwrap_or_else(|error| panic!("{contender}: {error}{scenario:?}"));
            adds_up_and_breaks_no_claim(contender, &tried.row);
            coverage += &tried.coverage;
            for subscriber in &tried.row.subscribers {
                let who = format!("{contender} {}{scenario:?}", subscriber.client);
                assert_eq!(subscriber.missed, 0, "{who}: {:?}", subscriber.causes);
                assert_eq!((subscriber.handled_again, subscriber.out_of_order), (0, 0), "{who}");
                assert_eq!(subscriber.gaps_announced, 0, "{who}");
                handled += subscriber.live + subscriber.caught_up;
            }
        }
        (coverage, handled)
    });
    let mut coverage = Coverage::default();
    met.iter().for_each(|(met, _)| coverage += met);
    let handled: u64 = met.iter().map(|(_, handled)| handled).sum();
    assert!(handled > 10_000, "{handled} handled");
    for exercise in [Exercise::Reconnect, Exercise::Replay, Exercise::Redelivery] {
        assert!(coverage.count(exercise) > 100, "{coverage:?}");
    }
}

#[test]
fn a_storm_gives_the_same_bytes_together_and_apart_at_half_the_tick_in_reverse() {
    in_storms(2, &Scenarios::any(), |scenario| {
        let half = Duration::from_millis(tick(scenario).as_millis() / 2);
        let apart =
            |apart| TrialOptions { placement: Placement::Apart(apart), ..TrialOptions::default() };
        let halved = Apart { tick: Some(half), order: TurmoilOrder::Reverse };
        for contender in Contender::all() {
            let hash = |options: &TrialOptions| {
                let trial = run_trial(scenario, contender, scenario.seed, options);
                trial.unwrap_or_else(|error| panic!("{contender}: {error}")).history.trace_hash()
            };
            let usual = hash(&TrialOptions::default());
            assert_eq!(usual, hash(&apart(halved)), "{contender}{scenario:?}");
        }
    });
}

#[test]
fn a_storm_that_stops_as_soon_as_it_is_quiescent_finds_the_same() {
    let early = in_storms(12, &Scenarios::any(), |scenario| {
        let stop = Some(EarlyStop { from: verdict::quiescent_from, when: verdict::is_quiescent });
        let is_early = |contender: &Contender| {
            let whole = run(scenario, *contender);
            let options = TrialOptions { stop, ..TrialOptions::default() };
            let trial = run_trial(scenario, *contender, scenario.seed, &options).unwrap();
            let short = verdict::judge(scenario, *contender, &trial.history);
            assert_eq!(whole.subscribers, short.subscribers, "{contender}{scenario:?}");
            short.ended_at_ms < whole.ended_at_ms
        };
        Contender::all().filter(is_early).count()
    });
    let early: usize = early.into_iter().sum();
    assert!(early > 12 * 14 / 2, "only {early} of {} stopped early", 12 * 14);
}

#[test]
fn whatever_happens_to_a_host_twice_in_a_row_it_runs_afterwards() {
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
[http]
timeout = "1s"
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
                let row = run(&scenario, contender);
                adds_up_and_breaks_no_claim(contender, &row);
                let last = row.subscribers[0].messages.last().expect("the shop wants messages");
                assert!(last.handled_ms.is_some(), "{contender}: the last is missed:\n{file}");
            }
        }
    }
}

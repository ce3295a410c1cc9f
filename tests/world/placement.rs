//! Tests that a trial is the same with its processes together and apart, whatever is asked of it.
//! `determinism.rs` compares the traces of all scenarios.

use std::sync::Arc;

use delivery_lab::history::{History, Packet};
use delivery_lab::message::{Contender, MessageId};
use delivery_lab::report::why::{WhyEvidence, life};
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::search::{Aim, Finding, STOP, Scenarios, find, shrink};
use delivery_lab::sim::{
    Apart, BlackBox, Capturing, Placement, Trial, TrialError, TrialOptions, TurmoilOrder,
    run_system_then, run_trial, tick,
};
use delivery_lab::terms::FaultKind;
use delivery_lab::time::{Duration, Instant};
use delivery_lab::verdict::{self, Row};

use crate::search::property::line_queue::{LineQueue, Mistakes};

const APART: Placement = Placement::Apart(Apart { tick: None, order: TurmoilOrder::Forward });

/// Returns the options with processes together, and with processes apart.
fn both(options: &TrialOptions) -> [TrialOptions; 2] {
    [Placement::Together, APART].map(|placement| TrialOptions { placement, ..options.clone() })
}

fn load((name, text): (&str, &str)) -> Scenario {
    Scenario::load(name, text).unwrap()
}

fn run(scenario: &Scenario, contender: Contender, options: &TrialOptions) -> Trial {
    run_trial(scenario, contender, scenario.seed, options).unwrap()
}

/// Asserts that two histories are the same, but for the order in which they were written.
fn same(together: &History, apart: &History, name: &str) {
    for (one, other) in together.events.iter().zip(&apart.events) {
        assert_eq!(one, other, "{name}");
    }
    assert_eq!(together.events.len(), apart.events.len(), "{name}");
    let rest = |history: &History| (history.hits.clone(), history.ended_at, history.cost);
    assert_eq!(rest(together), rest(apart), "{name}");
}

#[test]
fn the_museum_is_the_same_and_ends_early_at_the_same_moment() {
    let mut early = 0;
    for scenario in builtin::museum().map(load) {
        for &contender in &scenario.contenders {
            let options = both(&TrialOptions { stop: Some(STOP), ..TrialOptions::default() });
            let [together, apart] = options.map(|options| run(&scenario, contender, &options));
            let name = format!("{} {contender}", scenario.name);
            assert_eq!(together.history.ended_at, apart.history.ended_at, "{name}");
            same(&together.history, &apart.history, &name);
            early += u32::from(together.history.ended_at < Instant::ZERO + scenario.run_for);
        }
    }
    assert!(early > 10, "{early} trials ended early");
}

/// Tells the life of the first messages of a trial, and returns its packets.
fn stories(scenario: &Scenario, contender: Contender, trial: Trial) -> (String, Vec<Packet>) {
    let Trial { history, views, capture } = trial;
    let mut packets = capture.expect("it was asked for").into_packets();
    // A number that only grows: how far depends on when others send.
    packets.iter_mut().for_each(|packet| packet.serial = 0);
    let mut told = format!("{views:?}");
    for id in published(&history).into_iter().take(4) {
        let followed = &verdict::follow(scenario, contender, &history, &id);
        let evidence =
            WhyEvidence { scenario, contender, history: &history, packets: &packets, followed };
        told.push_str(&format!("{:?}", life(&evidence, &id)));
    }
    (told, packets)
}

fn published(history: &History) -> Vec<MessageId> {
    use delivery_lab::history::EventKind::Note;
    use delivery_lab::message::Note::Published;
    let notes = history.events.iter().filter_map(|event| match &event.kind {
        Note(Published { message }) => Some(message.id.clone()),
        _ => None,
    });
    notes.collect()
}

#[test]
fn packets_views_and_lives_of_messages_are_the_same() {
    for name in ["caps", "broker-crash", "lossy-wifi", "idle-timeout"] {
        let scenario = load(builtin::all().find(|(one, _)| *one == name).unwrap());
        for &contender in &scenario.contenders {
            let options = TrialOptions {
                capture: Capturing::Packets,
                views_at: [3_000, 5_000].map(Instant::from_millis).into(),
                ..TrialOptions::default()
            };
            let [together, apart] = both(&options)
                .map(|options| stories(&scenario, contender, run(&scenario, contender, &options)));
            assert!(together.0.len() > 100 && !together.1.is_empty(), "{name} {contender}");
            assert!(together == apart, "{name} {contender}");
        }
    }
}

fn row(scenario: &Scenario, contender: Contender, placement: Placement) -> Result<Row, TrialError> {
    let options = TrialOptions { placement, stop: Some(STOP), ..TrialOptions::default() };
    let trial = run_trial(scenario, contender, scenario.seed, &options)?;
    Ok(verdict::judge(scenario, contender, &trial.history))
}

#[test]
fn a_search_finds_the_same_and_shrinks_it_to_the_same() {
    let [together, apart] = [Placement::Together, APART].map(|placement| {
        let mutant = Some(delivery_lab::mutant::find("off-by-one").expect("it is in the museum"));
        let contender: Contender = "tcp/catch-up".parse().unwrap();
        let found = (1..200).find_map(|seed| {
            let contenders = vec![contender];
            let scenario = Scenario { mutant, contenders, ..Scenarios::any().draw(seed) };
            let finding = find(&row(&scenario, contender, placement).unwrap(), Aim::Wrong)?;
            Some((scenario, finding))
        });
        let (scenario, finding): (Scenario, Finding) = found.expect("the mutant is caught");
        let wrong = finding.wrong;
        let shrunk = shrink(&scenario, finding, |smaller| {
            row(smaller, contender, placement).map(|row| wrong.find(&row))
        });
        let shrunk = shrunk.unwrap();
        (scenario.seed, shrunk.trials, shrunk.scenario.to_string())
    });
    assert!(together.1 > 10, "it was shrunk in {} trials", together.1);
    assert_eq!(together, apart);
}

#[test]
fn programs_that_share_nothing_do_the_same() {
    let storms = Scenarios::plain().without(FaultKind::Disconnect).without(FaultKind::Deaf);
    for seed in 1..=10 {
        let scenario = storms.draw(seed);
        let [together, apart] = both(&TrialOptions::default()).map(|options| {
            let queue = || BlackBox::new(LineQueue::with(Mistakes::default()));
            run_system_then(&scenario, queue, seed, &options, |trial| trial.history).unwrap()
        });
        assert!(together.events.len() > 20, "seed {seed}: {} events", together.events.len());
        same(&together, &apart, &format!("seed {seed}"));
    }
}

/// Compares as many drawn trials as the variable `DRAWN` says, over all contenders in turn, a
/// quarter of them at half the tick with turmoil hosts reversed.
#[test]
#[ignore = "as many as one likes: DRAWN=20000"]
fn drawn_trials_are_the_same() {
    let count: u64 = std::env::var("DRAWN").map_or(200, |count| count.parse().unwrap());
    let contenders: Vec<Contender> = Contender::all().collect();
    let seeds = Arc::new(std::sync::Mutex::new(1..=count));
    let check = |seed: u64| {
        let scenario = Scenarios::any().draw(seed);
        let contender = contenders[seed as usize % contenders.len()];
        let half = Duration::from_millis((tick(&scenario).as_millis() / 2).max(1));
        let reversed = Placement::Apart(Apart { tick: Some(half), order: TurmoilOrder::Reverse });
        let placement = if seed.is_multiple_of(4) { reversed } else { APART };
        let stop = seed.is_multiple_of(2).then_some(STOP).filter(|_| placement == APART);
        let [together, apart] = [Placement::Together, placement].map(|placement| {
            let options = TrialOptions { placement, stop, ..TrialOptions::default() };
            run(&scenario, contender, &options).history
        });
        same(&together, &apart, &format!("seed {seed}, {contender}"));
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = seeds.lock().unwrap().next();
                    let Some(seed) = next else { return };
                    check(seed);
                }
            });
        }
    });
}

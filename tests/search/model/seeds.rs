//! Plays the steps of seeds: the correct machines survive them, a seed gives the same each time,
//! and together they meet every kind of trouble.

use std::time::Instant;

use delivery_lab::message::{Heartbeat, LinkSemantics, Mode};
use delivery_lab::search::Coverage;
use delivery_lab::search::model::{Model, ModelOptions, Steps, drawn, length, run_steps, shrink};
use delivery_lab::terms::Exercise;
use delivery_lab::time::Duration;

/// Number of steps in the fixed set; the environment variable `STEPS` overrides it.
const FIXED: u64 = 200_000;

#[test]
fn the_correct_machines_survive_the_fixed_set_and_it_meets_every_kind_of_trouble() {
    let asked = std::env::var("STEPS").ok().map(|steps| steps.parse().expect("STEPS is a number"));
    let total = asked.unwrap_or(FIXED);
    let (begin, mut steps, mut coverage) = (Instant::now(), 0, Coverage::default());
    let mut seeds = 0;
    while steps < total {
        seeds += 1;
        let played = run_steps(drawn(seeds), seeds, length(seeds));
        assert!(played.finding.is_none(), "{}", story(drawn(seeds), seeds));
        steps += played.steps;
        coverage += &played.coverage;
    }
    let took = begin.elapsed().as_secs_f64();
    println!("{steps} steps of {seeds} seeds in {took:.1} s: {:.0} a second", steps as f64 / took);
    for (exercise, count) in coverage.iter() {
        println!("{count:>10} {}", exercise.plural());
        assert!(count > 0, "no {} in {seeds} seeds", exercise.plural());
    }
}

#[test]
fn fire_and_forget_handles_nothing_twice_and_nothing_late_over_a_reliable_path() {
    let mut coverage = Coverage::default();
    let mut handled = 0;
    let second = Duration::from_secs(1);
    for seed in 1..=50 {
        let mut options = ModelOptions {
            link: LinkSemantics::RELIABLE,
            mode: Mode::FireAndForget,
            ..drawn(seed)
        };
        // A client that receives nothing learns only by its heartbeat that its session is dead.
        options.broker.heartbeat = Heartbeat { every: second, timeout: second };
        let mut model = Model::new(options.clone());
        for step in Steps::new(&options, seed).take(3_000) {
            model.step(step);
        }
        model.quiesce();
        assert_eq!(model.check(), None, "seed {seed}");
        coverage += model.coverage();
        handled += model.handled(1).len();
    }
    assert!(handled > 500, "{handled} handled");
    let reconnects = coverage.count(Exercise::Reconnect);
    assert!(reconnects > 100, "{reconnects} reconnects");
}

#[test]
fn a_seed_plays_the_same_each_time_and_no_other_seed_does() {
    let all = |seed| -> (Vec<_>, Vec<u64>, Coverage) {
        let options = drawn(seed);
        let steps: Vec<_> = Steps::new(&options, seed).take(2_000).collect();
        let mut model = Model::new(options);
        for step in &steps {
            model.step(*step);
        }
        model.quiesce();
        (steps, model.handled(1).to_vec(), model.coverage().clone())
    };
    for seed in 1..=5 {
        assert_eq!(all(seed), all(seed));
        assert_ne!(all(seed).0, all(seed + 1).0);
    }
}

/// Describes what a seed shows, with the fewest of its steps that still show it.
fn story(options: ModelOptions, seed: u64) -> String {
    let mut model = Model::new(options.clone());
    let steps =
        Steps::new(&options, seed).filter(|step| model.step(*step)).take(length(seed) as usize);
    let steps: Vec<_> = steps.collect();
    match shrink(&options, &steps) {
        Some((steps, finding)) => format!("seed {seed}: {finding:?}\n{options:?}\n{steps:#?}"),
        None => format!("seed {seed} shows something only between its steps"),
    }
}

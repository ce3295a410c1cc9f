//! The museum's mutants are found by the model, too, and shrunk to a few steps.

use delivery_lab::mutant::ALL;
use delivery_lab::search::Wrong;
use delivery_lab::search::model::{Model, ModelOptions, Step, Steps, drawn, shrink};
use delivery_lab::terms::Guarantee::{AtLeastOnce, AtMostOnce, InOrder, NoSilentGap};
use delivery_lab::terms::{Anomaly, Guarantee};

/// Number of steps that are played for one seed.
const PLAY: usize = 500;
/// Most seeds that are tried.
const SEEDS: u64 = 300;
/// Number of seeds that show it, of which the one with the fewest steps is taken.
const TRIED: usize = 4;

/// Mutants, each with what it breaks in the model, and the most steps that may be needed.
const FOUND: [(&str, Wrong, usize); 18] = [
    ("acknowledge-before-handling", broken(AtLeastOnce), 6),
    ("acknowledged-unheard", broken(AtLeastOnce), 12),
    ("dedup-window-of-one", broken(AtMostOnce), 10),
    ("delete-before-ack", broken(AtLeastOnce), 4),
    ("empty-epoch", broken(NoSilentGap), 6),
    ("ended-session-delivers", broken(AtMostOnce), 6),
    ("handles-as-it-comes", broken(InOrder), 10),
    ("listener-in-connect", broken(AtMostOnce), 6),
    ("live-overtakes-replay", broken(InOrder), 12),
    ("new-epoch-old-position", broken(AtLeastOnce), 6),
    ("new-id-on-retry", Wrong::Seen(Anomaly::NotWanted), 4),
    ("no-dedup", broken(AtMostOnce), 8),
    ("off-by-one", broken(AtLeastOnce), 4),
    ("out-of-range-means-latest", broken(AtLeastOnce), 8),
    ("poisoned-position", broken(AtLeastOnce), 10),
    ("position-before-work", broken(AtLeastOnce), 6),
    ("redelivers-never", broken(AtLeastOnce), 4),
    ("silent-trim", broken(NoSilentGap), 10),
];

const fn broken(guarantee: Guarantee) -> Wrong {
    Wrong::Broken(guarantee)
}

#[test]
fn mutants_are_found_and_shrunk_to_a_few_steps() {
    for (name, wrong, most) in FOUND {
        let shown = (1..=SEEDS).filter_map(|seed| show(name, wrong, seed)).take(TRIED);
        let fewest = shown.min_by_key(|shown| shown.steps.len());
        let Some(Shown { options, steps, evidence, seed }) = fewest else {
            panic!("{name} does not show {wrong:?} in {SEEDS} seeds")
        };
        println!("{name}, seed {seed}, {} steps: {evidence}", steps.len());
        assert!(steps.len() <= most, "{name} takes {} steps: {steps:?}", steps.len());
        let correct = ModelOptions { mutant: None, ..options };
        assert_eq!(shrink(&correct, &steps), None, "{name}: the correct machine does not");
    }
}

struct Shown {
    seed: u64,
    options: ModelOptions,
    steps: Vec<Step>,
    evidence: String,
}

/// Returns the fewest steps of a seed that show what a mutant breaks, if its steps show that.
fn show(name: &str, wrong: Wrong, seed: u64) -> Option<Shown> {
    let mutant = ALL.iter().find(|mutant| mutant.name == name);
    let mutant = Some(mutant.unwrap_or_else(|| panic!("there is no {name}")));
    let options = ModelOptions { mutant, ..drawn(seed) };
    let steps: Vec<Step> = Steps::new(&options, seed).take(PLAY).collect();
    let mut model = Model::new(options.clone());
    for step in &steps {
        model.step(*step);
    }
    model.quiesce();
    model.check().filter(|finding| finding.wrong == wrong)?;
    let (steps, finding) = shrink(&options, &steps).expect("it shows something");
    assert_eq!(finding.wrong, wrong, "{name}, seed {seed}");
    Some(Shown { seed, options, steps, evidence: finding.evidence })
}

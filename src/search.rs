//! Storms from seeds: what they exercise, what they break, and the smallest one that still does.
//!
//! A seed gives a storm (and, where nobody has one, a workload); a trial of it either holds or
//! shows a [`Finding`]; a finding is shrunk while it stays the same, and told as a story. There are
//! two depths: all of that on the simulator, and the machines of `core` alone over a [`mailbag`].
//! Nothing here prints or reads files.

mod coverage;
mod finding;
pub mod mailbag;
mod property;
#[cfg(feature = "proptest")]
mod scenario_tree;
mod shrink;
mod storm;
mod strategy;
mod subject;
#[doc(hidden)]
pub mod sweep;
mod workload;

pub use coverage::{Coverage, Tally};
pub use finding::{Finding, Wrong, find};
pub use property::{Broken, CASES, Failed, Held, Property, check};
#[cfg(feature = "proptest")]
pub use scenario_tree::ScenarioTree;
pub use shrink::{MOST_TRIALS, Shrunk, shrink};
pub use storm::peace;
pub use strategy::Scenarios;
pub use subject::{Attempt, Subject};

use crate::history::History;
use crate::message::Contender;
use crate::scenario::Scenario;
use crate::sim::{Stop, TrialOptions, TrialPanic, run_trial_then};
use crate::terms::Guarantee;
use crate::verdict::{self, Row, is_settled, settled_from};

/// When a trial of a search stops: as soon as nothing is left that could change what it finds.
pub const STOP: Stop = Stop { from: settled_from, when: is_settled };

/// What came of one trial.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The judgement.
    pub row: Row,
    /// What its storm exercised.
    pub coverage: Coverage,
}

/// Runs a scenario once over a contender with its own seed, until it is settled.
///
/// # Errors
/// Something in the trial panicked: a bug of delivery-lab, or of the machine that was tried.
pub fn attempt(scenario: &Scenario, contender: Contender) -> Result<Tried, TrialPanic> {
    attempt_then(scenario, contender, |_| ()).map(|(tried, ())| tried)
}

/// The same to the end that the scenario names, for what is expected of costs.
///
/// # Errors
/// Something in the trial panicked.
pub fn attempt_whole(scenario: &Scenario, contender: Contender) -> Result<Tried, TrialPanic> {
    let options = TrialOptions::default();
    run_trial_then(scenario, contender, scenario.seed, &options, |trial| {
        let row = verdict::judge(scenario, contender, &trial.history);
        Tried { row, coverage: Coverage::of(&trial.history) }
    })
}

/// The same, and what is to be made of the history.
///
/// # Errors
/// Something in the trial panicked.
pub fn attempt_then<T: Send>(
    scenario: &Scenario,
    contender: Contender,
    then: impl FnOnce(&History) -> T + Send,
) -> Result<(Tried, T), TrialPanic> {
    let options = TrialOptions { stop: Some(STOP), ..TrialOptions::default() };
    run_trial_then(scenario, contender, scenario.seed, &options, |trial| {
        let row = verdict::judge(scenario, contender, &trial.history);
        let coverage = Coverage::of(&trial.history);
        (Tried { row, coverage }, then(&trial.history))
    })
}

/// What to look for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aim {
    /// A broken claim, or something that only a broken machine does.
    #[default]
    Wrong,
    /// This guarantee violated, whether anybody claims it or not.
    Violation(Guarantee),
}

/// The scenario of a seed: workload and storm, over every contender.
pub fn any(seed: u64) -> Scenario {
    Scenarios::any().draw(seed)
}

/// The scenario with the storm of its seed in the place of its own faults, and long enough for
/// the peace after it. What it expected is gone.
pub fn stormy(scenario: &Scenario, seed: u64) -> Scenario {
    storm::stormy(scenario, &storm::Weather::default(), seed)
}

/// Shrinks a scenario that shows a finding over a contender with its own seed. The smallest one
/// has that contender alone, and expects the finding. It stops early when `is_enough`.
///
/// # Errors
/// A trial panicked.
pub fn shrink_finding(
    scenario: &Scenario,
    contender: Contender,
    finding: &Finding,
    is_enough: impl Fn() -> bool,
) -> Result<Shrunk<Finding>, TrialPanic> {
    let alone = Scenario { contenders: vec![contender], ..scenario.clone() };
    let same = |smaller: &Scenario| {
        attempt(smaller, contender).map(|tried| finding.wrong.find(&tried.row))
    };
    let mut shrunk = shrink(&alone, finding.clone(), same, is_enough)?;
    shrunk.scenario.expectations = vec![shrunk.finding.expectation(contender)];
    Ok(shrunk)
}

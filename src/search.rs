//! Searches for storms that break a guarantee, and shrinks what it finds.
//!
//! A seed draws a storm and, if no scenario is given, a workload. A trial of it either holds or
//! shows a [`Finding`], which is shrunk to the smallest scenario that still shows it. There are two
//! levels: the full stack on the simulator, and the state machines of `core` alone over the
//! in-memory network of a [`model`]. Nothing here prints, or reads files.

mod acceptance;
mod coverage;
mod fault;
mod finding;
pub mod model;
mod progress;
mod property;
mod question;
#[cfg(feature = "proptest")]
mod scenario_tree;
mod shrink;
mod storm;
mod strategy;
#[doc(hidden)]
pub mod sweep;
mod system_under_test;
mod workload;

pub use coverage::{Coverage, Tally};
pub use finding::{Finding, Wrong, find};
pub use property::{Broken, CASES, Failed, Property, Upheld, check};
pub use question::Question;
#[cfg(feature = "proptest")]
pub use scenario_tree::ScenarioTree;
pub use shrink::{MOST_TRIALS, Shrunk, shrink};
pub use storm::quiet_period;
pub use strategy::Scenarios;
pub use system_under_test::{Attempt, SystemUnderTest};

use crate::history::History;
use crate::message::Contender;
use crate::scenario::Scenario;
use crate::sim::{EarlyStop, TrialError, TrialLimits, TrialOptions, run_trial_then};
use crate::terms::Guarantee;
use crate::verdict::{self, Row, is_quiescent, quiescent_from};

/// Stops a trial of a search as soon as nothing is left that could change what it finds.
pub const STOP: EarlyStop = EarlyStop { from: quiescent_from, when: is_quiescent };

/// The result of one trial.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The judgement.
    pub row: Row,
    /// Counts of what the storm exercised.
    pub coverage: Coverage,
}

/// Runs a scenario once over a contender, with the scenario's seed, until the trial is quiescent.
///
/// # Errors
/// Something in the trial panicked: a bug of delivery-lab, or of the machine under test. Or the
/// trial exceeded a limit.
pub fn attempt(scenario: &Scenario, contender: Contender) -> Result<Tried, TrialError> {
    let limits = TrialLimits::default();
    attempt_then(scenario, contender, &limits, |_| ()).map(|(tried, ())| tried)
}

/// Like [`attempt`] within limits, but runs to the end that the scenario names: costs are those of a
/// whole run.
///
/// # Errors
/// As for [`attempt`]. Or the trial was cancelled.
pub fn attempt_whole(
    scenario: &Scenario,
    contender: Contender,
    limits: &TrialLimits,
) -> Result<Tried, TrialError> {
    let options = TrialOptions { limits: limits.clone(), ..TrialOptions::default() };
    run_trial_then(scenario, contender, scenario.seed, &options, |trial| {
        let row = verdict::judge(scenario, contender, &trial.history);
        Tried { row, coverage: Coverage::of(&trial.history) }
    })
}

/// Like [`attempt`] within limits, and also returns what `then` makes of the history.
///
/// # Errors
/// As for [`attempt`]. Or the trial was cancelled.
pub fn attempt_then<T: Send>(
    scenario: &Scenario,
    contender: Contender,
    limits: &TrialLimits,
    then: impl FnOnce(&History) -> T + Send,
) -> Result<(Tried, T), TrialError> {
    let limits = limits.clone();
    let options = TrialOptions { stop: Some(STOP), limits, ..TrialOptions::default() };
    run_trial_then(scenario, contender, scenario.seed, &options, |trial| {
        let row = verdict::judge(scenario, contender, &trial.history);
        let coverage = Coverage::of(&trial.history);
        (Tried { row, coverage }, then(&trial.history))
    })
}

/// Selects what counts as a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aim {
    /// A broken claim, or an anomaly that no correct machine shows.
    #[default]
    Wrong,
    /// A violation of this guarantee, whether or not the contender claims it.
    Violation(Guarantee),
}

/// Draws the scenario of a seed: workload and storm, over every contender.
pub fn any(seed: u64) -> Scenario {
    Scenarios::any().draw(seed)
}

/// Returns the scenario with the storm of `seed` instead of its own faults, running long enough
/// for the quiet period after the storm. The scenario's expectations are dropped.
pub fn stormy(scenario: &Scenario, seed: u64) -> Scenario {
    storm::stormy(scenario, &storm::Weather::default(), seed)
}

/// Shrinks a scenario that shows a finding over a contender, with the scenario's seed.
///
/// The smallest scenario runs that contender alone, and expects the finding. Shrinking stops early
/// when it is cancelled.
///
/// # Errors
/// A trial panicked, or exceeded a limit.
pub fn shrink_finding(
    scenario: &Scenario,
    contender: Contender,
    finding: &Finding,
    limits: &TrialLimits,
) -> Result<Shrunk<Finding>, TrialError> {
    let alone = Scenario { contenders: vec![contender], ..scenario.clone() };
    let same = |smaller: &Scenario| {
        let tried = attempt_then(smaller, contender, limits, |_| ());
        tried.map(|(tried, ())| finding.wrong.find(&tried.row))
    };
    let mut shrunk = shrink(&alone, finding.clone(), same)?;
    shrunk.scenario.expectations = vec![shrunk.finding.expectation(contender)];
    Ok(shrunk)
}

//! Shrinks a scenario to the smallest one that still shows the same finding.
//!
//! Shrinking is greedy and deterministic. Each step takes something away or makes a value rounder,
//! and is kept if the same is still found; it ends when a whole round of steps keeps nothing. Draws
//! are keyed, so that taking something away does not change the draws for the rest.

mod clients;
mod faults;
mod step;
mod steps;

use std::collections::BTreeSet;

use crate::scenario::{LoadOptions, Scenario};
use crate::sim::TrialError;

use super::storm::quiet_period;
use steps::{busy_until, steps};

/// Most trials that one shrinking takes.
pub const MOST_TRIALS: u64 = 3_000;

/// The result of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk<T> {
    /// The smallest scenario.
    pub scenario: Scenario,
    /// The finding that it shows.
    pub finding: T,
    /// Number of trials that shrinking took.
    pub trials: u64,
}

/// Shrinks a scenario that shows a finding, as long as `find` still finds the same.
///
/// It stops when no step makes the scenario smaller, or when a trial was cancelled. A scenario
/// whose trial exceeds a limit shows nothing.
///
/// # Errors
/// Something panicked.
pub fn shrink<T>(
    scenario: &Scenario,
    finding: T,
    mut find: impl FnMut(&Scenario) -> Result<Option<T>, TrialError>,
) -> Result<Shrunk<T>, TrialError> {
    let mut finding = finding;
    let mut shrinker = Shrinker::new(scenario.clone(), QuietPeriod::MayShrink);
    while let Some(smaller) = shrinker.propose() {
        match find(&smaller) {
            Ok(Some(same)) => {
                finding = same;
                shrinker.keep();
            }
            Ok(None) | Err(TrialError::Exceeded { .. }) => {}
            Err(TrialError::Cancelled { .. }) => {
                // It was not tried to its end.
                shrinker.trials -= 1;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let Shrinker { smallest, trials, .. } = shrinker;
    Ok(Shrunk { scenario: smallest, finding, trials })
}

/// Whether shrinking may shorten the quiet period after the storm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuietPeriod {
    /// The run may end as soon as the same is found.
    MayShrink,
    /// The quiet period stays whole. A message that has not come by the end counts as lost, so that
    /// any run that ends too early would show a finding.
    Whole,
}

/// Proposes ever smaller scenarios, one at a time; the caller says which to keep.
#[derive(Debug)]
pub struct Shrinker {
    smallest: Scenario,
    quiet: QuietPeriod,
    proposal: Option<Scenario>,
    /// The index of the next step to try on the smallest scenario.
    next: usize,
    has_kept: bool,
    /// The scenarios that were proposed before, as files.
    tried: BTreeSet<String>,
    trials: u64,
}

impl Shrinker {
    /// Creates a shrinker that starts with a scenario.
    pub fn new(scenario: Scenario, quiet: QuietPeriod) -> Shrinker {
        Shrinker {
            smallest: scenario,
            quiet,
            proposal: None,
            next: 0,
            has_kept: false,
            tried: BTreeSet::new(),
            trials: 0,
        }
    }

    /// Returns the smallest scenario that was kept.
    pub fn smallest(&self) -> &Scenario {
        &self.smallest
    }

    /// Returns the next scenario to try: valid, smaller than the smallest, and not proposed before.
    /// Returns `None` if nothing is left to try, or [`MOST_TRIALS`] were proposed.
    pub fn propose(&mut self) -> Option<Scenario> {
        let mut steps = steps(&self.smallest, self.quiet);
        loop {
            if self.next >= steps.len() {
                if !std::mem::take(&mut self.has_kept) {
                    return None;
                }
                self.next = 0;
                steps = self::steps(&self.smallest, self.quiet);
            }
            if self.trials >= MOST_TRIALS || steps.is_empty() {
                return None;
            }
            let mut smaller = self.smallest.clone();
            steps[self.next](&mut smaller);
            self.next += 1;
            if smaller == self.smallest || !self.is_quiet_long_enough(&smaller) {
                continue;
            }
            let text = smaller.to_string();
            // Skips scenarios that do not survive a round trip through the file format. One that
            // exceeds the limits may still do so.
            let options = LoadOptions { force: true, ..LoadOptions::default() };
            let Ok(smaller) = Scenario::load_with(&smaller.name, &text, &options) else { continue };
            if !self.tried.insert(text) {
                continue;
            }
            self.trials += 1;
            self.proposal = Some(smaller.clone());
            return Some(smaller);
        }
    }

    /// Whether the run still ends with a long enough quiet period, where it must stay whole.
    fn is_quiet_long_enough(&self, smaller: &Scenario) -> bool {
        self.quiet == QuietPeriod::MayShrink
            || busy_until(smaller) + quiet_period(smaller) <= smaller.run_for
    }

    /// Keeps the last proposal as the smallest scenario: it shows the same.
    pub fn keep(&mut self) {
        if let Some(smaller) = self.proposal.take() {
            self.smallest = smaller;
            self.has_kept = true;
            // The step that came after this one has its index now, or one near it.
            self.next -= 1;
        }
    }
}

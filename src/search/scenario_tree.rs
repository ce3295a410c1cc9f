//! `Scenarios` as a strategy of proptest, and the tree by which it shrinks.

use proptest::prelude::Rng;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::shrink::{QuietPeriod, Shrinker};
use super::strategy::Scenarios;
use crate::scenario::Scenario;

impl Strategy for Scenarios {
    type Tree = ScenarioTree;
    type Value = Scenario;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Scenarios> {
        Ok(ScenarioTree::new(self.draw(runner.rng().next_u32().into())))
    }
}

/// Shrinks a drawn scenario to the smallest one that still fails.
#[derive(Debug)]
pub struct ScenarioTree {
    shrinker: Shrinker,
    current: Scenario,
}

impl ScenarioTree {
    fn new(scenario: Scenario) -> ScenarioTree {
        // The property is unknown: it may depend on the end of the run.
        let shrinker = Shrinker::new(scenario.clone(), QuietPeriod::Whole);
        ScenarioTree { shrinker, current: scenario }
    }

    /// Moves on to the next proposal, or back to the smallest scenario if there is none. Returns
    /// whether there was a proposal.
    fn advance(&mut self) -> bool {
        let proposal = self.shrinker.propose();
        let has_more = proposal.is_some();
        self.current = proposal.unwrap_or_else(|| self.shrinker.smallest().clone());
        has_more
    }
}

impl ValueTree for ScenarioTree {
    type Value = Scenario;

    fn current(&self) -> Scenario {
        self.current.clone()
    }

    /// Keeps the current scenario, which fails, too, and moves on.
    fn simplify(&mut self) -> bool {
        self.shrinker.keep();
        self.advance()
    }

    /// Drops the current scenario, which does not fail, and moves on.
    fn complicate(&mut self) -> bool {
        self.advance()
    }
}

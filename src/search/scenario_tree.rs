//! Workloads and storms as a strategy of proptest.

use proptest::prelude::Rng;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::shrink::{Descent, Peace};
use super::strategy::Scenarios;
use crate::scenario::Scenario;

impl Strategy for Scenarios {
    type Tree = ScenarioTree;
    type Value = Scenario;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Scenarios> {
        Ok(ScenarioTree::new(self.draw(runner.rng().next_u32().into())))
    }
}

/// A scenario on its way down to the smallest one that still fails.
#[derive(Debug)]
pub struct ScenarioTree {
    descent: Descent,
    current: Scenario,
}

impl ScenarioTree {
    fn new(scenario: Scenario) -> ScenarioTree {
        // Nobody knows what a property asks for at the end of the run.
        let descent = Descent::new(scenario.clone(), Peace::Whole);
        ScenarioTree { descent, current: scenario }
    }

    /// Goes on to the next proposal, or back to the smallest; says whether there was one.
    fn go_on(&mut self) -> bool {
        let proposal = self.descent.propose();
        let has_more = proposal.is_some();
        self.current = proposal.unwrap_or_else(|| self.descent.smallest().clone());
        has_more
    }
}

impl ValueTree for ScenarioTree {
    type Value = Scenario;

    fn current(&self) -> Scenario {
        self.current.clone()
    }

    /// The current one fails, too.
    fn simplify(&mut self) -> bool {
        self.descent.keep();
        self.go_on()
    }

    /// The current one does not fail.
    fn complicate(&mut self) -> bool {
        self.go_on()
    }
}

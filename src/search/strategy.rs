//! Draws scenarios, workload and storm, from a seed.

use super::storm::{self, Weather};
use super::workload;
use crate::scenario::Scenario;
use crate::terms::FaultKind;

/// Draws scenarios: a workload, a storm on its clients and its broker, and then a quiet period.
///
/// With the feature `proptest` it is a strategy: it draws a seed, and shrinks like `dlab search`:
/// fewer faults, clients and messages, shorter and rounder times.
#[derive(Clone, Debug)]
pub struct Scenarios {
    workload: Workload,
    weather: Weather,
}

#[derive(Clone, Debug)]
enum Workload {
    Any,
    Plain,
    Given(Box<Scenario>),
}

impl Scenarios {
    /// Draws workload and storm from each seed. Workloads use everything that a broker offers.
    pub fn any() -> Scenarios {
        Scenarios { workload: Workload::Any, weather: Weather::default() }
    }

    /// Draws storms, and plain workloads: some clients publish an event, some subscribe to it from
    /// the beginning on.
    pub fn plain() -> Scenarios {
        Scenarios { workload: Workload::Plain, weather: Weather::default() }
    }

    /// Draws storms for this scenario, which replace its own faults.
    pub fn storms_on(scenario: Scenario) -> Scenarios {
        let workload = Workload::Given(Box::new(scenario));
        Scenarios { workload, weather: Weather::default() }
    }

    /// Excludes faults of a kind.
    #[must_use]
    pub fn without(mut self, kind: FaultKind) -> Scenarios {
        self.weather.leave_out(kind);
        self
    }

    /// Excludes faults of the broker's host and its network; those of clients stay.
    #[must_use]
    pub fn sparing_the_broker(mut self) -> Scenarios {
        self.weather.spare_the_broker();
        self
    }

    /// Draws the scenario of a seed, which becomes the scenario's own seed.
    pub fn draw(&self, seed: u64) -> Scenario {
        let workload = match &self.workload {
            Workload::Any => workload::any(seed),
            Workload::Plain => workload::plain(seed),
            Workload::Given(scenario) => (**scenario).clone(),
        };
        storm::stormy(&workload, &self.weather, seed)
    }
}

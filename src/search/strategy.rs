//! Workloads and storms, drawn from a number.

use super::storm::{self, Weather};
use super::workload;
use crate::scenario::Scenario;
use crate::terms::FaultKind;

/// Scenarios: a workload, a storm on its clients and its broker, and then peace.
///
/// As a strategy of proptest (with the feature `proptest`) it draws a seed, and shrinks as `dlab search` does: fewer faults,
/// clients and messages, shorter and rounder times.
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
    /// Workload and storm from each seed, with everything that a broker may be asked to do.
    pub fn any() -> Scenarios {
        Scenarios { workload: Workload::Any, weather: Weather::default() }
    }

    /// Plain workloads: some publish an event, some are subscribed to it from the beginning on.
    pub fn plain() -> Scenarios {
        Scenarios { workload: Workload::Plain, weather: Weather::default() }
    }

    /// Storms on the clients of this scenario, in the place of its own faults.
    pub fn storms_on(scenario: Scenario) -> Scenarios {
        let workload = Workload::Given(Box::new(scenario));
        Scenarios { workload, weather: Weather::default() }
    }

    /// The same without faults of a kind.
    #[must_use]
    pub fn without(mut self, kind: FaultKind) -> Scenarios {
        self.weather.leave_out(kind);
        self
    }

    /// The same without faults of the broker's machine and its network: those of clients stay.
    #[must_use]
    pub fn sparing_the_broker(mut self) -> Scenarios {
        self.weather.spare_the_broker();
        self
    }

    /// The scenario of a seed, which is its seed, too.
    pub fn draw(&self, seed: u64) -> Scenario {
        let workload = match &self.workload {
            Workload::Any => workload::any(seed),
            Workload::Plain => workload::plain(seed),
            Workload::Given(scenario) => (**scenario).clone(),
        };
        storm::stormy(&workload, &self.weather, seed)
    }
}

//! Draws a storm from a seed: faults on the clients and the broker of a scenario, and then a quiet
//! period.
//!
//! Swarm style: each seed leaves some kinds of faults out and sets the strength of the others
//! anew, so that storms differ in kind and not only in detail (Groce et al., "Swarm Testing",
//! ISSTA 2012; FoundationDB and TigerBeetle do the same).

use crate::scenario::{Fault, Scenario};
use crate::sim::Draw;
use crate::terms::FaultKind;
use crate::time::{Duration, Instant};

use super::fault::{BEGIN, Targets};

/// The shortest storm.
const LEAST: Duration = Duration::from_secs(4);
/// Most faults of a storm.
const MOST_FAULTS: u64 = 6;

/// Returns the scenario with the storm of `seed` instead of its own faults, running long enough
/// for the quiet period after the storm. The scenario's expectations are dropped.
pub fn stormy(scenario: &Scenario, weather: &Weather, seed: u64) -> Scenario {
    let ends = storm_ends(scenario);
    let faults = storm(scenario, weather, seed);
    let mut stormy = Scenario { seed, faults, expectations: Vec::new(), ..scenario.clone() };
    let end = ends.since(Instant::ZERO) + quiet_period(&stormy);
    stormy.run_for = Duration::from_secs(end.as_micros().div_ceil(1_000_000));
    stormy
}

/// Returns the length of the quiet period: the time after the last fault in which everything
/// arrives.
///
/// It is the sum of:
///
/// - the longest connect attempt that began in the storm: its timeout, and the longest backoff;
/// - the time to detect a dead session: the interval of pings, and the timeout of one;
/// - the time in which a full queue of the network drains;
/// - ten seconds to deliver everything.
pub fn quiet_period(scenario: &Scenario) -> Duration {
    let limits = scenario.clients.iter().map(|client| &client.limits);
    let attempt = limits.map(|limits| limits.connect_timeout + limits.backoff_most).max();
    let beat = scenario.broker.heartbeat;
    let drain = scenario.faults.iter().map(|fault| fault.effect.longest_queue()).max();
    let deliver = Duration::from_secs(10);
    attempt.unwrap_or_default() + beat.every + beat.timeout + drain.unwrap_or_default() + deliver
}

/// Returns the time at which the workload is done and all faults are over.
fn storm_ends(scenario: &Scenario) -> Instant {
    scenario.scripted_until().max(BEGIN + LEAST)
}

/// Draws the faults of a seed, in the order in which they begin.
fn storm(scenario: &Scenario, weather: &Weather, seed: u64) -> Vec<Fault> {
    let dice = Draw::new(seed).named("storm");
    let ends = storm_ends(scenario);
    let targets = Targets::of(scenario, weather.may_hit_broker, dice);
    let is_on = |kind: &FaultKind| dice.named("on").named(kind.name()).below(2) == 1;
    let kinds: Vec<FaultKind> = weather.kinds.iter().copied().filter(is_on).collect();
    if kinds.is_empty() || targets.is_empty() {
        return Vec::new();
    }
    let count = dice.named("count").between(1, MOST_FAULTS);
    let draw = |index| {
        let dice = dice.named("fault").with(index);
        let kind = kinds[dice.named("kind").below(kinds.len() as u64) as usize];
        // The strength of a kind depends on the seed, not on the fault.
        targets.fault(kind, seed, dice, ends)
    };
    let mut faults: Vec<Fault> = (0..count).filter_map(draw).collect();
    faults.sort_by_key(|fault| (fault.at, fault.until));
    faults
}

/// The kinds of faults that a storm may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weather {
    kinds: Vec<FaultKind>,
    may_hit_broker: bool,
}

impl Default for Weather {
    /// Allows every fault.
    fn default() -> Weather {
        Weather { kinds: FaultKind::ALL.to_vec(), may_hit_broker: true }
    }
}

impl Weather {
    /// Excludes the faults of a kind.
    pub fn leave_out(&mut self, kind: FaultKind) {
        self.kinds.retain(|one| *one != kind);
    }

    /// Excludes faults that hit the broker alone.
    pub fn spare_the_broker(&mut self) {
        self.may_hit_broker = false;
    }
}

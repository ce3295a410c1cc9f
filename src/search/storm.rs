//! Draws a storm from a seed: faults on the clients and the broker of a scenario, and then a quiet
//! period.
//!
//! Swarm style: each seed leaves some kinds of faults out and sets the strength of the others
//! anew, so that storms differ in kind and not only in detail (Groce et al., "Swarm Testing",
//! ISSTA 2012; FoundationDB and TigerBeetle do the same).

use crate::message::Name;
use crate::scenario::{CrashNotice, Direction, Effect, Fault, Latency, Scenario, Subscribe, Who};
use crate::sim::Draw;
use crate::terms::FaultKind;
use crate::time::{Duration, Instant};

/// The earliest beginning of most faults. All clients have joined by then, unless another fault
/// prevents it.
const BEGIN: Instant = Instant::from_millis(500);
/// The shortest storm.
const LEAST: Duration = Duration::from_secs(4);
/// Most faults of a storm.
const MOST_FAULTS: u64 = 6;
/// The longest fault.
const LONGEST: Duration = Duration::from_secs(8);
/// The shortest fault.
const SHORTEST: Duration = Duration::from_millis(20);
/// The smallest latency that a storm sets. The smaller it is, the longer a trial takes to run.
const LEAST_LATENCY_MS: u64 = 10;

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
    let targets = Targets::of(scenario, weather, dice);
    let is_on = |kind: &FaultKind| dice.named("on").named(kind.name()).below(2) == 1;
    let kinds: Vec<FaultKind> = weather.kinds.iter().copied().filter(is_on).collect();
    if kinds.is_empty() || targets.clients.is_empty() {
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

/// The processes and subscriptions that faults may hit.
struct Targets {
    may_hit_broker: bool,
    clients: Vec<Name>,
    subscriptions: Vec<(Name, Subscribe)>,
    /// The client that all faults on clients hit, in every second storm: faults that do harm only
    /// together seldom meet by chance.
    victim: Option<Name>,
}

impl Targets {
    fn of(scenario: &Scenario, weather: &Weather, dice: Draw) -> Targets {
        let may_hit_broker = weather.may_hit_broker;
        let (clients, subscriptions) = (Vec::new(), Vec::new());
        let mut targets = Targets { may_hit_broker, clients, subscriptions, victim: None };
        for entry in &scenario.clients {
            for (process, _) in entry.processes() {
                let own = entry.subscribe.iter().map(|one| (process.clone(), one.clone()));
                targets.subscriptions.extend(own);
                targets.clients.push(process);
            }
        }
        let dice = dice.named("victim");
        if dice.below(2) == 0 {
            targets.victim = pick(dice.with(1), &targets.clients).cloned();
            targets.subscriptions.retain(|(process, _)| targets.victim.as_ref() == Some(process));
        }
        targets
    }

    /// Draws a client for a fault.
    fn client(&self, dice: Draw) -> Option<Name> {
        self.victim.clone().or_else(|| pick(dice.named("who"), &self.clients).cloned())
    }

    /// Draws one fault of a kind. Returns `None` if it has no possible target.
    fn fault(&self, kind: FaultKind, seed: u64, dice: Draw, ends: Instant) -> Option<Fault> {
        let strength = Draw::new(seed).named("strength").named(kind.name());
        let mut who = match dice.named("broker").below(6) {
            0 if self.may_hit_broker => Who::Broker,
            _ => Who::Clients(vec![self.client(dice)?]),
        };
        let effect = match kind {
            FaultKind::Disconnect => Effect::Disconnect,
            FaultKind::Cut => Effect::Cut,
            FaultKind::Partition => {
                let other = self.client(dice)?;
                who = Who::Nobody;
                Effect::Partition { groups: vec![vec!["broker".into()], vec![other]] }
            }
            FaultKind::Loss => Effect::Loss { rate: percent(strength, 2, 60) },
            FaultKind::Duplicate => Effect::Duplicate { rate: percent(strength, 5, 60) },
            FaultKind::Corrupt => Effect::Corrupt { rate: percent(strength, 2, 40) },
            FaultKind::Reorder => Effect::Reorder {
                rate: percent(strength, 5, 60),
                delay: Duration::from_millis(strength.named("delay").between(20, 400)),
            },
            FaultKind::Latency => {
                let min = strength.named("min").between(LEAST_LATENCY_MS, 200);
                let more = strength.named("more").between(0, 300);
                let [min, max] = [min, min + more].map(Duration::from_millis);
                Effect::Latency { latency: Latency { min, max } }
            }
            FaultKind::Bandwidth => Effect::Bandwidth {
                bytes_per_second: strength.named("rate").between(1_000, 50_000),
                queue_bytes: strength.named("queue").between(1_500, 20_000),
            },
            FaultKind::Crash => Effect::Crash {
                notice: if dice.named("notice").below(2) == 0 {
                    CrashNotice::Silent
                } else {
                    CrashNotice::Given
                },
            },
            FaultKind::Pause => Effect::Pause,
            FaultKind::Slow => {
                let handler = Duration::from_millis(strength.named("handler").between(5, 800));
                Effect::Slow { handler }
            }
            FaultKind::Deaf => {
                let (client, one) = pick(dice.named("deaf"), &self.subscriptions)?;
                who = Who::Clients(vec![client.clone()]);
                Effect::Deaf { queue: one.queue.clone(), event: one.event.clone() }
            }
        };
        if who == Who::Broker && !kind.can_hit_broker() {
            who = Who::Clients(vec![self.client(dice)?]);
        }
        let direction = match dice.named("direction").below(4) {
            0 if kind.has_direction() => Direction::In,
            1 if kind.has_direction() => Direction::Out,
            _ => Direction::Both,
        };
        let (at, until) = span(dice, ends);
        Some(Fault { effect, who, at, until, direction })
    }
}

/// Draws the beginning and the end of a fault; its duration is log-uniform.
fn span(dice: Draw, ends: Instant) -> (Instant, Instant) {
    let last = (ends.as_millis() - SHORTEST.as_millis()).max(BEGIN.as_millis());
    let at = match dice.named("early").below(8) {
        // Before the clients have joined.
        0 => dice.named("at").below(BEGIN.as_millis()),
        _ => dice.named("at").between(BEGIN.as_millis(), last),
    };
    let (shortest, longest) = (SHORTEST.as_millis() as f64, LONGEST.as_millis() as f64);
    let span = shortest * (longest / shortest).powf(dice.named("for").unit());
    let until = (at + span as u64).min(ends.as_millis()).max(at + 1);
    (Instant::from_millis(at), Instant::from_millis(until))
}

fn pick<T>(dice: Draw, list: &[T]) -> Option<&T> {
    list.get(dice.below(list.len() as u64) as usize)
}

fn percent(dice: Draw, min: u64, max: u64) -> f64 {
    dice.named("rate").between(min, max) as f64 / 100.0
}

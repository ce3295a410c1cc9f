//! The smallest scenario that still shows the same finding.
//!
//! Greedy and deterministic: every step takes something away or makes it rounder, and is kept if
//! the finding stays the same; when a whole round of steps keeps nothing, that is it. Draws are
//! keyed, so what one step takes away does not move the dice of what is left.

use crate::message::{BrokerLimits, ClientLimits, Echo, From, Keep, Name, Payload, Target};
use crate::scenario::{Direction, Fault, FaultKind, Latency, Notice, Scenario, When, Who};
use crate::sim::TrialPanic;
use crate::time::{Duration, Instant};

use super::attempt;
use super::finding::Finding;
use super::storm::peace;

/// Most trials of a shrinking.
pub const MOST_TRIALS: u64 = 3_000;

/// What came of shrinking.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest scenario: it has the one contender, and expects the finding.
    pub scenario: Scenario,
    /// What it shows.
    pub finding: Finding,
    /// How many trials that took.
    pub trials: u64,
}

/// Shrinks a scenario that shows the finding with its own seed.
///
/// # Errors
/// A trial panicked.
pub fn shrink(scenario: &Scenario, finding: &Finding) -> Result<Shrunk, TrialPanic> {
    let mut scenario = scenario.clone();
    scenario.contenders = vec![finding.contender];
    let mut search = Search { scenario, finding: finding.clone(), trials: 0 };
    loop {
        let before = search.scenario.clone();
        search.take_away()?;
        search.make_rounder()?;
        if search.scenario == before || search.trials >= MOST_TRIALS {
            break;
        }
    }
    search.end_early()?;
    let Search { mut scenario, finding, trials } = search;
    scenario.expectations = vec![finding.expectation()];
    Ok(Shrunk { scenario, finding, trials })
}

/// The smallest so far.
struct Search {
    scenario: Scenario,
    finding: Finding,
    trials: u64,
}

impl Search {
    /// Keeps a change if it makes a valid scenario that shows the same.
    fn keep(&mut self, change: impl FnOnce(&mut Scenario)) -> Result<bool, TrialPanic> {
        let mut changed = self.scenario.clone();
        change(&mut changed);
        if changed == self.scenario || self.trials >= MOST_TRIALS {
            return Ok(false);
        }
        // What no file can say is nobody's story.
        let Ok(changed) = Scenario::load(&changed.name, &changed.to_string()) else {
            return Ok(false);
        };
        self.trials += 1;
        let tried = attempt(&changed, self.finding.contender)?;
        let Some(finding) = self.finding.wrong.find(&tried.row) else { return Ok(false) };
        (self.scenario, self.finding) = (changed, finding);
        Ok(true)
    }

    /// Keeps the first of several changes that does.
    fn keep_first<T>(
        &mut self,
        candidates: impl IntoIterator<Item = T>,
        change: impl Fn(&mut Scenario, T),
    ) -> Result<(), TrialPanic> {
        for candidate in candidates {
            if self.keep(|scenario| change(scenario, candidate))? {
                break;
            }
        }
        Ok(())
    }

    /// Fewer faults, clients, entries and messages.
    fn take_away(&mut self) -> Result<(), TrialPanic> {
        for index in (0..self.scenario.faults.len()).rev() {
            self.keep(|scenario| drop(scenario.faults.remove(index)))?;
        }
        for index in (0..self.scenario.clients.len()).rev() {
            self.keep(|scenario| remove_client(scenario, index))?;
        }
        for index in 0..self.scenario.clients.len() {
            self.take_from_client(index)?;
        }
        for index in 0..self.scenario.faults.len() {
            self.keep(|scenario| scenario.faults[index].direction = Direction::Both)?;
        }
        Ok(())
    }

    fn take_from_client(&mut self, index: usize) -> Result<(), TrialPanic> {
        let client = self.scenario.clients[index].clone();
        for at in (0..client.join.len()).rev() {
            self.keep(|scenario| drop(scenario.clients[index].join.remove(at)))?;
        }
        for at in (0..client.leave.len()).rev() {
            self.keep(|scenario| drop(scenario.clients[index].leave.remove(at)))?;
        }
        for at in (0..client.subscribe.len()).rev() {
            self.keep(|scenario| drop(scenario.clients[index].subscribe.remove(at)))?;
        }
        for at in (0..client.publish.len()).rev() {
            self.keep(|scenario| drop(scenario.clients[index].publish.remove(at)))?;
        }
        self.keep(|scenario| scenario.clients[index].count = 1)?;
        for at in 0..self.scenario.clients[index].publish.len() {
            let When::Every { count, .. } = self.scenario.clients[index].publish[at].when else {
                continue;
            };
            self.keep_first(up_to(count), |scenario, fewer| {
                if let When::Every { count, .. } = publish_of(scenario, index, at) {
                    *count = fewer;
                }
            })?;
        }
        Ok(())
    }

    /// Shorter and rounder times, simple numbers, and what everything is by default.
    fn make_rounder(&mut self) -> Result<(), TrialPanic> {
        for index in 0..self.scenario.faults.len() {
            self.make_fault_rounder(index)?;
        }
        for index in 0..self.scenario.clients.len() {
            self.make_client_rounder(index)?;
        }
        self.keep(|scenario| {
            let heartbeat = scenario.broker.heartbeat;
            scenario.broker = BrokerLimits { heartbeat, ..BrokerLimits::default() };
        })?;
        self.keep(|scenario| scenario.broker.window = BrokerLimits::default().window)?;
        self.keep(|scenario| scenario.broker.backlog = BrokerLimits::default().backlog)?;
        self.keep(|scenario| scenario.polling_interval = Duration::from_secs(1))?;
        let round = Duration::from_millis(20);
        self.keep(|scenario| scenario.latency = Latency { min: round, max: round })?;
        self.keep(|scenario| scenario.latency.max = scenario.latency.min)?;
        Ok(())
    }

    fn make_fault_rounder(&mut self, index: usize) -> Result<(), TrialPanic> {
        let simpler =
            [FaultKind::Disconnect, FaultKind::Cut, FaultKind::Crash { notice: Notice::Given }];
        let kind = self.scenario.faults[index].kind.clone();
        let rank = simpler.iter().position(|other| *other == kind).unwrap_or(simpler.len());
        let is_simple = !matches!(
            kind,
            FaultKind::Slow { .. } | FaultKind::Deaf { .. } | FaultKind::Partition { .. }
        );
        if is_simple {
            self.keep_first(simpler.into_iter().take(rank), |scenario, kind| {
                scenario.faults[index].kind = kind;
                scenario.faults[index].direction = Direction::Both;
            })?;
        }
        if let FaultKind::Partition { .. } = kind {
            self.keep(|scenario| cut_instead(&mut scenario.faults[index]))?;
        }
        self.keep_first([1.0, 0.5, 0.2, 0.1], |scenario, round| {
            if let FaultKind::Loss { rate }
            | FaultKind::Duplicate { rate }
            | FaultKind::Corrupt { rate }
            | FaultKind::Reorder { rate, .. } = &mut scenario.faults[index].kind
            {
                // What is round already stays.
                if ![1.0, 0.5, 0.2].contains(rate) {
                    *rate = round;
                }
            }
        })?;
        let Fault { at, until, .. } = self.scenario.faults[index];
        let span = until.since(at);
        self.keep_first(shorter(span), |scenario, span| {
            let fault = &mut scenario.faults[index];
            fault.until = fault.at + span;
        })?;
        let span = self.scenario.faults[index].until.since(at);
        self.keep_first(rounder(at), |scenario, at| {
            let fault = &mut scenario.faults[index];
            (fault.at, fault.until) = (at, at + span);
        })?;
        let until = self.scenario.faults[index].until;
        // Never longer: what was just shortened would grow again.
        let earlier = rounder(until).into_iter().filter(|round| *round < until);
        self.keep_first(earlier.collect::<Vec<_>>(), |scenario, until| {
            let fault = &mut scenario.faults[index];
            if until > fault.at {
                fault.until = until;
            }
        })
    }

    fn make_client_rounder(&mut self, index: usize) -> Result<(), TrialPanic> {
        self.keep(|scenario| {
            let limits = &mut scenario.clients[index].limits;
            *limits = ClientLimits { ack_timeout: limits.ack_timeout, ..ClientLimits::default() };
        })?;
        for at in 0..self.scenario.clients[index].subscribe.len() {
            self.keep(|scenario| scenario.clients[index].subscribe[at].from = From::Now)?;
        }
        for (is_join, count) in [
            (true, self.scenario.clients[index].join.len()),
            (false, self.scenario.clients[index].leave.len()),
        ] {
            for at in 0..count {
                let changes = |scenario: &mut Scenario, round| {
                    let client = &mut scenario.clients[index];
                    let changes = if is_join { &mut client.join } else { &mut client.leave };
                    changes[at].at = round;
                };
                let client = &self.scenario.clients[index];
                let now = if is_join { client.join[at].at } else { client.leave[at].at };
                self.keep_first(rounder(now), changes)?;
            }
        }
        for at in 0..self.scenario.clients[index].publish.len() {
            self.make_publish_rounder(index, at)?;
        }
        Ok(())
    }

    fn make_publish_rounder(&mut self, index: usize, at: usize) -> Result<(), TrialPanic> {
        self.keep(|scenario| scenario.clients[index].publish[at].payload = Payload::null())?;
        self.keep(|scenario| scenario.clients[index].publish[at].target = Target::default())?;
        self.keep(|scenario| scenario.clients[index].publish[at].target.to.clear())?;
        self.keep(|scenario| scenario.clients[index].publish[at].target.except.clear())?;
        self.keep(|scenario| scenario.clients[index].publish[at].target.echo = Echo::Everyone)?;
        self.keep(|scenario| scenario.clients[index].publish[at].target.keep = Keep::Kept)?;
        let When::Every { start, every, .. } = self.scenario.clients[index].publish[at].when else {
            return Ok(());
        };
        self.keep_first(rounder(Instant::ZERO + every), |scenario, round| {
            if let When::Every { every, .. } = publish_of(scenario, index, at) {
                *every = round.since(Instant::ZERO);
            }
        })?;
        self.keep_first(rounder(start), |scenario, round| {
            if let When::Every { start, .. } = publish_of(scenario, index, at) {
                *start = round;
            }
        })
    }

    /// The run ends when nothing more comes, or soon after.
    fn end_early(&mut self) -> Result<(), TrialPanic> {
        let longest = self.scenario.run_for;
        let begin = self.scenario.scripted_until();
        let faults =
            self.scenario.faults.iter().map(|fault| fault.until).filter(|at| *at < Instant::NEVER);
        let begin = faults.fold(begin, Instant::max).since(Instant::ZERO);
        let ends = [1, 2, 5, 10, 20, 30].map(|more| {
            let end = begin + Duration::from_secs(more);
            Duration::from_secs(end.as_micros().div_ceil(1_000_000))
        });
        let peace = begin + peace(&self.scenario);
        let ends = ends.into_iter().filter(|end| *end < longest && *end <= peace);
        // It must be found without an early end, too: in the run that everybody else makes.
        self.keep_first(ends.collect::<Vec<_>>(), |scenario, end| scenario.run_for = end)
    }
}

/// The scenario without a client, and without what is said of it.
fn remove_client(scenario: &mut Scenario, index: usize) {
    let gone: Vec<Name> =
        scenario.clients.remove(index).processes().map(|(process, _)| process).collect();
    scenario.faults.retain_mut(|fault| {
        if let FaultKind::Partition { groups } = &mut fault.kind {
            groups.iter_mut().for_each(|group| group.retain(|name| !gone.contains(name)));
            groups.retain(|group| !group.is_empty());
            if groups.len() < 2 {
                return false;
            }
        }
        match &mut fault.who {
            Who::Clients(names) => {
                names.retain(|name| !gone.contains(name));
                !names.is_empty()
            }
            Who::Broker | Who::Nobody => true,
        }
    });
}

/// A partition of the broker and one client is a cut.
fn cut_instead(fault: &mut Fault) {
    let FaultKind::Partition { groups } = &fault.kind else { return };
    if let [broker, clients] = &groups[..]
        && *broker == ["broker".into()]
    {
        (fault.who, fault.kind) = (Who::Clients(clients.clone()), FaultKind::Cut);
    }
}

fn publish_of(scenario: &mut Scenario, client: usize, at: usize) -> &mut When {
    &mut scenario.clients[client].publish[at].when
}

/// Fewer than so many, the fewest first.
fn up_to(count: u64) -> Vec<u64> {
    let round = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50, 100, 200, 500, 1_000];
    round.into_iter().filter(|fewer| *fewer < count).collect()
}

/// Shorter and round, the shortest first.
fn shorter(span: Duration) -> Vec<Duration> {
    let round = [50, 100, 200, 300, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 8_000];
    let round = round.map(Duration::from_millis).into_iter();
    round.filter(|shorter| *shorter < span).collect()
}

/// The nearest moments that are rounder, the roundest first: whole seconds, halves, tenths.
fn rounder(at: Instant) -> Vec<Instant> {
    let ms = at.as_millis();
    let steps = [1_000, 500, 100, 10].into_iter().take_while(|step| !ms.is_multiple_of(*step));
    let near = steps.flat_map(|step| [ms / step * step, ms.div_ceil(step) * step]);
    near.filter(|ms| *ms > 0).map(Instant::from_millis).collect()
}

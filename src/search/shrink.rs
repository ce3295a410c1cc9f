//! Shrinks a scenario to the smallest one that still shows the same finding.
//!
//! Shrinking is greedy and deterministic. Each step takes something away or makes a value rounder,
//! and is kept if the same is still found; it ends when a whole round of steps keeps nothing. Draws
//! are keyed, so that taking something away does not change the draws for the rest.

use std::collections::BTreeSet;

use crate::message::{
    BrokerLimits, ClientLimits, Durability, Echo, Name, Payload, StartAt, Target,
};
use crate::scenario::{
    ClientEntry, CrashNotice, Direction, Effect, Fault, Latency, LoadOptions, Publish, RoomChange,
    Scenario, When, Who,
};
use crate::sim::TrialPanic;
use crate::time::{Duration, Instant};

use super::storm::quiet_period;

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
/// It stops when no step makes the scenario smaller, or when `is_enough` returns true.
///
/// # Errors
/// `find` failed.
pub fn shrink<T>(
    scenario: &Scenario,
    finding: T,
    mut find: impl FnMut(&Scenario) -> Result<Option<T>, TrialPanic>,
    is_enough: impl Fn() -> bool,
) -> Result<Shrunk<T>, TrialPanic> {
    let mut finding = finding;
    let mut shrinker = Shrinker::new(scenario.clone(), QuietPeriod::MayShrink);
    while !is_enough()
        && let Some(smaller) = shrinker.propose()
    {
        if let Some(same) = find(&smaller)? {
            finding = same;
            shrinker.keep();
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

/// A change that makes a scenario smaller or rounder, or does nothing.
type Step = Box<dyn Fn(&mut Scenario)>;

fn step(change: impl Fn(&mut Scenario) + 'static) -> Step {
    Box::new(change)
}

/// Returns all steps from a scenario, those that take most away first. Of several steps that change
/// the same value, the one with the simplest result comes first.
fn steps(scenario: &Scenario, quiet: QuietPeriod) -> Vec<Step> {
    let mut steps = Vec::new();
    for index in (0..scenario.faults.len()).rev() {
        steps.push(step(move |scenario| drop(scenario.faults.remove(index))));
    }
    for index in (0..scenario.clients.len()).rev() {
        steps.push(step(move |scenario| remove_client(scenario, index)));
    }
    for (index, client) in scenario.clients.iter().enumerate() {
        take_from_client(&mut steps, index, client);
    }
    for (index, fault) in scenario.faults.iter().enumerate() {
        make_fault_rounder(&mut steps, index, fault);
    }
    for (index, client) in scenario.clients.iter().enumerate() {
        make_client_rounder(&mut steps, index, client);
    }
    make_rest_rounder(&mut steps);
    if quiet == QuietPeriod::MayShrink {
        end_early(&mut steps, scenario);
    }
    steps
}

/// Adds steps that give a client less to do.
fn take_from_client(steps: &mut Vec<Step>, index: usize, client: &ClientEntry) {
    let mut take = |count: usize, remove: fn(&mut ClientEntry, usize)| {
        for at in (0..count).rev() {
            steps.push(step(move |scenario| remove(&mut scenario.clients[index], at)));
        }
    };
    take(client.join.len(), |client, at| drop(client.join.remove(at)));
    take(client.leave.len(), |client, at| drop(client.leave.remove(at)));
    take(client.subscribe.len(), |client, at| drop(client.subscribe.remove(at)));
    take(client.publish.len(), |client, at| drop(client.publish.remove(at)));
    steps.push(step(move |scenario| scenario.clients[index].count = 1));
    for (at, publish) in client.publish.iter().enumerate() {
        let When::Every { count, .. } = publish.when else { continue };
        for fewer in up_to(count) {
            steps.push(publish_step(index, at, move |publish| {
                if let When::Every { count, .. } = &mut publish.when {
                    *count = fewer;
                }
            }));
        }
    }
}

fn publish_step(client: usize, at: usize, change: impl Fn(&mut Publish) + 'static) -> Step {
    step(move |scenario| change(&mut scenario.clients[client].publish[at]))
}

fn fault_step(index: usize, change: impl Fn(&mut Fault) + 'static) -> Step {
    step(move |scenario| change(&mut scenario.faults[index]))
}

/// Adds steps that make a fault simpler, its strength round, its time shorter and rounder.
fn make_fault_rounder(steps: &mut Vec<Step>, index: usize, fault: &Fault) {
    for effect in simpler(&fault.effect) {
        steps.push(fault_step(index, move |fault| {
            (fault.effect, fault.direction) = (effect.clone(), Direction::Both);
        }));
    }
    steps.push(fault_step(index, |fault| fault.direction = Direction::Both));
    steps.push(fault_step(index, cut_instead));
    if let Some(rate) = fault.effect.rate() {
        let round = [1.0, 0.5, 0.2, 0.1];
        // A rate that is round already stays.
        for rounder in round.into_iter().filter(|_| !round.contains(&rate)) {
            steps.push(fault_step(index, move |fault| {
                if let Effect::Loss { rate }
                | Effect::Duplicate { rate }
                | Effect::Corrupt { rate }
                | Effect::Reorder { rate, .. } = &mut fault.effect
                {
                    *rate = rounder;
                }
            }));
        }
    }
    let Fault { at, until, .. } = *fault;
    let span = until.since(at);
    for shorter in shorter(span) {
        steps.push(fault_step(index, move |fault| fault.until = fault.at + shorter));
    }
    for at in rounder(at) {
        steps.push(fault_step(index, move |fault| (fault.at, fault.until) = (at, at + span)));
    }
    // Never longer: a fault that was just shortened would grow again.
    for until in rounder(until).into_iter().filter(|round| *round < until && *round > at) {
        steps.push(fault_step(index, move |fault| fault.until = until));
    }
}

/// Returns the effects that are simpler than this one, the simplest first.
fn simpler(effect: &Effect) -> Vec<Effect> {
    let killed = Effect::Crash { notice: CrashNotice::Given };
    match effect {
        // Nothing is simpler than a disconnect. The others take different targets or values.
        Effect::Disconnect
        | Effect::Slow { .. }
        | Effect::Deaf { .. }
        | Effect::Partition { .. } => vec![],
        Effect::Cut => vec![Effect::Disconnect],
        Effect::Crash { notice: CrashNotice::Given } => vec![Effect::Disconnect, Effect::Cut],
        Effect::Crash { notice: CrashNotice::Silent }
        | Effect::Loss { .. }
        | Effect::Duplicate { .. }
        | Effect::Corrupt { .. }
        | Effect::Reorder { .. }
        | Effect::Latency { .. }
        | Effect::Bandwidth { .. }
        | Effect::Pause => vec![Effect::Disconnect, Effect::Cut, killed],
    }
}

/// Adds steps that set a client's limits to their defaults, and make its times rounder.
fn make_client_rounder(steps: &mut Vec<Step>, index: usize, client: &ClientEntry) {
    steps.push(step(move |scenario| {
        let limits = &mut scenario.clients[index].limits;
        *limits = ClientLimits { ack_timeout: limits.ack_timeout, ..ClientLimits::default() };
    }));
    for at in 0..client.subscribe.len() {
        steps.push(step(move |scenario| {
            scenario.clients[index].subscribe[at].from = StartAt::Now;
        }));
    }
    let mut move_to = |changes: &[RoomChange], of: fn(&mut ClientEntry) -> &mut Vec<RoomChange>| {
        for (at, change) in changes.iter().enumerate() {
            for round in rounder(change.at) {
                let change = move |scenario: &mut Scenario| {
                    of(&mut scenario.clients[index])[at].at = round;
                };
                steps.push(step(change));
            }
        }
    };
    move_to(&client.join, |client| &mut client.join);
    move_to(&client.leave, |client| &mut client.leave);
    for (at, publish) in client.publish.iter().enumerate() {
        make_publish_rounder(steps, (index, at), publish);
    }
}

fn make_publish_rounder(steps: &mut Vec<Step>, (index, at): (usize, usize), publish: &Publish) {
    let changes: [fn(&mut Publish); 6] = [
        |publish| publish.payload = Payload::null(),
        |publish| publish.target = Target::default(),
        |publish| publish.target.to.clear(),
        |publish| publish.target.except.clear(),
        |publish| publish.target.echo = Echo::Everyone,
        |publish| publish.target.keep = Durability::Kept,
    ];
    steps.extend(changes.into_iter().map(|change| publish_step(index, at, change)));
    let When::Every { start, every, .. } = publish.when else { return };
    for round in rounder(Instant::ZERO + every) {
        steps.push(publish_step(index, at, move |publish| {
            if let When::Every { every, .. } = &mut publish.when {
                *every = round.since(Instant::ZERO);
            }
        }));
    }
    for round in rounder(start) {
        steps.push(publish_step(index, at, move |publish| {
            if let When::Every { start, .. } = &mut publish.when {
                *start = round;
            }
        }));
    }
}

/// Adds steps that set the broker and the network to their defaults.
fn make_rest_rounder(steps: &mut Vec<Step>) {
    let changes: [fn(&mut Scenario); 6] = [
        |scenario| {
            let heartbeat = scenario.broker.heartbeat;
            scenario.broker = BrokerLimits { heartbeat, ..BrokerLimits::default() };
        },
        |scenario| scenario.broker.window = BrokerLimits::default().window,
        |scenario| scenario.broker.backlog = BrokerLimits::default().backlog,
        |scenario| scenario.polling_interval = Duration::from_secs(1),
        |scenario| {
            let round = Duration::from_millis(20);
            scenario.latency = Latency { min: round, max: round };
        },
        |scenario| scenario.latency.max = scenario.latency.min,
    ];
    steps.extend(changes.into_iter().map(step));
}

/// Adds steps that end the run soon after the last fault and the last message.
fn end_early(steps: &mut Vec<Step>, scenario: &Scenario) {
    let begin = busy_until(scenario);
    let most = scenario.run_for.min(begin + quiet_period(scenario));
    for more in [1, 2, 5, 10, 20, 30] {
        let end = begin + Duration::from_secs(more);
        let end = Duration::from_secs(end.as_micros().div_ceil(1_000_000));
        if end < most {
            steps.push(step(move |scenario| scenario.run_for = end));
        }
    }
}

/// Returns the time from the start of the run until the workload is done and all faults are over.
fn busy_until(scenario: &Scenario) -> Duration {
    let faults = scenario.faults.iter().map(|fault| fault.until).filter(|at| *at < Instant::NEVER);
    faults.fold(scenario.scripted_until(), Instant::max).since(Instant::ZERO)
}

/// Removes a client, and takes it out of all faults.
fn remove_client(scenario: &mut Scenario, index: usize) {
    let gone: Vec<Name> =
        scenario.clients.remove(index).processes().map(|(process, _)| process).collect();
    scenario.faults.retain_mut(|fault| {
        if let Effect::Partition { groups } = &mut fault.effect {
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

/// Replaces a partition between the broker and a group of clients by a cut of these clients.
fn cut_instead(fault: &mut Fault) {
    let Effect::Partition { groups } = &fault.effect else { return };
    if let [broker, clients] = &groups[..]
        && *broker == ["broker".into()]
    {
        (fault.who, fault.effect) = (Who::Clients(clients.clone()), Effect::Cut);
    }
}

/// Returns round numbers below `count`, the smallest first.
fn up_to(count: u64) -> Vec<u64> {
    let round = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 50, 100, 200, 500, 1_000];
    round.into_iter().filter(|fewer| *fewer < count).collect()
}

/// Returns round durations below `span`, the shortest first.
fn shorter(span: Duration) -> Vec<Duration> {
    let round = [50, 100, 200, 300, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 8_000];
    let round = round.map(Duration::from_millis).into_iter();
    round.filter(|shorter| *shorter < span).collect()
}

/// Returns the nearest times that are rounder, the roundest first: whole seconds, halves, tenths
/// and hundredths.
fn rounder(at: Instant) -> Vec<Instant> {
    let ms = at.as_millis();
    let steps = [1_000, 500, 100, 10].into_iter().take_while(|step| !ms.is_multiple_of(*step));
    let near = steps.flat_map(|step| [ms / step * step, ms.div_ceil(step) * step]);
    near.filter(|ms| *ms > 0).map(Instant::from_millis).collect()
}

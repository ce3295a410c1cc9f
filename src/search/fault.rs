//! The faults of a search: drawn by kind, and those that are simpler than another.

use crate::message::Name;
use crate::scenario::{
    CrashNotice, Direction, Effect, Fault, Latency, MOMENT, Scenario, Subscribe, Who,
};
use crate::sim::Draw;
use crate::terms::FaultKind;
use crate::time::{Duration, Instant};

/// The earliest beginning of most faults. All clients have joined by then, unless another fault
/// prevents it.
pub const BEGIN: Instant = Instant::from_millis(500);
/// The longest fault.
const LONGEST: Duration = Duration::from_secs(8);
/// The shortest fault.
const SHORTEST: Duration = Duration::from_millis(20);
/// The smallest latency that a storm sets. The smaller it is, the longer a trial takes to run.
const LEAST_LATENCY_MS: u64 = 10;

/// The processes and subscriptions that faults may hit.
pub struct Targets {
    may_hit_broker: bool,
    clients: Vec<Name>,
    subscriptions: Vec<(Name, Subscribe)>,
    /// The client that all faults on clients hit, in every second storm, so that they overlap.
    victim: Option<Name>,
}

impl Targets {
    /// Collects the targets in a scenario.
    pub fn of(scenario: &Scenario, may_hit_broker: bool, dice: Draw) -> Targets {
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

    /// Whether there is no client to hit.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Draws a client for a fault.
    fn client(&self, dice: Draw) -> Option<Name> {
        self.victim.clone().or_else(|| pick(dice.named("who"), &self.clients).cloned())
    }

    /// Draws one fault of a kind. Returns `None` if it has no possible target.
    pub fn fault(&self, kind: FaultKind, seed: u64, dice: Draw, ends: Instant) -> Option<Fault> {
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
            FaultKind::IdleTimeout => Effect::IdleTimeout {
                after: Duration::from_millis(strength.named("after").between(100, 3_000)),
            },
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
            FaultKind::Freeze => Effect::Freeze,
            FaultKind::Reset => Effect::Reset,
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
        let until = if kind.is_momentary() { at + MOMENT } else { until };
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

/// Returns the effects that are simpler than this one, the simplest first.
pub fn simpler(effect: &Effect) -> Vec<Effect> {
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
        | Effect::IdleTimeout { .. }
        | Effect::Loss { .. }
        | Effect::Duplicate { .. }
        | Effect::Corrupt { .. }
        | Effect::Reorder { .. }
        | Effect::Latency { .. }
        | Effect::Bandwidth { .. }
        | Effect::Pause
        | Effect::Freeze
        | Effect::Reset => vec![Effect::Disconnect, Effect::Cut, killed],
    }
}

//! The faults that act on packets: which of them act on a direction, and what each one draws.
//!
//! Every throw is keyed by the fault's own label (kind, who, direction, begin), the direction of
//! the packet, its millisecond and its number in it. A fault's rate and end are not in the key:
//! a lower rate bites a subset, a shorter fault the same packets while it lasts.

use crate::message::Name;
use crate::scenario::{Direction, Effect, Fault, Latency, Who};
use crate::terms::FaultKind;
use crate::time::{Duration, Instant};

use super::super::draw::Draw;
use super::{BROKER, Path};

/// The faults of a scenario with their dice.
#[derive(Debug)]
pub(super) struct Storm {
    seed: Draw,
    latency: Latency,
    faults: Vec<(Fault, u64)>,
}

/// The key of a packet in its direction: its millisecond, and which packet in it.
type Key = (u64, u64);

impl Storm {
    pub(super) fn new(seed: Draw, latency: Latency, faults: &[Fault]) -> Storm {
        let mut labels: Vec<String> = Vec::new();
        let faults = faults.iter().map(|fault| {
            let label = label(fault);
            let twins = labels.iter().filter(|&other| *other == label).count() as u64;
            let key = Draw::new(twins).named(&label).bits();
            labels.push(label);
            (fault.clone(), key)
        });
        Storm { seed, latency, faults: faults.collect() }
    }

    /// A fresh direction, with the faults that act on it.
    pub(super) fn path(&self, from: u32, to: u32, names: &[Name]) -> Path {
        let (sender, receiver) = (&names[from as usize], &names[to as usize]);
        let acts = |fault: &Fault| match &fault.effect {
            Effect::Partition { groups } => parted(groups, sender, receiver),
            Effect::Cut
            | Effect::Loss { .. }
            | Effect::Duplicate { .. }
            | Effect::Corrupt { .. }
            | Effect::Reorder { .. }
            | Effect::Latency { .. }
            | Effect::Bandwidth { .. } => touches(fault, (from, sender), (to, receiver)),
            // They act on processes: no packet is theirs.
            Effect::Disconnect
            | Effect::Crash { .. }
            | Effect::Pause
            | Effect::Slow { .. }
            | Effect::Deaf { .. } => false,
        };
        let faults = (0..self.faults.len()).filter(|&index| acts(&self.faults[index].0)).collect();
        Path::new(self.seed.named(&format!("link:{sender}>{receiver}")), faults)
    }

    /// The crashes and pauses for which packets that arrive now find nobody at a process. At a
    /// moment packets come before the power changes: a machine still takes what arrives as its
    /// fault begins, and does not yet as it ends.
    pub(super) fn absences<'a>(
        &'a self,
        now: Instant,
        process: u32,
        names: &'a [Name],
    ) -> impl Iterator<Item = usize> + 'a {
        let keeps_away = move |fault: &Fault| {
            matches!(fault.effect, Effect::Crash { .. } | Effect::Pause)
                && is_about(fault, (process, &names[process as usize]))
                && fault.at < now
                && now <= fault.until
        };
        (0..self.faults.len()).filter(move |&index| keeps_away(&self.faults[index].0))
    }

    /// The cut or partition that is on.
    pub(super) fn cut(&self, path: &Path, now: Instant) -> Option<usize> {
        self.on(path, now).find(|&index| {
            matches!(self.faults[index].0.effect, Effect::Cut | Effect::Partition { .. })
        })
    }

    /// When the packet has passed the queues of all bandwidths; `None` if one was full.
    ///
    /// A packet that finds the line busy and its bytes too many for the queue is dropped; one
    /// that finds it idle is always taken.
    pub(super) fn queue(
        &self,
        path: &mut Path,
        now: Instant,
        bytes: usize,
        bit: &mut Vec<usize>,
    ) -> Option<Instant> {
        let mut leaves = now;
        for at in 0..path.faults.len() {
            let index = path.faults[at];
            let (fault, _) = &self.faults[index];
            let Effect::Bandwidth { bytes_per_second: rate, queue_bytes } = fault.effect else {
                continue;
            };
            if !fault.is_on(now) {
                continue;
            }
            bit.push(index);
            let free_at = path.free_at.entry(index).or_default();
            let waiting = bytes_in(free_at.since(leaves), rate);
            if waiting > 0 && waiting + bytes as u64 > queue_bytes {
                return None;
            }
            *free_at = leaves.max(*free_at) + time_for(bytes as u64, rate);
            leaves = *free_at;
        }
        Some(leaves)
    }

    /// The loss that takes the packet.
    pub(super) fn lost(&self, path: &Path, key: Key, now: Instant) -> Option<usize> {
        self.struck(path, key, 0, now, FaultKind::Loss)
    }

    /// The duplication that copies the packet.
    pub(super) fn copied(&self, path: &Path, key: Key, now: Instant) -> Option<usize> {
        self.struck(path, key, 0, now, FaultKind::Duplicate)
    }

    /// The bit that a corruption flips in a copy of the packet.
    pub(super) fn flip(
        &self,
        path: &Path,
        key: Key,
        copy: u64,
        now: Instant,
        bytes: usize,
        bit: &mut Vec<usize>,
    ) -> Option<u32> {
        let index = self.struck(path, key, copy, now, FaultKind::Corrupt)?;
        bit.push(index);
        Some(self.dice(path, index, key, copy).named("bit").below(bytes as u64 * 8) as u32)
    }

    /// When a copy of the packet that left the last queue at `leaves` arrives.
    pub(super) fn due(
        &self,
        path: &mut Path,
        key: Key,
        copy: u64,
        now: Instant,
        leaves: Instant,
        bit: &mut Vec<usize>,
    ) -> Instant {
        let (latency, dice) = match self.on(path, now).filter_map(|i| self.latency_of(i)).last() {
            Some((index, latency)) => {
                bit.push(index);
                (latency, self.dice(path, index, key, copy))
            }
            None => (self.latency, path.dice.named("latency").with(key.0).with(key.1).with(copy)),
        };
        let drawn = dice.between(latency.min.as_millis(), latency.max.as_millis());
        let whole = Instant::from_millis(leaves.as_micros().div_ceil(1_000));
        let due = (whole + Duration::from_millis(drawn)).max(path.last_due);
        let held = self.struck(path, key, copy, now, FaultKind::Reorder);
        if let Some(index) = held
            && let Effect::Reorder { delay, .. } = self.faults[index].0.effect
        {
            bit.push(index);
            return due + delay;
        }
        path.last_due = due;
        due
    }

    fn latency_of(&self, index: usize) -> Option<(usize, Latency)> {
        let Effect::Latency { latency } = self.faults[index].0.effect else { return None };
        Some((index, latency))
    }

    /// The first fault of a kind with a rate that is on and strikes.
    fn struck(
        &self,
        path: &Path,
        key: Key,
        copy: u64,
        now: Instant,
        kind: FaultKind,
    ) -> Option<usize> {
        self.on(path, now).find(|&index| {
            let effect = &self.faults[index].0.effect;
            let rate = effect.rate().filter(|_| effect.kind() == kind);
            rate.is_some_and(|rate| self.dice(path, index, key, copy).unit() < rate)
        })
    }

    fn on<'a>(&'a self, path: &'a Path, now: Instant) -> impl Iterator<Item = usize> + 'a {
        path.faults.iter().copied().filter(move |&index| self.faults[index].0.is_on(now))
    }

    fn dice(&self, path: &Path, index: usize, key: Key, copy: u64) -> Draw {
        path.dice.with(self.faults[index].1).with(key.0).with(key.1).with(copy)
    }
}

/// What tells a fault from the others of a storm, whichever of them are taken away.
fn label(fault: &Fault) -> String {
    let whom = match (&fault.effect, &fault.who) {
        (Effect::Partition { groups }, _) => {
            let groups: Vec<String> = groups.iter().map(|group| join(group)).collect();
            groups.join("|")
        }
        (_, Who::Clients(names)) => join(names),
        (_, Who::Broker) => "the broker".to_owned(),
        (_, Who::Nobody) => String::new(),
    };
    format!("{} {whom} {:?} {}", fault.effect.kind(), fault.direction, fault.at.as_micros())
}

fn join(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(",")
}

/// Whether both ends are named, in different groups.
fn parted(groups: &[Vec<Name>], sender: &Name, receiver: &Name) -> bool {
    let group_of = |name| groups.iter().position(|group| group.contains(name));
    matches!((group_of(sender), group_of(receiver)), (Some(a), Some(b)) if a != b)
}

/// Whether packets of this direction are those that the fault is about.
fn touches(fault: &Fault, sender: (u32, &Name), receiver: (u32, &Name)) -> bool {
    match fault.direction {
        Direction::Both => is_about(fault, sender) || is_about(fault, receiver),
        Direction::In => is_about(fault, receiver),
        Direction::Out => is_about(fault, sender),
    }
}

/// Whether a fault names a process.
fn is_about(fault: &Fault, (index, name): (u32, &Name)) -> bool {
    match &fault.who {
        Who::Clients(names) => names.contains(name),
        Who::Broker => index == BROKER,
        Who::Nobody => false,
    }
}

/// How many bytes a line of this rate still has to send, rounded up.
fn bytes_in(span: Duration, rate: u64) -> u64 {
    (u128::from(span.as_micros()) * u128::from(rate)).div_ceil(1_000_000) as u64
}

/// How long a line of this rate (at least 1 byte a second) takes for these bytes, rounded up.
fn time_for(bytes: u64, rate: u64) -> Duration {
    let micros = (u128::from(bytes) * 1_000_000).div_ceil(u128::from(rate.max(1)));
    Duration::from_micros(micros.try_into().unwrap_or(u64::MAX))
}

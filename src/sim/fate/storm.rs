//! The faults of a storm that act on packets: selects those of a direction, and draws for them.
//!
//! The key of each draw has the fault's label (kind, who, direction, begin), the direction of the
//! packet, its millisecond and its number in that. It does not have the fault's rate and end. So a
//! lower rate hits a subset of the packets, and a shorter fault hits the same packets while it
//! lasts.

use crate::message::Name;
use crate::scenario::{Acts, Direction, Effect, Fault, Latency, Who};
use crate::terms::FaultKind;
use crate::time::{Duration, Instant};

use super::super::draw::Draw;
use super::{BROKER, PathState};

/// The faults of a scenario, each with the key of its draws.
#[derive(Debug)]
pub(super) struct Storm {
    seed: Draw,
    latency: Latency,
    faults: Vec<(Fault, u64)>,
}

/// The key of a packet in its direction: its millisecond, and its number in that.
type Key = (u64, u64);

impl Storm {
    pub(super) fn new(seed: Draw, latency: Latency, faults: &[Fault]) -> Storm {
        let mut labels: Vec<String> = Vec::new();
        let faults = faults.iter().map(|fault| {
            let label = label(fault);
            let same = labels.iter().filter(|&other| *other == label).count() as u64;
            let key = Draw::new(same).named(&label).bits();
            labels.push(label);
            (fault.clone(), key)
        });
        Storm { seed, latency, faults: faults.collect() }
    }

    /// Creates the state of a direction, with the faults that act on it.
    pub(super) fn path(&self, from: u32, to: u32, names: &[Name]) -> PathState {
        let (sender, receiver) = (&names[from as usize], &names[to as usize]);
        let acts = |fault: &Fault| match (fault.effect.kind().acts(), &fault.effect) {
            (Acts::OnGroups, Effect::Partition { groups }) => parted(groups, sender, receiver),
            (Acts::OnGroups, _) => false,
            (Acts::OnLinks, _) => touches(fault, (from, sender), (to, receiver)),
            (Acts::OnFlows | Acts::OnHosts | Acts::OnApplications, _) => false,
        };
        let faults = (0..self.faults.len()).filter(|&index| acts(&self.faults[index].0)).collect();
        PathState::new(self.seed.named(&format!("link:{sender}>{receiver}")), faults)
    }

    /// Returns the crashes and pauses that make a process miss the packets that arrive now.
    ///
    /// At any moment packets arrive before the power changes. So a host still receives what
    /// arrives at the begin of its fault, and misses what arrives at its end.
    pub(super) fn absences<'a>(
        &'a self,
        now: Instant,
        process: u32,
        names: &'a [Name],
    ) -> impl Iterator<Item = usize> + 'a {
        let acts = move |fault: &Fault| {
            matches!(fault.effect, Effect::Crash { .. } | Effect::Pause)
                && is_about(fault, (process, &names[process as usize]))
                && fault.at < now
                && now <= fault.until
        };
        (0..self.faults.len()).filter(move |&index| acts(&self.faults[index].0))
    }

    /// Returns the first cut or partition that is on.
    pub(super) fn cut(&self, path: &PathState, now: Instant) -> Option<usize> {
        self.on(path, now).find(|&index| {
            matches!(self.faults[index].0.effect, Effect::Cut | Effect::Partition { .. })
        })
    }

    /// Returns the moment at which the packet has passed the queues of all bandwidth faults; `None`
    /// if one was full.
    ///
    /// A packet is dropped if the line is busy and the packet does not fit into the queue. An idle
    /// line takes every packet.
    pub(super) fn queue(
        &self,
        path: &mut PathState,
        now: Instant,
        bytes: usize,
        hit_by: &mut Vec<usize>,
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
            hit_by.push(index);
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

    /// Returns the first loss fault that hits the packet.
    pub(super) fn lost(&self, path: &PathState, key: Key, now: Instant) -> Option<usize> {
        self.first_hit(path, key, 0, now, FaultKind::Loss)
    }

    /// Returns the first duplication fault that hits the packet.
    pub(super) fn copied(&self, path: &PathState, key: Key, now: Instant) -> Option<usize> {
        self.first_hit(path, key, 0, now, FaultKind::Duplicate)
    }

    /// Returns the bit that a corruption fault flips in a copy of the packet.
    pub(super) fn flip(
        &self,
        path: &PathState,
        key: Key,
        copy: u64,
        now: Instant,
        bytes: usize,
        hit_by: &mut Vec<usize>,
    ) -> Option<u32> {
        let index = self.first_hit(path, key, copy, now, FaultKind::Corrupt)?;
        hit_by.push(index);
        Some(self.draw(path, index, key, copy).named("bit").below(bytes as u64 * 8) as u32)
    }

    /// Returns the moment at which a copy of the packet arrives, after the last queue at `leaves`.
    pub(super) fn due(
        &self,
        path: &mut PathState,
        key: Key,
        copy: u64,
        now: Instant,
        leaves: Instant,
        hit_by: &mut Vec<usize>,
    ) -> Instant {
        let (latency, draw) = match self.on(path, now).filter_map(|i| self.latency_of(i)).last() {
            Some((index, latency)) => {
                hit_by.push(index);
                (latency, self.draw(path, index, key, copy))
            }
            None => (self.latency, path.draw.named("latency").with(key.0).with(key.1).with(copy)),
        };
        let drawn = draw.between(latency.min.as_millis(), latency.max.as_millis());
        let whole = Instant::from_millis(leaves.as_micros().div_ceil(1_000));
        let due = (whole + Duration::from_millis(drawn)).max(path.last_due);
        let held = self.first_hit(path, key, copy, now, FaultKind::Reorder);
        if let Some(index) = held
            && let Effect::Reorder { delay, .. } = self.faults[index].0.effect
        {
            hit_by.push(index);
            return due + delay;
        }
        path.last_due = due;
        due
    }

    fn latency_of(&self, index: usize) -> Option<(usize, Latency)> {
        let Effect::Latency { latency } = self.faults[index].0.effect else { return None };
        Some((index, latency))
    }

    /// Returns the first fault of a kind with a rate that is on and hits the packet by its draw.
    fn first_hit(
        &self,
        path: &PathState,
        key: Key,
        copy: u64,
        now: Instant,
        kind: FaultKind,
    ) -> Option<usize> {
        self.on(path, now).find(|&index| {
            let effect = &self.faults[index].0.effect;
            let rate = effect.rate().filter(|_| effect.kind() == kind);
            rate.is_some_and(|rate| self.draw(path, index, key, copy).unit() < rate)
        })
    }

    /// Returns the indices of the faults of a direction that are on.
    fn on<'a>(&'a self, path: &'a PathState, now: Instant) -> impl Iterator<Item = usize> + 'a {
        path.faults.iter().copied().filter(move |&index| self.faults[index].0.is_on(now))
    }

    /// Returns the draw of a fault for a copy of a packet.
    fn draw(&self, path: &PathState, index: usize, key: Key, copy: u64) -> Draw {
        path.draw.with(self.faults[index].1).with(key.0).with(key.1).with(copy)
    }
}

/// Returns a label of a fault that does not depend on which other faults the storm has.
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

/// Whether both processes are in groups, and in different ones.
fn parted(groups: &[Vec<Name>], sender: &Name, receiver: &Name) -> bool {
    let group_of = |name| groups.iter().position(|group| group.contains(name));
    matches!((group_of(sender), group_of(receiver)), (Some(a), Some(b)) if a != b)
}

/// Whether a fault acts on the packets of a direction.
fn touches(fault: &Fault, sender: (u32, &Name), receiver: (u32, &Name)) -> bool {
    match fault.direction {
        Direction::Both => is_about(fault, sender) || is_about(fault, receiver),
        Direction::In => is_about(fault, receiver),
        Direction::Out => is_about(fault, sender),
    }
}

/// Whether a fault names a process.
pub(super) fn is_about(fault: &Fault, (index, name): (u32, &Name)) -> bool {
    match &fault.who {
        Who::Clients(names) => names.contains(name),
        Who::Broker => index == BROKER,
        Who::Nobody => false,
    }
}

/// Returns the bytes that a line of this rate sends in a span, rounded up.
fn bytes_in(span: Duration, rate: u64) -> u64 {
    (u128::from(span.as_micros()) * u128::from(rate)).div_ceil(1_000_000) as u64
}

/// Returns the time that a line of this rate (at least 1 byte a second) takes for these bytes,
/// rounded up.
fn time_for(bytes: u64, rate: u64) -> Duration {
    let micros = (u128::from(bytes) * 1_000_000).div_ceil(u128::from(rate.max(1)));
    Duration::from_micros(micros.try_into().unwrap_or(u64::MAX))
}

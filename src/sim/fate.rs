//! Plans the course of every packet when it leaves: pure, seeded, without a clock of its own.
//!
//! The faults that are on then apply in the order of the path: the middleboxes beside the sender,
//! cuts, the queues of bandwidth limits, loss, duplication. Then a flipped bit, a latency and a delay by reordering are drawn
//! for each copy. Faults that begin later do not affect the packet. The middleboxes
//! beside the receiver see it when it arrives. Nothing here holds or moves a packet.

mod middlebox;
mod storm;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::history::LossReason;
use crate::message::Name;
use crate::scenario::{Effect, Fault, Latency};
use crate::time::{Duration, Instant};

use super::draw::Draw;
use middlebox::Middleboxes;
pub use middlebox::{FlowChange, Transit};
use storm::Storm;

/// The index of the broker among the processes.
pub const BROKER: u32 = 0;

/// Plans the course of all packets of a trial.
#[derive(Debug)]
pub struct NetworkFaults {
    storm: Storm,
    middleboxes: Middleboxes,
    names: Vec<Name>,
    paths: BTreeMap<(u32, u32), PathState>,
    hits: Vec<u64>,
}

/// The planned course of one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketPlan {
    /// The packet's number in its direction, from 1. It orders packets that arrive together.
    pub serial: u64,
    /// The packet's loss or arrivals.
    pub outcome: PlannedOutcome,
    /// The indices of the faults that dropped, delayed, copied or changed it.
    pub hit_by: Vec<usize>,
    /// The changes of what the middleboxes beside the sender know of its flow.
    pub changes: Vec<FlowChange>,
}

/// The planned loss or arrivals of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedOutcome {
    /// It does not arrive.
    Dropped(LossReason),
    /// It arrives, and a copy of it too if there is a second arrival.
    Arrives(Arrival, Option<Arrival>),
}

/// One arrival of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The moment of arrival: a whole millisecond, at least 1 ms after the packet left.
    pub due: Instant,
    /// The bit to flip, counted from the least significant one of the first byte.
    pub flip: Option<u32>,
}

/// The state of one direction between two processes.
#[derive(Debug)]
struct PathState {
    /// The draw of this direction, from which those of its packets derive.
    draw: Draw,
    /// The indices of the faults that act on it, in the order of the file.
    faults: Vec<usize>,
    /// The millisecond of the latest packet, and the packet's number in it, from 0.
    moment: (u64, u64),
    /// Number of packets so far.
    serial: u64,
    /// The latest arrival among the packets that were not held back.
    last_due: Instant,
    /// The moment at which the queue of each bandwidth fault is empty, by the fault's index.
    free_at: BTreeMap<usize, Instant>,
}

impl NetworkFaults {
    /// Creates the planner of a trial. `names[0]` is the broker; packets name processes by index.
    pub fn new(seed: Draw, latency: Latency, faults: &[Fault], names: Vec<Name>) -> NetworkFaults {
        let hits = vec![0; faults.len()];
        NetworkFaults {
            storm: Storm::new(seed, latency, faults),
            middleboxes: Middleboxes::new(faults, &names),
            names,
            paths: BTreeMap::new(),
            hits,
        }
    }

    /// Returns the number of packets that each fault hit, by its index in the file.
    pub fn hits(&self) -> &[u64] {
        &self.hits
    }

    /// Plans the course of a packet that leaves now.
    ///
    /// # Panics
    /// A process is not among the names.
    pub fn decide(&mut self, now: Instant, from: u32, to: u32, packet: &[u8]) -> PacketPlan {
        let NetworkFaults { storm, middleboxes, names, paths, .. } = self;
        let path = paths.entry((from, to)).or_insert_with(|| storm.path(from, to, names));
        let mut hit_by = Vec::new();
        let key = path.next_packet(now);
        let Transit { dropped_by, changes } = middleboxes.pass(now, from, packet);
        let outcome = match dropped_by {
            Some(fault) => {
                hit_by.push(fault);
                PlannedOutcome::Dropped(LossReason::Forgotten)
            }
            None => decide(storm, path, key, now, packet.len(), &mut hit_by),
        };
        hit_by.sort_unstable();
        hit_by.dedup();
        for &fault in &hit_by {
            self.hits[fault] += 1;
        }
        PacketPlan { serial: path.serial, outcome, hit_by, changes }
    }

    /// Lets a packet that arrives now pass the middleboxes beside its receiver.
    pub fn arrive(&mut self, now: Instant, to: u32, packet: &[u8]) -> Transit {
        let passage = self.middleboxes.pass(now, to, packet);
        if let Some(fault) = passage.dropped_by {
            self.hits[fault] += 1;
        }
        passage
    }

    /// Returns the bytes that the middleboxes take.
    pub fn memory(&self) -> u64 {
        self.middleboxes.memory()
    }

    /// Counts a hit for each fault because of which a packet found a host off or asleep.
    pub fn found_nobody(&mut self, now: Instant, process: u32) {
        for fault in self.storm.absences(now, process, &self.names) {
            self.hits[fault] += 1;
        }
    }
}

impl PathState {
    fn new(draw: Draw, faults: Vec<usize>) -> PathState {
        let (moment, free_at) = ((u64::MAX, 0), BTreeMap::new());
        PathState { draw, faults, moment, serial: 0, last_due: Instant::ZERO, free_at }
    }

    /// Counts a packet, and returns its key: the millisecond, and its number in that, from 0.
    fn next_packet(&mut self, now: Instant) -> (u64, u64) {
        let millisecond = now.as_millis();
        let nth = if self.moment.0 == millisecond { self.moment.1 + 1 } else { 0 };
        self.moment = (millisecond, nth);
        self.serial += 1;
        self.moment
    }
}

/// Plans a packet, and appends the faults that act on it to `hit_by`.
fn decide(
    storm: &Storm,
    path: &mut PathState,
    key: (u64, u64),
    now: Instant,
    bytes: usize,
    hit_by: &mut Vec<usize>,
) -> PlannedOutcome {
    if let Some(fault) = storm.cut(path, now) {
        hit_by.push(fault);
        return PlannedOutcome::Dropped(LossReason::Cut);
    }
    let Some(leaves) = storm.queue(path, now, bytes, hit_by) else {
        return PlannedOutcome::Dropped(LossReason::CrowdedOut);
    };
    if let Some(fault) = storm.lost(path, key, now) {
        hit_by.push(fault);
        return PlannedOutcome::Dropped(LossReason::Lost);
    }
    let copied = storm.copied(path, key, now);
    hit_by.extend(copied);
    let mut copy = |copy| {
        let flip = storm.flip(path, key, copy, now, bytes, hit_by);
        Arrival { due: storm.due(path, key, copy, now, leaves, hit_by), flip }
    };
    let first = copy(0);
    let second = copied.map(|_| copy(1));
    PlannedOutcome::Arrives(first, second)
}

/// Returns the largest tick that keeps every arrival exact: the smallest one-way latency of a
/// scenario and of its latency faults, in whole milliseconds from 1 to 20 (more gains nothing).
pub fn tick(latency: Latency, faults: &[Fault]) -> Duration {
    let stormy = faults.iter().filter_map(|fault| match fault.effect {
        Effect::Latency { latency } => Some(latency.min),
        _ => None,
    });
    let least = stormy.fold(latency.min, Duration::min).as_millis();
    Duration::from_millis(least.clamp(1, 20))
}

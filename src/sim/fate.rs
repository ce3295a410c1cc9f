//! The lot of every packet, decided when it leaves: pure, seeded, without a clock of its own.
//!
//! A packet meets the faults in the order of the path: is it cut, does the bandwidth's queue
//! take it, is it lost, is it copied; then each copy draws its flipped bit, its latency and
//! whether it is held back. Faults that begin later do not touch it any more. Nothing here holds
//! or moves a packet.

mod storm;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::history::LossReason;
use crate::message::Name;
use crate::scenario::{Effect, Fault, Latency};
use crate::time::{Duration, Instant};

use super::draw::Draw;
use storm::Storm;

/// The index of the broker among the processes.
pub const BROKER: u32 = 0;

/// Decides the lots of all packets of a trial.
#[derive(Debug)]
pub struct NetworkFaults {
    storm: Storm,
    names: Vec<Name>,
    paths: BTreeMap<(u32, u32), Path>,
    bites: Vec<u64>,
}

/// What becomes of one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketPlan {
    /// Which packet of its direction this is, from 1: the order of those that arrive together.
    pub serial: u64,
    /// Whether, when and how it arrives.
    pub outcome: Outcome,
    /// The faults that dropped, delayed, copied or changed it, by index.
    pub bit: Vec<usize>,
}

/// Whether, when and how a packet arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does not.
    Dropped(LossReason),
    /// It does, and a copy of it too if there is a second.
    Arrives(Arrival, Option<Arrival>),
}

/// One arrival of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When: a whole millisecond, at least 1 ms after it left.
    pub due: Instant,
    /// The bit that is flipped, counted from the first byte's least significant.
    pub flip: Option<u32>,
}

/// One direction between two processes.
#[derive(Debug)]
struct Path {
    /// This direction's dice.
    dice: Draw,
    /// The faults that act on it, by index, in the order of the file.
    faults: Vec<usize>,
    /// The millisecond of the latest packet, and how many there were in it.
    moment: (u64, u64),
    /// How many packets there were.
    serial: u64,
    /// When the latest arrival is due that was not held back.
    last_due: Instant,
    /// When the queue of each bandwidth fault will be empty.
    free_at: BTreeMap<usize, Instant>,
}

impl NetworkFaults {
    /// The lots of a trial. `names[0]` is the broker; packets name processes by index.
    pub fn new(seed: Draw, latency: Latency, faults: &[Fault], names: Vec<Name>) -> NetworkFaults {
        let bites = vec![0; faults.len()];
        NetworkFaults {
            storm: Storm::new(seed, latency, faults),
            names,
            paths: BTreeMap::new(),
            bites,
        }
    }

    /// How many packets each fault bit, by its index in the file.
    pub fn bites(&self) -> &[u64] {
        &self.bites
    }

    /// The lot of a packet of `bytes` bytes that leaves now.
    ///
    /// # Panics
    /// A process is not among the names.
    pub fn decide(&mut self, now: Instant, from: u32, to: u32, bytes: usize) -> PacketPlan {
        let NetworkFaults { storm, names, paths, .. } = self;
        let path = paths.entry((from, to)).or_insert_with(|| storm.path(from, to, names));
        let mut bit = Vec::new();
        let key = path.next_packet(now);
        let outcome = decide(storm, path, key, now, bytes, &mut bit);
        bit.sort_unstable();
        bit.dedup();
        for &fault in &bit {
            self.bites[fault] += 1;
        }
        PacketPlan { serial: path.serial, outcome, bit }
    }

    /// A packet found a machine down or asleep: each fault that made it so bit.
    pub fn found_nobody(&mut self, now: Instant, process: u32) {
        for fault in self.storm.absences(now, process, &self.names) {
            self.bites[fault] += 1;
        }
    }
}

impl Path {
    fn new(dice: Draw, faults: Vec<usize>) -> Path {
        let (moment, free_at) = ((u64::MAX, 0), BTreeMap::new());
        Path { dice, faults, moment, serial: 0, last_due: Instant::ZERO, free_at }
    }

    /// Counts a packet; its key is the millisecond and which packet in it this is, from 0.
    fn next_packet(&mut self, now: Instant) -> (u64, u64) {
        let millisecond = now.as_millis();
        let nth = if self.moment.0 == millisecond { self.moment.1 + 1 } else { 0 };
        self.moment = (millisecond, nth);
        self.serial += 1;
        self.moment
    }
}

fn decide(
    storm: &Storm,
    path: &mut Path,
    key: (u64, u64),
    now: Instant,
    bytes: usize,
    bit: &mut Vec<usize>,
) -> Outcome {
    if let Some(fault) = storm.cut(path, now) {
        bit.push(fault);
        return Outcome::Dropped(LossReason::Cut);
    }
    let Some(leaves) = storm.queue(path, now, bytes, bit) else {
        return Outcome::Dropped(LossReason::CrowdedOut);
    };
    if let Some(fault) = storm.lost(path, key, now) {
        bit.push(fault);
        return Outcome::Dropped(LossReason::Lost);
    }
    let copied = storm.copied(path, key, now);
    bit.extend(copied);
    let mut copy = |copy| {
        let flip = storm.flip(path, key, copy, now, bytes, bit);
        Arrival { due: storm.due(path, key, copy, now, leaves, bit), flip }
    };
    let first = copy(0);
    let second = copied.map(|_| copy(1));
    Outcome::Arrives(first, second)
}

/// The largest tick that keeps every arrival exact: the least one-way latency of a scenario, its
/// storm included, in whole milliseconds from 1 to 20 (more than 20 gains nothing).
pub fn tick(latency: Latency, faults: &[Fault]) -> Duration {
    let stormy = faults.iter().filter_map(|fault| match fault.effect {
        Effect::Latency { latency } => Some(latency.min),
        _ => None,
    });
    let least = stormy.fold(latency.min, Duration::min).as_millis();
    Duration::from_millis(least.clamp(1, 20))
}

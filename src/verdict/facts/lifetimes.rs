//! Tracks when each process died, and when it could be reached. Never why.

use std::collections::BTreeSet;

use crate::history::{EventKind, PowerState, ProcessId};
use crate::time::Instant;
use crate::verdict::switch::rule;

use super::{BROKER, BrokerLife, Moment, Seen};

/// The lives of all processes.
pub struct Lifetimes {
    processes: Vec<Life>,
}

/// One process: its deaths and its reachability.
#[derive(Default)]
struct Life {
    deaths: Vec<Moment>,
    /// Each change of its reachability, and the instant from which it holds.
    reach: Vec<(Instant, Reach)>,
    /// The states that keep it from being reached now.
    now: BTreeSet<Trouble>,
}

/// Whether what is sent to a process reaches it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Home,
    Nobody,
}

/// A state in which a process cannot be reached; each ends independently.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Down,
    Paused,
    Away,
}

impl Lifetimes {
    /// Creates the lives of this number of processes, all of them reachable until an event says
    /// otherwise.
    pub fn of(processes: usize) -> Lifetimes {
        Lifetimes { processes: (0..processes.max(1)).map(|_| Life::default()).collect() }
    }

    /// Records what an event says about lives and reachability.
    pub fn see(&mut self, seen: &Seen, what: &EventKind) {
        let EventKind::Power(state) = what else { return };
        let Some(life) = self.processes.get_mut(seen.process.index()) else { return };
        let now = &mut life.now;
        match state {
            PowerState::Started => now.clear(),
            PowerState::Killed | PowerState::PowerLost => {
                now.insert(Trouble::Down);
                life.deaths.push(seen.moment);
            }
            PowerState::Paused if rule("paused-is-not-reached") => _ = now.insert(Trouble::Paused),
            PowerState::Resumed => _ = now.remove(&Trouble::Paused),
            PowerState::WentAway if rule("away-is-not-reached") => _ = now.insert(Trouble::Away),
            PowerState::CameBack => _ = now.remove(&Trouble::Away),
            // A frozen process is not gone: its kernel lives.
            PowerState::Paused
            | PowerState::WentAway
            | PowerState::Frozen
            | PowerState::Thawed
            | PowerState::ConnectionsReset => {}
        }
        life.reach.push((seen.moment.at, if now.is_empty() { Reach::Home } else { Reach::Nobody }));
    }

    /// Returns the current life of the broker, as far as the events have been seen.
    pub fn broker_life(&self) -> BrokerLife {
        BrokerLife::at(self.deaths(BROKER).len())
    }

    /// Returns every death of a process, in order.
    pub fn deaths(&self, process: ProcessId) -> &[Moment] {
        self.processes.get(process.index()).map_or(&[], |life| &life.deaths)
    }

    /// Returns the first death of a process after a moment.
    pub fn death_after(&self, process: ProcessId, moment: Moment) -> Option<Moment> {
        let deaths = self.deaths(process);
        deaths.get(deaths.partition_point(|death| *death <= moment)).copied()
    }

    /// Whether a process ran, was awake and had not gone away at an instant, changes of that
    /// instant included.
    pub fn is_reachable(&self, process: ProcessId, at: Instant) -> bool {
        let Some(life) = self.processes.get(process.index()) else { return true };
        let changes = life.reach.partition_point(|(since, _)| *since <= at);
        changes == 0 || life.reach[changes - 1].1 == Reach::Home
    }
}

//! Tracks which paths the scenario cuts, and when. Never what was on them.

use crate::history::ProcessId;
use crate::message::Name;
use crate::scenario::{Direction, Effect, Fault, Scenario, Who};
use crate::time::{Duration, Instant};
use crate::verdict::switch::rule;

use super::{BROKER, Map, Participants, Set};

/// The cuts of a scenario, and the longest time a packet can be under way.
pub struct Paths {
    cuts: Vec<Cut>,
    longest_flight: Duration,
}

/// A fault that cuts paths, and the paths.
struct Cut {
    fault: Fault,
    between: Between,
}

/// The paths that a cut is on.
enum Between {
    /// These clients and the broker.
    Links(Set<ProcessId>),
    /// Every client and the broker, seen from the broker.
    AllLinks,
    /// Processes of different groups.
    Groups(Map<ProcessId, usize>),
}

impl Paths {
    /// Collects the cuts of a scenario.
    pub fn of(scenario: &Scenario, participants: &Participants) -> Paths {
        let cuts = scenario.faults.iter().filter_map(|fault| {
            let between = Between::of(fault, participants)?;
            Some(Cut { fault: fault.clone(), between })
        });
        Paths { cuts: cuts.collect(), longest_flight: longest_flight(scenario) }
    }

    /// Whether the path from the broker to a process is cut at an instant.
    pub fn is_cut(&self, at: Instant, process: ProcessId) -> bool {
        self.cuts.iter().any(|cut| cut.fault.is_on(at) && cut.keeps_from(process))
    }

    /// Returns the longest time that a packet can be under way.
    pub fn longest_flight(&self) -> Duration {
        self.longest_flight
    }
}

impl Cut {
    /// Whether it keeps what the broker sends from reaching a process.
    fn keeps_from(&self, process: ProcessId) -> bool {
        let direction = self.fault.direction;
        match &self.between {
            // Directions are seen from the process that the fault is on.
            Between::Links(clients) => clients.contains(&process) && direction != Direction::Out,
            Between::AllLinks => direction != Direction::In,
            Between::Groups(groups) => match (groups.get(&BROKER), groups.get(&process)) {
                (Some(broker), Some(process)) => broker != process,
                _ => false,
            },
        }
    }
}

impl Between {
    fn of(fault: &Fault, participants: &Participants) -> Option<Between> {
        match &fault.effect {
            Effect::Cut => match &fault.who {
                Who::Clients(names) => {
                    let cut = names.iter().filter_map(|name| participants.process(name));
                    Some(Between::Links(cut.collect()))
                }
                Who::Broker => Some(Between::AllLinks),
                Who::Nobody => None,
            },
            Effect::Partition { groups } => Some(Between::Groups(sides(groups, participants))),
            Effect::Disconnect
            | Effect::IdleTimeout { .. }
            | Effect::Loss { .. }
            | Effect::Duplicate { .. }
            | Effect::Corrupt { .. }
            | Effect::Reorder { .. }
            | Effect::Latency { .. }
            | Effect::Bandwidth { .. }
            | Effect::Crash { .. }
            | Effect::Pause
            | Effect::Freeze
            | Effect::Reset
            | Effect::Slow { .. }
            | Effect::Deaf { .. } => None,
        }
    }
}

/// Returns the group of every process that a partition names.
pub fn sides(groups: &[Vec<Name>], participants: &Participants) -> Map<ProcessId, usize> {
    let named = groups.iter().enumerate();
    let processes = named.flat_map(|(group, names)| {
        names.iter().filter_map(move |name| Some((participants.process(name)?, group)))
    });
    processes.collect()
}

/// Returns the sum of the longest latency, all hold-back times and all queues of a scenario.
fn longest_flight(scenario: &Scenario) -> Duration {
    let mut latency = scenario.latency.max;
    let mut waiting = Duration::ZERO;
    for fault in &scenario.faults {
        match &fault.effect {
            Effect::Latency { latency: other } => {
                if rule("a-flight-takes-the-worst-latency") {
                    latency = latency.max(other.max);
                }
            }
            Effect::Reorder { delay, .. } => {
                if rule("a-flight-takes-what-holds-it-back") {
                    waiting = waiting + *delay;
                }
            }
            Effect::Bandwidth { .. } => waiting = waiting + fault.effect.longest_queue(),
            Effect::Disconnect
            | Effect::Cut
            | Effect::Partition { .. }
            | Effect::IdleTimeout { .. }
            | Effect::Loss { .. }
            | Effect::Duplicate { .. }
            | Effect::Corrupt { .. }
            | Effect::Crash { .. }
            | Effect::Pause
            | Effect::Freeze
            | Effect::Reset
            | Effect::Slow { .. }
            | Effect::Deaf { .. } => {}
        }
    }
    latency + waiting
}

//! Faults: what goes wrong, for whom, from when to when.

use crate::message::Name;
use crate::terms::FaultKind;
use crate::time::{Duration, Instant};

use super::Latency;

/// One injected trouble.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What happens.
    pub effect: Effect,
    /// To whom. For `partition` this is [`Who::Nobody`]: the groups say it.
    pub who: Who,
    /// From this moment on, inclusive.
    pub at: Instant,
    /// Until this moment, exclusive; [`Instant::NEVER`] is to the end.
    pub until: Instant,
    /// Which direction of the link, seen from `who`.
    pub direction: Direction,
}

impl Fault {
    /// Whether the fault is on at a moment.
    pub fn is_on(&self, now: Instant) -> bool {
        self.at <= now && now < self.until
    }
}

/// Whom a fault is about. The loader has resolved entries to processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// These processes (`reader#3`), never the broker.
    Clients(Vec<Name>),
    /// The broker: all its links.
    Broker,
    /// `partition` names groups instead.
    Nobody,
}

/// Which packets of a link, seen from the one that the fault is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// Towards it.
    In,
    /// From it.
    Out,
}

/// Whether a crash leaves a kernel that says goodbye.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrashNotice {
    /// Power loss: nothing is sent.
    #[default]
    Silent,
    /// The process dies, its kernel closes the sockets.
    Given,
}

/// The effect of a fault: its kind with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The client closes its sockets and stays away.
    Disconnect,
    /// The link goes silent; nobody is told.
    Cut,
    /// A cut between groups of processes (the broker is named `broker`).
    Partition { groups: Vec<Vec<Name>> },
    /// Packets vanish.
    Loss { rate: f64 },
    /// Packets arrive twice.
    Duplicate { rate: f64 },
    /// Packets arrive with a flipped bit.
    Corrupt { rate: f64 },
    /// Packets are held back; later ones overtake.
    Reorder { rate: f64, delay: Duration },
    /// Another one-way latency.
    Latency { latency: Latency },
    /// A rate, and a queue that drops what does not fit.
    Bandwidth { bytes_per_second: u64, queue_bytes: u64 },
    /// The machine loses power, or the process dies.
    Crash { notice: CrashNotice },
    /// The machine sleeps.
    Pause,
    /// The handler takes time.
    Slow { handler: Duration },
    /// The handler is not installed.
    Deaf { queue: Name, event: Name },
}

impl Effect {
    /// Returns its kind: the word for it, without the numbers.
    pub const fn kind(&self) -> FaultKind {
        match self {
            Effect::Disconnect => FaultKind::Disconnect,
            Effect::Cut => FaultKind::Cut,
            Effect::Partition { .. } => FaultKind::Partition,
            Effect::Loss { .. } => FaultKind::Loss,
            Effect::Duplicate { .. } => FaultKind::Duplicate,
            Effect::Corrupt { .. } => FaultKind::Corrupt,
            Effect::Reorder { .. } => FaultKind::Reorder,
            Effect::Latency { .. } => FaultKind::Latency,
            Effect::Bandwidth { .. } => FaultKind::Bandwidth,
            Effect::Crash { .. } => FaultKind::Crash,
            Effect::Pause => FaultKind::Pause,
            Effect::Slow { .. } => FaultKind::Slow,
            Effect::Deaf { .. } => FaultKind::Deaf,
        }
    }

    /// Returns its probability for each packet, if it has one.
    pub const fn rate(&self) -> Option<f64> {
        match self {
            Effect::Loss { rate }
            | Effect::Duplicate { rate }
            | Effect::Corrupt { rate }
            | Effect::Reorder { rate, .. } => Some(*rate),
            Effect::Disconnect
            | Effect::Cut
            | Effect::Partition { .. }
            | Effect::Latency { .. }
            | Effect::Bandwidth { .. }
            | Effect::Crash { .. }
            | Effect::Pause
            | Effect::Slow { .. }
            | Effect::Deaf { .. } => None,
        }
    }

    /// Returns how long a full queue of it takes to drain, whether or not the fault is over by
    /// then; zero if it has no queue.
    pub fn longest_queue(&self) -> Duration {
        if let Effect::Bandwidth { bytes_per_second, queue_bytes } = self {
            let micros = queue_bytes.saturating_mul(1_000_000) / (*bytes_per_second).max(1);
            return Duration::from_micros(micros);
        }
        Duration::ZERO
    }
}

/// The part of the world that a kind of fault acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acts {
    /// Packets of links, in one direction or both.
    OnLinks,
    /// Packets between groups of processes.
    OnGroups,
    /// The machine of a process: its power, its sleep.
    OnMachines,
    /// A client's application: its session, its handlers. A broker has none.
    OnApplications,
}

impl FaultKind {
    /// Returns the part of the world that it acts on.
    pub const fn acts(self) -> Acts {
        match self {
            FaultKind::Cut
            | FaultKind::Loss
            | FaultKind::Duplicate
            | FaultKind::Corrupt
            | FaultKind::Reorder
            | FaultKind::Latency
            | FaultKind::Bandwidth => Acts::OnLinks,
            FaultKind::Partition => Acts::OnGroups,
            FaultKind::Crash | FaultKind::Pause => Acts::OnMachines,
            FaultKind::Disconnect | FaultKind::Slow | FaultKind::Deaf => Acts::OnApplications,
        }
    }

    /// Whether it can be about one direction of a link only.
    pub const fn has_direction(self) -> bool {
        matches!(self.acts(), Acts::OnLinks)
    }

    /// Whether it can happen to the broker.
    pub const fn can_hit_broker(self) -> bool {
        !matches!(self.acts(), Acts::OnApplications)
    }
}

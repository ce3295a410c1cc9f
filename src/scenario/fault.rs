//! Faults: what goes wrong, for whom, from when to when.

use crate::message::Name;
use crate::time::{Duration, Instant};

use super::Latency;

/// One injected trouble.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
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
pub enum Notice {
    /// Power loss: nothing is sent.
    #[default]
    Silent,
    /// The process dies, its kernel closes the sockets.
    Given,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
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
    Crash { notice: Notice },
    /// The machine sleeps.
    Pause,
    /// The handler takes time.
    Slow { handler: Duration },
    /// The handler is not installed.
    Deaf { queue: Name, event: Name },
}

impl FaultKind {
    /// Every kind's word, in the order of the reference.
    pub const NAMES: [&'static str; 13] = [
        "disconnect",
        "cut",
        "partition",
        "loss",
        "duplicate",
        "corrupt",
        "reorder",
        "latency",
        "bandwidth",
        "crash",
        "pause",
        "slow",
        "deaf",
    ];

    /// Whether it can be about one direction of a link only.
    pub const fn has_direction(&self) -> bool {
        matches!(
            self,
            FaultKind::Cut
                | FaultKind::Loss { .. }
                | FaultKind::Duplicate { .. }
                | FaultKind::Corrupt { .. }
                | FaultKind::Reorder { .. }
                | FaultKind::Latency { .. }
                | FaultKind::Bandwidth { .. }
        )
    }

    /// How long a full queue of it takes to drain, whether or not the fault is over by then.
    pub fn longest_queue(&self) -> Duration {
        match self {
            FaultKind::Bandwidth { bytes_per_second, queue_bytes } => {
                let micros = queue_bytes.saturating_mul(1_000_000) / (*bytes_per_second).max(1);
                Duration::from_micros(micros)
            }
            _ => Duration::ZERO,
        }
    }

    /// The word for it in scenario files and reports.
    pub const fn name(&self) -> &'static str {
        match self {
            FaultKind::Disconnect => "disconnect",
            FaultKind::Cut => "cut",
            FaultKind::Partition { .. } => "partition",
            FaultKind::Loss { .. } => "loss",
            FaultKind::Duplicate { .. } => "duplicate",
            FaultKind::Corrupt { .. } => "corrupt",
            FaultKind::Reorder { .. } => "reorder",
            FaultKind::Latency { .. } => "latency",
            FaultKind::Bandwidth { .. } => "bandwidth",
            FaultKind::Crash { .. } => "crash",
            FaultKind::Pause => "pause",
            FaultKind::Slow { .. } => "slow",
            FaultKind::Deaf { .. } => "deaf",
        }
    }
}

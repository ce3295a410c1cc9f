//! Faults: their effect, their target and their time.

use crate::message::Name;
use crate::terms::FaultKind;
use crate::time::{Duration, Instant};

use super::Latency;

/// One fault of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The effect.
    pub effect: Effect,
    /// The target. For `partition` it is [`Who::Nobody`]: the groups are the targets.
    pub who: Who,
    /// The beginning, inclusive.
    pub at: Instant,
    /// The end, exclusive; [`Instant::NEVER`] if it lasts to the end.
    pub until: Instant,
    /// The direction of the link, seen from `who`.
    pub direction: Direction,
}

impl Fault {
    /// Whether the fault is on at a moment.
    pub fn is_on(&self, now: Instant) -> bool {
        self.at <= now && now < self.until
    }
}

/// The target of a fault. The loader has resolved entries to processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// These processes (`reader#3`), never the broker.
    Clients(Vec<Name>),
    /// The broker: all its links.
    Broker,
    /// No single target: `partition` names groups instead.
    Nobody,
}

/// The direction of the affected packets on a link, seen from the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// To the target.
    In,
    /// From the target.
    Out,
}

impl Direction {
    /// The words of those that a file can name.
    pub const WORDS: [&'static str; 2] = ["in", "out"];

    /// Returns its word in files; both ways has none, since it is the default.
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Direction::Both => None,
            Direction::In => Some(Direction::WORDS[0]),
            Direction::Out => Some(Direction::WORDS[1]),
        }
    }
}

/// The notice of a crash that the other ends of its connections get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrashNotice {
    /// Power loss: nothing is sent.
    #[default]
    Silent,
    /// The process dies, and its kernel closes the sockets.
    Given,
}

/// The effect of a fault: its kind with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The client closes its sockets and stays away.
    Disconnect,
    /// The link drops everything, and neither end is told.
    Cut,
    /// A cut between groups of processes (the broker is named `broker`).
    Partition { groups: Vec<Vec<Name>> },
    /// A middlebox beside the target forgets a flow that was quiet for this long.
    IdleTimeout { after: Duration },
    /// Packets vanish.
    Loss { rate: f64 },
    /// Packets arrive twice.
    Duplicate { rate: f64 },
    /// Packets arrive with a flipped bit.
    Corrupt { rate: f64 },
    /// Packets are held back, so that later ones overtake them.
    Reorder { rate: f64, delay: Duration },
    /// Packets have another one-way latency.
    Latency { latency: Latency },
    /// The link has a limited rate, and a queue that drops what does not fit.
    Bandwidth { bytes_per_second: u64, queue_bytes: u64 },
    /// The host loses power, or the process dies.
    Crash { notice: CrashNotice },
    /// The host sleeps.
    Pause,
    /// The process stops, and its kernel lives on.
    Freeze,
    /// Its connections are reset, at the moment at which the fault begins.
    Reset,
    /// The handler takes time.
    Slow { handler: Duration },
    /// The handler is not installed.
    Deaf { queue: Name, event: Name },
}

impl Effect {
    /// Returns its kind, without the parameters.
    pub const fn kind(&self) -> FaultKind {
        match self {
            Effect::Disconnect => FaultKind::Disconnect,
            Effect::Cut => FaultKind::Cut,
            Effect::Partition { .. } => FaultKind::Partition,
            Effect::IdleTimeout { .. } => FaultKind::IdleTimeout,
            Effect::Loss { .. } => FaultKind::Loss,
            Effect::Duplicate { .. } => FaultKind::Duplicate,
            Effect::Corrupt { .. } => FaultKind::Corrupt,
            Effect::Reorder { .. } => FaultKind::Reorder,
            Effect::Latency { .. } => FaultKind::Latency,
            Effect::Bandwidth { .. } => FaultKind::Bandwidth,
            Effect::Crash { .. } => FaultKind::Crash,
            Effect::Pause => FaultKind::Pause,
            Effect::Freeze => FaultKind::Freeze,
            Effect::Reset => FaultKind::Reset,
            Effect::Slow { .. } => FaultKind::Slow,
            Effect::Deaf { .. } => FaultKind::Deaf,
        }
    }

    /// Returns its probability per packet, if it has one.
    pub const fn rate(&self) -> Option<f64> {
        match self {
            Effect::Loss { rate }
            | Effect::Duplicate { rate }
            | Effect::Corrupt { rate }
            | Effect::Reorder { rate, .. } => Some(*rate),
            Effect::Disconnect
            | Effect::Cut
            | Effect::Partition { .. }
            | Effect::IdleTimeout { .. }
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

    /// Returns the time in which its queue drains when full, even if the fault ends earlier. Zero
    /// if it has no queue.
    pub fn longest_queue(&self) -> Duration {
        if let Effect::Bandwidth { bytes_per_second, queue_bytes } = self {
            let micros = queue_bytes.saturating_mul(1_000_000) / (*bytes_per_second).max(1);
            return Duration::from_micros(micros);
        }
        Duration::ZERO
    }
}

/// The part of the simulation that a kind of fault acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acts {
    /// Packets of links, in one direction or both.
    OnLinks,
    /// Packets between groups of processes.
    OnGroups,
    /// The flows of a process, as far as a middlebox beside it remembers them.
    OnFlows,
    /// The host of a process: power and sleep.
    OnHosts,
    /// A client's application: its session and handlers. The broker has none.
    OnApplications,
}

/// The effect of a kind of fault on the sessions that it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEffect {
    /// It ends them, or stops all packets, so that they end.
    Ends,
    /// It spoils some packets or connections; the sessions end if those were needed.
    MayEnd,
    /// It does not end them.
    None,
}

/// The duration of a fault that happens at one moment: the resolution of all times.
pub const MOMENT: Duration = Duration::from_millis(1);

impl FaultKind {
    /// Whether it happens at one moment, so that it has no duration.
    pub const fn is_momentary(self) -> bool {
        matches!(self, FaultKind::Reset)
    }

    /// Returns its effect on the sessions that it is on.
    pub const fn on_sessions(self) -> SessionEffect {
        match self {
            FaultKind::Disconnect
            | FaultKind::Crash
            | FaultKind::Pause
            | FaultKind::Freeze
            | FaultKind::Cut
            | FaultKind::Partition => SessionEffect::Ends,
            // Over udp there is nothing to reset, and a flow that is never quiet is not forgotten.
            FaultKind::Reset
            | FaultKind::IdleTimeout
            | FaultKind::Loss
            | FaultKind::Corrupt
            | FaultKind::Bandwidth => SessionEffect::MayEnd,
            FaultKind::Duplicate
            | FaultKind::Reorder
            | FaultKind::Latency
            | FaultKind::Slow
            | FaultKind::Deaf => SessionEffect::None,
        }
    }

    /// Returns the part of the simulation that it acts on.
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
            FaultKind::IdleTimeout => Acts::OnFlows,
            FaultKind::Crash | FaultKind::Pause | FaultKind::Freeze | FaultKind::Reset => {
                Acts::OnHosts
            }
            FaultKind::Disconnect | FaultKind::Slow | FaultKind::Deaf => Acts::OnApplications,
        }
    }

    /// Whether it can be restricted to one direction of a link.
    pub const fn has_direction(self) -> bool {
        matches!(self.acts(), Acts::OnLinks)
    }

    /// Whether it can happen to the broker.
    pub const fn can_hit_broker(self) -> bool {
        !matches!(self.acts(), Acts::OnApplications)
    }
}

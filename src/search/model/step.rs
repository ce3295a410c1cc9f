//! The steps of a model: the events that may happen in it.

use crate::time::Duration;

/// One event. Clients are numbered: 0 publishes, the others subscribe. Numbers beyond the last
/// client wrap around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The publisher publishes a message.
    Publish,
    /// The first frame arrives.
    Deliver(FrameDirection, usize),
    /// The first frame of the client's previous connection arrives at the broker, late (lossy links
    /// only).
    DeliverLate(usize),
    /// The handler that runs returns.
    HandlerReturns(usize),
    /// The first frame is lost (lossy links only).
    Lose(FrameDirection, usize),
    /// The first frame is duplicated: its copy goes behind all others (lossy links only).
    Double(FrameDirection, usize),
    /// The first frame is overtaken by all others (lossy links only).
    Overtake(FrameDirection, usize),
    /// The connection breaks.
    Break(Noticed, usize),
    /// The client closes its connection on purpose and stays away.
    GoAway(usize),
    /// The client comes back and connects.
    ComeBack(usize),
    /// The client's process dies, and its kernel closes its connection. Only its name and its
    /// numbering survive.
    Crash(usize),
    /// A new process of the client starts.
    Restart(usize),
    /// The broker dies and loses its state, and a new one starts in a new epoch.
    ///
    /// Frames in flight to the broker are lost: a restart takes longer than the lifetime of a
    /// frame. TCP asks the same of a host that has lost its sequence numbers (RFC 9293, section
    /// 3.4.3, the quiet time).
    CrashBroker,
    /// Time passes, and the timers that expire in it run.
    Wait(Duration),
}

/// The direction of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameDirection {
    /// From the client.
    ToBroker,
    /// To the client.
    ToClient,
}

/// The sides that notice that a connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// Both sides notice.
    ByBoth,
    /// Only the client notices: the broker goes on writing into a dead connection.
    ByClient,
    /// Only the broker notices: the client learns it when it sends something, or by its heartbeat.
    ByBroker,
}

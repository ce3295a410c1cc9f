//! What may happen in a mailbag: one step.

use crate::time::Duration;

/// One thing that happens. Clients are numbered: 0 publishes, the others subscribe; a number
/// beyond the last one counts on from 0 again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The publisher hands over a message.
    Publish,
    /// The first frame arrives.
    Deliver(Way, usize),
    /// The first frame of the client's connection before this one arrives at the broker, late
    /// (lossy paths only).
    DeliverLate(usize),
    /// The handler that runs returns.
    HandlerReturns(usize),
    /// The first frame is lost (lossy paths only).
    Lose(Way, usize),
    /// The first frame will arrive twice: its copy is put behind all others (lossy paths only).
    Double(Way, usize),
    /// The first frame is put behind all others (lossy paths only).
    Overtake(Way, usize),
    /// The connection is gone, with all that was on it.
    Break(Noticed, usize),
    /// The client closes its connection on purpose and stays away.
    GoAway(usize),
    /// It comes back.
    ComeBack(usize),
    /// The client's process dies, and its kernel closes its connection: what is left is its name
    /// and its numbering.
    Crash(usize),
    /// A new process of the client starts.
    Restart(usize),
    /// The broker dies with all that it knew, and a new one starts in a new epoch.
    ///
    /// What was on its way to the broker is gone: a restart takes longer than a frame lives. TCP
    /// asks the same of a host that has forgotten its sequence numbers (RFC 9293, section 3.4.3,
    /// the quiet time).
    CrashBroker,
    /// Time passes; whoever waits for a moment in it is told.
    Wait(Duration),
}

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client.
    ToBroker,
    /// To the client.
    ToClient,
}

/// Who learns that a connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// Both sides.
    ByBoth,
    /// The client alone: the broker goes on writing into a dead connection.
    ByClient,
    /// The broker alone: the client learns it when it sends something, or by its heartbeat.
    ByBroker,
}

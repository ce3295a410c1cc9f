//! Broker and client as sans-IO state machines, for both modes.
//!
//! No async, sockets, clock, randomness, threads, logging or hash iteration. A machine is told
//! facts with `handle(now, Input)`, gives orders by `poll() -> Option<Output>` until there are
//! none, and says with `deadline()` when it wants to be told that time has passed. Handlers do
//! not fail: a peer's nonsense is answered by an order to close, with the reason.

mod backlog;
mod broker;
mod client;
mod interceptor;
pub mod limits;
mod machine;
mod publisher;
mod publisher_sequence;
mod rooms;
mod subscriber;
mod subscription;
mod timers;

pub use broker::{Broker, BrokerInput, BrokerOptions, BrokerOutput, BrokerView, ConnectionId};
pub use client::{Client, ClientInput, ClientOptions, ClientOutput, Draft, Numbering};
pub use interceptor::{Intercepted, Interceptor};
pub use machine::{BrokerMachine, ClientMachine, Machine};

/// What the machines must know of the link between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSemantics {
    /// Whether a frame can be lost in silence while the session goes on.
    pub frames: Reliability,
    /// How each side learns that the other is still there.
    pub pulse: Liveness,
    /// What becomes of messages that nobody keeps while there is no session.
    pub away: OfflineBuffer,
}

/// What becomes of messages that nobody keeps (fire-and-forget) while a client knows that it has
/// no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfflineBuffer {
    /// They are dropped.
    Dropped,
    /// The link's library buffers them, unless they are volatile, and sends them in order on the
    /// next session.
    Buffered,
}

/// Whether a frame can be lost in silence while the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliability {
    /// What was sent arrives, in order, or the link says that it may not have.
    Reliable,
    /// Frames may be lost, doubled and overtaken: unanswered ones are sent again.
    Lossy,
}

/// How each side learns that the other is still there. A session has one heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The broker pings, the client answers.
    Pings,
    /// The client asks by itself, again and again: each request is a sign of life, and the link
    /// says when one was not answered.
    Requests,
    /// The link has a heartbeat of its own.
    Link,
}

impl LinkSemantics {
    /// Frames arrive or the session ends; the broker pings.
    pub const RELIABLE: LinkSemantics = LinkSemantics {
        frames: Reliability::Reliable,
        pulse: Liveness::Pings,
        away: OfflineBuffer::Dropped,
    };
    /// Frames may be lost; the broker pings.
    pub const LOSSY: LinkSemantics = LinkSemantics {
        frames: Reliability::Lossy,
        pulse: Liveness::Pings,
        away: OfflineBuffer::Dropped,
    };
    /// The client asks; each request is a sign of life.
    pub const REQUESTS: LinkSemantics = LinkSemantics {
        frames: Reliability::Reliable,
        pulse: Liveness::Requests,
        away: OfflineBuffer::Dropped,
    };
    /// As Socket.IO: its own heartbeat, and a buffer for emits while it is away.
    pub const SOCKET_IO: LinkSemantics = LinkSemantics {
        frames: Reliability::Reliable,
        pulse: Liveness::Link,
        away: OfflineBuffer::Buffered,
    };
}

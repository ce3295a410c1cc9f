//! Broker and client as sans-IO state machines, for both modes.
//!
//! A driver reports each input with `handle(now, Input)`, then carries out the outputs that
//! `poll() -> Option<Output>` returns until there are none, and reports `Elapsed` when the time
//! that `deadline()` returns has come. Handlers do not fail: invalid input from the other side is
//! answered by an order to close, with the reason. Nothing here uses async, sockets, a clock,
//! randomness, threads, logging or hash iteration.

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

/// Properties of a link that broker and client depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSemantics {
    /// Guarantee about the frames of a session.
    pub frames: Reliability,
    /// Mechanism by which each side learns that the other is still there.
    pub pulse: Liveness,
    /// Treatment of messages that no outbox keeps, while there is no session.
    pub away: OfflineBuffer,
}

/// Treatment of messages that no outbox keeps, while a client knows that it has no session.
///
/// These are all messages in fire-and-forget mode, and the volatile ones in catch-up mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfflineBuffer {
    /// They are dropped.
    Dropped,
    /// They are buffered, unless they are volatile, and sent in order on the next session, as the
    /// link's library does.
    Buffered,
}

/// Guarantee that a link gives about the frames of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliability {
    /// Frames arrive in order, or the link reports that they may not have arrived.
    Reliable,
    /// Frames may be lost, duplicated and reordered, so unanswered ones are sent again.
    Lossy,
}

/// Mechanism by which each side learns that the other is still there; a session has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The broker pings, the client answers.
    Pings,
    /// The client sends requests all the time. Each one is a sign of life, and the link reports
    /// one that was not answered.
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
    /// Frames arrive or the link reports it; each request of the client is a sign of life.
    pub const REQUESTS: LinkSemantics = LinkSemantics {
        frames: Reliability::Reliable,
        pulse: Liveness::Requests,
        away: OfflineBuffer::Dropped,
    };
    /// Socket.IO: a heartbeat of its own, and a buffer for emits while there is no session.
    pub const SOCKET_IO: LinkSemantics = LinkSemantics {
        frames: Reliability::Reliable,
        pulse: Liveness::Link,
        away: OfflineBuffer::Buffered,
    };
}

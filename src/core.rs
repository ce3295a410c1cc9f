//! Broker and client as sans-IO state machines, for both modes.
//!
//! No async, sockets, clock, randomness, threads, logging or hash iteration. A machine is told
//! facts with `handle(now, Input)`, gives orders by `poll() -> Option<Output>` until there are
//! none, and says with `deadline()` when it wants to be told that time has passed. Handlers do
//! not fail: a peer's nonsense is answered by an order to close, with the reason.

mod backlog;
mod broker;
mod client;
mod inbound;
mod publisher;
mod rooms;
mod subscriber;
mod subscription;
mod timers;

pub use broker::{Broker, BrokerInput, BrokerOptions, BrokerOutput, BrokerView, Peer};
pub use client::{Client, ClientInput, ClientOptions, ClientOutput, Draft, Numbering};

/// Whether a link can lose a frame without ending the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// What was sent arrives, in order, or the session ends.
    Reliable,
    /// Frames may be lost, doubled and overtaken: unanswered ones are sent again.
    Lossy,
}

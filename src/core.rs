//! Broker and client as sans-IO state machines, for both modes. Their inputs and outputs
//! ([`BrokerInput`], [`BrokerOutput`], [`ClientInput`], [`ClientOutput`]) are the page to read first.
//!
//! A driver reports each input with `handle(now, Input)`, then carries out the outputs that
//! `poll() -> Option<Output>` returns until there are none, and reports `Elapsed` when the time
//! that `deadline()` returns has come. Invalid input is no error of a machine: it answers with the
//! output `Close`, which has the reason. Nothing here uses async, sockets, a clock, randomness,
//! threads, logging or hash iteration.
//!
//! A *client* is a name, under which the broker keeps a subscription. One or more *processes* run
//! it. A process opens one *session* after another, each over a *connection* of its own; over HTTP
//! a session may use several connections of TCP, and is one connection to the broker.

mod backlog;
mod broker;
mod client;
mod interceptor;
mod io;
pub mod limits;
mod publisher;
mod publisher_sequence;
mod resends;
mod rooms;
mod subscriber;
mod subscription;
mod timers;
mod view;

pub use broker::Broker;
pub use client::Client;
pub use interceptor::{Intercepted, Interceptor};
pub use io::{
    BrokerInput, BrokerMachine, BrokerOptions, BrokerOutput, ClientInput, ClientMachine,
    ClientOptions, ClientOutput, ConnectionId, Machine, Numbering,
};
pub use view::{BrokerView, QueueView, SubscriptionView};

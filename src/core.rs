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
mod io;
pub mod limits;
mod publisher;
mod publisher_sequence;
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
    ClientOptions, ClientOutput, ConnectionId, Draft, Machine, Numbering,
};
pub use view::BrokerView;

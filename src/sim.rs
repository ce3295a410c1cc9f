//! The simulator: hosts on turmoil, a real TCP/IP stack for each process, and a storm of faults.
//!
//! A *host* is the simulated computer of one process: it has an address, a kernel with that
//! process's network stack, and power. A *turmoil host* is what turmoil calls a host. It runs the
//! programs of one process or of several, which all have hosts of their own; no scenario sees it.
//! A *machine* is neither, but a state machine of [`core`](crate::core).
//!
//! From the bottom up:
//!
//! - [`draw`] draws keyed random numbers, and [`fate`] plans the course of every packet;
//! - [`stack`] is the network stack of one process, and [`host`] the power switch of its host;
//! - `nic` carries packets between turmoil hosts, and [`net`] holds what all packets share;
//! - [`socket`] is the network as programs see it, and [`world`] runs everything on one clock;
//! - `process` supervises one process, `app` runs the scenario's application in it, and
//!   [`run_trial`] runs a whole trial.
//!
//! Nothing up to [`world`] knows frames or messages.

mod activity;
mod app;
mod broker_app;
mod core_system;
#[doc(hidden)]
pub mod draw;
#[doc(hidden)]
pub mod entropy;
#[doc(hidden)]
pub mod fate;
mod hits;
#[doc(hidden)]
pub mod host;
mod host_state;
#[doc(hidden)]
pub mod limits;
mod log;
#[doc(hidden)]
pub mod net;
mod nic;
mod packet_stream;
mod placement;
mod process;
mod programs;
mod schedule;
mod slot;
#[doc(hidden)]
pub mod socket;
#[doc(hidden)]
pub mod stack;
mod system;
mod trial;
mod trial_error;
mod trial_limits;
#[doc(hidden)]
pub mod world;

pub use core_system::CoreSystem;
pub use draw::Draw;
pub use packet_stream::{Capturing, PacketSink};
pub use placement::{Apart, Placement, TurmoilOrder};
pub use programs::{App, AppRequest, BlackBox, Programs, RESTART, black_box_name};
pub use system::System;
pub use trial::{
    EarlyStop, Trial, TrialOptions, processes, run_system_then, run_trial, run_trial_then, tick,
};
pub use trial_error::{ExceededLimit, TrialError};
pub use trial_limits::{Cancel, TrialLimits};

#[cfg(test)]
mod tests;

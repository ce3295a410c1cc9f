//! The simulator: hosts on turmoil, each process with a real TCP/IP stack, and the storm.
//!
//! From the bottom up: [`draw`] throws keyed dice, [`fate`] decides the lot of every packet,
//! [`stack`] is one process's kernel, `nic` carries packets between turmoil hosts, [`net`] is
//! what a trial's packets have in common, [`socket`] is what programs see, [`machine`] is the
//! power switch, and [`world`] puts them on one clock: none of these knows frames or messages.
//! Above them, `process` watches over one process, `app` plays the scenario's part in it, and
//! [`run_trial`] runs the whole.

mod app;
mod core_system;
pub mod draw;
pub mod entropy;
pub mod fate;
mod hits;
pub mod host;
pub mod limits;
pub mod net;
mod nic;
mod process;
mod programs;
pub mod socket;
pub mod stack;
mod system;
mod trial;
pub mod world;

pub use core_system::CoreSystem;
pub use draw::Draw;
pub use programs::{App, AppRequest, BlackBox, Programs, RESTART, black_box_name};
pub use system::System;
pub use trial::{
    EarlyStop, HostOrder, Trial, TrialOptions, TrialPanic, run_system_then, run_trial,
    run_trial_then, tick,
};
pub use world::Capturing;

#[cfg(test)]
mod tests;

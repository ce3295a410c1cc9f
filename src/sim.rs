//! The simulator: hosts on turmoil, each process with a real TCP/IP stack, and the storm.
//!
//! From the bottom up: [`draw`] throws keyed dice, [`fate`] decides the lot of every packet,
//! [`stack`] is one process's kernel, `nic` carries packets between turmoil hosts, [`net`] is
//! what a trial's packets have in common, [`socket`] is what programs see, [`machine`] is the
//! power switch, and [`world`] puts them on one clock: none of these knows frames or messages.
//! Above them, `process` watches over one process, `app` plays the scenario's part in it, and
//! [`run_trial`] runs the whole.

mod app;
mod bites;
#[doc(hidden)]
pub mod draw;
#[doc(hidden)]
pub mod entropy;
#[doc(hidden)]
pub mod fate;
#[doc(hidden)]
pub mod limits;
#[doc(hidden)]
pub mod machine;
mod machines;
#[doc(hidden)]
pub mod net;
mod nic;
mod process;
mod programs;
#[doc(hidden)]
pub mod socket;
#[doc(hidden)]
pub mod stack;
mod system;
mod trial;
#[doc(hidden)]
pub mod world;

pub use draw::Draw;
pub use machines::Machines;
pub use programs::{App, Own, Programs, RESTART, Wish, own_name};
pub use system::System;
pub use trial::{
    HostOrder, Stop, Trial, TrialOptions, TrialPanic, run_system_then, run_trial, run_trial_then,
    tick,
};
pub use world::Capturing;

#[cfg(test)]
mod tests;

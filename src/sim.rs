//! The simulator: hosts on turmoil, each process with a real TCP/IP stack, and the storm.
//!
//! From the bottom up: [`draw`] throws keyed dice, [`fate`] decides the lot of every packet,
//! [`stack`] is one process's kernel, `nic` carries packets between turmoil hosts, [`net`] is
//! what a trial's packets have in common, [`socket`] is what programs see, [`machine`] is the
//! power switch, and [`world`] puts them on one clock. Nothing here knows frames or messages.

pub mod draw;
pub mod fate;
pub mod machine;
pub mod net;
mod nic;
pub mod socket;
pub mod stack;
pub mod world;

#[cfg(test)]
mod tests;

//! The power switch of a process's host.
//!
//! A host never runs tasks. The supervisor of the process switches the host, and itself
//! drops and starts the process's tasks.

use std::sync::Arc;

use crate::time::Instant;

use super::host_state::HostState;
use super::socket::SimNet;
use super::stack::Power;

/// The host of one process. Cheap to clone.
#[derive(Clone)]
pub struct SimHost {
    state: Arc<HostState>,
}

impl SimHost {
    pub(crate) fn new(state: Arc<HostState>) -> SimHost {
        SimHost { state }
    }

    /// Returns the index of the process.
    pub fn process(&self) -> u32 {
        self.state.process
    }

    /// Returns the power state of the host.
    pub fn power(&self) -> Power {
        self.state.stack().power()
    }

    /// Boots a fresh kernel, and returns its network. Sockets of older incarnations stay dead.
    ///
    /// # Panics
    /// The host is on.
    pub fn power_on(&self, incarnation: u64) -> SimNet {
        self.state.stack().power_on(incarnation);
        self.network(incarnation)
    }

    /// Kills the program; its kernel lives on.
    pub fn kill(&self) {
        self.state.stack().kill();
    }

    /// Returns the network of a program that starts now, on a kernel that was booted before.
    pub fn network(&self, incarnation: u64) -> SimNet {
        let killed = self.state.stack().killed();
        SimNet::new(self.state.clone(), incarnation, killed)
    }

    /// Returns a network that only tells the time, also while the host has no power.
    pub fn clock(&self) -> SimNet {
        SimNet::new(self.state.clone(), 0, 0)
    }

    /// Cuts the power at once: nothing more is sent, the statistics of open connections are
    /// recorded, and sockets that the process still holds fail.
    pub fn power_off(&self, now: Instant) {
        self.state.stack().power_off(now);
    }

    /// Puts a host that is on to sleep: no packets in or out, and timers wait.
    pub fn pause(&self) {
        self.state.stack().pause();
    }

    /// Wakes a host that sleeps: timers that came due fire now.
    pub fn resume(&self) {
        self.state.stack().resume();
        self.state.ring();
    }

    /// Resets every open connection, at both ends. Returns whether there was one.
    pub fn reset_connections(&self) -> bool {
        let any = self.state.stack().reset_connections();
        self.state.ring();
        any
    }

    /// Makes the next connection use the given local port, for tests of port reuse.
    #[cfg(test)]
    pub(crate) fn use_port_next(&self, port: u16) {
        self.state.stack().use_port_next(port);
    }
}

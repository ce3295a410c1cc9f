//! The hardware of one process: its stack, its power switch, and the bell of its turmoil host.
//!
//! A machine never runs anything: whoever supervises the process switches it, and drops or
//! starts the process's tasks beside it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use tokio::sync::Notify;

use crate::time::Instant;

use super::socket::SimNet;
use super::stack::{Build, Power, Stack};

/// The hardware of one process. Cheap to clone.
#[derive(Clone)]
pub struct SimHost {
    hardware: Arc<HostState>,
}

/// What a machine's handles share.
pub(crate) struct HostState {
    process: u32,
    stack: Mutex<Stack>,
    /// Rings at the turmoil host that the machine stands on.
    bell: OnceLock<Arc<DriverWaker>>,
}

/// Calls the driver of a turmoil host, and tells its time.
#[derive(Debug, Default)]
pub(crate) struct DriverWaker {
    pub calls: Notify,
    /// The processes whose stacks have something to do, in the order in which they called.
    callers: Mutex<Vec<u32>>,
    /// The moment of the host's clock at which the trial began.
    pub began: OnceLock<tokio::time::Instant>,
}

impl DriverWaker {
    /// Simulated time on this host.
    ///
    /// # Panics
    /// The host has not begun.
    pub fn now(&self) -> Instant {
        let began = self.began.get().expect("programs run on a host that has begun");
        Instant::from_micros(tokio::time::Instant::now().duration_since(*began).as_micros() as u64)
    }

    /// A simulated moment on the host's clock; `None` if no clock reaches it.
    pub fn moment(&self, at: Instant) -> Option<tokio::time::Instant> {
        let began = self.began.get().expect("programs run on a host that has begun");
        began.checked_add(std::time::Duration::from_micros(at.as_micros()))
    }

    pub fn ring(&self, process: u32) {
        let mut callers = self.callers.lock().expect("a trial has one thread");
        if callers.last() != Some(&process) {
            callers.push(process);
        }
        self.calls.notify_one();
    }

    /// Takes the callers out.
    pub fn callers(&self) -> Vec<u32> {
        std::mem::take(&mut *self.callers.lock().expect("a trial has one thread"))
    }
}

impl HostState {
    pub fn new(process: u32, build: Build) -> HostState {
        HostState { process, stack: Mutex::new(Stack::new(build)), bell: OnceLock::new() }
    }

    /// Locks the stack. Never hold two, and ring only.
    pub fn stack(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().expect("a trial has one thread")
    }

    /// The bell of the host.
    ///
    /// # Panics
    /// The process stands on no host yet.
    pub fn bell(&self) -> &DriverWaker {
        self.bell.get().expect("a process that runs stands on a host")
    }

    /// Puts the machine on a turmoil host.
    ///
    /// # Panics
    /// It stands on one already.
    pub fn stand(&self, bell: Arc<DriverWaker>) {
        let empty = self.bell.set(bell).is_ok();
        assert!(empty, "process {} stands on two hosts", self.process);
    }

    /// Calls the driver, if there is one.
    pub fn ring(&self) {
        if let Some(bell) = self.bell.get() {
            bell.ring(self.process);
        }
    }
}

impl SimHost {
    pub(crate) fn new(hardware: Arc<HostState>) -> SimHost {
        SimHost { hardware }
    }

    /// The process's index.
    pub fn process(&self) -> u32 {
        self.hardware.process
    }

    /// Whether it is on.
    pub fn power(&self) -> Power {
        self.hardware.stack().power()
    }

    /// Boots a fresh kernel; its network. Sockets of an older incarnation stay dead.
    ///
    /// # Panics
    /// The machine is on.
    pub fn power_on(&self, incarnation: u64) -> SimNet {
        self.hardware.stack().power_on(incarnation);
        self.network(incarnation)
    }

    /// The program is killed; its kernel lives on.
    pub fn kill(&self) {
        self.hardware.stack().kill();
    }

    /// The network of the program that is started now, on a kernel that was booted before.
    pub fn network(&self, incarnation: u64) -> SimNet {
        let killed = self.hardware.stack().killed();
        SimNet::new(self.hardware.clone(), incarnation, killed)
    }

    /// The clock of the host that the machine stands on, whether it is on or not.
    pub fn clock(&self) -> SimNet {
        SimNet::new(self.hardware.clone(), 0, 0)
    }

    /// The power goes at once: nothing more is sent, the last ledgers are written, sockets that
    /// the process still holds fail.
    pub fn power_off(&self, now: Instant) {
        self.hardware.stack().power_off(now);
    }

    /// The machine sleeps: nothing in or out, timers wait. Only if it is on.
    pub fn pause(&self) {
        self.hardware.stack().pause();
    }

    /// The machine wakes up; timers that came due fire now. Only if it sleeps.
    pub fn resume(&self) {
        self.hardware.stack().resume();
        self.hardware.ring();
    }

    /// Makes the next connection begin at a port: for tests of port reuse.
    #[cfg(test)]
    pub(crate) fn use_port_next(&self, port: u16) {
        self.hardware.stack().use_port_next(port);
    }
}

//! The state of a process's machine: its stack, and the waker of the driver of its host.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use tokio::sync::Notify;

use crate::time::Instant;

use super::stack::{Build, Stack};

/// State shared by the handles of one machine.
pub(crate) struct HostState {
    /// The index of the process.
    pub process: u32,
    stack: Mutex<Stack>,
    /// Wakes the driver of the turmoil host that the machine is on.
    waker: OnceLock<Arc<DriverWaker>>,
}

/// Wakes the driver of a turmoil host, and tells the host's time.
#[derive(Debug, Default)]
pub(crate) struct DriverWaker {
    /// Notified by each call.
    pub calls: Notify,
    /// The processes whose stacks have work to do, in the order of their calls.
    callers: Mutex<Vec<u32>>,
    /// The beginning of the trial on the host's clock.
    pub began: OnceLock<tokio::time::Instant>,
}

impl DriverWaker {
    /// Returns the simulated time on this host.
    ///
    /// # Panics
    /// The host has not begun.
    pub fn now(&self) -> Instant {
        let began = self.began.get().expect("programs run on a host that has begun");
        Instant::from_micros(tokio::time::Instant::now().duration_since(*began).as_micros() as u64)
    }

    /// Converts a simulated moment to the host's clock; `None` if that cannot represent it.
    pub fn moment(&self, at: Instant) -> Option<tokio::time::Instant> {
        let began = self.began.get().expect("programs run on a host that has begun");
        began.checked_add(std::time::Duration::from_micros(at.as_micros()))
    }

    /// Wakes the driver for the stack of a process.
    pub fn ring(&self, process: u32) {
        let mut callers = self.callers.lock().expect("a trial has one thread");
        if callers.last() != Some(&process) {
            callers.push(process);
        }
        self.calls.notify_one();
    }

    /// Takes out the processes that have called.
    pub fn callers(&self) -> Vec<u32> {
        std::mem::take(&mut *self.callers.lock().expect("a trial has one thread"))
    }
}

impl HostState {
    pub fn new(process: u32, build: Build) -> HostState {
        HostState { process, stack: Mutex::new(Stack::new(build)), waker: OnceLock::new() }
    }

    /// Locks the stack.
    ///
    /// Lock order: never hold two stack locks. While holding one, call no other method of the
    /// machine than [`HostState::ring`].
    pub fn stack(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().expect("a trial has one thread")
    }

    /// Returns the waker of the host that the machine is on.
    ///
    /// # Panics
    /// The machine is not on a host yet.
    pub fn waker(&self) -> &DriverWaker {
        self.waker.get().expect("a process that runs is on a host")
    }

    /// Puts the machine on a turmoil host.
    ///
    /// # Panics
    /// The machine is already on a host.
    pub fn attach(&self, waker: Arc<DriverWaker>) {
        let empty = self.waker.set(waker).is_ok();
        assert!(empty, "process {} is on two hosts", self.process);
    }

    /// Wakes the driver of the host, if the machine is on one.
    pub fn ring(&self) {
        if let Some(waker) = self.waker.get() {
            waker.ring(self.process);
        }
    }
}

//! The state of a process's host: its stack, and the waker of the driver of its turmoil host.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use tokio::sync::Notify;

use crate::time::Instant;

use super::stack::{Build, Stack};

/// State shared by the handles of one host.
pub(crate) struct HostState {
    /// The index of the process.
    pub process: u32,
    stack: Mutex<Stack>,
    /// Wakes the driver of the turmoil host that the host is on.
    waker: OnceLock<Arc<DriverWaker>>,
}

/// Wakes the driver of a turmoil host, and tells that turmoil host's time.
#[derive(Debug, Default)]
pub(crate) struct DriverWaker {
    /// Notified by each call.
    pub calls: Notify,
    /// The processes whose stacks have work to do, in the order of their calls.
    callers: Mutex<Vec<u32>>,
    /// The beginning of the trial on the turmoil host's clock.
    pub began: OnceLock<tokio::time::Instant>,
}

impl DriverWaker {
    /// Returns the simulated time on this turmoil host.
    ///
    /// # Panics
    /// The turmoil host has not begun.
    pub fn now(&self) -> Instant {
        let began = self.began.get().expect("programs run on a turmoil host that has begun");
        Instant::from_micros(tokio::time::Instant::now().duration_since(*began).as_micros() as u64)
    }

    /// Converts a simulated moment to the turmoil host's clock; `None` if that cannot represent
    /// it.
    pub fn moment(&self, at: Instant) -> Option<tokio::time::Instant> {
        let began = self.began.get().expect("programs run on a turmoil host that has begun");
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
    /// host than [`HostState::ring`].
    pub fn stack(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().expect("a trial has one thread")
    }

    /// Returns the waker of the turmoil host that the host is on.
    ///
    /// # Panics
    /// The host is not on a turmoil host yet.
    pub fn waker(&self) -> &DriverWaker {
        self.waker.get().expect("a process that runs is on a turmoil host")
    }

    /// Puts the host on a turmoil host.
    ///
    /// # Panics
    /// The host is already on a turmoil host.
    pub fn attach(&self, waker: Arc<DriverWaker>) {
        let empty = self.waker.set(waker).is_ok();
        assert!(empty, "process {} is on two turmoil hosts", self.process);
    }

    /// Wakes the driver of the turmoil host, if the host is on one.
    pub fn ring(&self) {
        if let Some(waker) = self.waker.get() {
            waker.ring(self.process);
        }
    }
}

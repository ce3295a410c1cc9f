//! The state of a process's host: its stack, and the waker of the driver of its turmoil host.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

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
#[derive(Debug)]
pub(crate) struct DriverWaker {
    /// The driver's waker, from its first poll on.
    driver: OnceLock<Waker>,
    /// The processes whose stacks have work to do, in the order of their calls.
    callers: Mutex<Vec<u32>>,
    /// The beginning of the trial on the turmoil host's clock.
    began: OnceLock<tokio::time::Instant>,
    /// The moment, in microseconds, while the turmoil host is polled: no time passes meanwhile.
    /// Otherwise [`UNKNOWN`], because tasks that programs spawn run at any time.
    moment: AtomicU64,
}

/// No moment.
const UNKNOWN: u64 = u64::MAX;

impl Default for DriverWaker {
    fn default() -> DriverWaker {
        let (driver, callers, began) = (OnceLock::new(), Mutex::default(), OnceLock::new());
        DriverWaker { driver, callers, began, moment: AtomicU64::new(UNKNOWN) }
    }
}

impl DriverWaker {
    /// Begins the trial now.
    ///
    /// # Panics
    /// It has begun.
    pub fn begin(&self) {
        self.began.set(tokio::time::Instant::now()).expect("a turmoil host begins once");
    }

    /// Returns the simulated time on this turmoil host.
    ///
    /// # Panics
    /// The turmoil host has not begun.
    pub fn now(&self) -> Instant {
        let began = self.began.get().expect("programs run on a turmoil host that has begun");
        match self.moment.load(Ordering::Relaxed) {
            UNKNOWN => {
                let passed = tokio::time::Instant::now().duration_since(*began);
                Instant::from_micros(passed.as_micros() as u64)
            }
            moment => Instant::from_micros(moment),
        }
    }

    /// Holds the moment while the turmoil host is polled.
    pub fn hold(&self, now: Instant) {
        self.moment.store(now.as_micros(), Ordering::Relaxed);
    }

    /// Lets go of the moment.
    pub fn let_go(&self) {
        self.moment.store(UNKNOWN, Ordering::Relaxed);
    }

    /// Converts a simulated moment to the turmoil host's clock; `None` if that cannot represent
    /// it.
    pub fn moment(&self, at: Instant) -> Option<tokio::time::Instant> {
        let began = self.began.get().expect("programs run on a turmoil host that has begun");
        began.checked_add(std::time::Duration::from_micros(at.as_micros()))
    }

    /// Sets the waker of the driver.
    pub fn set_driver(&self, driver: &Waker) {
        self.driver.get_or_init(|| driver.clone());
    }

    /// Wakes the driver for the stack of a process.
    pub fn ring(&self, process: u32) {
        let mut callers = self.callers.lock().expect("a trial has one thread");
        if callers.last() != Some(&process) {
            callers.push(process);
        }
        drop(callers);
        // Before its first poll the driver needs no wake.
        if let Some(driver) = self.driver.get() {
            driver.wake_by_ref();
        }
    }

    /// Moves the processes that have called to `callers`.
    pub fn take_callers(&self, callers: &mut Vec<u32>) {
        callers.clear();
        std::mem::swap(callers, &mut self.callers.lock().expect("a trial has one thread"));
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
        // After a panic of the driver programs are still dropped, with their sockets.
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
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

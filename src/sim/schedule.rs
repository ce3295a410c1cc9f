//! The schedule of one turmoil host: which of its driver and programs is polled, and when.
//!
//! Each pass polls the driver, if it was woken, and then each program that was woken, once, in the
//! order in which they were added. So the order within a moment is always the same, and a process
//! to which nothing happens costs nothing.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use super::activity::{Activity, Doing};

/// A future of one turmoil host.
pub(super) type LocalTask = Pin<Box<dyn Future<Output = ()>>>;

/// The driver and the programs of one turmoil host.
pub(super) struct Schedule {
    driver: Slot,
    programs: Vec<Slot>,
    woken: Arc<Woken>,
    /// The programs of the current pass, by index.
    pass: Vec<usize>,
    activity: Arc<Activity>,
}

/// A future with its waker.
struct Slot {
    /// The process that it belongs to; `None` for the driver.
    process: Option<u32>,
    /// `None` once it has ended.
    task: Option<LocalTask>,
    waker: Waker,
}

/// A panic of a program, or of the driver.
pub(super) struct PanicOf {
    /// The process of the program; `None` for the driver.
    pub process: Option<u32>,
    /// The payload.
    pub panic: Box<dyn Any + Send>,
}

impl Schedule {
    /// Creates a schedule. Each program comes with its process.
    pub fn new(
        driver: LocalTask,
        programs: Vec<(u32, LocalTask)>,
        activity: Arc<Activity>,
    ) -> Schedule {
        let woken = Arc::new(Woken::all(programs.len()));
        let waker = |program| Waker::from(Arc::new(SlotWaker { program, woken: woken.clone() }));
        let driver = Slot { process: None, task: Some(driver), waker: waker(None) };
        let slot = |(index, (process, task))| {
            let waker = waker(Some(index));
            Slot { process: Some(process), task: Some(task), waker }
        };
        let programs = programs.into_iter().enumerate().map(slot).collect();
        Schedule { driver, programs, woken, pass: Vec::new(), activity }
    }

    /// Returns the number of polls of the last pass, the driver's included.
    pub fn polls(&self) -> usize {
        1 + self.pass.len()
    }

    /// Makes one pass. Ready when the driver has ended.
    ///
    /// # Errors
    /// The driver or a program panicked.
    pub fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<(), PanicOf>> {
        if self.woken.take_driver(cx.waker()) && self.driver.poll(&self.activity)?.is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.woken.take_programs(&mut self.pass);
        self.pass.sort_unstable();
        for &index in &self.pass {
            // A program that has ended needs nothing more.
            let _ = self.programs[index].poll(&self.activity)?;
        }
        Poll::Pending
    }
}

impl Slot {
    fn poll(&mut self, activity: &Activity) -> Result<Poll<()>, PanicOf> {
        let Some(task) = &mut self.task else { return Ok(Poll::Ready(())) };
        activity.turn_to(self.process.map_or(Doing::Ours, Doing::Program));
        let mut cx = Context::from_waker(&self.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut cx)));
        let process = self.process;
        let polled = polled.map_err(|panic| PanicOf { process, panic })?;
        if polled.is_ready() {
            self.task = None;
        }
        Ok(polled)
    }
}

/// Who was woken since they were polled last.
struct Woken(Mutex<WokenState>);

struct WokenState {
    driver: bool,
    programs: Vec<usize>,
    /// Whether a program is in the list, by index.
    listed: Vec<bool>,
    /// Wakes the task of the turmoil host.
    host: Option<Waker>,
}

impl Woken {
    /// Everybody, for the first pass.
    fn all(programs: usize) -> Woken {
        Woken(Mutex::new(WokenState {
            driver: true,
            programs: (0..programs).collect(),
            listed: vec![true; programs],
            host: None,
        }))
    }

    /// Whether the driver was woken; `host` is woken by the next wake from now on.
    fn take_driver(&self, host: &Waker) -> bool {
        let mut state = self.state();
        if state.host.as_ref().is_none_or(|known| !known.will_wake(host)) {
            state.host = Some(host.clone());
        }
        std::mem::take(&mut state.driver)
    }

    /// Moves the programs that were woken to `pass`.
    fn take_programs(&self, pass: &mut Vec<usize>) {
        let mut state = self.state();
        let WokenState { programs, listed, .. } = &mut *state;
        pass.clear();
        std::mem::swap(pass, programs);
        pass.iter().for_each(|&index| listed[index] = false);
    }

    fn wake(&self, program: Option<usize>) {
        let mut state = self.state();
        match program {
            None => state.driver = true,
            Some(index) if !std::mem::replace(&mut state.listed[index], true) => {
                state.programs.push(index);
            }
            Some(_) => return,
        }
        if let Some(host) = &state.host {
            host.wake_by_ref();
        }
    }

    fn state(&self) -> MutexGuard<'_, WokenState> {
        self.0.lock().expect("waking does not panic")
    }
}

/// Wakes one program, or the driver.
struct SlotWaker {
    program: Option<usize>,
    woken: Arc<Woken>,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.woken.wake(self.program);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.wake(self.program);
    }
}

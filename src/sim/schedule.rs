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
use super::nic::Nic;

/// A program of one turmoil host.
pub(super) type LocalTask = Pin<Box<dyn Future<Output = ()>>>;

/// Most passes before the tasks that programs spawn have their turn.
const PASSES: usize = 16;

/// The driver and the programs of one turmoil host.
pub(super) struct Schedule {
    driver: Nic,
    driver_waker: Waker,
    programs: Vec<Slot>,
    woken: Arc<Woken>,
    /// The programs of the current pass, by index.
    pass: Vec<usize>,
    polls: usize,
    activity: Arc<Activity>,
}

/// A program with its waker.
struct Slot {
    /// The process that it belongs to.
    process: u32,
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
    pub fn new(driver: Nic, programs: Vec<(u32, LocalTask)>, activity: Arc<Activity>) -> Schedule {
        let woken = Arc::new(Woken::all(programs.len()));
        let waker = |program| Waker::from(Arc::new(SlotWaker { program, woken: woken.clone() }));
        let driver_waker = waker(None);
        let slot = |(index, (process, task))| {
            let waker = waker(Some(index));
            Slot { process, task: Some(task), waker }
        };
        let programs = programs.into_iter().enumerate().map(slot).collect();
        Schedule { driver, driver_waker, programs, woken, pass: Vec::new(), polls: 0, activity }
    }

    /// Returns the number of polls of driver and programs so far.
    pub fn polls(&self) -> usize {
        self.polls
    }

    /// Makes passes until nobody is woken any more, or for a while. Ready when the driver has ended.
    ///
    /// # Errors
    /// The driver or a program panicked.
    pub fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<(), PanicOf>> {
        for _ in 0..PASSES {
            let driver = self.woken.take(&mut self.pass);
            if driver && self.poll_driver()?.is_ready() {
                return Poll::Ready(Ok(()));
            }
            // The driver has woken some more.
            self.woken.take_more(&mut self.pass);
            if !driver && self.pass.is_empty() {
                break;
            }
            self.pass.sort_unstable();
            for &index in &self.pass {
                self.polls += 1;
                self.programs[index].poll(&self.activity)?;
            }
        }
        self.woken.wait(cx.waker());
        Poll::Pending
    }

    fn poll_driver(&mut self) -> Result<Poll<()>, PanicOf> {
        self.polls += 1;
        self.activity.turn_to(Doing::Ours);
        let mut cx = Context::from_waker(&self.driver_waker);
        let polled = catch_unwind(AssertUnwindSafe(|| self.driver.poll(&mut cx)));
        polled.map_err(|panic| PanicOf { process: None, panic })
    }
}

impl Slot {
    fn poll(&mut self, activity: &Activity) -> Result<(), PanicOf> {
        let Some(task) = &mut self.task else { return Ok(()) };
        activity.turn_to(Doing::Program(self.process));
        let mut cx = Context::from_waker(&self.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut cx)));
        let process = Some(self.process);
        if polled.map_err(|panic| PanicOf { process, panic })?.is_ready() {
            self.task = None;
        }
        Ok(())
    }
}

/// The driver and the programs that were woken since they were polled last.
struct Woken(Mutex<WokenState>);

struct WokenState {
    driver: bool,
    programs: Vec<usize>,
    /// Whether a program is in the list, by index.
    listed: Vec<bool>,
    /// Wakes the task of the turmoil host; `None` while that is polled, and looks by itself.
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

    /// Begins a pass: moves the programs that were woken to `pass`. Whether the driver was woken.
    fn take(&self, pass: &mut Vec<usize>) -> bool {
        pass.clear();
        let mut state = self.state();
        state.host = None;
        state.move_to(pass);
        std::mem::take(&mut state.driver)
    }

    /// Moves the programs that were woken since to `pass`.
    fn take_more(&self, pass: &mut Vec<usize>) {
        self.state().move_to(pass);
    }

    /// Ends the passes: the next wake wakes the task of the turmoil host.
    fn wait(&self, host: &Waker) {
        let mut state = self.state();
        if state.driver || !state.programs.is_empty() {
            host.wake_by_ref();
        } else {
            state.host = Some(host.clone());
        }
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
        if let Some(host) = state.host.take() {
            drop(state);
            host.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, WokenState> {
        self.0.lock().expect("waking does not panic")
    }
}

impl WokenState {
    fn move_to(&mut self, pass: &mut Vec<usize>) {
        self.programs.iter().for_each(|&index| self.listed[index] = false);
        pass.append(&mut self.programs);
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

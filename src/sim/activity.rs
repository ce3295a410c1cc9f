//! The activity of a trial, as another thread sees it: it notices a program that does not yield.

use std::io::Write;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::message::Name;
use crate::time::Instant;

/// Real time without activity after which a program is reported, unless the trial has a shorter
/// limit.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// The shortest such time, however short the trial's limit is.
const LEAST: Duration = Duration::from_millis(100);

/// Whose code a trial runs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Something of ours: the network, a check, the judgement.
    Ours,
    /// Tasks that programs have spawned, or nothing.
    Tasks,
    /// A program of this process.
    Program(u32),
}

/// The activity of one trial.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Number of times that the trial turned to something else.
    turns: AtomicU64,
    /// The process whose program runs, plus 2; 1 for tasks; 0 for anything of ours.
    doing: AtomicU32,
    /// The simulated moment, in microseconds.
    at: AtomicU64,
}

impl Activity {
    /// Notes what the trial does from now on.
    pub fn turn_to(&self, doing: Doing) {
        let code = match doing {
            Doing::Ours => 0,
            Doing::Tasks => 1,
            Doing::Program(process) => process + 2,
        };
        // One thread writes: no more than loads and stores.
        self.turns.store(self.turns.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.doing.store(code, Ordering::Relaxed);
    }

    /// Notes the simulated moment.
    pub fn reach(&self, at: Instant) {
        self.at.store(at.as_micros(), Ordering::Relaxed);
    }

    /// Waits until `ended` is disconnected. Says once if a program does not yield for
    /// [`STUCK_AFTER`], or for the trial's limit if that is shorter.
    pub fn watch(
        &self,
        ended: &Receiver<()>,
        limit: Option<Duration>,
        name: impl Fn(u32) -> Name,
        say: impl Fn(&str),
    ) {
        let patience = limit.map_or(STUCK_AFTER, |limit| limit.clamp(LEAST, STUCK_AFTER));
        let mut before = self.turns.load(Ordering::Relaxed);
        let mut is_said = false;
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(patience) {
            let turns = self.turns.load(Ordering::Relaxed);
            let is_stuck = std::mem::replace(&mut before, turns) == turns;
            let at = Instant::from_micros(self.at.load(Ordering::Relaxed));
            let what = match self.doing.load(Ordering::Relaxed) {
                0 => continue,
                1 => "tasks that programs have spawned have kept the trial".to_owned(),
                code => format!("the program of {} has not yielded", name(code - 2)),
            };
            let is_the_same = self.turns.load(Ordering::Relaxed) == turns;
            if is_stuck && is_the_same && !std::mem::replace(&mut is_said, true) {
                say(&format!(
                    "delivery-lab: {what} for {patience:?} of real time, at {at} of simulated time"
                ));
            }
        }
    }
}

/// Says something on stderr, also in a test, whose output nobody would see before its end.
pub(super) fn say(words: &str) {
    // There is no other place to report that stderr cannot be written.
    let _ = writeln!(std::io::stderr(), "{words}");
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;

    /// Returns what is said of a trial that does this for ten limits.
    fn said_of(doing: Doing) -> Vec<String> {
        let (activity, limit) = (Activity::default(), LEAST);
        activity.reach(Instant::from_millis(1_500));
        activity.turn_to(doing);
        let (running, ended) = channel();
        let said = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(limit * 10);
                drop(running);
            });
            let name = |process| Name::from(format!("process {process}"));
            activity.watch(&ended, Some(limit), name, |words| {
                said.lock().expect("it does not panic").push(words.to_owned());
            });
        });
        said.into_inner().expect("it does not panic")
    }

    #[test]
    fn a_program_that_does_not_yield_is_named_once() {
        let about = |what| {
            format!("delivery-lab: {what} for 100ms of real time, at 1.5s of simulated time")
        };
        let program = about("the program of process 3 has not yielded");
        assert_eq!(said_of(Doing::Program(3)), [program]);
        let tasks = about("tasks that programs have spawned have kept the trial");
        assert_eq!(said_of(Doing::Tasks), [tasks]);
        assert!(said_of(Doing::Ours).is_empty());
    }
}

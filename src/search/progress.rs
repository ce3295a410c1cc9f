//! Tells on stderr how a property gets on that takes longer than a second. It reads the clock of
//! the computer, and nothing that it says reaches a result.

use std::io::Write;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::platform;
use crate::report;

/// The present activity of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It tries this many storms.
    Storms(u64),
    /// It shrinks the scenario that it has found.
    Shrinking,
}

/// The place for lines, and the time after which the first one is written.
#[derive(Clone, Copy)]
pub struct Voice<'s> {
    first: Duration,
    say: &'s (dyn Fn(&str) + Sync),
}

impl Voice<'_> {
    /// Writes to stderr after a second, also in a test, whose output nobody would see before its
    /// end.
    pub const STDERR: Voice<'static> = Voice { first: Duration::from_secs(1), say: &to_stderr };
}

fn to_stderr(line: &str) {
    // There is no other place to report that stderr cannot be written.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Trials that have ended, and the time that they took.
#[derive(Debug, Default)]
pub struct Trials(Mutex<(u64, Duration)>);

impl Trials {
    /// Counts a trial, and the time that it takes.
    pub fn count<T>(&self, trial: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = trial();
        let mut sums = self.0.lock().expect("it only adds");
        sums.0 += 1;
        sums.1 += began.elapsed();
        result
    }
}

/// Runs one stage of a property. Meanwhile a line is said after one second, two, four and so on.
pub fn tell<T>(
    subject: &str,
    stage: Stage,
    voice: Option<Voice<'_>>,
    work: impl FnOnce(&Trials) -> T,
) -> T {
    let trials = Trials::default();
    let Some(Voice { first, say }) = voice else { return work(&trials) };
    let report = |ended: &Receiver<()>| {
        let (mut wait, mut taken) = (first, Duration::ZERO);
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(wait) {
            taken += wait;
            wait = taken;
            let (count, spent) = *trials.0.lock().expect("it only adds");
            say(&line(subject, stage, count, spent, taken));
        }
    };
    platform::beside(report, || work(&trials))
}

fn line(subject: &str, stage: Stage, count: u64, spent: Duration, taken: Duration) -> String {
    let done = match stage {
        Stage::Storms(all) => format!("{count} of {}", report::counted(all, "storm")),
        Stage::Shrinking => format!("shrinking, {}", report::counted(count, "trial")),
    };
    let each = match u32::try_from(count) {
        Ok(count @ 1..) => format!(", {} ms a trial", (spent / count).as_millis()),
        Ok(0) | Err(_) => String::new(),
    };
    format!("delivery-lab: {subject}: {done} in {} s{each}", taken.as_secs())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_line_tells_how_many_are_done_and_what_each_took() {
        let seconds = Duration::from_secs;
        let storms = line("Queue", Stage::Storms(100), 20, seconds(4), seconds(2));
        assert_eq!(storms, "delivery-lab: Queue: 20 of 100 storms in 2 s, 200 ms a trial");
        let none = line("Queue", Stage::Storms(1), 0, seconds(0), seconds(1));
        assert_eq!(none, "delivery-lab: Queue: 0 of 1 storm in 1 s");
        let shrinking = line("Queue", Stage::Shrinking, 1, seconds(1), seconds(1));
        assert_eq!(shrinking, "delivery-lab: Queue: shrinking, 1 trial in 1 s, 1000 ms a trial");
    }

    #[test]
    fn what_is_quick_says_nothing_and_what_is_slow_is_told_at_each_doubling() {
        let (said, lines) = channel();
        let say = |line: &str| said.send(line.to_owned()).unwrap();
        let hour = Voice { first: Duration::from_secs(3_600), say: &say };
        assert_eq!(tell("Quick", Stage::Shrinking, Some(hour), |trials| trials.count(|| 7)), 7);
        assert!(lines.try_recv().is_err());
        let blink = Voice { first: Duration::from_millis(1), say: &say };
        let first = tell("Slow", Stage::Storms(2), Some(blink), |_| lines.recv().unwrap());
        assert_eq!(first, "delivery-lab: Slow: 0 of 2 storms in 0 s");
    }
}

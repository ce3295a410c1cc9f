//! The progress bar on stderr: shown only for several trials that take longer than a second, and
//! only on a terminal. It has no effect on reports.

use std::time::{Duration, Instant};

use super::console::Console;
use super::log::Log;
use crate::platform::program::Bar;

/// The shortest run that shows a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A progress bar, hidden at first.
pub struct Progress {
    bar: Bar,
    begun: Instant,
    may_show: bool,
}

impl Progress {
    /// Creates a bar for a number of trials, or without a total if it is not known. With a log it
    /// stays hidden, since both write to stderr.
    pub fn new(trials: Option<u64>, log: Log, console: &Console) -> Progress {
        Progress {
            bar: Bar::new(trials),
            begun: Instant::now(),
            may_show: log == Log::Off && console.may_animate() && trials != Some(1),
        }
    }

    /// Counts one more trial.
    pub fn tick(&self) {
        if self.may_show && self.begun.elapsed() > PATIENCE {
            self.bar.show();
        }
        self.bar.tick();
    }

    /// Runs `print` while the bar is hidden.
    pub fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.aside(print)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish();
    }
}

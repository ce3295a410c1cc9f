//! The progress bar on stderr: shown only for several trials that take longer than a second, and
//! only on a terminal. It has no effect on reports.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console::Console;
use super::log::Log;

/// The shortest run that shows a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A progress bar, hidden at first.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    may_show: bool,
}

impl Progress {
    /// Creates a bar for a number of trials, or without a total if it is not known. With a log it
    /// stays hidden, since both write to stderr.
    pub fn new(trials: Option<u64>, log: Log, console: &Console) -> Progress {
        let bar = ProgressBar::with_draw_target(trials, ProgressDrawTarget::hidden());
        let template = match trials {
            Some(_) => "{bar:40} {pos} of {len} trials, {per_sec:.0}, {eta} left",
            None => "{spinner} {pos} trials, {per_sec:.0}",
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is valid"));
        Progress {
            bar,
            begun: Instant::now(),
            may_show: log == Log::Off && console.may_animate() && trials != Some(1),
        }
    }

    /// Counts one more trial.
    pub fn tick(&self) {
        if self.may_show && self.bar.is_hidden() && self.begun.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }

    /// Runs `print` while the bar is hidden.
    pub fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

//! The progress bar on stderr: only for several trials that take longer than a second, and only
//! on a terminal. It never decides what is printed, and no report waits for it.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::console::Console;
use super::log::Log;

/// A run shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The bar, or nothing yet.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    may_show: bool,
}

impl Progress {
    /// A bar for so many trials, or for as many as there is time for. Beside a log there is none:
    /// both write to stderr.
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

    /// One more trial is done.
    pub fn tick(&self) {
        if self.may_show && self.bar.is_hidden() && self.begun.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }

    /// Prints something while the bar is out of the way.
    pub fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

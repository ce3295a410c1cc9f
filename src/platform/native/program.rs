//! The needs of the program alone: its folder, its threads, the terminal and its Ctrl-C.

use std::io;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use terminal_size::{Height, Width};

/// Does nothing: the process began in its folder.
pub fn enter_folder() {}

/// Makes a pool of so many threads.
///
/// # Errors
/// No threads could be started.
pub fn thread_pool(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(threads).build()
}

/// Returns columns and lines of the terminal that stdout is, if it is one.
pub fn size_of_stdout() -> Option<(usize, usize)> {
    let (Width(columns), Height(lines)) = terminal_size::terminal_size_of(io::stdout())?;
    Some((columns.into(), lines.into()))
}

/// Returns the columns of the terminal that stdout, stderr or stdin is.
pub fn columns() -> Option<usize> {
    terminal_size::terminal_size().map(|(Width(columns), _)| columns.into())
}

/// Runs `handler` at each Ctrl-C, on a thread of its own, instead of ending the process.
pub fn on_interrupt(handler: impl FnMut() + Send + 'static) {
    // It fails only if a handler exists already, which then stays.
    let _ = ctrlc::set_handler(handler);
}

/// A progress bar on stderr, hidden at first.
pub struct Bar(ProgressBar);

impl Bar {
    /// Creates a bar for a number of trials, or without a total if it is not known.
    pub fn new(trials: Option<u64>) -> Bar {
        let bar = ProgressBar::with_draw_target(trials, ProgressDrawTarget::hidden());
        let template = match trials {
            Some(_) => "{bar:40} {pos} of {len} trials, {per_sec:.0}, {eta} left",
            None => "{spinner} {pos} trials, {per_sec:.0}",
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is valid"));
        Bar(bar)
    }

    /// Shows the bar, if it is hidden.
    pub fn show(&self) {
        if self.0.is_hidden() {
            self.0.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Counts one more trial.
    pub fn tick(&self) {
        self.0.inc(1);
    }

    /// Runs `print` while the bar is hidden.
    pub fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.0.suspend(print)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

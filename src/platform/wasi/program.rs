//! The needs of the program alone: its folder, its one thread, and the host's terminal as far as the host
//! tells. There is no progress bar, and Ctrl-C is the host's own.

use std::io::{self, IsTerminal};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Enters the folder that the host names in `PWD`, so that relative paths begin there. Without it, or
/// if the host does not open it to the program, they begin at `/`.
pub fn enter_folder() {
    if let Some(folder) = std::env::var_os("PWD") {
        // Whoever then opens a file has the error.
        let _ = std::env::set_current_dir(folder);
    }
}

/// Makes a pool of the thread that there is, however many are asked for.
///
/// # Errors
/// The thread is in a pool already.
pub fn thread_pool(_threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(1).use_current_thread().build()
}

/// Returns columns and lines of the terminal that stdout is, if it is one and the host says so in
/// `COLUMNS` and `LINES`.
pub fn size_of_stdout() -> Option<(usize, usize)> {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    io::stdout().is_terminal().then(|| Some((number("COLUMNS")?, number("LINES")?)))?
}

/// Returns nothing: the width is in `COLUMNS`, of a terminal as without one.
pub fn columns() -> Option<usize> {
    None
}

/// Drops the handler: no Ctrl-C gets here.
pub fn on_interrupt(_handler: impl FnMut() + Send + 'static) {}

/// A progress bar that is never seen.
pub struct Bar;

impl Bar {
    /// Creates a bar.
    pub fn new(_trials: Option<u64>) -> Bar {
        Bar
    }

    /// Does nothing.
    pub fn show(&self) {}

    /// Does nothing.
    pub fn tick(&self) {}

    /// Runs `print`.
    pub fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        print()
    }

    /// Does nothing.
    pub fn finish(&self) {}
}

//! The thread pool of a command.

use std::num::NonZeroUsize;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::Exit;
use super::console::Console;
use super::log::Log;

/// Creates a thread pool: by default one thread per core, or a single one if a log is printed, so
/// that the log does not mix trials.
///
/// # Errors
/// No threads could be started; the error has been shown.
pub fn new(jobs: Option<NonZeroUsize>, log: Log, console: &Console) -> Result<ThreadPool, Exit> {
    // rayon takes 0 threads for one per core.
    let default = match log {
        Log::On => 1,
        Log::Off => 0,
    };
    let threads = jobs.map_or(default, NonZeroUsize::get);
    ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| {
        console.say(&format!("dlab: no threads could be started: {error}"));
        Exit::Bug
    })
}

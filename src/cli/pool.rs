//! The thread pool of a command.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use rayon::ThreadPool;

use super::Exit;
use super::console::Console;
use super::log::Log;
use crate::platform::program;

/// The most threads per core: more would only wait for each other, and each costs memory.
const MOST_PER_CORE: usize = 4;

/// Creates a thread pool: by default one thread per core, or a single one if a log is printed, so
/// that the log does not mix trials. There are never more than pieces of work, or than
/// [`MOST_PER_CORE`] allows; results do not depend on it.
///
/// # Errors
/// No threads could be started; the error has been shown.
pub fn new(
    jobs: Option<NonZeroUsize>,
    work: u64,
    log: Log,
    console: &Console,
) -> Result<ThreadPool, Exit> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = threads(jobs, work, log, cores);
    program::thread_pool(threads).map_err(|error| {
        console.fail(&format!("no threads could be started: {error}"));
        Exit::Bug
    })
}

/// Returns the number of threads, at least one.
fn threads(jobs: Option<NonZeroUsize>, work: u64, log: Log, cores: usize) -> usize {
    let default = match log {
        Log::On => 1,
        Log::Off => cores,
    };
    let most = cores.saturating_mul(MOST_PER_CORE).min(usize::try_from(work).unwrap_or(usize::MAX));
    jobs.map_or(default, NonZeroUsize::get).clamp(1, most.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(jobs: Option<usize>, work: u64, log: Log, expected: usize) {
        let jobs = jobs.map(|jobs| NonZeroUsize::new(jobs).unwrap());
        assert_eq!(threads(jobs, work, log, 8), expected, "-j {jobs:?}, {work} trials, {log:?}");
    }

    #[test]
    fn there_are_no_more_threads_than_trials_or_than_four_a_core() {
        check(Some(1_000_000), 3, Log::Off, 3);
        check(Some(1_000_000), u64::MAX, Log::Off, 32);
        check(Some(5), 100, Log::Off, 5);
        check(Some(5), 100, Log::On, 5);
        check(None, 100, Log::Off, 8);
        check(None, 100, Log::On, 1);
        check(None, 2, Log::Off, 2);
        check(None, 0, Log::Off, 1);
    }
}

//! Runs jobs in parallel and returns their results in order: the caller sees the same with any
//! number of threads.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvError, TryRecvError};

use rayon::{ThreadPool, Yield};

/// Number of jobs per thread that may run ahead of the next result in order.
const AHEAD: usize = 4;

/// An event that the caller receives.
pub enum InOrderStep<R> {
    /// One more job is done; these events come in any order.
    Done,
    /// The next result, in the order of the jobs.
    Result(R),
}

/// Runs the jobs on the pool, and passes each result to `each` in the order of the jobs, as soon as
/// all earlier ones are there.
///
/// After a `Break` no further job starts; those that run are awaited and their results dropped.
/// `work` must not panic.
pub fn in_order<J: Send, R: Send>(
    pool: &ThreadPool,
    jobs: impl Iterator<Item = J>,
    work: impl Fn(J) -> R + Sync,
    mut each: impl FnMut(InOrderStep<R>) -> ControlFlow<()>,
) {
    let window = pool.current_num_threads() * AHEAD;
    let stopped = AtomicBool::new(false);
    let (work, stopped) = (&work, &stopped);
    pool.in_place_scope_fifo(|scope| {
        let (sender, results) = mpsc::channel();
        let mut jobs = jobs.fuse();
        let mut early = BTreeMap::new();
        let (mut begun, mut turn) = (0, 0);
        loop {
            while begun - turn < window
                && let Some(job) = jobs.next()
            {
                let (sender, index) = (sender.clone(), begun);
                scope.spawn_fifo(move |_| {
                    if !stopped.load(Ordering::Relaxed) {
                        // The receiver is gone only after a `Break`.
                        let _ = sender.send((index, work(job)));
                    }
                });
                begun += 1;
            }
            if turn == begun {
                return;
            }
            let (index, result) = next(pool, &results).expect("this scope holds a sender");
            early.insert(index, result);
            let mut flow = each(InOrderStep::Done);
            while flow.is_continue()
                && let Some(result) = early.remove(&turn)
            {
                turn += 1;
                flow = each(InOrderStep::Result(result));
            }
            if flow.is_break() {
                stopped.store(true, Ordering::Relaxed);
                return;
            }
        }
    });
}

/// Waits for the next result. A caller that is one of the pool's threads works on jobs meanwhile:
/// there may be no other thread that does.
fn next<T>(pool: &ThreadPool, results: &Receiver<T>) -> Result<T, RecvError> {
    loop {
        match results.try_recv() {
            Err(TryRecvError::Empty) if pool.yield_now() == Some(Yield::Executed) => {}
            Err(_) => return results.recv(),
            Ok(result) => return Ok(result),
        }
    }
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;

    /// Returns pools of one, two and seven threads, and one of the current thread alone.
    fn pools() -> impl Iterator<Item = ThreadPool> {
        let threads = [1, 2, 7].map(|threads| ThreadPoolBuilder::new().num_threads(threads));
        let current = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        threads.into_iter().chain([current]).map(|pool| pool.build().unwrap())
    }

    /// Returns the first `until` results of the jobs `0..jobs`. The smaller a job's number is, the
    /// longer it takes.
    fn check(pool: &ThreadPool, jobs: u64, until: u64) -> Vec<u64> {
        let mut seen = Vec::new();
        let spin = |job: u64| {
            (0..(jobs - job) * 1_000).fold(job, |a, b| std::hint::black_box(a.max(b & 1)))
        };
        in_order(
            pool,
            0..jobs,
            |job| (spin(job), job).1,
            |step| {
                if let InOrderStep::Result(job) = step {
                    seen.push(job);
                }
                if seen.len() as u64 == until {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        seen
    }

    #[test]
    fn results_come_in_order_at_any_number_of_threads() {
        for pool in pools() {
            assert_eq!(check(&pool, 100, u64::MAX), (0..100).collect::<Vec<_>>());
            assert_eq!(check(&pool, 0, u64::MAX), Vec::<u64>::new());
        }
    }

    #[test]
    fn nothing_is_published_after_a_break() {
        for pool in pools() {
            assert_eq!(check(&pool, 100, 10), (0..10).collect::<Vec<_>>());
        }
    }
}

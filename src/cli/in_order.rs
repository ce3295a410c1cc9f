//! Jobs in parallel, results in order: what is seen is the same with any number of threads.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rayon::ThreadPool;

/// Jobs a thread that may be done before the one whose turn it is.
const AHEAD: usize = 4;

/// What the caller is told.
pub enum InOrderStep<R> {
    /// One more job is done, in whatever order.
    Done,
    /// The result whose turn it is.
    Result(R),
}

/// Does the jobs on the pool and hands each result over in the order of the jobs, as soon as its
/// turn has come. `Break` starts no further job; those under way are awaited and their results
/// dropped. `work` must not panic.
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
                        // The receiver is gone only when nobody wants the result any more.
                        let _ = sender.send((index, work(job)));
                    }
                });
                begun += 1;
            }
            if turn == begun {
                return;
            }
            let (index, result) = results.recv().expect("this scope holds a sender");
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The results of `0..jobs`, of which each is done the later the smaller it is.
    fn check(threads: usize, jobs: u64, until: u64) -> Vec<u64> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut seen = Vec::new();
        let spin = |job: u64| {
            (0..(jobs - job) * 1_000).fold(job, |a, b| std::hint::black_box(a.max(b & 1)))
        };
        in_order(
            &pool,
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
        for threads in [1, 2, 7] {
            assert_eq!(check(threads, 100, u64::MAX), (0..100).collect::<Vec<_>>());
            assert_eq!(check(threads, 0, u64::MAX), Vec::<u64>::new());
        }
    }

    #[test]
    fn nothing_is_handed_over_after_a_break() {
        assert_eq!(check(2, 100, 10), (0..10).collect::<Vec<_>>());
    }
}

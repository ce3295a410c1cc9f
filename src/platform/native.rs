//! Systems with threads: Linux, and as far as they are known macOS and Windows.

#[cfg(feature = "cli")]
pub mod program;

use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// Runs `work` on a fresh thread of this name, and `meanwhile` on the current one. The receiver is
/// disconnected when the work has ended.
///
/// # Errors
/// The work panicked.
///
/// # Panics
/// No thread can be made.
pub fn on_fresh_thread<T: Send>(
    name: &str,
    work: impl FnOnce() -> T + Send,
    meanwhile: impl FnOnce(&Receiver<()>),
) -> thread::Result<T> {
    thread::scope(|scope| {
        let (running, ended) = channel::<()>();
        let thread = thread::Builder::new().name(name.to_owned());
        let handle = thread.spawn_scoped(scope, move || {
            let _running = running;
            work()
        });
        let handle = handle.expect("a thread can be made");
        meanwhile(&ended);
        handle.join()
    })
}

/// Runs `work` on the current thread, and `meanwhile` on another one. The receiver is disconnected
/// when the work has ended.
pub fn beside<T>(meanwhile: impl FnOnce(&Receiver<()>) + Send, work: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (running, ended) = channel::<()>();
        scope.spawn(move || meanwhile(&ended));
        // Dropped also if the work panics.
        let _running = running;
        work()
    })
}

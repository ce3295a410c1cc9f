//! WebAssembly in a host with WASI, such as Node or a page: one thread, and whatever the host's
//! environment says of its terminal.

#[cfg(feature = "cli")]
pub mod program;

use std::sync::mpsc::Receiver;
use std::thread;

/// Runs `work` on the thread that there is. There is no `meanwhile`.
///
/// # Errors
/// None: a panic ends the program.
pub fn on_fresh_thread<T: Send>(
    _name: &str,
    work: impl FnOnce() -> T + Send,
    _meanwhile: impl FnOnce(&Receiver<()>),
) -> thread::Result<T> {
    Ok(work())
}

/// Runs `work`. There is no `meanwhile`.
pub fn beside<T>(_meanwhile: impl FnOnce(&Receiver<()>) + Send, work: impl FnOnce() -> T) -> T {
    work()
}

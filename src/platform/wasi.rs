//! WebAssembly in a host with WASI, such as Node or a page: one thread, and whatever the host's
//! environment says of its terminal.

#[cfg(feature = "cli")]
pub mod terminal;

use std::sync::mpsc::Receiver;
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Enters the folder that the host names in `PWD`, so that relative paths begin there. Without it, or
/// if the host does not open it to the program, they begin at `/`.
pub fn enter_folder() {
    if let Some(folder) = std::env::var_os("PWD") {
        // Whoever then opens a file has the error.
        let _ = std::env::set_current_dir(folder);
    }
}

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

/// Makes a pool of the thread that there is, however many are asked for.
///
/// # Errors
/// The thread is in a pool already.
pub fn thread_pool(_threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(1).use_current_thread().build()
}

//! Ctrl-C: the first one ends the run with what is done, the second one ends the process.
//! It only takes note; what stops when is up to `run`.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C is noted instead of ending the process.
pub fn watch() {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
        let words = "dlab: interrupted; ending the trials under way (again: at once)";
        // Where stderr is gone, there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{words}");
    };
    // It fails only where a handler exists already, and then that one decides.
    let _ = ctrlc::set_handler(handler);
}

/// Whether Ctrl-C was pressed.
pub fn seen() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

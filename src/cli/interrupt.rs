//! Ctrl-C: the first one ends the run with the results so far, the second one ends the process.
//! This module only sets a flag; the commands check it and stop.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Installs the handler: the first Ctrl-C sets the flag instead of ending the process.
pub fn watch() {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
        let words = "dlab: interrupted; ending the trials under way (again: at once)";
        // There is no other place to report that stderr cannot be written.
        let _ = writeln!(std::io::stderr(), "{words}");
    };
    // It fails only if a handler exists already, which then stays.
    let _ = ctrlc::set_handler(handler);
}

/// Whether Ctrl-C was pressed.
pub fn seen() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

//! Ctrl-C: the first one cancels the trials under way and ends the run with the results so far, the
//! second one ends the process.

use std::io::Write;
use std::sync::LazyLock;

use super::Exit;
use crate::platform::program;
use crate::sim::{Cancel, TrialLimits};

static INTERRUPTED: LazyLock<Cancel> = LazyLock::new(Cancel::default);

/// Installs the handler: the first Ctrl-C cancels trials instead of ending the process.
pub fn watch() {
    let handler = || {
        if seen() {
            std::process::exit(Exit::Interrupted as i32);
        }
        INTERRUPTED.cancel();
        let words = "dlab: interrupted; ending the trials under way (again: at once)";
        // There is no other place to report that stderr cannot be written.
        let _ = writeln!(std::io::stderr(), "{words}");
    };
    program::on_interrupt(handler);
}

/// Whether Ctrl-C was pressed.
pub fn seen() -> bool {
    INTERRUPTED.is_cancelled()
}

/// Returns the limits of trials that Ctrl-C cancels.
pub fn limits() -> TrialLimits {
    TrialLimits { cancel: INTERRUPTED.clone(), ..TrialLimits::default() }
}

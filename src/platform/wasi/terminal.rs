//! The host's terminal, as far as the host tells: its size. There is no progress bar, and Ctrl-C is
//! the host's own.

use std::io::{self, IsTerminal};

/// Returns columns and lines of the terminal that stdout is, if it is one and the host says so in
/// `COLUMNS` and `LINES`.
pub fn size_of_stdout() -> Option<(usize, usize)> {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    io::stdout().is_terminal().then(|| Some((number("COLUMNS")?, number("LINES")?)))?
}

/// Returns nothing: the width is in `COLUMNS`, of a terminal as without one.
pub fn columns() -> Option<usize> {
    None
}

/// Drops the handler: no Ctrl-C gets here.
pub fn on_interrupt(_handler: impl FnMut() + Send + 'static) {}

/// A progress bar that is never seen.
pub struct Bar;

impl Bar {
    /// Creates a bar.
    pub fn new(_trials: Option<u64>) -> Bar {
        Bar
    }

    /// Does nothing.
    pub fn show(&self) {}

    /// Does nothing.
    pub fn tick(&self) {}

    /// Runs `print`.
    pub fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        print()
    }

    /// Does nothing.
    pub fn finish(&self) {}
}

//! The trial's log on stderr: `-v`, `-vv` or `DLAB_LOG`. Without them nothing is recorded.
//! It never writes to stdout, and no report depends on it.

use tracing_subscriber::EnvFilter;

use super::console::Console;
use crate::report::Colour;

/// The variable that filters the log; it goes before `-v`.
const VARIABLE: &str = "DLAB_LOG";

/// Whether the log is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Nobody asked for it.
    Off,
    /// By an option or the environment.
    On,
}

impl Log {
    /// What `-v` and the environment ask for.
    pub fn wanted(verbose: u8) -> Log {
        if verbose > 0 || from_environment().is_some() { Log::On } else { Log::Off }
    }
}

/// Begins to print the log, if anybody asked for it.
///
/// # Errors
/// `DLAB_LOG` is not a filter; the message says why.
pub fn begin(verbose: u8, console: &Console) -> Result<(), String> {
    let filter = match (from_environment(), verbose) {
        (Some(filter), _) => filter,
        (None, 0) => return Ok(()),
        (None, 1) => "delivery_lab=info".to_owned(),
        (None, 2) => "delivery_lab=debug".to_owned(),
        (None, _) => "delivery_lab=trace".to_owned(),
    };
    let filter = EnvFilter::try_new(&filter)
        .map_err(|error| format!("{VARIABLE} is not a log filter: {error}"))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .without_time()
        .with_target(false)
        .with_ansi(console.error_style().colour == Colour::On)
        .with_writer(std::io::stderr);
    // It fails only where a subscriber exists already, and then that one prints.
    let _ = subscriber.try_init();
    Ok(())
}

fn from_environment() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|value| !value.is_empty())
}

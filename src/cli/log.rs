//! The trial's log on stderr: `-v`, `-vv` or `DLAB_LOG`. Without them nothing is recorded.
//! It never writes to stdout, and no report depends on it.

use tracing_subscriber::EnvFilter;

use super::console::Console;
use crate::report::Colour;

/// The variable that filters the log; it takes precedence over `-v`.
const VARIABLE: &str = "DLAB_LOG";

/// Whether the log is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Neither an option nor the environment asks for the log.
    Off,
    /// An option or the environment asks for the log.
    On,
}

impl Log {
    /// Returns whether `-v` or the environment asks for the log.
    pub fn wanted(verbose: u8) -> Log {
        if verbose > 0 || from_environment().is_some() { Log::On } else { Log::Off }
    }
}

/// Starts to print the log, if `-v` or the environment asks for it.
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
    // It fails only if a subscriber exists already, which then prints the log.
    let _ = subscriber.try_init();
    Ok(())
}

fn from_environment() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|value| !value.is_empty())
}

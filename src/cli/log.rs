//! The trial's log on stderr: `-v`, `-vv` or `DLAB_LOG`. Without them nothing is recorded.
//! It never writes to stdout, and no report depends on it.

use std::fmt::Display;

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

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
    let filter = targets(&filter)?;
    let lines = tracing_subscriber::fmt::layer()
        .without_time()
        .with_target(false)
        .with_ansi(console.error_style().colour == Colour::On)
        // An error of writing would be reported on the same stderr, and panic if that fails, too.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    // It fails only if a subscriber exists already, which then prints the log.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    Ok(())
}

/// Reads targets and levels, as in `turmoil=info,delivery_lab=debug`. The log has no spans, so
/// `RUST_LOG`'s filters by span and field are not understood.
fn targets(filter: &str) -> Result<Targets, String> {
    let no_filter = |why: &dyn Display| format!("{VARIABLE} is not a log filter: {why}");
    if filter.contains('[') {
        return Err(no_filter(&"it filters by target and level alone, as in delivery_lab=debug"));
    }
    let directives: Vec<&str> =
        filter.split(',').map(str::trim).filter(|directive| !directive.is_empty()).collect();
    if directives.is_empty() {
        return Ok(Targets::new());
    }
    directives.join(",").parse().map_err(|error: ParseError| no_filter(&error))
}

fn from_environment() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::filter::LevelFilter;

    #[test]
    fn a_filter_is_levels_and_targets() {
        let wanted = Targets::new()
            .with_default(LevelFilter::WARN)
            .with_target("turmoil", LevelFilter::INFO)
            .with_target("delivery_lab", LevelFilter::TRACE);
        assert_eq!(targets("warn,turmoil=info, delivery_lab,"), Ok(wanted));
        assert_eq!(targets(","), Ok(Targets::new()));
    }

    #[test]
    fn a_level_that_does_not_exist_and_a_span_are_refused() {
        assert!(targets("delivery_lab=loud").unwrap_err().contains("\"trace\""));
        assert!(targets("delivery_lab[trial]=info").unwrap_err().contains("by target and level"));
    }
}

//! What the command line asks of loader, simulator and judge: the calls, and nothing else.
//!
//! PLACEHOLDER: until those three are there, [`fake`] answers. To integrate, replace the body of
//! each function by the call that its comment names, and delete `engine/fake.rs`.

mod fake;

use std::fmt;

use miette::Diagnostic;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::values::Setting;
use crate::history::History;
use crate::message::Contender;
use crate::scenario::Scenario;
use crate::time::Instant;
use crate::verdict::{Checked, Row};

/// What is wrong with a scenario file: all of it.
pub type Problem = Box<dyn Diagnostic + Send + Sync>;

/// How a scenario is loaded.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// These instead of the scenario's own; empty is its own.
    pub contenders: Vec<Contender>,
    /// Whether it may be larger than the limits.
    #[expect(dead_code, reason = "the placeholder knows no limits")]
    pub size: Size,
}

/// Whether a scenario may be larger than the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    #[default]
    WithinLimits,
    Any,
}

/// A scenario of the folder `scenarios/`.
pub struct Builtin {
    pub name: &'static str,
    pub title: String,
    pub text: &'static str,
}

/// What a trial is asked for beside its history.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrialOptions {
    /// The moment of the broker's view.
    pub broker_view_at: Option<Instant>,
}

/// A trial that has run.
pub struct Simulated {
    pub history: History,
    /// What the broker knew, in words, at the moment that was asked for.
    pub broker_view: Option<String>,
}

/// A trial panicked.
#[derive(Debug)]
pub struct TrialPanic(pub String);

impl fmt::Display for TrialPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `scenario::Scenario::load_with`; `given` names the file in diagnostics.
pub fn load(
    name: &str,
    given: &str,
    text: &str,
    settings: &[Setting],
    options: &LoadOptions,
) -> Result<Scenario, Problem> {
    fake::load(name, given, text, settings, options)
}

/// `scenario::builtin::all`, in the order of the lesson.
pub fn builtins() -> Vec<Builtin> {
    fake::builtins()
}

/// `scenario::schema`.
pub fn schema() -> String {
    "{}".to_owned()
}

/// `scenario::template`.
pub fn template(name: &str) -> String {
    format!("title = \"{name}\"\n")
}

/// `sim::run_trial`.
///
/// # Errors
/// The trial panicked.
pub fn simulate(
    scenario: &Scenario,
    contender: Contender,
    seed: u64,
    options: &TrialOptions,
) -> Result<Simulated, TrialPanic> {
    fake::simulate(scenario, contender, seed, options)
}

/// `verdict::judge`.
pub fn judge(scenario: &Scenario, contender: Contender, history: &History) -> Row {
    fake::judge(scenario, contender, history)
}

/// `verdict::check_expectations`.
pub fn check_expectations(scenario: &Scenario, rows: &[Row]) -> Vec<Checked> {
    fake::check_expectations(scenario, rows)
}

/// Simulated time in front of each line of the log; the simulator knows it.
pub struct TrialTime;

impl FormatTime for TrialTime {
    fn format_time(&self, _writer: &mut Writer<'_>) -> fmt::Result {
        Ok(())
    }
}

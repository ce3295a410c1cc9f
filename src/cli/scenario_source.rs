//! Makes scenarios from seeds: one file under every seed, or a new scenario drawn from each.

use std::fmt;

use super::Exit;
use super::console::Console;
use super::load::{self, Loaded};
use super::sources::ANY;
use crate::message::Contender;
use crate::scenario::{Diagnostics, LoadOptions, Scenario, Setting};
use crate::search;
use crate::sim::TrialError;

/// The reason why a trial has no result.
pub enum Trouble {
    /// A setting does not fit the scenario that was drawn from the seed.
    Setting(Box<Diagnostics>),
    /// Ctrl-C was pressed.
    Interrupted,
    /// A trial exceeded its limits, with the message.
    Exceeded(String),
    /// A bug of dlab, with its message.
    Bug(String),
}

impl Trouble {
    /// Makes an error from that of a trial, which `what` describes.
    pub fn with_trial(what: fmt::Arguments<'_>, error: &TrialError) -> Trouble {
        match error {
            TrialError::Cancelled { .. } => Trouble::Interrupted,
            TrialError::Exceeded { .. } => Trouble::Exceeded(format!("{what} {error}")),
            TrialError::Panicked(_) => Trouble::Bug(format!("a bug in dlab: {what} {error}")),
        }
    }

    /// Whether only Ctrl-C is the reason.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Trouble::Interrupted)
    }

    /// Shows the error, and returns the exit code for it.
    pub fn show(&self, console: &Console) -> Exit {
        match self {
            Trouble::Setting(problem) => {
                console.complain(problem.as_ref());
                Exit::Usage
            }
            Trouble::Interrupted => Exit::Interrupted,
            Trouble::Exceeded(message) => {
                console.fail(message);
                Exit::Usage
            }
            Trouble::Bug(message) => {
                console.fail(message);
                Exit::Bug
            }
        }
    }
}

/// Makes a scenario from each seed.
pub enum ScenarioSource {
    /// One scenario, of which only the seed changes.
    One(Box<Loaded>),
    /// Drawn scenarios, workload and storm, each with the same settings.
    Any(LoadOptions),
}

impl ScenarioSource {
    /// Returns the source that an argument names.
    ///
    /// # Errors
    /// It does not exist, is not a single scenario, or is not valid; all problems have been shown.
    pub fn find(
        given: &str,
        options: LoadOptions,
        console: &Console,
    ) -> Result<ScenarioSource, Exit> {
        if given != ANY {
            let mut loaded = load::all(&[given.to_owned()], &options, console)?;
            let Some(one) = loaded.pop().filter(|_| loaded.is_empty()) else {
                console.fail(&format!("{given} is a folder of several; name one of them"));
                return Err(Exit::Usage);
            };
            return Ok(ScenarioSource::One(Box::new(one)));
        }
        // Checks the settings with one seed: most errors do not depend on it.
        match draw(1, &options) {
            Ok(_) => Ok(ScenarioSource::Any(options)),
            Err(trouble) => Err(trouble.show(console)),
        }
    }

    /// Returns the contenders of each scenario.
    pub fn contenders(&self) -> Vec<Contender> {
        match self {
            ScenarioSource::One(loaded) => loaded.scenario.contenders.clone(),
            ScenarioSource::Any(options) if options.contenders.is_empty() => {
                Contender::all().collect()
            }
            ScenarioSource::Any(options) => options.contenders.clone(),
        }
    }

    /// Returns the scenario with this seed, or the one that is drawn from it.
    ///
    /// # Errors
    /// A setting does not fit the drawn scenario.
    pub fn with_seed(&self, seed: u64) -> Result<Scenario, Trouble> {
        match self {
            ScenarioSource::One(loaded) => Ok(Scenario { seed, ..loaded.scenario.clone() }),
            ScenarioSource::Any(options) => draw(seed, options),
        }
    }

    /// Returns the scenario with the storm of this seed instead of its own faults, or the one that
    /// is drawn from it.
    ///
    /// # Errors
    /// A setting does not fit the drawn scenario.
    pub fn stormy(&self, seed: u64) -> Result<Scenario, Trouble> {
        match self {
            ScenarioSource::One(loaded) => Ok(search::stormy(&loaded.scenario, seed)),
            ScenarioSource::Any(options) => draw(seed, options),
        }
    }
}

fn draw(seed: u64, options: &LoadOptions) -> Result<Scenario, Trouble> {
    let name = format!("{ANY}:{seed}");
    let drawn = Scenario::load_with(&name, &search::any(seed).to_string(), options);
    drawn.map_err(|problem| Trouble::Setting(Box::new(problem)))
}

/// Returns each contender once, in the order in which they are first named.
pub fn once_each(given: &[Contender]) -> Vec<Contender> {
    let mut contenders = Vec::new();
    for &contender in given {
        if !contenders.contains(&contender) {
            contenders.push(contender);
        }
    }
    contenders
}

/// Returns the load options of a command line.
pub fn options(set: &[Setting], contender: &[Contender], force: bool) -> LoadOptions {
    LoadOptions {
        settings: set.to_vec(),
        contenders: once_each(contender),
        expectations: None,
        force,
    }
}

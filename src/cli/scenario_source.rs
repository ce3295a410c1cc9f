//! Scenarios by seed: one file under every seed, or a new one drawn from each.

use super::Exit;
use super::console::Console;
use super::load::{self, Loaded};
use crate::message::Contender;
use crate::scenario::{Diagnostics, LoadOptions, Scenario, Setting};
use crate::search;
use crate::sim::TrialPanic;

/// The word for scenarios that are drawn: `any`, or with a seed `any:7`.
pub const ANY: &str = "any";

/// Why a trial of a family did not come to an end.
pub enum Trouble {
    /// A setting does not fit to what was drawn from the seed.
    Setting(Box<Diagnostics>),
    /// A bug of ours, in words.
    Bug(String),
}

impl Trouble {
    /// A panic in a trial.
    pub fn panic(contender: Contender, seed: u64, panic: &TrialPanic) -> Trouble {
        Trouble::Bug(format!("{contender}, seed {seed}: {panic}"))
    }

    /// Shows it.
    pub fn show(&self, console: &Console) -> Exit {
        match self {
            Trouble::Setting(problem) => {
                console.complain(problem.as_ref());
                Exit::Usage
            }
            Trouble::Bug(message) => {
                console.say(&format!("dlab: {message}"));
                Exit::Bug
            }
        }
    }
}

/// What a seed is given to.
pub enum ScenarioSource {
    /// A scenario of which the seed is changed.
    One(Box<Loaded>),
    /// Scenarios that are drawn, workload and storm, and what is changed in each.
    Any(LoadOptions),
}

impl ScenarioSource {
    /// The family that an argument names.
    ///
    /// # Errors
    /// It is not there, not one, or not valid; all that is wrong has been shown.
    pub fn find(
        given: &str,
        options: LoadOptions,
        console: &Console,
    ) -> Result<ScenarioSource, Exit> {
        if given != ANY {
            let mut loaded = load::all(&[given.to_owned()], &options, console)?;
            let Some(one) = loaded.pop().filter(|_| loaded.is_empty()) else {
                console.say(&format!("dlab: {given} is a folder of several; name one of them"));
                return Err(Exit::Usage);
            };
            return Ok(ScenarioSource::One(Box::new(one)));
        }
        // What is wrong with a setting is wrong with it under any seed.
        match draw(1, &options) {
            Ok(_) => Ok(ScenarioSource::Any(options)),
            Err(trouble) => Err(trouble.show(console)),
        }
    }

    /// What runs it again.
    pub fn given(&self) -> &str {
        match self {
            ScenarioSource::One(loaded) => &loaded.given,
            ScenarioSource::Any(_) => ANY,
        }
    }

    /// The rows of each.
    pub fn contenders(&self) -> Vec<Contender> {
        match self {
            ScenarioSource::One(loaded) => loaded.scenario.contenders.clone(),
            ScenarioSource::Any(options) if options.contenders.is_empty() => {
                Contender::all().collect()
            }
            ScenarioSource::Any(options) => options.contenders.clone(),
        }
    }

    /// The scenario with a seed; or the one that is drawn from it.
    ///
    /// # Errors
    /// A setting does not fit to what was drawn.
    pub fn with_seed(&self, seed: u64) -> Result<Scenario, Trouble> {
        match self {
            ScenarioSource::One(loaded) => Ok(Scenario { seed, ..loaded.scenario.clone() }),
            ScenarioSource::Any(options) => draw(seed, options),
        }
    }

    /// The scenario of a seed, with the storm of the seed in place of its own.
    ///
    /// # Errors
    /// A setting does not fit to what was drawn.
    pub fn stormy(&self, seed: u64) -> Result<Scenario, Trouble> {
        match self {
            ScenarioSource::One(loaded) => Ok(search::stormy(&loaded.scenario, seed)),
            ScenarioSource::Any(options) => draw(seed, options),
        }
    }
}

/// The text of the scenario that is drawn from the seed that an argument names.
pub fn drawn(given: &str) -> Option<String> {
    let seed = given.strip_prefix(ANY)?.strip_prefix(':')?.parse().ok()?;
    Some(search::any(seed).to_string())
}

fn draw(seed: u64, options: &LoadOptions) -> Result<Scenario, Trouble> {
    let name = format!("{ANY}:{seed}");
    let drawn = Scenario::load_with(&name, &search::any(seed).to_string(), options);
    drawn.map_err(|problem| Trouble::Setting(Box::new(problem)))
}

/// Each contender once, in the order in which they are first named.
pub fn once_each(given: &[Contender]) -> Vec<Contender> {
    let mut contenders = Vec::new();
    for &contender in given {
        if !contenders.contains(&contender) {
            contenders.push(contender);
        }
    }
    contenders
}

/// The settings of a command line.
pub fn options(set: &[Setting], contender: &[Contender], force: bool) -> LoadOptions {
    LoadOptions { settings: set.to_vec(), contenders: once_each(contender), force }
}

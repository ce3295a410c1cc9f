//! Loads every scenario of a command before anything runs, and shows all problems at once.
//! It never runs anything.

use super::Exit;
use super::console::Console;
use super::sources::{self, ScenarioText};
use crate::scenario::{LoadOptions, Scenario};

/// A loaded scenario, and the argument that loads it again.
pub struct Loaded {
    /// The scenario, which is valid.
    pub scenario: Scenario,
    /// Its name, or the path of its file.
    pub given: String,
}

/// Loads all scenarios that the arguments name, in their order.
///
/// # Errors
/// One of them does not exist or is not valid; all problems have been shown.
pub fn all(
    arguments: &[String],
    options: &LoadOptions,
    console: &Console,
) -> Result<Vec<Loaded>, Exit> {
    match valid(arguments, options, console) {
        (loaded, Exit::Met) => Ok(loaded),
        (_, exit) => Err(exit),
    }
}

/// Shows what is probably not meant in scenarios that are valid.
pub fn warn(loaded: &[Loaded], console: &Console) {
    for Loaded { scenario, given } in loaded {
        for warning in scenario.warnings() {
            console.say(&format!("warning: {given}: {}\n  help: {}", warning.what, warning.help));
        }
    }
}

/// Loads the valid ones of the scenarios that the arguments name, in their order. Shows all
/// problems of the others, and returns the exit code for them.
pub fn valid(
    arguments: &[String],
    options: &LoadOptions,
    console: &Console,
) -> (Vec<Loaded>, Exit) {
    let mut exit = Exit::Met;
    let mut loaded = Vec::new();
    for argument in arguments {
        let sources = sources::find(argument).unwrap_or_else(|missing| {
            console.complain(missing.problem.as_ref());
            exit = exit.and(missing.exit);
            Vec::new()
        });
        for ScenarioText { given, text } in sources {
            match Scenario::load_bytes(&given, &text, options) {
                Ok(scenario) => loaded.push(Loaded { scenario, given }),
                Err(problem) => {
                    console.complain(&problem);
                    exit = exit.and(Exit::Usage);
                }
            }
        }
    }
    (loaded, exit)
}

//! Loads every scenario of a command before anything runs, and shows all problems at once.
//! It never runs anything.

use super::Exit;
use super::console::Console;
use super::sources::{self, ScenarioText};
use crate::scenario::{LoadOptions, Scenario};

/// A scenario, and what runs it again.
pub struct Loaded {
    /// Valid by construction.
    pub scenario: Scenario,
    /// Its name, or the path of its file.
    pub given: String,
}

/// All scenarios that the arguments name, in their order.
///
/// # Errors
/// One of them is not there or not valid; everything that is wrong has been shown.
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

/// The valid ones of the scenarios that the arguments name, in their order, and what became of
/// the others: everything that is wrong has been shown.
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

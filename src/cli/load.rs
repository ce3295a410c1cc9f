//! Loads every scenario of a command before anything runs, and shows all problems at once.
//! A broken file keeps no other from being run, but an argument that names nothing does.
//! It never runs anything.

use miette::Diagnostic;

use super::Exit;
use super::console::Console;
use super::sources::{self, ScenarioText};
use crate::report::{COLUMNS, wrap_to};
use crate::scenario::{ExpectationsFile, LoadOptions, Scenario};

/// A loaded scenario, and the argument that loads it again.
pub struct Loaded {
    /// The scenario, which is valid.
    pub scenario: Scenario,
    /// Its name, or the path of its file.
    pub given: String,
}

/// Reads the file whose expectations replace those of every scenario.
///
/// # Errors
/// It does not exist, or is a folder, or is no text; the problem has been shown.
pub fn expectations(given: &str, console: &Console) -> Result<ExpectationsFile, Exit> {
    let refuse = |what: &str| {
        console.fail(&format!("--expect {given}: {what}"));
        Exit::Usage
    };
    let found = sources::find(given).and_then(|found| match <[ScenarioText; 1]>::try_from(found) {
        Ok([one]) => one.text.map(Some),
        Err(_) => Ok(None),
    });
    let bytes = found.map_err(|missing| {
        console.complain(missing.problem.as_ref());
        missing.exit
    })?;
    let bytes = bytes.ok_or_else(|| refuse("the folder has several files; name one of them"))?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("the file is not UTF-8 text"))?;
    Ok(ExpectationsFile { name: given.to_owned(), text })
}

/// The scenarios that the arguments of a command name, and those that could not be loaded.
pub struct Answer {
    /// The valid scenarios, in order.
    pub loaded: Vec<Loaded>,
    /// The files that are there and are no valid scenarios.
    pub broken: Vec<String>,
    /// The exit code for those files.
    pub broken_exit: Exit,
    /// The exit code for arguments that name nothing.
    pub missing_exit: Exit,
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
    let Answer { loaded, broken_exit, missing_exit, .. } =
        valid(arguments, options, |refused| console.complain(refused.reason));
    match broken_exit.and(missing_exit) {
        Exit::Met => Ok(loaded),
        exit => Err(exit),
    }
}

/// Shows what is probably not meant in scenarios that are valid.
pub fn warn(loaded: &[Loaded], console: &mut Console) {
    for Loaded { scenario, given } in loaded {
        for warning in scenario.warnings() {
            let what = format!("warning: {given}: {}", warning.what);
            let help = format!("help: {}", warning.help);
            let lines = wrap_to(COLUMNS, &what, "", "  ").into_iter();
            let lines = lines.chain(wrap_to(COLUMNS, &help, "  ", "  "));
            console.warn(&lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// An argument, or a file in a folder, that gives no scenario.
pub struct Refused<'a> {
    /// The argument, or the path of the file.
    pub given: &'a str,
    /// The text of the file; empty if there is none.
    pub text: &'a [u8],
    /// The reason.
    pub reason: &'a dyn Diagnostic,
}

/// Loads the valid ones of the scenarios that the arguments name, and tells `refuse` of the others.
pub fn valid(
    arguments: &[String],
    options: &LoadOptions,
    mut refuse: impl FnMut(&Refused<'_>),
) -> Answer {
    let mut answer = Answer {
        loaded: Vec::new(),
        broken: Vec::new(),
        broken_exit: Exit::Met,
        missing_exit: Exit::Met,
    };
    for argument in arguments {
        let sources = sources::find(argument).unwrap_or_else(|missing| {
            refuse(&Refused { given: argument, text: &[], reason: missing.problem.as_ref() });
            answer.missing_exit = answer.missing_exit.and(missing.exit);
            Vec::new()
        });
        for ScenarioText { given, text } in sources {
            let (text, found) = match text {
                Ok(text) => {
                    let loaded = Scenario::load_bytes(&given, &text, options)
                        .map_err(|problems| (Box::new(problems) as _, Exit::Usage));
                    (text, loaded)
                }
                Err(unusable) => (Vec::new(), Err((unusable.problem as _, unusable.exit))),
            };
            let found: Result<Scenario, (Box<dyn Diagnostic>, Exit)> = found;
            match found {
                Ok(scenario) => answer.loaded.push(Loaded { scenario, given }),
                Err((reason, exit)) => {
                    refuse(&Refused { given: &given, text: &text, reason: reason.as_ref() });
                    answer.broken_exit = answer.broken_exit.and(exit);
                    answer.broken.push(given);
                }
            }
        }
    }
    answer
}

//! Finds the texts of scenarios for an argument `NAME|FILE|DIR`. It reads files, and parses none.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use miette::MietteDiagnostic;

use super::Exit;
use crate::scenario::{builtin, limits::FILE_BYTES};
use crate::search;

/// The argument that asks for drawn scenarios: `any`, or with a seed `any:7`.
pub const ANY: &str = "any";

/// The text of a scenario, and the argument for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioText {
    /// The argument that runs it again: a name or a path.
    pub given: String,
    /// The bytes of the file.
    pub text: Vec<u8>,
}

/// The reason why there is no text.
pub struct NotFound {
    /// The message, with help.
    pub problem: Box<MietteDiagnostic>,
    /// The exit code: bad usage, or a file that cannot be used.
    pub exit: Exit,
}

impl NotFound {
    fn new(problem: MietteDiagnostic, exit: Exit) -> NotFound {
        NotFound { problem: Box::new(problem), exit }
    }
}

/// Returns the scenarios that an argument names, in order of their paths.
///
/// Built-in names take precedence over files, so that a command means the same in every folder;
/// `./caps` is always a file.
pub fn find(given: &str) -> Result<Vec<ScenarioText>, NotFound> {
    if let Some(text) = builtin::find(given) {
        return Ok(vec![ScenarioText { given: given.to_owned(), text: text.as_bytes().to_vec() }]);
    }
    if let Some(text) = drawn(given) {
        return Ok(vec![ScenarioText { given: given.to_owned(), text: text.into_bytes() }]);
    }
    let path = Path::new(given);
    if path.is_dir() {
        return folder(path);
    }
    if !path.exists() && !looks_like_a_path(given) {
        return Err(unknown_name(given));
    }
    file(path).map(|source| vec![source])
}

/// Returns the file of the scenario that `any:SEED` draws; `None` for other arguments.
pub fn drawn(given: &str) -> Option<String> {
    let seed = given.strip_prefix(ANY)?.strip_prefix(':')?.parse().ok()?;
    Some(search::any(seed).to_string())
}

fn folder(path: &Path) -> Result<Vec<ScenarioText>, NotFound> {
    let entries = fs::read_dir(path).map_err(|error| unusable(path, &error))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unusable(path, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        let problem = MietteDiagnostic::new(format!("{} holds no scenario", path.display()))
            .with_help("a scenario is a file whose name ends in `.toml`; `dlab new` writes one");
        return Err(NotFound::new(problem, Exit::Usage));
    }
    files.iter().map(|path| file(path)).collect()
}

fn file(path: &Path) -> Result<ScenarioText, NotFound> {
    let text = read(path).map_err(|error| unusable(path, &error))?;
    let given = path.display().to_string();
    Ok(ScenarioText { given, text })
}

/// Reads a file, but at most one byte more than the loader accepts, which then reports the error.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn unusable(path: &Path, error: &io::Error) -> NotFound {
    let problem = MietteDiagnostic::new(format!("{} cannot be read: {error}", path.display()));
    NotFound::new(problem, Exit::File)
}

fn looks_like_a_path(given: &str) -> bool {
    given.contains(std::path::MAIN_SEPARATOR) || given.contains('/') || given.ends_with(".toml")
}

/// Makes the error for a name that is neither built in nor a file, with the nearest valid names.
pub fn unknown_name(given: &str) -> NotFound {
    let file = format!("{given}.toml");
    let help = match nearest(given, builtin::all().map(|(name, _)| name)) {
        _ if given.split(':').next() == Some(ANY) => {
            "`any:7` is the scenario that is drawn from the seed 7".to_owned()
        }
        _ if Path::new(&file).is_file() => format!("there is a file `{file}` here"),
        names if names.is_empty() => "`dlab list` shows the scenarios that are built in".to_owned(),
        names => format!("did you mean {}?", names.join(" or ")),
    };
    let message = format!("`{given}` is neither a built-in scenario nor a file");
    NotFound::new(MietteDiagnostic::new(message).with_help(help), Exit::Usage)
}

/// Returns the names that are similar enough to be meant, the nearest first, at most three.
pub fn nearest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(given, name), name))
        // Below this, words share hardly more than letters.
        .filter(|&(likeness, _)| likeness > 0.75)
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    names.dedup();
    names.into_iter().take(3).map(|(_, name)| format!("`{name}`")).collect()
}

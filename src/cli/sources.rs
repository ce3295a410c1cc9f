//! Finds the texts of scenarios for an argument `NAME|FILE|DIR`. It reads files, and parses none.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use miette::MietteDiagnostic;

use super::Exit;
use super::console::reason;
use crate::report::{count, quoted};
use crate::scenario::{builtin, limits::FILE_BYTES, nearest_word};
use crate::search;

/// The argument that asks for drawn scenarios: `any`, or with a seed `any:7`.
pub const ANY: &str = "any";

/// The text of a scenario, and the argument for it.
pub struct ScenarioText {
    /// The argument that runs it again: a name or a path.
    pub given: String,
    /// The bytes of the file, or the reason why it cannot be used, although it is there.
    pub text: Result<Vec<u8>, NotFound>,
}

impl ScenarioText {
    fn new(given: &str, text: impl Into<Vec<u8>>) -> ScenarioText {
        ScenarioText { given: given.to_owned(), text: Ok(text.into()) }
    }
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
        return Ok(vec![ScenarioText::new(given, text)]);
    }
    if let Some(text) = drawn(given) {
        return Ok(vec![ScenarioText::new(given, text)]);
    }
    let path = Path::new(given);
    if path.is_dir() {
        return folder(path);
    }
    if !path.exists() && !looks_like_a_path(given) {
        return Err(unknown_name(given));
    }
    match file(path) {
        // One that is named alone must be there.
        ScenarioText { text: Err(missing), .. } if missing.exit == Exit::File => Err(missing),
        source => Ok(vec![source]),
    }
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
    Ok(files.iter().map(|path| file(path)).collect())
}

fn file(path: &Path) -> ScenarioText {
    ScenarioText { given: path.display().to_string(), text: read(path) }
}

/// Reads a file, unless it is larger than a scenario may be.
fn read(path: &Path) -> Result<Vec<u8>, NotFound> {
    let bytes = (|| {
        let mut bytes = Vec::new();
        // One byte more shows that there are too many.
        fs::File::open(path)?.take(FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    })();
    let bytes: Vec<u8> = bytes.map_err(|error| unusable(path, &error))?;
    if bytes.len() <= FILE_BYTES {
        return Ok(bytes);
    }
    let size = size(path, FILE_BYTES as u64);
    let most = count(FILE_BYTES as u64);
    let problem = MietteDiagnostic::new(format!("{} has {size} bytes", path.display()))
        .with_help(format!("a scenario file has at most {most}"));
    Err(NotFound::new(problem, Exit::Usage))
}

/// Returns the size of a file that has more than `most` bytes, in words. What is no file, as a
/// pipe, has no size.
pub fn size(path: &Path, most: u64) -> String {
    let bytes = fs::metadata(path).ok().map(|about| about.len()).filter(|bytes| *bytes > most);
    bytes.map_or_else(|| format!("more than {}", count(most)), count)
}

fn unusable(path: &Path, error: &io::Error) -> NotFound {
    let problem =
        MietteDiagnostic::new(format!("{} cannot be read: {}", path.display(), reason(error)));
    let tip = (error.kind() == io::ErrorKind::NotFound).then(|| missing_tip(path)).flatten();
    NotFound::new(MietteDiagnostic { help: tip, ..problem }, Exit::File)
}

/// Returns help for the path of a file that does not exist: a built-in scenario of the same name,
/// or the files of its folder whose names are similar.
fn missing_tip(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    if let Some((name, _)) = builtin::all().find(|(name, _)| *name == stem) {
        return Some(format!("the scenario that is built in is called `{name}`, without `.toml`"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = files.filter(|file| file.extension().is_some_and(|end| end == "toml"));
    let names: Vec<String> =
        files.filter_map(|file| Some(file.file_name()?.to_str()?.to_owned())).collect();
    let given = path.file_name()?.to_str()?;
    match nearest(given, names.iter().map(String::as_str)) {
        near if near.is_empty() => None,
        near => Some(format!("did you mean {}?", near.join(" or "))),
    }
}

fn looks_like_a_path(given: &str) -> bool {
    given.contains(std::path::MAIN_SEPARATOR) || given.contains('/') || given.ends_with(".toml")
}

/// Makes the error for a name that is neither built in nor a file, with the nearest valid names.
pub fn unknown_name(given: &str) -> NotFound {
    let file = format!("{given}.toml");
    let stem = given.strip_suffix(".toml").unwrap_or(given);
    let help = match nearest(stem, builtin::all().map(|(name, _)| name)) {
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

/// Adds a tip to the error for a scenario that stands where a command should: `dlab caps`.
pub fn add_tip(error: &mut clap::Error) {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let is_path = || looks_like_a_path(given) && Path::new(given).exists();
    let is_scenario = builtin::find(given).is_some() || drawn(given).is_some() || is_path();
    let tip = if is_scenario {
        format!("a scenario is run by `dlab run {}`", quoted(given))
    } else if error.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(name) = nearest_word(given, builtin::all().map(|(name, _)| name))
    {
        format!("a similar scenario is run by `dlab run {name}`")
    } else {
        return;
    };
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
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

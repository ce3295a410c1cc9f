//! The scenarios of `scenarios/`, built into the binary and run by name.
//!
//! Only their texts: the caller loads them like any other file.

use include_dir::{Dir, include_dir};

use super::nearest_word;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// Returns every built-in scenario as `(name, text)`, by name. Those of the museum are left out:
/// see [`museum`](museum()).
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    of(&SCENARIOS)
}

/// Returns the museum's scenarios, the storms in which mutants are caught. Each is named `museum/`
/// and the mutant's name.
pub fn museum() -> impl Iterator<Item = (&'static str, &'static str)> {
    of(SCENARIOS.get_dir("museum").expect("it stands in this repository"))
}

/// Returns the files of a folder with their paths without `.toml`, sorted.
///
/// # Panics
/// A scenario in this repository is not UTF-8.
fn of(folder: &'static Dir<'_>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut all: Vec<_> = folder
        .files()
        .filter_map(|file| {
            let name = file.path().to_str()?.strip_suffix(".toml")?;
            Some((name, file.contents_utf8().expect("a built-in scenario is UTF-8")))
        })
        .collect();
    all.sort_unstable();
    all.into_iter()
}

/// Returns the text of the scenario with this name.
pub fn find(name: &str) -> Option<&'static str> {
    all().chain(museum()).find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// Returns the most similar name, if one is similar enough.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_word(name, all().chain(museum()).map(|(known, _)| known))
}

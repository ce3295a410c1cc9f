//! The scenarios of `scenarios/`, built into the binary and run by name.
//!
//! Only their texts; whoever runs one loads it like any other file.

use include_dir::{Dir, include_dir};

use super::nearest_word;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// Every built-in scenario as `(name, text)`, by name. Those of the museum are
/// [`museum`](museum()).
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    of(&SCENARIOS)
}

/// The storms in which broken machines are caught, named `museum/` and the mutant's name.
pub fn museum() -> impl Iterator<Item = (&'static str, &'static str)> {
    of(SCENARIOS.get_dir("museum").expect("it stands in this repository"))
}

/// The files of a folder by their paths without `.toml`.
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

/// The text of the scenario with this name.
pub fn find(name: &str) -> Option<&'static str> {
    all().chain(museum()).find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// The name that was probably meant, if one is near enough.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_word(name, all().chain(museum()).map(|(known, _)| known))
}

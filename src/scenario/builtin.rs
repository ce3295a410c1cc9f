//! The scenarios of `scenarios/`, built into the binary and run by name.
//!
//! Only their texts; whoever runs one loads it like any other file.

use include_dir::{Dir, include_dir};

use super::nearest_word;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// Every built-in scenario as `(name, text)`, by name.
///
/// # Panics
/// A scenario in this repository is not UTF-8.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut all: Vec<_> = SCENARIOS
        .files()
        .filter_map(|file| {
            let name = file.path().file_name()?.to_str()?.strip_suffix(".toml")?;
            Some((name, file.contents_utf8().expect("a built-in scenario is UTF-8")))
        })
        .collect();
    all.sort_unstable();
    all.into_iter()
}

/// The text of the scenario with this name.
pub fn find(name: &str) -> Option<&'static str> {
    all().find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// The name that was probably meant, if one is near enough.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_word(name, all().map(|(known, _)| known))
}

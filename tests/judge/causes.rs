//! Tests that each cause has a scenario that expects it, with a count derived in a comment.

use delivery_lab::terms::Cause;
use std::fs;
use std::path::{Path, PathBuf};

use delivery_lab::scenario::{Expected, Scenario};

#[test]
fn each_cause_has_a_scenario_whose_count_is_derived_in_a_comment() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), &mut files);
    let derived: Vec<Cause> = files.iter().flat_map(|file| derived_causes(file)).collect();
    // A scenario with a message that no frame can carry is refused: `tests/world/edge_cases.rs`.
    let unreached = Cause::ALL.iter().filter(|cause| **cause != Cause::TooLong);
    let unreached = unreached.filter(|cause| !derived.contains(cause));
    let unreached: Vec<Cause> = unreached.copied().collect();
    assert!(unreached.is_empty(), "{unreached:?}");
}

/// Returns the causes that a scenario expects in numbers that appear in its comments.
fn derived_causes(file: &Path) -> Vec<Cause> {
    let text = fs::read_to_string(file).unwrap();
    let name = file.file_stem().unwrap().to_str().unwrap();
    let scenario = Scenario::load(name, &text).unwrap_or_else(|bad| panic!("{name}: {bad:?}"));
    let comments = text.lines().filter_map(|line| line.strip_prefix('#'));
    let comments = comments.collect::<Vec<_>>().join("\n");
    let numbers: Vec<f64> = comments
        .split(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
        .filter_map(|word| word.trim_end_matches(['.', ',']).replace(',', "").parse().ok())
        .collect();
    let expected = scenario.expectations.into_iter().filter_map(|one| match one.what {
        Expected::MissedBy { cause, range } => Some((cause, range)),
        _ => None,
    });
    let derived = expected.filter(|(_, range)| {
        let bounds = [range.min, range.max].into_iter().flatten();
        range.min.is_some_and(|min| min > 0.0) && bounds.clone().all(|one| numbers.contains(&one))
    });
    derived.map(|(cause, _)| cause).collect()
}

/// Collects the scenario files of a folder and its subfolders.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
}

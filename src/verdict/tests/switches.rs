//! Each rule that has a switch is needed by a test: with the rule off, a test of the judge fails.
//!
//! The same binary runs once for each rule, with `RULE_OFF` set to the rule's name, until the first
//! test fails. By hand, for one rule:
//! `RULE_OFF=name cargo test --lib verdict:: -- --skip switches`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use super::rules::RULES;

/// The number of runs at a time.
const RUNS: usize = 2;

/// Whether a rule is on in this process.
pub fn is_on(name: &str) -> bool {
    off() != Some(name)
}

/// The rule that is off in this process, if one is.
///
/// # Panics
/// `RULE_OFF` names no rule.
pub fn off() -> Option<&'static str> {
    static OFF: OnceLock<Option<&'static str>> = OnceLock::new();
    *OFF.get_or_init(|| {
        let asked = std::env::var("RULE_OFF").ok()?;
        let known = names().find(|name| *name == asked);
        Some(known.unwrap_or_else(|| panic!("there is no rule {asked}")))
    })
}

fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().flat_map(|(_, rules)| rules.iter().map(|(name, _)| *name))
}

#[test]
fn every_switch_is_on_the_list_and_in_its_file_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/verdict");
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let file = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let calls = text.split("rule(\"").skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(calls.map(|name| (file.clone(), name.to_owned())));
    }
    let listed = RULES.iter().flat_map(|(file, rules)| {
        rules.iter().map(|(name, _)| ((*file).to_owned(), (*name).to_owned()))
    });
    let mut listed: Vec<(String, String)> = listed.collect();
    found.sort();
    listed.sort();
    assert_eq!(found, listed, "the switches of the source, and those of tests/rules.rs");
    let mut names: Vec<&str> = names().collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|two| two[0] != two[1]), "no name stands for two rules");
    assert!(names.len() <= 60, "a switch is for what no generic mutation makes: keep them few");
}

/// Collects all sources of the judge but its tests.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            collect(&path, files);
        } else if path.is_file() && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

#[test]
fn every_rule_is_missed_by_a_test() {
    assert_eq!(first_failure(None), None, "with all rules on, no test fails");
    let names: Vec<&str> = names().collect();
    let next = AtomicUsize::new(0);
    let missed_by_none = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..RUNS {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match first_failure(Some(name)) {
                        Some(test) => println!("{name}: {test}"),
                        None => missed_by_none.lock().unwrap().push(*name),
                    }
                }
            });
        }
    });
    let missed_by_none = missed_by_none.into_inner().unwrap();
    assert!(missed_by_none.is_empty(), "no test fails without {missed_by_none:?}");
}

/// Returns the first test of the judge that fails with a rule off or, for `None`, with all rules
/// on.
fn first_failure(off: Option<&str>) -> Option<String> {
    let mut run = Command::new(std::env::current_exe().unwrap());
    run.args(["verdict::tests::", "--skip", "::switches::", "--skip", "::soup::"]);
    run.args(["--test-threads", "1"]);
    run.env("RUST_BACKTRACE", "0").env_remove("VERDICT_HISTORIES").env_remove("RULE_OFF");
    run.envs(off.map(|name| ("RULE_OFF", name)));
    let mut run = run.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map_while(Result::ok);
    let failed = lines.find_map(|line| {
        let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
        Some(name.trim_start_matches("verdict::tests::").to_owned())
    });
    if failed.is_some() {
        // One failed test is all that the caller asks for.
        run.kill().unwrap();
    }
    let ended = run.wait().unwrap();
    assert!(failed.is_some() || ended.success(), "a run ended with {ended} and no failed test");
    failed
}

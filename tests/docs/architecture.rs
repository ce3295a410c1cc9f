//! Rules on the source tree: imports between layers, purity of the core, length of files and
//! functions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers that each layer may use besides the bottom row: the table of
/// `docs/architecture.md`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("closed_list", &[]),
    ("hash", &[]),
    ("message", &[]),
    ("time", &[]),
    ("terms", &[]),
    ("explain", &[]),
    ("history", &[]),
    ("core", &[]),
    ("wire", &[]),
    ("mutant", &["core", "link"]),
    ("scenario", &["explain", "mutant"]),
    ("net", &[]),
    ("platform", &[]),
    ("link", &["core", "wire", "net", "history"]),
    ("sim", &["scenario", "mutant", "link", "core", "net", "history", "platform"]),
    ("verdict", &["scenario", "history"]),
    ("report", &["scenario", "mutant", "history", "verdict"]),
    (
        "search",
        &[
            "explain", "scenario", "mutant", "history", "core", "sim", "verdict", "report",
            "platform",
        ],
    ),
    (
        "cli",
        &[
            "explain", "history", "core", "mutant", "wire", "scenario", "net", "link", "sim",
            "verdict", "report", "search", "platform",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli"]),
];

/// The most lines of a file, tests excluded; below, those of a function.
const MOST_LINES: usize = 600;
const MOST_FUNCTION_LINES: usize = 70;

pub struct Source {
    pub path: PathBuf,
    layer: String,
    /// The text up to the file's own unit tests.
    pub code: String,
    text: String,
}

#[test]
fn every_file_says_what_it_is() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{} has no header", source.path.display());
    }
}

#[test]
fn imports_point_down() {
    let table: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    for source in sources() {
        let may = table.get(source.layer.as_str());
        let may = may.unwrap_or_else(|| panic!("the layer {} is not in the table", source.layer));
        for (number, line) in source.code.lines().enumerate().filter(|(_, line)| !is_comment(line))
        {
            for used in used_layers(line) {
                let place = format!("{}:{}", source.path.display(), number + 1);
                assert!(
                    table.contains_key(used),
                    "{place}: a path from the root names its layer, `{used}` is none"
                );
                let is_fine = used == source.layer
                    || ["message", "time", "terms", "closed_list", "hash"].contains(&used)
                    || may.contains(&used);
                assert!(is_fine, "{place}: `{}` may not use `{used}`", source.layer);
            }
        }
    }
}

#[test]
fn the_page_has_the_same_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let table = page.split("| layer |").nth(1).expect("the table of layers");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [layers, .., uses] = cells[..] else { panic!("{row}") };
        for layer in layers.split(", ") {
            let uses = uses.split(", ").filter(|used| *used != "–").map(str::to_owned);
            told.insert(layer.trim_matches('`').to_owned(), uses.collect());
        }
    }
    let bottom = ["message", "time", "terms", "closed_list", "hash"];
    for (layer, may) in MAY_USE.iter().filter(|(layer, _)| !["lib", "main"].contains(layer)) {
        let mut told = told.remove(*layer).unwrap_or_else(|| panic!("{layer} is not in the page"));
        told.retain(|used| !bottom.contains(&used.as_str()));
        let mut may: Vec<&str> = may.to_vec();
        may.sort_unstable();
        told.sort_unstable();
        assert!(told == may || told == ["everything"], "{layer} uses {may:?}, not {told:?}");
    }
    assert!(told.is_empty(), "layers that are none: {told:?}");
}

#[test]
fn the_core_is_pure() {
    let banned = [
        "async ",
        ".await",
        "tokio",
        "std::thread",
        "std::net",
        "std::fs",
        "std::time",
        "std::env",
        "HashMap",
        "HashSet",
        "Mutex",
        "static ",
        "tracing",
        "println!",
        "rand::",
        "unsafe",
    ];
    for source in sources().filter(|source| ["core", "verdict"].contains(&source.layer.as_str())) {
        for line in source.code.lines().filter(|line| !is_comment(line)) {
            let found = banned.iter().find(|word| line.contains(*word));
            // A verdict may use hash maps where their order is not visible, and socket addresses.
            let is_fine = found.is_none_or(|word| {
                let for_verdict = word.starts_with("Hash") || *word == "std::net";
                source.layer == "verdict" && for_verdict || line.contains("'static ")
            });
            assert!(is_fine, "{}: {line}", source.path.display());
        }
    }
}

/// The types of the judge's results. The reference judge may use these and nothing else of it.
const RESULTS: &[&str] = &[
    "Anomaly",
    "Cause",
    "Claim",
    "Detection",
    "Evidence",
    "Guarantee",
    "GuaranteeFinding",
    "Hits",
    "MessageOutcome",
    "Outcome",
    "Recoveries",
    "ReplacedProcess",
    "Row",
    "SubscriberReport",
    "UnconnectedProcess",
    "UnwantedMessage",
    "Verdict",
];

#[test]
fn the_reference_judge_shares_nothing_with_the_judge_but_results() {
    let of_reference = |source: &Source| {
        source.path.starts_with("verdict/tests/reference_judge")
            || source.path == Path::new("verdict/tests/reference_judge.rs")
    };
    let files: Vec<Source> = sources().filter(of_reference).collect();
    assert!(files.len() > 1, "the reference judge is somewhere else");
    for Source { path, text, .. } in files {
        let path = path.display();
        let is_root = !path.to_string().contains("reference_judge/");
        let leaves = if is_root { "super::" } else { "super::super" };
        assert!(!text.contains(leaves), "{path} imports from outside by `{leaves}`");
        for imported in text.split("verdict::").skip(1) {
            let names = match imported.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap_or_default(),
                None => imported.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default(),
            };
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let name = name.split(' ').next().unwrap_or_default();
                assert!(RESULTS.contains(&name), "{path} imports `verdict::{name}`");
            }
        }
    }
}

#[test]
fn files_and_functions_fit_a_reader() {
    for source in sources() {
        let path = source.path.display();
        let lines = source.code.lines().count();
        assert!(lines <= MOST_LINES, "{path} has {lines} lines");
        for (name, lines) in functions(&source.code) {
            assert!(lines <= MOST_FUNCTION_LINES, "{path}: `{name}` has {lines} lines");
        }
    }
}

/// Returns every source file. The files of folder `x` and the file `x.rs` form the layer `x`.
pub fn sources() -> impl Iterator<Item = Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    files.into_iter().map(move |path| {
        let inside = path.strip_prefix(&root).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let layer = first.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let is_test_file = inside
            .components()
            .any(|part| part.as_os_str().to_str().unwrap().trim_end_matches(".rs") == "tests");
        let code = if is_test_file { String::new() } else { without_tests(&text) };
        Source { path: inside.to_owned(), layer, code, text }
    })
}

/// Returns the code of a file without its unit tests: up to the module that has them, which is
/// the last item, and without the declaration of a test file.
fn without_tests(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_module = |next: &&str| next.starts_with("mod ");
        if line == "#[cfg(test)]" && lines.peek().is_some_and(is_module) {
            let declared = lines.next().expect("it was peeked at");
            if declared.ends_with('{') {
                break;
            }
            continue;
        }
        code += line;
        code.push('\n');
    }
    code
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

pub fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn used_layers(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

/// Returns the functions with their lengths: from `fn` to the closing brace at the same
/// indentation, as rustfmt writes them.
fn functions(code: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(at) = line.find("fn ").filter(|_| !is_comment(line)) else { continue };
        if line.ends_with('}') || line.ends_with(';') || !is_item_start(line.trim_start()) {
            continue;
        }
        let close = format!("{}}}", " ".repeat(indent));
        let end = lines[start..].iter().position(|line| *line == close);
        let name = line[at + 3..].split(['(', '<']).next().unwrap_or_default();
        found.extend(end.map(|length| (name.to_owned(), length + 1)));
    }
    found
}

fn is_item_start(line: &str) -> bool {
    ["fn ", "pub", "async fn", "const fn", "unsafe "].iter().any(|start| line.starts_with(start))
}

/// Returns the rest of a line from the name of the public type that it declares, if it does.
fn declared_type(line: &str, is_closed_list: bool) -> Option<&str> {
    if is_closed_list {
        let name = line.strip_prefix("    ")?;
        return name.starts_with(char::is_uppercase).then_some(name);
    }
    let rest = line.strip_prefix("pub")?;
    let rest = rest.split_once(") ").map_or(rest, |(_, after)| after).trim_start();
    let kinds = ["struct ", "enum ", "trait ", "type "];
    kinds.iter().find_map(|kind| rest.strip_prefix(kind))
}

/// A public type's name stands for one thing, wherever it is declared. The halves of `platform`
/// declare one thing, for one system each.
#[test]
fn each_public_type_has_a_name_of_its_own() {
    let mut declared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let mut is_closed_list = false;
        for line in source.code.lines() {
            is_closed_list |= line == "closed_list! {";
            let Some(name) = declared_type(line, is_closed_list) else { continue };
            is_closed_list = false;
            let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
            let path =
                source.path.display().to_string().replace("platform/wasi", "platform/native");
            declared.entry(name[..end].to_owned()).or_default().insert(path);
        }
    }
    assert!(declared.len() > 200, "the declarations are not found: {}", declared.len());
    let shared: Vec<_> = declared.iter().filter(|(_, paths)| paths.len() > 1).collect();
    assert!(shared.is_empty(), "{shared:#?}");
}

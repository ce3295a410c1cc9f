//! Each single rule of the judge, switched off, makes a test fail.
//!
//! The rules are in `tests/rules/*.txt`, one file a file of the judge: a name, a sentence, and the
//! lines that are otherwise when the rule is off. That the lines are still there, and that the
//! page lists them all, is tested always; the switching is asked for, since it takes as many
//! builds as there are rules:
//!
//! ```text
//! SWITCH_OFF=all cargo test --test rules every_rule_makes -- --nocapture
//! ```
//!
//! Or some: `SWITCH_OFF=name,name`; or `SWITCH_OFF=open`, those without a test on the page so far.
//! It is done in a copy of the source, and writes what it found into the page.

mod copy;
mod page;

use std::fs;
use std::path::{Path, PathBuf};

/// One rule of the judge.
pub struct Rule {
    /// Unique.
    pub name: String,
    /// What it says.
    pub says: String,
    /// The file that it is in.
    pub file: String,
    /// The lines of it, trimmed.
    on: Vec<String>,
    /// What stands in their place when it is off.
    off: Vec<String>,
}

#[test]
fn every_rule_is_where_it_is_said_to_be_and_on_the_page() {
    let rules = rules();
    for (index, rule) in rules.iter().enumerate() {
        let Rule { name, file, .. } = rule;
        assert!(rules[..index].iter().all(|other| other.name != *name), "{name} is there twice");
        let source = fs::read_to_string(root().join(file)).unwrap();
        let found = rule.places(&source).len();
        assert_eq!(found, 1, "{name}: its lines must be in {file} once");
    }
    page::assert_lists(&rules);
}

#[test]
fn every_rule_makes_a_test_fail_when_it_is_off() {
    let Ok(asked) = std::env::var("SWITCH_OFF") else {
        return page::assert_all_are_caught(&rules());
    };
    let rules = rules();
    let open = page::not_caught(&rules);
    let is_asked = |rule: &&Rule| match asked.as_str() {
        "all" => true,
        "open" => open.contains(&rule.name),
        names => names.split(',').any(|one| one == rule.name),
    };
    let copy = copy::Copy::make();
    assert_eq!(copy.failing(), None, "with all rules on, no test fails");
    for rule in rules.iter().filter(is_asked) {
        let source = fs::read_to_string(root().join(&rule.file)).unwrap();
        copy.write(&rule.file, &rule.switched_off(&source));
        let failing = copy.failing();
        copy.write(&rule.file, &source);
        println!("{}: {}", rule.name, failing.as_deref().unwrap_or("NOT CAUGHT"));
        page::note(&rules, rule, failing.as_deref());
    }
    page::assert_all_are_caught(&rules);
}

impl Rule {
    /// At which lines of a source its own begin.
    fn places(&self, source: &str) -> Vec<usize> {
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let windows = lines.windows(self.on.len()).enumerate();
        windows.filter(|(_, window)| *window == self.on).map(|(index, _)| index).collect()
    }

    fn switched_off(&self, source: &str) -> String {
        let begin = self.places(source)[0];
        let lines: Vec<&str> = source.lines().collect();
        let off = self.off.iter().map(String::as_str);
        let before = lines[..begin].iter().copied();
        let after = lines[begin + self.on.len()..].iter().copied();
        before.chain(off).chain(after).map(|line| format!("{line}\n")).collect()
    }
}

/// Every rule, in the order of the page.
fn rules() -> Vec<Rule> {
    let folder = root().join("tests/rules");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "txt")).collect();
    files.sort();
    files.iter().flat_map(|file| read(&fs::read_to_string(file).unwrap())).collect()
}

/// The rules of one file: `# name`, a sentence, then `-` lines that are and `+` lines that would be.
fn read(text: &str) -> Vec<Rule> {
    let (file, entries) = text.split_once("\n# ").expect("a file's name, then its rules");
    let entries = entries.split("\n# ").map(|entry| {
        let mut lines = entry.lines();
        let mut rule = Rule {
            name: lines.next().unwrap().to_owned(),
            says: String::new(),
            file: file.trim().to_owned(),
            on: Vec::new(),
            off: Vec::new(),
        };
        for line in lines.filter(|line| !line.is_empty()) {
            match line.split_at(1) {
                ("-", on) => rule.on.push(on.trim().to_owned()),
                ("+", off) => rule.off.push(off.trim().to_owned()),
                _ => rule.says = format!("{} {line}", rule.says).trim().to_owned(),
            }
        }
        rule
    });
    entries.collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

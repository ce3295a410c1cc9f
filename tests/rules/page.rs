//! The page that lists every rule, and the test that fails without it.

use std::collections::BTreeMap;
use std::fs;

use super::{Rule, root};

const PAGE: &str = "docs/reference/judge.md";

const HEAD: &str = "\
# The rules of the judge

<!-- Made by tests/rules, which keeps it so. Do not edit. -->

What `verdict` decides by, rule by rule; what the words mean is on [another page](outcomes.md). Each
rule was switched off in a copy of the source, and the test in the last column failed: one of
`src/verdict/tests`, or that of `tests/oracle`, in which a second judge, written from the law alone
and slow, judges ten thousand random histories as well. `tests/rules` has for each rule the lines
that were changed; `SWITCH_OFF=all cargo test --test rules every_rule_makes` does it again. When a
trial may stop (`verdict/settled.rs`) is no verdict, and has a test of its own: `tests/settled.rs`.
";

/// Where the tests are.
const TESTS: [&str; 2] = ["src/verdict/tests", "tests/oracle"];

/// Asserts that the page is that of these rules, and that the tests that it names are there.
pub fn assert_lists(rules: &[Rule]) {
    let page = read();
    let caught = caught(&page);
    let is_made = page == made(rules, &caught);
    assert!(is_made, "SWITCH_OFF=open cargo test --test rules every_rule_makes");
    let sources = TESTS.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let files = sources.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let tests: String = files.map(|file| fs::read_to_string(file).unwrap()).collect();
    for (rule, test) in caught {
        let name = test.rsplit("::").next().unwrap_or_default();
        assert!(tests.contains(&format!("fn {name}()")), "{rule}: there is no test {test}");
    }
}

/// Asserts that every rule has a test that fails without it.
pub fn assert_all_are_caught(rules: &[Rule]) {
    assert_eq!(not_caught(rules), [""; 0], "no test is known to fail without these");
}

/// The rules without which no test is known to fail.
pub fn not_caught(rules: &[Rule]) -> Vec<String> {
    let caught = caught(&read());
    let names = rules.iter().map(|rule| &rule.name);
    names.filter(|name| caught.get(*name).is_none_or(String::is_empty)).cloned().collect()
}

/// Writes what was found about one rule into the page.
pub fn note(rules: &[Rule], rule: &Rule, failing: Option<&str>) {
    let mut caught = caught(&read());
    caught.insert(rule.name.clone(), failing.unwrap_or_default().to_owned());
    fs::write(root().join(PAGE), made(rules, &caught)).unwrap();
}

fn read() -> String {
    fs::read_to_string(root().join(PAGE)).unwrap_or_default()
}

/// Which test fails without which rule, as the page says.
fn caught(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()));
    cells.filter_map(|mut cells| Some((cells.next()?, cells.nth(1)?))).collect()
}

fn made(rules: &[Rule], caught: &BTreeMap<String, String>) -> String {
    let mut page = HEAD.to_owned();
    let mut file = "";
    for rule in rules {
        if rule.file != file {
            file = &rule.file;
            page += &format!(
                "\n## `{file}`\n\n| rule | says | without it fails |\n| --- | --- | --- |\n"
            );
        }
        let test = caught.get(&rule.name).filter(|test| !test.is_empty());
        let test = test.map(|test| format!("`{test}`")).unwrap_or_default();
        page += &format!("| `{}` | {} | {test} |\n", rule.name, rule.says);
    }
    page
}

//! Checks that the README shows real output, and counts the scenarios right.

use std::process::Command;

#[test]
fn the_report_in_the_readme_is_what_the_command_prints() {
    let readme = include_str!("../../README.md");
    let dlab = Command::new(env!("CARGO_BIN_EXE_dlab"))
        .args(["run", "caps"])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let report = String::from_utf8(dlab.stdout).unwrap();
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```\n").next());
    assert_eq!(shown, Some(report.as_str()), "paste the output of `dlab run caps` into README.md");
}

#[test]
fn the_readme_tells_the_life_of_a_message() {
    let dlab = Command::new(env!("CARGO_BIN_EXE_dlab"))
        .args(["run", "caps", "--why", "driver-3", "--contender", "udp/fire-and-forget"])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let told = String::from_utf8(dlab.stdout).unwrap();
    let readme = include_str!("../../README.md");
    let shown = readme.split("```text\n").nth(3).and_then(|rest| rest.split("```\n").next());
    assert_eq!(shown, Some(told.as_str()));
}

#[test]
fn the_readme_counts_the_scenarios() {
    let count = delivery_lab::scenario::builtin::all().count();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("`scenarios/`: {count} storms")), "there are {count}");
}

#[test]
fn the_readme_shows_the_table_of_all_links() {
    let dlab = Command::new(env!("CARGO_BIN_EXE_dlab"))
        .args(["run", "six-links"])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let report = String::from_utf8(dlab.stdout).unwrap();
    let readme = include_str!("../../README.md");
    let shown = readme.split("```text\n").nth(2).and_then(|rest| rest.split("```\n").next());
    let shown = shown.expect("there is a second report");
    assert!(shown.contains("contender") && report.contains(shown), "paste the table of {report}");
}

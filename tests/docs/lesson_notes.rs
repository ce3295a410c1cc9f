//! Runs every command of the notes to the lesson, and looks for what the page shows of its output.
//!
//! A block holds one command and lines of its output, in order: a line follows the one before it at
//! once, unless `...` stands between. What an entry tells the reader to look at is in the output.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use delivery_lab::explain;

const PAGE: &str = include_str!("../../docs/lesson-notes.md");

/// One entry of the page: a paragraph, a command, and lines of what it prints.
struct Entry<'p> {
    text: String,
    command: &'p str,
    shown: Vec<&'p str>,
}

/// Returns the entries of a page in this form.
fn entries(page: &str) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut rest = page;
    while let Some((before, block)) = rest.split_once("```console\n") {
        let (block, after) = block.split_once("```\n").expect("the block ends");
        let text = before.rsplit("\n\n**").next().unwrap().split_whitespace();
        let mut lines = block.lines();
        let command = lines.next().and_then(|line| line.strip_prefix("$ "));
        let command = command.unwrap_or_else(|| panic!("{block} begins with no command"));
        entries.push(Entry {
            text: text.collect::<Vec<_>>().join(" "),
            command,
            shown: lines.collect(),
        });
        rest = after;
    }
    entries
}

/// Returns what the entry shows and its command does not print.
fn missing(entry: &Entry, output: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let mut rest: Vec<&str> = output.lines().collect();
    for run in entry.shown.split(|line| *line == "...").filter(|run| !run.is_empty()) {
        match rest.windows(run.len()).position(|lines| lines == run) {
            Some(at) => rest = rest.split_off(at + run.len()),
            None => missing.push(run.join("\n")),
        }
    }
    let flat = output.split_whitespace().collect::<Vec<_>>().join(" ");
    let look = entry.text.split_once("Look at").map_or("", |(_, look)| look);
    let spans = look.split('`').skip(1).step_by(2).filter(|span| !has_word(&flat, span));
    missing.extend(spans.map(str::to_owned));
    missing
}

/// Whether the text has these words, not as a part of a longer word or number.
fn has_word(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + words.len()..]);
        !goes_on(before.chars().rev()) && !goes_on(after.chars())
    })
}

/// Whether these characters belong to the word or number beside them.
fn goes_on(mut beside: impl Iterator<Item = char>) -> bool {
    match beside.next() {
        Some('.' | ',') => beside.next().is_some_and(|c| c.is_ascii_digit()),
        next => next.is_some_and(char::is_alphanumeric),
    }
}

fn run(command: &str, folder: &Path) -> String {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("dlab"), "{command}");
    let mut dlab = Command::new(env!("CARGO_BIN_EXE_dlab"));
    dlab.args(words).current_dir(folder).stdin(Stdio::null());
    dlab.env("LC_ALL", "C.UTF-8").env("COLUMNS", "80").env_remove("DLAB_LOG");
    let output = dlab.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{command}\n{complaint}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_command_of_the_notes_prints_what_they_show() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lesson-notes");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut outputs: BTreeMap<&str, String> = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in &entries(PAGE) {
        let output = outputs.entry(entry.command).or_insert_with(|| run(entry.command, &folder));
        for missing in missing(entry, output) {
            wrong.push(format!("`{}` does not print:\n{missing}", entry.command));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // The page says that one of them writes a capture: the magic number of pcapng.
    let capture = fs::read(folder.join("caps.pcapng")).unwrap();
    assert_eq!(capture[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
}

#[test]
fn every_entry_has_a_claim_a_command_and_something_to_look_at() {
    let entries = entries(PAGE);
    assert!((25..=40).contains(&entries.len()), "{} entries", entries.len());
    for Entry { text, command, shown } in &entries {
        let look = text.split_once("Look at").map_or("", |(_, look)| look);
        assert!(look.contains('`'), "what is to be seen in `{command}`?");
        assert!(shown.iter().any(|line| *line != "..."), "`{command}` shows nothing");
    }
    // What stands in bold and what has a block are the same entries.
    assert_eq!(PAGE.matches("\n\n**").count(), entries.len());
    assert_eq!(PAGE.matches("\n$ dlab ").count(), entries.len());
}

#[test]
fn the_words_that_the_notes_ask_for_are_explained() {
    let asked = PAGE.split("`dlab explain ").skip(1).map(|rest| rest.split('`').next().unwrap());
    let asked: Vec<&str> = asked.collect();
    assert!(!asked.is_empty());
    for words in asked {
        assert!(!explain::find(words).is_empty(), "`dlab explain {words}` explains nothing");
    }
}

#[test]
fn a_line_that_is_not_printed_is_found_out() {
    let page = "# A page\n\n**A claim.** Look at `3` and\n`lost`.\n\n```console\n$ dlab run it\none 3\n\
                two\n...\nfour lost\n```\n";
    let check = |output: &str| missing(&entries(page)[0], output);
    assert_eq!(entries(page)[0].command, "dlab run it");
    assert!(check("zero\none 3\ntwo\nthree\nfour lost\n").is_empty());
    // Another number, a line between, another order, a part of a longer number.
    assert_eq!(check("one 4\ntwo\nfour lost\n"), ["one 3\ntwo", "3"]);
    assert_eq!(check("one 3\nand\ntwo\nfour lost\n"), ["one 3\ntwo"]);
    assert_eq!(check("four lost\none 3\ntwo\n"), ["four lost"]);
    assert!(!has_word("13 of 30, 3.5", "3") && has_word("3, or (3).", "3"));
}

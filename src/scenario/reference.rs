//! The reference page of scenario files in Markdown, generated from the table of keys.
//!
//! `docs/reference/scenario.md` is this text; a test keeps them equal.

use std::fmt::Write as _;

use super::keys::{self, Key, Kind, Presence, Section};
use super::limits;
use crate::terms::{Anomaly, Cause, Claim, Guarantee, Verdict};

const HEAD: &str = "\
# Scenario files

<!-- Made from the table of keys in src/scenario/keys; a test keeps it so. Do not edit. -->

A scenario is a TOML file. `dlab new FILE` writes one to start from, `dlab check FILE` says
everything that is wrong with it, and `dlab schema` prints a JSON Schema for editors.

Durations are texts with a unit, in whole milliseconds: `\"250ms\"`, `\"1.5s\"`, `\"2m\"`, `\"1h\"`.
Ranges include both ends: `\"A..B\"`, `\"A..\"`, `\"..B\"`, or one number.
";

/// Returns the page, ended by a newline.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    section(&mut page, &keys::FILE);
    limits_of_a_file(&mut page);
    words(&mut page);
    page
}

fn section(page: &mut String, section_: &Section) {
    let heading = match section_.heading.contains('[') {
        true => format!("`{}`", section_.heading.replacen(" of ", "` of `", 1)),
        false => section_.heading.to_owned(),
    };
    write(page, &format!("\n## {heading}\n\n{}\n\n", section_.about));
    rows(page, section_.keys);
    for case in section_.cases.iter().flat_map(|cases| cases.list) {
        let (about, at_once) = (case.about(), case.at_once());
        write(page, &format!("\n### `{}`\n\n{about} {at_once}\n\n", case.word));
        rows(page, case.keys);
    }
    let mut shown = Vec::new();
    for key in section_.all_keys() {
        if let Kind::Table(inner) | Kind::Tables(inner, ..) = key.kind
            && !shown.contains(&inner.heading)
        {
            shown.push(inner.heading);
            section(page, inner);
        }
    }
}

fn rows(page: &mut String, keys: &[Key]) {
    page.push_str("| key | value | left out | meaning | example |\n");
    page.push_str("| --- | --- | --- | --- | --- |\n");
    for key in keys {
        let left_out = match key.presence {
            Presence::Required => "required".to_owned(),
            Presence::Default(value) => format!("`{value}`"),
            Presence::Optional(meaning) => meaning.to_owned(),
        };
        let example = match key.kind {
            Kind::Tables(section, ..) if section.heading.starts_with("[[") => {
                format!("`{}`", section.heading)
            }
            _ => format!("`{} = {}`", key.name, key.example),
        };
        let row =
            [format!("`{}`", key.name), value(key.kind), left_out, key.about.to_owned(), example];
        write(page, &format!("| {} |\n", row.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
}

fn value(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Id => "name without `#`".to_owned(),
        Kind::Name => "name".to_owned(),
        Kind::Names => "list of names".to_owned(),
        Kind::Who => "client, or list of clients".to_owned(),
        Kind::Groups => "list of lists of clients".to_owned(),
        Kind::Whole { min, max } if max == i64::MAX as u64 => format!("whole number from {min}"),
        Kind::Whole { min, max } => format!("whole number, {min} to {max}"),
        Kind::Rate => "number, 0 to 1".to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Time { min, .. } => format!("duration from {min}"),
        Kind::Latency => "duration from 1ms, or range".to_owned(),
        Kind::Bounds => "number or range".to_owned(),
        // Longer lists are at the end of the page.
        Kind::Word(words) if words.len() > 3 => "word".to_owned(),
        Kind::Word(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        Kind::Contender => "link/mode".to_owned(),
        Kind::Contenders => "list of link/mode".to_owned(),
        Kind::Payload => "any value".to_owned(),
        Kind::Headers => "table of texts".to_owned(),
        Kind::Table(_) => "table".to_owned(),
        Kind::Tables(..) => "list of tables".to_owned(),
    }
}

fn limits_of_a_file(page: &mut String) {
    page.push_str("\n## Limits\n\n| limit | most |\n| --- | --- |\n");
    let rows = [
        ("bytes of a file", limits::FILE_BYTES as u64),
        ("bytes of a name", limits::NAME_BYTES as u64),
        ("bytes of a title or about", limits::TEXT_BYTES as u64),
        ("nesting of tables and lists", limits::NESTING as u64),
        ("processes of all clients", limits::PROCESSES),
        ("publish entries of all clients", limits::PUBLISHES as u64),
        ("faults", limits::FAULTS as u64),
        ("members of any other list", limits::LIST as u64),
        ("hours of `run_for`", limits::RUN_FOR.as_millis() / 3_600_000),
        ("bytes of a frame over udp", limits::UDP_FRAME_BYTES as u64),
        ("deliveries (messages times subscribers) without `--force`", limits::DELIVERIES),
    ];
    for (limit, most) in rows {
        write(page, &format!("| {limit} | {most} |\n"));
    }
}

fn words(page: &mut String) {
    page.push_str("\n## Words of the report\n\n");
    let lists: [(&str, &[&str]); 5] = [
        ("cause", &Cause::WORDS),
        ("guarantee", &Guarantee::WORDS),
        ("verdict", &Verdict::WORDS),
        ("claim", &Claim::WORDS),
        ("anomaly", &Anomaly::WORDS),
    ];
    for (key, list) in lists {
        let list: Vec<_> = list.iter().map(|word| format!("`{word}`")).collect();
        write(page, &format!("- `{key}`: {}\n", list.join(", ")));
    }
}

fn write(page: &mut String, text: &str) {
    page.write_str(text).expect("a string takes all text");
}

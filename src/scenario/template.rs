//! The scenario that `dlab new` writes: small, commented, and ready to run.
//!
//! The values are below. The comments that explain the keys come from the table of keys.

use super::keys::{self, Key, Kind, Presence, Section};

/// A line of the template.
enum Line {
    /// Sets a key.
    Set(&'static str, &'static str),
    /// Shows a key with its default, commented out.
    Off(&'static str),
}

use Line::{Off, Set};

const TOP: &[Line] = &[
    Set("about", r#""A driver reports eight deliveries; the shop is away for four of them.""#),
    Set("run_for", r#""20s""#),
    Off("seed"),
    Off("latency"),
    Set("contenders", CONTENDERS),
];

/// So few that the report of the template fits a screen.
const CONTENDERS: &str =
    r#"["udp/fire-and-forget", "udp/catch-up", "tcp/fire-and-forget", "tcp/catch-up"]"#;

const DRIVER: &[Line] = &[
    Set("id", r#""driver""#),
    Set("publish", r#"[{ queue = "deliveries", event = "delivered", every = "1s", count = 8 }]"#),
];

const SHOP: &[Line] = &[
    Set("id", r#""shop""#),
    Set("subscribe", r#"[{ queue = "deliveries", event = "delivered" }]"#),
    Off("ack"),
    Off("dedup"),
];

const AWAY: &[Line] = &[
    Set("kind", r#""disconnect""#),
    Set("who", r#""shop""#),
    Set("at", r#""2.5s""#),
    Set("for", r#""4s""#),
];

const EXPECTED: &[Line] = &[Set("contender", r#""tcp/catch-up""#), Set("missed", "0")];

/// Returns a starter scenario with this title. It is valid, and has a comment for each key.
pub fn template(title: &str) -> String {
    let mut text = String::from(
        "# A scenario for `dlab run`. What is commented out shows its default.\n\
         # These are not all keys: `dlab schema` has them, and docs/reference/scenario.md.\n\n",
    );
    // A JSON string is a TOML string too, except for one character.
    let title = serde_json::Value::from(title).to_string().replace('\u{7f}', "\\u007f");
    line(&mut text, &keys::FILE, "title", &title, "");
    lines(&mut text, &keys::FILE, TOP);
    for (key, entry) in
        [("client", DRIVER), ("client", SHOP), ("fault", AWAY), ("expect", EXPECTED)]
    {
        let section = entry_of(key);
        text.push_str(&format!("\n{}{}\n", comment(section.about), section.heading));
        lines(&mut text, section, entry);
    }
    text
}

fn entry_of(name: &str) -> &'static Section {
    match key(&keys::FILE, name).kind {
        Kind::Tables(section, ..) => section,
        other => panic!("`{name}` is {other:?} in the table of keys"),
    }
}

fn key(section: &'static Section, name: &str) -> &'static Key {
    section.all_keys().find(|key| key.name == name).expect("the table of keys has it")
}

fn lines(text: &mut String, section: &'static Section, lines: &[Line]) {
    for entry in lines {
        match entry {
            Set(name, value) => line(text, section, name, value, ""),
            Off(name) => line(text, section, name, default(key(section, name)), "# "),
        }
    }
}

fn default(key: &'static Key) -> &'static str {
    match key.presence {
        Presence::Default(value) => value,
        Presence::Required | Presence::Optional(_) => panic!("`{}` has no default", key.name),
    }
}

/// Writes a comment with the meaning of the key, and the key with its value.
fn line(text: &mut String, section: &'static Section, name: &str, value: &str, switch: &str) {
    text.push_str(&comment(key(section, name).about));
    text.push_str(&format!("{switch}{name} = {value}\n"));
}

/// Returns a comment with lines that fit a terminal.
fn comment(about: &str) -> String {
    const WIDTH: usize = 80;
    let mut lines = vec![String::from("#")];
    for word in about.split_whitespace() {
        if lines.last().is_some_and(|line| line.chars().count() + word.chars().count() >= WIDTH) {
            lines.push(String::from("#"));
        }
        let line = lines.last_mut().expect("there is a first line");
        line.push(' ');
        line.push_str(word);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

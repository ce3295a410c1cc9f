//! The pages about words, outcomes and limits say what the code says. With `UPDATE_REFERENCE=1`
//! they are written anew.

use delivery_lab::explain::{self, FAMILIES};
use delivery_lab::link::limits;
use delivery_lab::wire;

/// The page is what was made of it.
fn check(name: &str, make: impl Fn(&str) -> String) {
    let path = format!("{}/docs/reference/{name}", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let made = make(&page);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &made).expect("the page can be written");
        return;
    }
    assert!(page == made, "write {name} anew: UPDATE_REFERENCE=1 cargo test --test reference");
}

#[test]
fn the_page_of_words_is_what_explain_says() {
    check("words.md", |_| explain::page());
}

const BEGIN: &str = "<!-- words: ";
const END: &str = "<!-- end -->";

/// The page with the table of each family that it has a place for.
fn with_tables(page: &str) -> String {
    let mut parts = page.split(BEGIN);
    let mut made = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(" -->").expect("a place has a name");
        let (_, rest) = rest.split_once(END).expect("a place has an end");
        let family = explain::find_family(name).expect("a place names a family");
        made.push_str(&format!("{BEGIN}{name} -->\n\n{}\n{END}{rest}", explain::table(family)));
    }
    made
}

#[test]
fn the_page_about_outcomes_has_the_words_of_the_verdict() {
    check("outcomes.md", with_tables);
    let page = include_str!("../docs/reference/outcomes.md");
    for name in ["outcome", "cause", "guarantee", "verdict", "claim", "anomaly"] {
        assert!(FAMILIES.iter().any(|family| family.name == name), "{name} is no family");
        assert!(page.contains(&format!("{BEGIN}{name} -->")), "{name} has no place");
    }
}

const LIMITS: &str = "\
# Limits of the links

<!-- Made by tests/reference.rs, which keeps it so. Do not edit. -->

What a peer may say to a link, and for how long it may say nothing. No scenario changes these; what
a scenario can set, and the limits of its own file, are on [another page](scenario.md). What is
beyond a limit ends a request or a connection, the history says why, and everybody else goes on.

| limit | most | beyond it | reason |
| --- | --- | --- | --- |
";

#[test]
fn the_page_about_limits_says_what_the_links_do() {
    let bytes = |most: usize| format!("{most} bytes");
    let rows = [
        ("a frame in a stream", bytes(wire::MOST_FRAME), "goodbye, closed", "too-long"),
        ("a frame in a datagram", bytes(wire::MOST_DATAGRAM), "cut off", "malformed"),
        ("a WebSocket message", bytes(wire::MOST_FRAME), "closed", "too-long"),
        ("the head of an upgrade", bytes(limits::MOST_HEAD), "closed", "too-long"),
        ("the head of an HTTP message", bytes(limits::MOST_HEAD), "431, closed", "too-long"),
        ("the body of an HTTP message", bytes(limits::MOST_BODY), "413", "too-long"),
        ("an event of a stream", bytes(limits::MOST_EVENT), "closed", "too-long"),
        (
            "time for a handshake or the first head",
            limits::HANDSHAKE_WITHIN.to_string(),
            "closed",
            "connect-timeout",
        ),
        (
            "time for the body of a request",
            limits::HANDSHAKE_WITHIN.to_string(),
            "408, closed",
            "http-timeout",
        ),
        (
            "time between two requests of a connection",
            limits::KEEP_ALIVE.to_string(),
            "closed",
            "none: the session goes on",
        ),
        (
            "ended sessions that were not told so",
            limits::MOST_ENDED.to_string(),
            "all are forgotten; 404",
            "unknown-session, at the client",
        ),
    ];
    let rows =
        rows.map(|(limit, most, what, why)| format!("| {limit} | {most} | {what} | {why} |\n"));
    check("limits.md", |_| format!("{LIMITS}{}", rows.concat()));
}

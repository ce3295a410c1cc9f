//! The pages about words, outcomes, limits and the judge say what the code says. With `UPDATE_REFERENCE=1`
//! they are written anew.

#[path = "../../src/verdict/tests/rules.rs"]
mod rules;

use delivery_lab::explain::{self, FAMILIES};
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
    assert!(
        page == made,
        "write {name} anew: UPDATE_REFERENCE=1 cargo test --test suite reference"
    );
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
    let page = include_str!("../../docs/reference/outcomes.md");
    for name in ["outcome", "cause", "guarantee", "verdict", "claim", "anomaly"] {
        assert!(FAMILIES.iter().any(|family| family.name == name), "{name} is no family");
        assert!(page.contains(&format!("{BEGIN}{name} -->")), "{name} has no place");
    }
}

const SWITCHES: &str = "<!-- switches -->";

/// The page with the table of the judge's switches between its marks.
fn with_switches(page: &str) -> String {
    let (before, rest) = page.split_once(SWITCHES).expect("the page has a place for switches");
    let (_, after) = rest.split_once(END).expect("the place has an end");
    let mut table = String::from("| file | switch | rule |\n| --- | --- | --- |\n");
    for (file, rules) in rules::RULES {
        for (name, says) in *rules {
            table += &format!("| `{file}` | `{name}` | {says} |\n");
        }
    }
    format!("{before}{SWITCHES}\n\n{table}\n{END}{after}")
}

#[test]
fn the_page_about_the_judge_lists_its_switches() {
    check("judge.md", with_switches);
}

const LIMITS: &str = "\
# Limits

<!-- Made by tests/docs/reference.rs, which keeps it so. Do not edit. -->

What no scenario changes; what a scenario can set, and the limits of its own file, are on
[another page](scenario.md).
";

const OF_LINKS: &str = "
## Of the links

What a peer may say to a link, and for how long it may say nothing. What is beyond a limit ends a
request or a connection, the history says why, and everybody else goes on.

| limit | most | beyond it | reason |
| --- | --- | --- | --- |
";

const OF_MACHINES: &str = "
## Of broker and client

What the machines keep, and for how long they wait, over any link.

| limit | most | beyond it | reason |
| --- | --- | --- | --- |
";

const OF_NETWORK: &str = "
## Of a simulated machine's network

What a kernel keeps for a program, and for how long it waits: Linux's defaults, where it has one.

| limit | most | beyond it | reason |
| --- | --- | --- | --- |
";

/// A limit, how much it is, what happens beyond it, and the reason in the history.
type Row = (&'static str, String, &'static str, &'static str);

fn bytes(most: usize) -> String {
    format!("{most} bytes")
}

fn of_links() -> Vec<Row> {
    use delivery_lab::link::limits::*;
    let late = "connect-timeout";
    vec![
        ("a frame in a stream", bytes(wire::MOST_FRAME), "goodbye, closed", "too-long"),
        ("a frame in a datagram", bytes(wire::MOST_DATAGRAM), "cut off", "malformed"),
        ("a WebSocket message", bytes(wire::MOST_FRAME), "closed", "too-long"),
        ("the head of an upgrade", bytes(MOST_HEAD), "closed", "too-long"),
        ("the head of an HTTP message", bytes(MOST_HEAD), "431, closed", "too-long"),
        ("the body of an HTTP message", bytes(MOST_BODY), "413", "too-long"),
        ("an event of a stream", bytes(MOST_EVENT), "closed", "too-long"),
        ("time for a handshake or the first head", HANDSHAKE_WITHIN.to_string(), "closed", late),
        (
            "time for the body of a request",
            HANDSHAKE_WITHIN.to_string(),
            "408, closed",
            "http-timeout",
        ),
        (
            "time between two requests of a connection",
            KEEP_ALIVE.to_string(),
            "closed",
            "none: the session goes on",
        ),
        (
            "ended sessions that were not told so",
            MOST_ENDED.to_string(),
            "all are forgotten; 404",
            "unknown-session, at the client",
        ),
        (
            "wait after a failed request, or before a stream is asked for again",
            RETRY.to_string(),
            "the client asks again",
            "none",
        ),
        (
            "a payload of Socket.IO, to the broker",
            bytes(MOST_PAYLOAD),
            "413, the session closed",
            "too-long",
        ),
        ("a payload of Socket.IO, to a client", bytes(MOST_PAYLOAD), "closed", "too-long"),
        ("packets in a payload of Socket.IO", MOST_PACKETS.to_string(), "closed", "too-long"),
        ("arguments of an event of Socket.IO", MOST_ARGUMENTS.to_string(), "closed", "malformed"),
        (
            "time for a handshake over Socket.IO to connect to a namespace",
            NAMESPACE_WITHIN.to_string(),
            "closed",
            late,
        ),
        (
            "time for Socket.IO's upgrade to WebSocket",
            UPGRADE_WITHIN.to_string(),
            "the WebSocket closed",
            late,
        ),
    ]
}

fn of_machines() -> Vec<Row> {
    use delivery_lab::core::limits::*;
    let names = MOST_NAMES.to_string();
    let full = "limit-reached";
    vec![
        (
            "time from a connection to its hello",
            HELLO_WITHIN.to_string(),
            "closed",
            "connect-timeout",
        ),
        ("names of clients", names.clone(), "closed", full),
        ("queues", names.clone(), "the session closed", full),
        ("places in the rooms of a queue", names, "the session closed", full),
        ("processes that say the same client name", MOST_PROCESSES.to_string(), "closed", full),
        (
            "refused messages of a publisher that the broker remembers",
            MOST_REFUSED.to_string(),
            "the oldest is forgotten; a late copy is answered as accepted",
            "none",
        ),
        (
            "messages of a publisher on their way over `udp`",
            MOST_OUT_LOSSY.to_string(),
            "the next waits for an answer",
            "none",
        ),
    ]
}

fn of_network() -> Vec<Row> {
    use delivery_lab::sim::limits::*;
    let waits = "the program waits, as it does before a closed window";
    vec![
        ("a connection's buffer, each way", bytes(BUFFER), waits, "none"),
        ("the same, in a trial of many processes", bytes(SMALL_BUFFER), waits, "none"),
        ("processes of a trial before it has many", MANY.to_string(), "smaller buffers", "none"),
        ("packets before a datagram socket, each way", bytes(QUEUE), "dropped", "none"),
        ("time for a connection to open", CONNECT_TIMEOUT.to_string(), "given up", "tcp-timeout"),
        (
            "idle time of a connection before the peer is asked",
            KEEP_ALIVE.to_string(),
            "a packet that wants an answer",
            "none",
        ),
        ("time without an answer", TIMEOUT.to_string(), "given up", "tcp-timeout"),
        (
            "time for the end of a connection that no program holds",
            ORPHAN_TIMEOUT.to_string(),
            "forgotten",
            "none",
        ),
    ]
}

#[test]
fn the_page_about_limits_says_what_they_are() {
    let line = |(limit, most, what, why)| format!("| {limit} | {most} | {what} | {why} |\n");
    let table = |rows: Vec<Row>| rows.into_iter().map(line).collect::<String>();
    let (links, machines) = (table(of_links()), table(of_machines()));
    let made = format!(
        "{LIMITS}{OF_LINKS}{links}{OF_MACHINES}{machines}{OF_NETWORK}{}",
        table(of_network())
    );
    check("limits.md", |_| made.clone());
}

#[test]
fn every_limit_that_no_scenario_changes_is_on_the_page() {
    let test = include_str!("reference.rs");
    let files = [
        include_str!("../../src/core/limits.rs"),
        include_str!("../../src/link/limits.rs"),
        include_str!("../../src/sim/limits.rs"),
    ];
    for file in files {
        for line in file.lines().filter_map(|line| line.strip_prefix("pub const ")) {
            let (name, _) = line.split_once(':').expect("a constant has a type");
            let forms = [format!("{name})"), format!("{name}.to_string()")];
            assert!(forms.iter().any(|form| test.contains(form)), "{name} has no row");
        }
    }
}

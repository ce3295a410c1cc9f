//! The pages about outcomes and limits: the one names every word of the verdict, the other every
//! limit of the links.

use delivery_lab::link::limits;
use delivery_lab::message::EndReason;
use delivery_lab::verdict::{Anomaly, Cause, ClaimState, Guarantee, Truth};
use delivery_lab::wire;

#[test]
fn the_page_about_outcomes_names_every_word() {
    let page = include_str!("../docs/reference/outcomes.md");
    let causes = Cause::ALL.iter().map(|cause| format!("| `{cause}` |"));
    let guarantees = Guarantee::ALL.iter().map(|guarantee| format!("| `{guarantee}` |"));
    let anomalies = Anomaly::ALL.iter().map(|anomaly| format!("`{anomaly}`"));
    let truths = Truth::ALL.iter().map(|truth| format!("`{truth}`"));
    let claims = ClaimState::ALL.iter().map(|claim| format!("`{claim}`"));
    let reasons = EndReason::ALL.iter().map(|reason| format!("`{}`", reason.words()));
    let words = causes.chain(guarantees).chain(anomalies).chain(truths).chain(claims);
    for word in words.chain(reasons) {
        assert!(page.contains(&word), "{word} is missing");
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
    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/limits.md");
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
    let made = format!("{LIMITS}{}", rows.concat());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(PAGE, &made).expect("the page can be written");
    }
    let page = std::fs::read_to_string(PAGE).expect("the page can be read");
    assert_eq!(page, made, "write it again: UPDATE_REFERENCE=1 cargo test --test reference");
}

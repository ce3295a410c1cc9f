//! Tests the tables of `--at`: who is connected, in which queue by which session, subscribed to
//! which events, in which rooms, with what waiting.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs a scenario, and returns what the broker of this contender knew at this moment, without the
/// heading, line by line.
fn view(scenario: &str, contender: &str, at: &str) -> Vec<String> {
    let mut dlab = Command::new(env!("CARGO_BIN_EXE_dlab"));
    dlab.args(["run", scenario, "--contender", contender, "--at", at, "--quiet"]);
    let output = dlab.env("LC_ALL", "C.UTF-8").env_remove("DLAB_LOG").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let mut lines = text.lines().map(str::to_owned);
    assert_eq!(lines.next(), Some(format!("The broker of {contender} at {at}")));
    // The line of the result comes last, after an empty one.
    let mut lines: Vec<String> = lines.collect();
    lines.truncate(lines.len() - 2);
    lines
}

/// The broker has published five messages, at 1, 2, 2.5, 3 and 4 s. It has sent cat away at 3.5 s:
/// the last one waits for her. It has put ben into `vip` at 4 s.
#[test]
fn in_catch_up_a_client_that_is_away_has_a_row_with_what_waits_for_it() {
    let lines = view("server-emits", "socketio/catch-up", "4.2s");
    assert_eq!(lines[..2], ["Connected over socketio: ann/1, ben/1.", ""]);
    let heading = "queue chat: 3 subscriptions; backlog of 5 messages, ";
    assert!(lines[2].starts_with(heading) && lines[2].ends_with("positions 1 to 5"), "{lines:?}");
    assert_eq!(
        lines[3..],
        [
            "client  session  position  unacknowledged  events  rooms",
            "ann     ann/1           5               0  news    ann",
            "ben     ben/1           5               0  news    ben, vip",
            "cat     away            4               1  news    cat",
        ]
    );
}

/// The chat's clients subscribe to no event. They are in the rooms that they have joined by 300 ms,
/// and each in its own.
#[test]
fn in_fire_and_forget_nothing_waits_and_who_is_away_is_not_known() {
    assert_eq!(
        view("chat", "tcp/fire-and-forget", "2.2s"),
        [
            "Connected over tcp: ann/1, bob/1, cid/1, dan/1.",
            "",
            "queue chat: nothing is kept",
            "client  session  events  rooms",
            "ann     ann/1    none    ann, rust",
            "bob     bob/1    none    bob, rust, tea",
            "cid     cid/1    none    cid, tea",
            "dan     dan/1    none    cats, dan",
        ]
    );
    let away = view("caps", "tcp/fire-and-forget", "5s");
    assert_eq!(away[0], "Connected over tcp: driver/1.");
    assert!(away.iter().all(|line| !line.contains("acme-widgets/")), "{away:?}");
}

/// From 2 s to 3 s all 200 readers are away. Ten messages were acknowledged; those published at 2.05
/// to 2.45 s wait for each of them: 5. Twenty readers have a row, and 180 are summed up.
#[test]
fn a_crowd_folds_into_a_sentence() {
    let lines = view("reconnect-storm", "tcp/catch-up", "2.5s");
    assert_eq!(lines[0], "Connected over tcp: sensor/1.");
    assert!(lines[2].starts_with("queue readings: 200 subscriptions; "), "{lines:?}");
    let row = "reader#1    away           10               5  temperature  reader#1";
    assert!(lines.contains(&row.to_owned()), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("reader#")).count(), 20);
    let last = lines.last().map(String::as_str);
    assert_eq!(last, Some("and 180 more clients: 180 away, 900 unacknowledged"));
}

/// All 201 are there at 1.5 s: twenty are named.
#[test]
fn a_crowd_of_sessions_is_counted() {
    let text = view("reconnect-storm", "tcp/fire-and-forget", "1.5s").join(" ");
    assert!(text.contains(", and 181 more. "), "{text}");
    assert!(text.ends_with(" and 180 more clients"), "{text}");
}

/// The shop is back at 4.14 s at the latest, and does not join again.
#[test]
fn who_is_connected_and_has_not_joined_is_said() {
    let lines = view("deaf-after-reconnect", "tcp/catch-up", "6s");
    let row = lines.iter().find(|line| line.starts_with("shop ")).expect("it has a row");
    assert!(row.contains("shop/2, not joined"), "{row}");
}

/// Five events of long names leave no place for the rooms in one line.
#[test]
fn a_table_that_is_too_wide_has_events_and_rooms_below_each_row() {
    let name = |n: usize| format!("something-has-happened-{n}");
    let subscribe = |n| format!("{{ queue = \"caps\", event = \"{}\" }}", name(n));
    let all: Vec<String> = (1..=5).map(subscribe).collect();
    let text = format!(
        "title = \"Wide\"\nrun_for = \"3s\"\nlatency = \"20ms\"\ncontenders = [\"tcp/catch-up\"]\n\n\
         [[client]]\nid = \"driver\"\npublish = [{{ queue = \"caps\", event = \"e\", every = \"2s\", \
         count = 1 }}]\n\n[[client]]\nid = \"shop\"\nsubscribe = [{}]\n",
        all.join(", ")
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-broker-view");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("wide.toml");
    fs::write(&file, text).unwrap();
    let lines = view(file.to_str().unwrap(), "tcp/catch-up", "1s");
    let below = lines.iter().position(|line| line.starts_with("shop    shop/1 ")).unwrap() + 1;
    let below: Vec<&str> = lines[below..].iter().map(|line| line.trim()).collect();
    let all: Vec<String> = (1..=5).map(name).collect();
    assert_eq!(below.join(" "), format!("events {}; rooms shop", all.join(", ")));
}

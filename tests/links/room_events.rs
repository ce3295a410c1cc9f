//! The list of the events of rooms (`--rooms`): each once, in order, with the session that joined or
//! left; the list is bounded, and says what it does not have.

use delivery_lab::message::{Contender, Link, Mode};
use delivery_lab::report::room_events::{MOST_ROOM_EVENTS, RoomEvents, schema};
use delivery_lab::report::{Colour, Shape, Style};
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{TrialOptions, run_trial};
use delivery_lab::time::Instant;

use crate::json_schema;

/// One subscriber, which is away from 1 s to 2 s; 20 ms one way.
const AWAY: &str = r#"title   = "Away"
run_for = "4s"
latency = "20ms"

[[client]]
id      = "driver"
publish = [{ queue = "caps", event = "delivered", every = "1s", count = 1 }]

[[client]]
id        = "shop"
subscribe = [{ queue = "caps", event = "delivered" }]

[[fault]]
kind = "disconnect"
who  = "shop"
at   = "1s"
for  = "1s"
"#;

const TCP: Contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };
const UDP: Contender = Contender { link: Link::Udp, mode: Mode::CatchUp };

fn list(text: &str, contender: Contender) -> RoomEvents {
    let scenario = Scenario::load("rooms.toml", text).expect("it is a scenario");
    let trial = run_trial(&scenario, contender, scenario.seed, &TrialOptions::default());
    RoomEvents::of(&trial.expect("nothing panics").history)
}

fn text(list: &RoomEvents) -> String {
    list.text("Room events", &Style::new(Shape::Unicode, Colour::Off))
}

/// Checks the whole text of the list for [`AWAY`]: the join, the end of the session, the next join.
fn check(contender: Contender, [joined, left, back]: [&str; 3], ended: &str) {
    let column = [joined, left, back].map(str::len).into_iter().max().unwrap() + 2;
    let row = |at: &str, rest: &str| format!("{at:column$}{rest}\n");
    let joins = |at: &str, session: u32| {
        [
            row(at, "create-room  caps   delivered"),
            row(at, &format!("join-room    caps   delivered  shop/{session}")),
            row(at, "create-room  caps   shop"),
            row(at, &format!("join-room    caps   shop       shop/{session}")),
        ]
        .concat()
    };
    let leaves = [
        row(left, &format!("leave-room   caps   delivered  shop/1, which ended: {ended}")),
        row(left, "delete-room  caps   delivered"),
        row(left, &format!("leave-room   caps   shop       shop/1, which ended: {ended}")),
        row(left, "delete-room  caps   shop"),
    ];
    let title = row("at", "event        queue  room       session");
    let note = "Each client is in a room of its own name in each queue that it has joined; these\n\
                rooms are in the list, too.\n";
    let events = [title, joins(joined, 1), leaves.concat(), joins(back, 2)].concat();
    assert_eq!(text(&list(AWAY, contender)), format!("Room events\n\n{events}\n{note}"));
}

/// Over tcp a handshake and a hello come before the join, which is at the broker after five times
/// 20 ms; the FIN takes 20.
#[test]
fn over_tcp_a_session_leaves_its_rooms_when_the_fin_arrives() {
    check(TCP, ["100ms", "1.02s", "2.1s"], "FIN");
}

/// Over udp the join follows the hello and its welcome, after three times 20 ms. Nobody says
/// goodbye: session 1 is in its rooms until session 2 replaces it with its hello.
#[test]
fn over_udp_a_session_stays_in_its_rooms_until_the_next_one_replaces_it() {
    check(UDP, ["60ms", "2.02s", "2.06s"], "replaced");
}

#[test]
fn a_client_that_leaves_by_itself_has_not_ended() {
    let chat = builtin::find("chat").expect("there is one");
    let list = list(chat, TCP);
    let left = list.events.iter().filter(|event| event.event == "leave-room");
    let members = left.filter_map(|event| event.member.as_ref());
    let by_choice = members.filter(|member| member.session_ended.is_none());
    assert_eq!(by_choice.map(|member| &*member.client).collect::<Vec<_>>(), ["cid"]);
}

/// The file says when the broker dies, and that its memory is gone then.
#[test]
fn a_broker_that_dies_takes_its_rooms_along_without_events() {
    let crash = builtin::find("broker-crash").expect("there is one");
    let list = list(crash, TCP);
    assert_eq!(list.deaths, [3_500, 9_500].map(Instant::from_millis));
    let said = text(&list);
    let sentence = "The broker died at 3.5s and 9.5s: its rooms were gone, without events.\n";
    assert!(said.ends_with(sentence), "{said}");
    let json = list.json("broker-crash", TCP, 1);
    assert!(json.contains(r#""left_out":0,"broker_died_at_ms":[3500.0,9500.0]"#), "{json}");
}

/// 200 readers join the room of the event, which is created once, and each its own: 601 events.
/// When all leave there are as many, and as many again when they are back: 1,803.
#[test]
fn the_list_is_bounded_and_says_so() {
    let storm = builtin::find("reconnect-storm").expect("there is one");
    let list = list(storm, TCP);
    assert_eq!((list.events.len(), list.left_out), (MOST_ROOM_EVENTS, 803));
    let said = text(&list);
    assert!(said.ends_with("Left out: 803 later events. A list has at most 1,000.\n"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn who_is_in_no_room_has_no_events() {
    let alone = AWAY.split("[[client]]\nid        = \"shop\"").next().unwrap();
    let said = text(&list(alone, TCP));
    assert_eq!(said, "Room events\n\nNo room was created.\n");
}

#[test]
fn the_events_of_every_link_and_of_a_crash_are_valid_by_the_schema() {
    let crash = builtin::find("broker-crash").expect("there is one");
    let away = Contender::all().map(|contender| (AWAY, contender));
    let documents = away.chain([(crash, TCP)]).map(|(text, contender)| {
        let json = list(text, contender).json("away", contender, 1);
        serde_json::from_str(&json).expect("it is JSON")
    });
    let documents: Vec<serde_json::Value> = documents.collect();
    json_schema::check(&schema(), &documents, &documents[0]);
}

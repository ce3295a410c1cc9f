//! Prices, each derived by hand: handshakes, open connections and held requests times time, payload
//! against all other bytes, and how long a publisher waits for an answer.

use delivery_lab::message::Contender;
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{TrialOptions, run_trial};
use delivery_lab::time::Duration;
use delivery_lab::verdict::{self, Row};

/// One message with a payload of 11 bytes at 1 s, 20 ms one way.
fn one_message(top: &str, rest: &str) -> String {
    format!(
        r#"title   = "One message"
run_for = "5s"
latency = "20ms"
{top}

[[client]]
id      = "driver"
publish = [{{ queue = "caps", event = "delivered", start = "1s", payload = {{ order = 7 }} }}]

[[client]]
id        = "shop"
subscribe = [{{ queue = "caps", event = "delivered" }}]
{rest}"#
    )
}

fn row(text: &str, contender: &str) -> Row {
    let scenario = Scenario::load("prices.toml", text).unwrap_or_else(|bad| panic!("{bad:?}"));
    let contender: Contender = contender.parse().unwrap();
    let trial = run_trial(&scenario, contender, 1, &TrialOptions::default());
    verdict::judge(&scenario, contender, &trial.unwrap_or_else(|bad| panic!("{bad}")).history)
}

fn once(contender: &str) -> Row {
    row(&one_message("", ""), contender)
}

fn ms(span: Duration) -> f64 {
    span.as_millis_f64()
}

fn held_ms(row: &Row) -> f64 {
    ms(row.cost.held_request_time)
}

fn connected_ms(row: &Row) -> f64 {
    ms(row.cost.connection_time)
}

/// The bytes of a layer are those of `tests/links/layers.rs`: the publish is 142 bytes on IP, 11 of
/// them payload, the push 139; either has an acknowledgement of 40. Before that, as in the scenario
/// `idle-cost`: a handshake is 52 + 52 + 40. The frames of a hello, a welcome, a join and its answer
/// have their own length, which is measured on a run without the message.
#[test]
fn over_tcp_one_message_adds_its_payload_twice_and_the_heads_around_it() {
    let with = once("tcp/fire-and-forget");
    let without = row(
        &one_message("", "").replace(r#"start = "1s""#, r#"start = "4.99s""#),
        "tcp/fire-and-forget",
    );
    // At 4.99 s it is under way at the end: its publish left, and has arrived nowhere.
    assert_eq!((with.cost.payload_bytes, without.cost.payload_bytes), (22, 0));
    assert_eq!(with.cost.bytes - without.cost.bytes, 40 + 139 + 40);
    let others = with.cost.bytes - with.cost.payload_bytes;
    assert_eq!(others - (without.cost.bytes - 142), (142 - 11) + 40 + (139 - 11) + 40);
}

#[test]
fn a_payload_counts_over_every_link_alike_and_once_for_each_subscriber() {
    let second = "\n[[client]]\nid = \"fan\"\n\
                  subscribe = [{ queue = \"caps\", event = \"delivered\" }]\n";
    for contender in Contender::all() {
        let contender = contender.to_string();
        assert_eq!(once(&contender).cost.payload_bytes, 22, "{contender}");
        let row = row(&one_message("", second), &contender);
        assert_eq!(
            row.cost.payload_bytes, 33,
            "{contender}: to the broker, and to two subscribers"
        );
    }
}

/// A cut of the shop's network from 0.9 s on: only the copy to the broker arrives, over any link.
#[test]
fn a_payload_that_is_lost_does_not_count() {
    let cut = "\n[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = \"0.9s\"\n";
    for contender in ["udp/fire-and-forget", "tcp/fire-and-forget", "sse/catch-up"] {
        assert_eq!(row(&one_message("", cut), contender).cost.payload_bytes, 11, "{contender}");
    }
}

/// Two clients. Over TCP and WebSocket each opens one connection. Over HTTP it has one to post and
/// one to ask, or one for a stream. Over Socket.IO the shop has one to poll, one to post its
/// CONNECT, and the WebSocket; so has the driver.
#[test]
fn clients_open_as_many_connections_as_their_link_needs() {
    for (link, handshakes) in [
        ("udp", 0),
        ("tcp", 2),
        ("websocket", 2),
        ("polling", 4),
        ("long-polling", 4),
        ("sse", 4),
        ("socketio", 6),
    ] {
        let row = once(&format!("{link}/fire-and-forget"));
        assert_eq!(row.cost.handshakes, handshakes, "{link}");
        assert!(link != "udp" || connected_ms(&row) == 0.0);
    }
}

/// A SYN that is lost is sent again after a second; one that is refused opens nothing. The client
/// is cut off until 2.5 s, its SYNs of 0, 1 and 2 s are lost, and that of 3 s is answered: the
/// connection is open at the broker at 3.06 s, to the end at 5 s.
#[test]
fn a_handshake_counts_when_it_is_complete_however_often_its_syn_was_sent() {
    let cut = "\n[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = \"0s\"\nfor = \"2.5s\"\n";
    let cut_off = row(&one_message("", cut), "tcp/fire-and-forget");
    assert_eq!(cut_off.cost.handshakes, 2);
    assert_eq!(connected_ms(&cut_off), 4_940.0 + 1_940.0);
}

/// A connection is open at the broker from 60 ms on, when the third segment arrives. A client that
/// goes away at 2 s sends a FIN, which is there at 2.02 s; the broker closes at once, and hears of
/// its own FIN's acknowledgement at 2.06 s. A client that loses power says nothing, so that its
/// connection stays open at the broker to the end; a broker that loses power has none any more.
#[test]
fn a_connection_is_open_until_both_sides_have_closed() {
    let fault = |kind: &str, who: &str| {
        let fault = format!("\n[[fault]]\nkind = \"{kind}\"\nwho = \"{who}\"\nat = \"2s\"\n");
        connected_ms(&row(&one_message("", &fault), "tcp/fire-and-forget"))
    };
    assert_eq!(connected_ms(&once("tcp/fire-and-forget")), 2.0 * 4_940.0);
    assert_eq!(fault("disconnect", "shop"), 4_940.0 + 2_000.0);
    assert_eq!(fault("crash", "shop"), 2.0 * 4_940.0);
    assert_eq!(fault("crash", "broker"), 2.0 * 1_940.0);
}

/// Long-polling: the second connection takes 40 ms, so both clients' questions are at the broker at
/// 140 ms. The driver's is held to the end, the shop's until the message is there at 1.02 s, its
/// next one from 1.06 s on. SSE: the stream is asked for at 60 ms. Socket.IO: the handshake is
/// answered at once at 60 ms; the poll after it is at the broker at 100 ms, and is released by the
/// upgrade or has what to answer, so that it is held for a moment only, whatever comes later.
#[test]
fn a_request_is_held_while_its_answer_is_kept_back() {
    let held = |contender: &str| held_ms(&once(contender));
    assert_eq!(held("long-polling/fire-and-forget"), 4_860.0 + 880.0 + 3_940.0);
    assert_eq!(held("sse/fire-and-forget"), 2.0 * 4_940.0);
    for link in ["udp", "tcp", "websocket", "polling"] {
        assert_eq!(held(&format!("{link}/fire-and-forget")), 0.0, "{link}");
    }
    let upgraded = held("socketio/fire-and-forget");
    let polls = one_message("", "").replace(
        "[[client]]\nid      =",
        "[broker]\nupgrade = \"refuse\"\n\n[[client]]\nid      =",
    );
    let polls = held_ms(&row(&polls, "socketio/fire-and-forget"));
    assert!(upgraded < 200.0 && polls > 9_000.0, "{upgraded} ms, {polls} ms");
}

/// A broker that dies at 2 s keeps back nothing from then on: both streams were held from 60 ms.
#[test]
fn a_request_is_not_held_by_the_dead() {
    let crash = "\n[[fault]]\nkind = \"crash\"\nwho = \"broker\"\nat = \"2s\"\n";
    assert_eq!(held_ms(&row(&one_message("", crash), "sse/fire-and-forget")), 2.0 * 1_940.0);
}

/// There and back are 40 ms. With a connection per request the handshake takes 40 more.
#[test]
fn a_publisher_waits_for_one_round_trip_or_for_two_with_a_handshake() {
    let per_request = one_message("http = { connections = \"one-per-request\" }", "");
    for contender in Contender::all() {
        let (link, mode) = (contender.link.name(), contender.mode.name());
        let posts = matches!(link, "polling" | "long-polling" | "sse");
        let contender = contender.to_string();
        let expected = match mode {
            // The stream of SSE is a connection of its own: the first post opens another.
            _ if link == "sse" => Some(80.0),
            // The first message of a queue waits until its namespace is connected.
            "catch-up" if link == "socketio" => Some(80.0),
            "catch-up" => Some(40.0),
            _ if posts => Some(40.0),
            _ => None,
        };
        let answers = |row: &Row| (row.cost.median_answer.map(ms), row.cost.worst_answer.map(ms));
        assert_eq!(answers(&once(&contender)), (expected, expected), "{contender}");
        let expected = if posts { Some(80.0) } else { expected };
        assert_eq!(answers(&row(&per_request, &contender)), (expected, expected), "{contender}");
    }
}

/// An acceptance that the publisher asks for is its answer also where nothing is kept.
#[test]
fn an_answer_that_was_asked_for_is_the_answer() {
    let asked = one_message("", "").replace("start =", "ack_within = \"1s\", start =");
    let asked = row(&asked, "tcp/fire-and-forget");
    assert_eq!(asked.cost.worst_answer.map(ms), Some(40.0));
}

/// The driver is cut off from 0.9 s to 3 s. What it publishes at 1 s waits: over TCP the segment is
/// sent again, over polling the outbox posts again. So the wait is more than two seconds.
#[test]
fn an_answer_may_wait_for_the_network() {
    let cut = "\n[[fault]]\nkind = \"cut\"\nwho = \"driver\"\nat = \"0.9s\"\nfor = \"2.1s\"\n";
    for contender in ["tcp/catch-up", "polling/catch-up"] {
        let wait = row(&one_message("", cut), contender).cost.worst_answer.map(ms);
        assert!(wait.is_some_and(|wait| wait > 2_000.0), "{contender}: {wait:?}");
    }
}

/// Over polling each client posts a hello and asks at 0.08, 1.08, 2.08, 3.08 and 4.08 s; the driver
/// posts one message, the shop a join: 14 connections, each open at the broker for 40 ms.
#[test]
fn with_a_connection_per_request_there_is_a_handshake_for_each() {
    let text = one_message("http = { connections = \"one-per-request\" }", "");
    let polled = row(&text, "polling/fire-and-forget");
    assert_eq!((polled.cost.handshakes, connected_ms(&polled)), (14, 14.0 * 40.0));
    // Socket.IO's client keeps its connections.
    let other = row(&text, "socketio/catch-up");
    assert_eq!(other, once("socketio/catch-up"));
}

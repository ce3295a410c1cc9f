//! The reference page of packets: the packets of each link on the wire, from a trial, and the cost
//! of one message.
//!
//! `UPDATE_REFERENCE=1 cargo test --test suite packets` writes the page anew. Each link is one
//! entry in `lesson`; a link without one does not compile.

use std::fmt::Write as _;

use delivery_lab::message::{Contender, Link, Mode};
use delivery_lab::report::packets::Decoder;
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{
    Apart, Capturing, Placement, Trial, TrialOptions, TurmoilOrder, run_trial,
};
use delivery_lab::time::Duration;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/packets.md");

/// A driver publishes three messages; the shop is away for the second. A ping every two seconds.
const SCENARIO: &str = r#"title   = "One message live, one caught up"
seed    = 1
run_for = "8s"
latency = "20ms"
broker  = { heartbeat = { every = "2s", timeout = "2s" } }

[[client]]
id      = "driver"
publish = [{ queue = "caps", event = "delivered", every = "2s", count = 3, payload = { order = 7 } }]

[[client]]
id        = "shop"
subscribe = [{ queue = "caps", event = "delivered" }]

[[fault]]
kind = "disconnect"
who  = "shop"
at   = "2.5s"
for  = "2s"
"#;

/// Returns a scenario with the same pair, a number of messages, and no faults.
fn quiet(messages: u32) -> String {
    format!(
        r#"title   = "Messages"
seed    = 1
run_for = "5s"
latency = "20ms"

[[client]]
id      = "driver"
publish = [{{ queue = "caps", event = "delivered", every = "2s", count = {messages}, payload = {{ order = 7 }} }}]

[[client]]
id        = "shop"
subscribe = [{{ queue = "caps", event = "delivered" }}]
"#
    )
}

/// A packet to show: the reason, and the texts that it contains. It is the first such packet after
/// the one before.
struct Step {
    about: &'static str,
    has: &'static [&'static str],
}

const fn step(about: &'static str, has: &'static [&'static str]) -> Step {
    Step { about, has }
}

/// Returns the packets to show of a link in catch-up mode.
fn lesson(link: Link) -> Vec<Step> {
    let open = step(
        "TCP's handshake begins: a number to count bytes from, and nothing else.",
        &["shop → broker", "SYN,"],
    );
    match link {
        Link::Udp => vec![
            step(
                "There is no handshake: the first datagram is the hello.",
                &["shop → broker", "hello"],
            ),
            step("One frame a datagram, and nothing around it.", &["driver → broker", "publish"]),
            step(
                "The delivery names its position and the one before it, so that a hole is seen.",
                &["broker → shop", "push"],
            ),
            step("What was handled is acknowledged.", &["shop → broker", "\"ack\""]),
            step("The heartbeat is a frame like any other.", &["broker → shop", "\"ping\""]),
            step(
                "The shop has closed its socket: its machine answers the delivery with ICMP.",
                &["shop → broker", "port unreachable"],
            ),
            step(
                "Back again, the shop says how far it came, and is sent what it missed.",
                &["shop → broker", "\"known\""],
            ),
        ],
        Link::Tcp => vec![
            open,
            step(
                "A stream has no messages: four bytes before each frame say how long it is.",
                &["driver → broker", "publish"],
            ),
            step("The delivery.", &["broker → shop", "push"]),
            step(
                "The acknowledgement is the client's word that it has handled the message; the \
                 `ACK` flag beside it is the kernel's, that it has received bytes.",
                &["shop → broker", "\"ack\""],
            ),
            step("The heartbeat.", &["broker → shop", "\"ping\""]),
            step(
                "The shop closes in order, and the broker learns of it at once.",
                &["shop → broker", "FIN"],
            ),
        ],
        Link::WebSocket => vec![
            open,
            step(
                "An HTTP request that asks to speak WebSocket from here on.",
                &["shop → broker", "Upgrade: websocket"],
            ),
            step(
                "The broker agrees; its key is computed from the request's, so that no cache can \
                 have answered.",
                &["broker → shop", "101 Switching Protocols"],
            ),
            step(
                "A client masks what it sends, with a new key for each frame; here it is unmasked.",
                &["driver → broker", "publish"],
            ),
            step("A server does not mask.", &["broker → shop", "push"]),
            step("The acknowledgement.", &["shop → broker", "\"ack\""]),
            step("Pings are WebSocket's own: two bytes.", &["broker → shop", "ping, 0 bytes"]),
            step("The answer is four bytes longer: the mask.", &["shop → broker", "pong, 0 bytes"]),
        ],
        Link::Polling => vec![
            step(
                "A session is a path. It begins with a POST of its hello.",
                &["shop → broker", "POST /shop/1", "hello"],
            ),
            step("Is there anything?", &["shop → broker", "GET /shop/1"]),
            step(
                "There is not: this is what polling an idle queue costs.",
                &["broker → shop", "204"],
            ),
            step("What the driver says is posted.", &["driver → broker", "publish"]),
            step("The answer to the post.", &["broker → driver", "accepted"]),
            step(
                "The message waited for the shop's next question; the answer has a number.",
                &["broker → shop", "push"],
            ),
            step("The acknowledgement is another request.", &["shop → broker", "\"ack\""]),
            step(
                "The next question says which answer was the last that came, so that a lost one \
                 is noticed.",
                &["shop → broker", "got=1"],
            ),
        ],
        Link::LongPolling => vec![
            step("The question is the same as over polling.", &["shop → broker", "GET /shop/1"]),
            step(
                "It is not answered: the kernel acknowledges its bytes, the broker says nothing.",
                &["broker → shop", "ACK", "ack 82", "40 bytes"],
            ),
            step("Until a message is published.", &["driver → broker", "publish"]),
            step("The answer that was held for it.", &["broker → shop", "push"]),
            step("The acknowledgement goes out,", &["shop → broker", "\"ack\""]),
            step("and at once the next question.", &["shop → broker", "got=1"]),
            step(
                "After a heartbeat's interval without a message there is an empty answer: the ping.",
                &["broker → driver", "204"],
            ),
        ],
        Link::Sse => vec![
            step(
                "One request for a stream of events.",
                &["shop → broker", "GET /shop/1", "text/event-stream"],
            ),
            step(
                "One response that does not end: its length is not known, so it comes in chunks.",
                &["broker → shop", "transfer-encoding: chunked"],
            ),
            step(
                "A stream goes one way: what the client says is posted, on another connection.",
                &["driver → broker", "publish"],
            ),
            step(
                "The delivery is an event; its id says how far the stream has come.",
                &["broker → shop", "push"],
            ),
            step("The acknowledgement is a request.", &["shop → broker", "\"ack\""]),
            step("The ping is an event without a name.", &["broker → shop", "\"ping\""]),
            step(
                "Back again, the shop names the last event that it dealt with.",
                &["shop → broker", "last-event-id"],
            ),
        ],
        Link::SocketIo => vec![
            step(
                "Engine.IO begins with HTTP long-polling, whatever it will be later.",
                &["shop → broker", "GET /socket.io/", "transport=polling"],
            ),
            step(
                "An `open` packet, `0`: the session's id, what it can be upgraded to, and how often \
                 the server pings.",
                &["broker → shop", "0{\"sid\""],
            ),
            step(
                "The upgrade, on a third connection: polls have the first, posts the second.",
                &["shop → broker", "Upgrade: websocket"],
            ),
            step("Does it carry packets both ways?", &["shop → broker", "2probe"]),
            step(
                "Until that is known they go by posts. A queue is a namespace: `40/caps,` is \
                 Engine.IO's `message`, 4, with Socket.IO's CONNECT, 0, and what the client says of \
                 itself.",
                &["shop → broker", "40/caps,"],
            ),
            step("The WebSocket does, and will carry them.", &["broker → shop", "3probe"]),
            step(
                "An event, `42`, with the number under which it is to be answered.",
                &["driver → broker", "[\"delivered\""],
            ),
            step(
                "The delivery is an event of the same name.",
                &["broker → shop", "[\"delivered\""],
            ),
            step("The acknowledgement answers its number: `43`.", &["shop → broker", "43/caps,"]),
        ],
    }
}

fn trial(text: &str, contender: Contender) -> Trial {
    let scenario = Scenario::load("packets.toml", text).expect("it is a scenario");
    let options = TrialOptions { capture: Capturing::Packets, ..TrialOptions::default() };
    run_trial(&scenario, contender, scenario.seed, &options).expect("nothing panics")
}

/// Returns all packets of a trial, decoded.
fn decoded(trial: Trial) -> Vec<String> {
    let mut decoder = Decoder::new(&trial.history.processes);
    let packets = trial.capture.expect("it was asked for").into_packets();
    packets.iter().map(|packet| decoder.read(packet).to_string()).collect()
}

const HEAD: &str = "\
# Packets

<!-- Made from trials by tests/links/packets.rs, which keeps it so. Do not edit. -->

What each link says on the wire: real IP packets of one trial, decoded. A driver publishes an event,
a shop is subscribed to it, goes away and comes back; 20 ms one way, a ping every two seconds,
catch-up. A packet's line says when it left, its headers (sequence numbers count from the
connection's first), and its length with all headers; below it stands what it carries.
";

const COST: &str = "
## The same message on every link

What one more message costs, from driver to shop, with everything that answers it: the packets and
IP bytes of a trial with two messages less those of the same trial with one. Over `polling` the
questions were asked anyway, and cost the same with and without a message: they are not counted.

| link | fire-and-forget: packets | bytes | catch-up: packets | bytes |
| --- | --- | --- | --- | --- |
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for link in Link::ALL {
        write!(page, "\n## {link}\n").expect("a string takes all text");
        let packets = decoded(trial(SCENARIO, Contender { link, mode: Mode::CatchUp }));
        let mut rest = packets.iter();
        for Step { about, has } in lesson(link) {
            let found = rest.find(|packet| has.iter().all(|text| packet.contains(text)));
            let packet = found.unwrap_or_else(|| panic!("{link}: no packet has {has:?}"));
            write!(page, "\n{about}\n\n```\n{packet}```\n").expect("a string takes all text");
        }
    }
    page.push_str(COST);
    for link in Link::ALL {
        let cost = |mode| {
            let [one, two] =
                [1, 2].map(|n| trial(&quiet(n), Contender { link, mode }).history.cost);
            (two.packets - one.packets, two.bytes - one.bytes)
        };
        let (forgotten, caught_up) = (cost(Mode::FireAndForget), cost(Mode::CatchUp));
        let ((a, b), (c, d)) = (forgotten, caught_up);
        writeln!(page, "| `{link}` | {a} | {b} | {c} | {d} |").expect("a string takes all text");
    }
    page
}

#[test]
fn the_page_shows_what_the_links_say() {
    let made = page();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(PAGE, &made).expect("the page can be written");
    }
    let page = std::fs::read_to_string(PAGE).expect("the page can be read");
    assert_eq!(page, made, "write it again: UPDATE_REFERENCE=1 cargo test --test suite packets");
}

#[test]
fn a_capture_changes_nothing_and_has_every_packet() {
    for contender in Contender::all() {
        let scenario = Scenario::load("packets.toml", SCENARIO).expect("it is a scenario");
        let without = run_trial(&scenario, contender, 1, &TrialOptions::default());
        let without = without.expect("nothing panics");
        assert!(without.capture.is_none(), "{contender}: nobody asked for it");
        let with = trial(SCENARIO, contender);
        assert_eq!(without.history.events, with.history.events, "{contender}");
        let capture = with.capture.expect("it was asked for");
        assert_eq!(capture.left_out(), 0);
        let packets = capture.into_packets();
        let bytes: usize = packets.iter().map(|packet| packet.bytes.len()).sum();
        let cost = with.history.cost;
        assert_eq!((packets.len() as u64, bytes as u64), (cost.packets, cost.bytes), "{contender}");
    }
}

/// The id of an event is UTF-8 text, and so is the header that sends it back (WHATWG HTML §9.2.2):
/// a client that reconnects sends the last id unchanged.
#[test]
fn the_last_event_of_a_stream_is_named_in_its_own_letters() {
    let scenario = SCENARIO.replace("\"driver\"", "\"fährmann\"");
    let contender = Contender { link: Link::Sse, mode: Mode::FireAndForget };
    let packets = trial(&scenario, contender).capture.expect("it was asked for").into_packets();
    let header = "\r\nlast-event-id: fährmann-1\r\n".as_bytes();
    let says = |bytes: &[u8]| bytes.windows(header.len()).any(|window| window == header);
    assert_eq!(packets.iter().filter(|packet| says(&packet.bytes)).count(), 1);
}

/// A WebSocket's keys and masks are drawn from the entropy of the trial's thread, in the order in
/// which turmoil hosts run. All other bytes are the same in any order.
#[test]
fn a_capture_is_the_same_in_any_order_of_turmoil_hosts_and_at_half_the_tick() {
    let scenario = Scenario::load("packets.toml", SCENARIO).expect("it is a scenario");
    for contender in Contender::all() {
        let packets = |options: TrialOptions| {
            let options = TrialOptions { capture: Capturing::Packets, ..options };
            let trial = run_trial(&scenario, contender, 1, &options).expect("nothing panics");
            let packets = trial.capture.expect("it was asked for").into_packets();
            let rows = packets.into_iter().map(|p| (p.at, p.from, p.to, p.bytes));
            rows.collect::<Vec<_>>()
        };
        let comparable = |options: TrialOptions| {
            let mut rows = packets(options);
            if [Link::WebSocket, Link::SocketIo].contains(&contender.link) {
                rows.iter_mut().for_each(|(.., bytes)| *bytes = vec![0; bytes.len()]);
            }
            rows
        };
        let as_it_is = TrialOptions::default;
        assert!(packets(as_it_is()) == packets(as_it_is()), "{contender}: again");
        let all = comparable(as_it_is());
        let apart = |apart| TrialOptions { placement: Placement::Apart(apart), ..as_it_is() };
        assert!(all == comparable(apart(Apart::default())), "{contender}: apart");
        let tick = Some(Duration::from_millis(10));
        let halved = apart(Apart { tick, order: TurmoilOrder::Reverse });
        assert!(all == comparable(halved), "{contender}: half the tick, in reverse");
    }
}

//! The largest payload that `check` lets through over UDP is the largest that a datagram carries.

use delivery_lab::message::Contender;
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{Capturing, TrialOptions, run_trial};
use delivery_lab::verdict;

/// The bytes of the largest IP packet of an Ethernet: 1,472 of UDP after 28 of headers.
const PACKET: usize = 1_500;

/// Messages whose target is known to be away when they are published, so that they are replayed: no
/// frame with a message is larger.
fn text(contender: &str, queue: &str, event: &str, count: u64, payload: usize) -> String {
    let payload = "x".repeat(payload);
    format!(
        r#"title = "the largest payload"
           run_for = "60s"
           contenders = ["{contender}"]
           broker = {{ heartbeat = {{ every = "1s", timeout = "500ms" }} }}
           client = [
               {{ id = "p", publish = [{{ queue = {queue:?}, event = {event:?}, every = "1s",
                  count = {count}, start = "8s", payload = "{payload}" }}] }},
               {{ id = "s", subscribe = [{{ queue = {queue:?}, event = {event:?} }}] }},
           ]
           fault = [{{ kind = "disconnect", who = "s", at = "2s", for = "20s" }}]"#
    )
}

/// Finds the largest payload that is let through, and checks that its largest frame fills a
/// packet.
fn check(contender: &str, (queue, event): (&str, &str), count: u64, caught_up: u64) {
    let load = |payload| Scenario::load("largest", &text(contender, queue, event, count, payload));
    let (mut fits, mut too_big) = (0, PACKET);
    while too_big - fits > 1 {
        let middle = (fits + too_big) / 2;
        match load(middle) {
            Ok(_) => fits = middle,
            Err(_) => too_big = middle,
        }
    }
    let problem = load(too_big).unwrap_err().problems()[0].to_string();
    assert_eq!(problem, "a frame with this message has up to 1473 bytes");
    let scenario = load(fits).unwrap();
    let over: Contender = contender.parse().unwrap();
    let options = TrialOptions { capture: Capturing::Packets, ..TrialOptions::default() };
    let trial = run_trial(&scenario, over, 1, &options).unwrap();
    let row = verdict::judge(&scenario, over, &trial.history);
    assert_eq!(row.subscribers[0].caught_up, caught_up, "{contender} {queue} {event}");
    let packets = trial.capture.unwrap().into_packets();
    let largest = packets.iter().map(|packet| packet.bytes.len()).max();
    assert_eq!(largest, Some(PACKET), "{contender} {queue} {event}");
}

#[test]
fn the_largest_payload_that_is_let_through_just_fits() {
    for names in
        [("q", "e"), ("a queue with a longer name", "and \"quotes\" in the event"), ("日", "é")]
    {
        check("udp/catch-up", names, 1, 1);
        check("udp/catch-up", names, 12, 12);
        check("udp/fire-and-forget", names, 12, 0);
    }
}

/// A message that no frame can carry is refused before anything runs: the sign of a quotation takes
/// two bytes in JSON, so that a file of 600 kB has a payload of 1.2 MB.
#[test]
fn a_payload_that_no_stream_carries_is_refused() {
    let load = |contender: &str, quotes: usize| {
        let text = format!(
            r#"title = "long"
               run_for = "5s"
               contenders = ["{contender}"]
               client = [
                   {{ id = "p", publish = [{{ queue = "q", event = "e", start = "1s",
                      payload = '{}' }}] }},
                   {{ id = "s", subscribe = [{{ queue = "q", event = "e" }}] }},
               ]"#,
            "\"".repeat(quotes)
        );
        Scenario::load("long", &text)
    };
    for (contender, most) in [("tcp/catch-up", 1 << 20), ("socketio/catch-up", 1_000_000)] {
        let problem = load(contender, 600_000).unwrap_err().problems()[0].to_string();
        assert!(problem.contains("a frame with this message has up to 1200"), "{problem}");
        // A little less than half of the limit fits, and arrives.
        let scenario = load(contender, most / 2 - 500).unwrap();
        let over = scenario.contenders[0];
        let trial = run_trial(&scenario, over, 1, &TrialOptions::default()).unwrap();
        let row = verdict::judge(&scenario, over, &trial.history);
        assert_eq!((row.subscribers[0].wanted, row.subscribers[0].missed), (1, 0), "{contender}");
    }
}

/// A round trip takes 40 ms. After 1, 2, 4, 8, 16 and 32 ms more, which is 63 ms, a frame was sent
/// six times over before its answer came. The subscriber is away for 4 s: each of its messages is
/// sent up to ten times in the first second, then once a second.
#[test]
fn a_timeout_far_below_the_round_trip_costs_a_few_frames_a_message() {
    let packets = |ack_timeout: &str| {
        let text = format!(
            r#"title = "impatient"
               run_for = "60s"
               latency = "20ms"
               contenders = ["udp/catch-up"]
               broker = {{ ack_timeout = "{ack_timeout}" }}
               client = [
                   {{ id = "p", publish = [{{ queue = "q", event = "e", every = "1s", count = 8,
                      start = "1s" }}] }},
                   {{ id = "s", subscribe = [{{ queue = "q", event = "e" }}] }},
               ]
               fault = [{{ kind = "cut", who = "s", at = "2.5s", for = "4s" }}]"#
        );
        let scenario = Scenario::load("impatient", &text).unwrap();
        let over = scenario.contenders[0];
        let trial = run_trial(&scenario, over, 1, &TrialOptions::default()).unwrap();
        let row = verdict::judge(&scenario, over, &trial.history);
        assert_eq!((row.subscribers[0].wanted, row.subscribers[0].missed), (8, 0), "{ack_timeout}");
        row.cost.packets
    };
    let (patient, impatient) = (packets("1s"), packets("1ms"));
    assert!(patient < 80, "{patient}");
    assert!(impatient < 8 * patient, "{impatient}, with 1s {patient}");
}

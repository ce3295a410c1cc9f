//! The layers of a message (`--layers`): byte counts derived by hand, sums over every link, and a
//! long message in parts.

use delivery_lab::message::{Contender, Link, MessageId, Mode, Name};
use delivery_lab::report::layers::{Hop, LayersEvidence, MessageLayers, schema};
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{Capturing, Trial, TrialOptions, run_trial};

use crate::json_schema;

/// One message with a payload, 20 ms one way.
fn scenario(payload: &str, rest: &str) -> String {
    format!(
        r#"title   = "One message"
run_for = "20s"
latency = "20ms"
contenders = ["tcp/fire-and-forget"]

[[client]]
id      = "driver"
publish = [{{ queue = "caps", event = "delivered", every = "2s", count = 1, payload = {payload} }}]

[[client]]
id        = "shop"
subscribe = [{{ queue = "caps", event = "delivered" }}]
{rest}"#
    )
}

fn trial(text: &str, contender: Contender, seed: u64) -> Trial {
    let scenario = Scenario::load("layers.toml", text).expect("it is a scenario");
    let options = TrialOptions { capture: Capturing::Packets, ..TrialOptions::default() };
    run_trial(&scenario, contender, seed, &options).expect("nothing panics")
}

/// Returns the layers of `driver-1`, of the packets that a capture of `most` would have.
fn layers_of(trial: Trial, most: usize) -> MessageLayers {
    let mut packets = trial.capture.expect("it was asked for").into_packets();
    let not_kept = packets.len().saturating_sub(most) as u64;
    packets.truncate(most);
    let evidence = LayersEvidence { history: &trial.history, packets: &packets, not_kept };
    let id: MessageId = "driver-1".parse().unwrap();
    MessageLayers::of(&evidence, &id, Some(&Name::from("shop"))).expect("it is published")
}

fn layers(text: &str, contender: Contender, seed: u64) -> MessageLayers {
    layers_of(trial(text, contender, seed), usize::MAX)
}

/// Returns the layers of `broker-1`, published in a scenario with this entry beside the others.
fn layers_of_the_broker(publish: &str, contender: Contender) -> MessageLayers {
    let broker = format!("[broker]\npublish = [{publish}]\n[[client]]");
    let text = scenario(ORDER, "").replacen("[[client]]", &broker, 1);
    let trial = trial(&text, contender, 1);
    let packets = trial.capture.expect("it was asked for").into_packets();
    let evidence = LayersEvidence { history: &trial.history, packets: &packets, not_kept: 0 };
    let id: MessageId = "broker-1".parse().unwrap();
    MessageLayers::of(&evidence, &id, Some(&Name::from("shop"))).expect("it is published")
}

const ORDER: &str = "{ order = 7 }";
const TCP: Contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };

/// By hand, over TCP. The payload `{"order":7}` has 11 bytes. Around it the publish frame has
/// `{"publish":{"message":{` (23), `"id":"driver-1",` (16), `"queue":"caps",` (15),
/// `"event":"delivered",` (20), `"payload":` (10) and `}}}` (3): 87. Its length takes 4 bytes. A TCP
/// header without options has 20 bytes, an IP header 20. The push frame begins with `{"push":` (8),
/// 3 bytes less than `{"publish":`.
#[test]
fn the_bytes_of_each_layer_are_those_counted_by_hand() {
    let layers = layers(&scenario(ORDER, ""), TCP, 1);
    let bytes = |hop: &Hop| hop.layers.iter().map(|one| (one.bytes, one.own)).collect::<Vec<_>>();
    let [publish, push] = &layers.hops[..] else { panic!("two hops") };
    assert_eq!(bytes(publish), [(11, 11), (98, 87), (102, 4), (122, 20), (142, 20)]);
    assert_eq!(bytes(push), [(11, 11), (95, 84), (99, 4), (119, 20), (139, 20)]);
    let names: Vec<&str> = push.layers.iter().map(|layer| &*layer.name).collect();
    assert_eq!(names, ["payload", "frame: push", "length prefix", "TCP segment", "IP packet"]);
    let osi: Vec<&str> = push.layers.iter().map(|layer| &layer.models.osi[..1]).collect();
    assert_eq!(osi, ["7", "7", "7", "4", "3"]);
    let ip = &push.packets[0].ip;
    assert_eq!((&*ip.source, &*ip.destination, ip.ttl), ("10.0.0.1", "10.0.0.3", 64));
    // Published at 1 s, the default; 20 ms a hop.
    let ms =
        |hop: &Hop| (hop.packets[0].at.as_millis_f64(), hop.complete.map(|at| at.as_millis_f64()));
    assert_eq!(ms(publish), (1000.0, Some(1020.0)));
    assert_eq!(ms(push), (1020.0, Some(1040.0)));
}

#[test]
fn over_every_link_each_layer_has_its_own_bytes_those_of_others_and_the_layer_above() {
    let mut documents: Vec<serde_json::Value> = Vec::new();
    for contender in Contender::all() {
        let layers = layers(&scenario(ORDER, ""), contender, 1);
        for hop in &layers.hops {
            assert_eq!((hop.copies, hop.copy), (1, 1), "{contender}");
            assert_eq!(hop.layers[0].bytes, 11, "{contender}: {:#?}", hop.layers);
            for pair in hop.layers.windows(2) {
                let [above, layer] = pair else { unreachable!() };
                let sum = above.bytes + layer.own + layer.others;
                assert_eq!(layer.bytes, sum, "{contender}: {layer:?}");
            }
            let last = hop.layers.last().expect("there are layers");
            let packets: u64 = hop.packets.iter().map(|one| u64::from(one.ip.bytes)).sum();
            assert_eq!(last.bytes, packets, "{contender}");
        }
        let names = layers.hops[1].layers.iter().map(|layer| &*layer.name);
        let around = match contender.link {
            Link::Udp => &["frame: push", "UDP datagram"][..],
            Link::Tcp => &["frame: push", "length prefix", "TCP segment"],
            Link::WebSocket => &["frame: push", "WebSocket frame", "TCP segment"],
            Link::Polling | Link::LongPolling => &["frame: push", "HTTP message", "TCP segment"],
            Link::Sse => &["frame: push", "event of SSE", "HTTP chunk", "TCP segment"],
            Link::SocketIo => {
                &["Socket.IO packet", "Engine.IO packet", "WebSocket frame", "TCP segment"]
            }
        };
        let expected = ["payload"].iter().chain(around).chain(&["IP packet"]).copied();
        assert!(names.eq(expected), "{contender}: {:#?}", layers.hops[1].layers);
        let json = layers.json("one", contender, 1);
        documents.push(serde_json::from_str(&json).expect("it is JSON"));
    }
    json_schema::check(&schema(), &documents, &documents[0]);
}

/// 6,000 letters as JSON have 6,002 bytes; with the push frame's 84, of which `null` is none, and 4
/// of length that is 6,090. A segment has at most 1,460 bytes (RFC 9293 §3.7.1: 1,500 less both
/// headers), so it takes at least five.
#[test]
fn of_a_long_message_only_the_part_that_was_lost_is_sent_again() {
    let loss = "[[fault]]\nkind = \"loss\"\nwho = \"shop\"\nat = \"1s\"\nrate = 0.1\n";
    let text = scenario(&format!("\"{}\"", "x".repeat(6_000)), loss);
    let is_lost =
        |ends: &[delivery_lab::report::packets::LineEnd]| ends.iter().all(|end| end.lost.is_some());
    // Seeds differ in what is lost; among them one part alone must be, or nothing was shown.
    let mut alone = 0;
    for seed in 1..=12 {
        let layers = layers(&text, TCP, seed);
        let hop = &layers.hops[1];
        assert_eq!((hop.layers[0].bytes, hop.layers[2].bytes), (6_002, 6_090), "seed {seed}");
        let fresh: Vec<_> = hop.packets.iter().filter(|one| !one.sent_again).collect();
        assert!(fresh.len() >= 5, "seed {seed}");
        assert!(fresh.iter().all(|one| one.last - one.first < 1_460), "seed {seed}");
        // What is sent again may have new bytes, too, behind the old ones.
        assert!(fresh.windows(2).all(|two| two[1].first <= two[0].last + 1), "seed {seed}");
        assert_eq!((fresh[0].first, fresh[fresh.len() - 1].last), (1, 6_090), "seed {seed}");
        assert!(hop.complete.is_some(), "seed {seed}");
        let lost: Vec<_> = fresh.iter().filter(|one| is_lost(&one.ends)).collect();
        let again: Vec<_> = hop.packets.iter().filter(|one| one.sent_again).collect();
        if let ([lost], [again]) = (&lost[..], &again[..]) {
            // What is sent again may be longer than what was lost: TCP counts bytes, not packets.
            assert!(again.first == lost.first && lost.last <= again.last, "seed {seed}");
            assert!(again.last - again.first < 1_460, "seed {seed}");
            let [first, second] = [lost, again].map(|one| one.tcp.as_ref().unwrap().sequence);
            assert_eq!(first, second, "seed {seed}");
            alone += 1;
        }
        if lost.is_empty() && again.is_empty() {
            assert_eq!(hop.complete, fresh.last().unwrap().ends.last().map(|end| end.at));
        }
    }
    assert!(alone > 0, "no seed loses one part alone");
}

#[test]
fn packets_that_a_capture_did_not_keep_are_said_to_be_that() {
    let whole = layers_of(trial(&scenario(ORDER, ""), TCP, 1), usize::MAX);
    assert!(!whole.is_not_kept());
    let none = layers_of(trial(&scenario(ORDER, ""), TCP, 1), 10);
    assert!(none.is_not_kept() && none.hops.iter().all(|hop| hop.not_kept && hop.copy == 0));
    let text = none.text("driver-1", &delivery_lab::report::Style::default());
    assert!(text.contains("its packets were not kept"), "{text}");
}

#[test]
fn what_the_broker_publishes_has_one_hop_and_bytes_are_bytes_where_the_link_has_them() {
    let publish = r#"{ queue = "caps", event = "delivered", start = "3s", payload = "AQID",
        encoding = "base64", headers = { type = "image/png" } }"#;
    for (link, payload) in [(Link::Tcp, 6), (Link::Polling, 6), (Link::SocketIo, 3)] {
        let mode = Mode::FireAndForget;
        let layers = layers_of_the_broker(&publish.replace('\n', " "), Contender { link, mode });
        let ways: Vec<_> = layers.hops.iter().map(|hop| (&*hop.from, &*hop.to)).collect();
        assert_eq!(ways, [("broker", "shop")], "{link}");
        let layer = &layers.hops[0].layers[0];
        assert_eq!((&*layer.name, layer.bytes), ("payload", payload), "{link}");
        let headers: Vec<_> =
            layers.headers.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(headers, [("type", "image/png")], "{link}");
    }
}

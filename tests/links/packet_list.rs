//! The list of packets (`--packets`): every packet once, the messages in them, what was sent again,
//! and what was lost.

use delivery_lab::message::{Contender, Link, Mode};
use delivery_lab::report::packets::{PacketFilter, PacketLine, PacketList, schema};
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{Capturing, Trial, TrialOptions, run_trial};
use delivery_lab::time::Instant;

use crate::json_schema;

/// One message, 20 ms one way.
const ONE: &str = r#"title   = "One message"
seed    = 1
run_for = "3s"
latency = "20ms"

[[client]]
id      = "driver"
publish = [{ queue = "caps", event = "delivered", every = "2s", count = 1, payload = { order = 7 } }]

[[client]]
id        = "shop"
subscribe = [{ queue = "caps", event = "delivered" }]
"#;

fn trial(text: &str, contender: Contender) -> Trial {
    let scenario = Scenario::load("packets.toml", text).expect("it is a scenario");
    let options = TrialOptions { capture: Capturing::Packets, ..TrialOptions::default() };
    run_trial(&scenario, contender, scenario.seed, &options).expect("nothing panics")
}

fn list(trial: Trial, filters: &[PacketFilter]) -> PacketList {
    let capture = trial.capture.expect("it was asked for");
    let not_kept = capture.left_out();
    PacketList::of(&trial.history, &capture.into_packets(), not_kept, filters)
}

fn name(name: &str) -> PacketFilter {
    PacketFilter::Name(name.to_owned())
}

const TCP: Contender = Contender { link: Link::Tcp, mode: Mode::FireAndForget };

/// Over TCP: the handshake takes one and a half round trips of 40 ms, sequence numbers count the SYN
/// as one, and the first frame follows with the last ACK.
#[test]
fn the_list_begins_with_the_handshake_and_names_what_each_packet_carries() {
    let said = |line: &PacketLine| {
        let units: Vec<&str> = line.carries.iter().map(|cargo| &*cargo.unit).collect();
        format!("{} {} {} {}", line.at, line.from, line.header, units.join(", "))
    };
    let list = list(trial(ONE, TCP), &[name("shop")]);
    let told: Vec<String> = list.packets.iter().take(5).map(said).collect();
    assert_eq!(
        told[..3],
        ["0ms shop SYN seq 0 ", "20ms broker SYN ACK seq 0 ", "40ms shop ACK seq 1 "]
    );
    // The frame's text is in docs/reference/packets.md: 67 bytes, and 4 of length.
    assert_eq!(told[3], "40ms shop PSH ACK seq 1 len 71 frame: hello");
    assert_eq!(told[4], "60ms broker PSH ACK seq 1 len 101 frame: welcome");
}

#[test]
fn of_filters_of_one_kind_one_must_hold_and_of_two_kinds_both() {
    let count = |filters: &[PacketFilter]| list(trial(ONE, TCP), filters).packets.len();
    let (all, shop, driver) = (count(&[]), count(&[name("shop")]), count(&[name("driver")]));
    assert_eq!(shop + driver, all, "each packet has the broker at one end");
    assert_eq!(count(&[name("shop"), name("driver")]), all);
    assert_eq!(count(&[name("broker")]), all);
    // One hop to the broker, one to the shop.
    assert_eq!(count(&[name("driver-1")]), 2);
    assert_eq!(count(&[name("driver-1"), name("shop")]), 1);
    let until = |ms| PacketFilter::Between(Instant::ZERO, Instant::from_millis(ms));
    assert_eq!(count(&[name("shop"), until(0)]), 1, "the SYN");
    assert_eq!(count(&[until(0), until(1)]), 2, "both SYNs, once each");
    let nobody = list(trial(ONE, TCP), &[name("nobody"), name("driver-2"), name("shop")]);
    assert_eq!(nobody.unknown, ["nobody", "driver-2"]);
}

#[test]
fn every_packet_is_listed_and_every_message_is_in_one_over_every_link() {
    for contender in Contender::all() {
        let trial = trial(ONE, contender);
        let packets = trial.history.cost.packets;
        let list = list(trial, &[]);
        assert_eq!(list.packets.len() as u64, packets, "{contender}");
        let with = |from: &str| {
            let is_it = |line: &&PacketLine| {
                let mut messages = line.carries.iter().flat_map(|cargo| &cargo.messages);
                line.from == from && messages.any(|id| id == "driver-1")
            };
            list.packets.iter().filter(is_it).count()
        };
        assert_eq!((with("driver"), with("broker")), (1, 1), "{contender}");
        let unread = list.packets.iter().flat_map(|line| &line.carries);
        let unread: Vec<_> = unread.filter(|cargo| cargo.unit == "bytes").collect();
        assert!(unread.is_empty(), "{contender}: {unread:?}");
    }
}

/// The stacks count the segments that carry bytes again; the list reads it from the packets alone.
#[test]
fn as_many_segments_are_sent_again_as_the_stacks_count() {
    let text = builtin::find("lossy-wifi").expect("it is built in");
    let trial = trial(text, TCP);
    let (retransmits, hits) = (trial.history.cost.retransmits, trial.history.hits[0]);
    let list = list(trial, &[]);
    let again = |line: &&PacketLine| line.carries.iter().any(|cargo| cargo.sent_again);
    assert!(retransmits > 0, "{retransmits}");
    assert_eq!(list.packets.iter().filter(again).count() as u64, retransmits);
    let lost = |line: &&PacketLine| line.ends.iter().any(|end| end.lost.is_some());
    assert_eq!(list.packets.iter().filter(lost).count() as u64, hits);
}

#[test]
fn the_packets_of_every_link_are_valid_by_the_schema() {
    let lossy = builtin::find("lossy-wifi").expect("it is built in");
    let one = Contender::all().map(|contender| (ONE, contender));
    let documents = one.chain([(lossy, TCP)]).map(|(text, contender)| {
        let json = list(trial(text, contender), &[]).json("one", contender, 1);
        serde_json::from_str(&json).expect("it is JSON")
    });
    let documents: Vec<serde_json::Value> = documents.collect();
    let full = documents.last().expect("there are some");
    let ends = |at: usize| full["packets"][at]["ends"][0]["lost"].is_string();
    let lost = (0..full["packets"].as_array().unwrap().len()).filter(|at| ends(*at));
    assert!(lost.count() > 0, "one that is lost is among them");
    // One with a packet of each kind of part is enough to add a key to.
    json_schema::check(&schema(), &documents, &documents[0]);
}

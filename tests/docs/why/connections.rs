//! Stories of what a connection did with a message: its parts, what waited when the connection
//! ended, who reset it, and whose socket had no room.

use delivery_lab::history::EventKind;
use delivery_lab::message::MessageId;
use delivery_lab::report::why::{Sentence, SentenceOrigin};
use delivery_lab::scenario::Scenario;
use delivery_lab::verdict::Followed;

use super::{Trial, trial};

/// A driver that publishes to `shop`, 20 ms away each way. A heartbeat comes every 25 s: no other
/// frame comes between.
struct Storm {
    contender: &'static str,
    seed: u64,
    /// The driver's publish entries.
    publish: String,
    shops: u32,
    /// The faults.
    faults: &'static str,
}

impl Default for Storm {
    fn default() -> Storm {
        let publish = entry(1, 1);
        let contender = "tcp/fire-and-forget";
        Storm { contender, seed: 3, publish, shops: 1, faults: "" }
    }
}

/// An entry that publishes `count` messages, one every 100 ms from 1 s on, with so many bytes.
fn entry(count: u32, bytes: usize) -> String {
    let payload = "x".repeat(bytes);
    format!(
        "{{ queue = \"q\", event = \"e\", every = \"100ms\", count = {count}, start = \"1s\", \
         payload = \"{payload}\" }}"
    )
}

impl Storm {
    fn run(&self) -> Trial {
        let Storm { contender, seed, publish, shops, faults } = self;
        let text = format!(
            "title = \"A storm\"\nabout = \"One connection.\"\nseed = {seed}\nrun_for = \"20s\"\n\
             latency = \"20ms\"\ncontenders = [\"{contender}\"]\n\n\
             [[client]]\nid = \"driver\"\npublish = [{publish}]\n\n\
             [[client]]\nid = \"shop\"\ncount = {shops}\n\
             subscribe = [{{ queue = \"q\", event = \"e\" }}]\n\n{faults}\n"
        );
        let scenario = Scenario::load("storm", &text).unwrap_or_else(|error| panic!("{error:?}"));
        trial(&scenario, scenario.contenders[0])
    }

    /// Returns the story of the driver's message with this number, with its outcomes.
    fn tell(&self, number: u64) -> (Vec<Sentence>, Vec<Followed>) {
        self.run().life(&id(number))
    }

    /// Checks that the story of a message has these parts, in this order, and ends with the last.
    fn check(&self, number: u64, parts: &[&str]) {
        let story = text(&self.tell(number).0);
        let mut rest = story.as_str();
        for part in parts {
            let place = rest.find(part);
            let place = place.unwrap_or_else(|| panic!("no {part:?} in its place in\n{story}"));
            rest = &rest[place + part.len()..];
        }
        assert_eq!(rest, "\n", "{:?} is not the end of\n{story}", parts.last());
    }
}

fn id(number: u64) -> MessageId {
    format!("driver-{number}").parse().unwrap()
}

fn text(story: &[Sentence]) -> String {
    story.iter().map(|one| format!("{} {}\n", one.at, one.text)).collect()
}

/// Returns the ends of the driver's messages in the broker's flow to the shop.
fn ends(trial: &Trial) -> Vec<u64> {
    let events = trial.history.events.iter();
    let ends = events.filter_map(|event| match &event.kind {
        EventKind::Carried { flow, end, .. } if flow.from.port() == 7777 => Some(*end),
        _ => None,
    });
    ends.collect()
}

/// Writes a number with commas.
fn count(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", count(number / 1000), number % 1000),
    }
}

/// The first and the last byte of the message that a packet has, of how many.
fn range(sentence: &str) -> (u64, u64, u64) {
    let (_, rest) = sentence.split_once(" bytes with ").expect("it is about a packet");
    let (_, rest) = rest.split_once("bytes ").unwrap_or_else(|| panic!("no part: {sentence}"));
    let plain = rest.replace(',', "");
    let numbers = plain.split(|c: char| !c.is_ascii_digit()).filter(|one| !one.is_empty());
    let mut numbers = numbers.map(|one| one.parse().unwrap());
    let mut next = || numbers.next().expect("a number");
    (next(), next(), next())
}

/// 6,000 bytes of payload and at most 100 around them are 5 segments of at most 1,460 bytes; the
/// congestion window may split one more. With 30 % loss some are lost, and sent again.
#[test]
fn each_packet_with_a_part_of_a_large_message_is_told() {
    let faults = "[[fault]]\nkind = \"loss\"\nwho = \"shop\"\nat = \"900ms\"\nrate = 0.3";
    let storm = Storm { publish: entry(1, 6000), faults, ..Storm::default() };
    let (story, _) = storm.tell(1);
    let to_shop: Vec<&Sentence> =
        story.iter().filter(|one| one.text.contains("leaves the broker for shop")).collect();
    let (again, first): (Vec<&Sentence>, _) =
        to_shop.iter().partition(|one| one.text.contains("for shop again"));
    // The first sendings are the parts, one after the other, from the first byte to the last.
    let mut next = 1;
    for (at, one) in first.iter().enumerate() {
        let (begin, end, of) = range(&one.text);
        assert_eq!((begin, of / 100), (next, 60), "{}", one.text);
        let part = format!("with part {} of {} of it", at + 1, first.len());
        assert!(one.text.contains(&part), "no {part:?} in {}", one.text);
        next = end + 1;
        assert!(at + 1 < first.len() || end == of, "{}", one.text);
    }
    assert!((5..=7).contains(&first.len()), "{}", text(&story));
    // What is lost is sent again, later.
    let lost = |one: &&&Sentence| one.text.ends_with("and is lost.");
    assert!(to_shop.iter().filter(lost).count() >= 2, "{}", text(&story));
    for one in to_shop.iter().filter(lost) {
        let (begin, ..) = range(&one.text);
        let repairs = |other: &&&Sentence| {
            let (from, to, _) = range(&other.text);
            other.at > one.at && (from..=to).contains(&begin)
        };
        assert!(again.iter().any(|other| repairs(&other)), "{} in {}", one.text, text(&story));
    }
    // It is complete once, by the packet that comes when the shop reads it.
    let complete = to_shop.iter().filter(|one| one.text.ends_with("; now all of it is there."));
    let complete: Vec<&&Sentence> = complete.collect();
    let read = story.iter().find(|one| one.text.starts_with("shop reads it")).unwrap();
    assert_eq!(complete.len(), 1, "{}", text(&story));
    assert!(complete[0].text.contains(&format!("is there at {};", read.at)), "{}", text(&story));
}

#[test]
fn a_message_behind_a_lost_one_waits_for_it() {
    // The packet with driver-1 is lost at 1.02 s; that with driver-2 is there at 1.14 s.
    let faults = "[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = \"1.01s\"\nfor = \"50ms\"";
    let storm = Storm { publish: entry(2, 10), faults, ..Storm::default() };
    let (story, _) = storm.tell(2);
    let read = story.iter().find(|one| one.text.starts_with("shop reads it")).unwrap();
    let waits = format!(
        "is there at 1.14s; it waits until {} for bytes that were sent before it.",
        read.at
    );
    assert!(text(&story).contains(&waits), "{waits}\n{}", text(&story));
}

#[test]
fn many_packets_are_told_up_to_a_limit_and_the_last_one() {
    let storm = Storm { publish: entry(1, 100_000), ..Storm::default() };
    let (story, _) = storm.tell(1);
    for receiver in ["the broker", "shop"] {
        let to = format!("for {receiver}, ");
        let of_hop = story.iter().filter(|one| matches!(one.of, SentenceOrigin::Packet(_)));
        let of_hop: Vec<&Sentence> = of_hop.filter(|one| one.text.contains(&to)).collect();
        // 40 packets, and the sentence on the others before the last of them.
        assert_eq!(of_hop.len(), 41, "{}", text(&story));
        let more = &of_hop[39].text;
        assert!(more.contains("more packets with parts of it leave"), "{more}");
        assert!(more.ends_with("A story tells at most 40 packets of a copy."), "{more}");
        let (_, last, of) = range(&of_hop[40].text);
        assert_eq!(last, of, "{}", of_hop[40].text);
        assert!(of_hop[40].text.ends_with("; now all of it is there."), "{}", of_hop[40].text);
    }
}

#[test]
fn what_was_not_acknowledged_when_power_was_lost_was_in_the_send_buffer() {
    // The shop has driver-1 before the path is cut, and nothing of driver-2 and driver-3.
    let faults = "[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = \"1.1s\"\n\n\
                  [[fault]]\nkind = \"crash\"\nwho = \"broker\"\nat = \"2s\"\nfor = \"1s\"";
    let storm = Storm { publish: entry(3, 50), faults, ..Storm::default() };
    let ends = ends(&storm.run());
    let [first, second, third] = ends[..] else { panic!("{ends:?}") };
    let sentence = format!(
        "2s The broker's end of the connection with shop is gone (power lost): {third} bytes were \
         written into it, {third} of them had left, {first} acknowledged. The message ends with \
         byte {second}, so the send buffer still had it.\n"
    );
    storm.check(
        2,
        &[&sentence, "So shop has missed driver-2: sent into a dead link [sent-into-dead-link]."],
    );
}

#[test]
fn what_the_send_buffer_had_no_room_for_was_in_the_links_queue() {
    // From driver-1's end on the buffer takes 65,535 bytes: driver-2 and driver-3, of 30 kB each,
    // and the begin of driver-4. driver-5 has not been written at all.
    let faults = "[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = \"1.5s\"\n\n\
                  [[fault]]\nkind = \"crash\"\nwho = \"broker\"\nat = \"6s\"\nfor = \"1s\"";
    let publish = format!("{}, {}", entry(1, 10), entry(4, 30_000).replace("1s\"", "2s\""));
    let storm = Storm { publish, faults, ..Storm::default() };
    let trial = storm.run();
    let ends = ends(&trial);
    let written = count(ends[0] + 65_535);
    let check = |number: u64, rest: &str| {
        let story = text(&trial.life(&id(number)).0);
        let end = count(ends[number as usize - 1]);
        let written = format!("(power lost): {written} bytes were written into it, ");
        let acknowledged = format!("had left, {} acknowledged. ", ends[0]);
        let rest = format!("The message ends with byte {end}, so {rest}.\n");
        for part in [written, acknowledged, rest] {
            assert!(story.contains(&part), "{part:?} is not in\n{story}");
        }
    };
    check(2, "the send buffer still had it");
    check(3, "the send buffer still had it");
    check(4, "the link's own queue still had at least its end");
    check(5, "the link's own queue still had it");
}

#[test]
fn what_a_link_never_wrote_is_told_at_the_end_of_its_session() {
    // Over SSE the link's own queue keeps what the broker's socket has no room for.
    let faults = "[[fault]]\nkind = \"cut\"\nwho = \"shop\"\nat = \"1.5s\"\n\n\
                  [[fault]]\nkind = \"crash\"\nwho = \"broker\"\nat = \"6s\"\nfor = \"1s\"";
    let publish = entry(6, 30_000).replace("1s\"", "2s\"");
    let storm = Storm { contender: "sse/fire-and-forget", publish, faults, ..Storm::default() };
    storm.check(
        6,
        &[
            "The broker puts it by for session 1 of shop",
            "6s The broker loses its power. The message still waited in the link's own queue: it \
             never left.\n",
            "[sent-into-dead-link].",
        ],
    );
}

#[test]
fn a_reset_names_its_sender_and_its_reason() {
    let gone = "[died-in-socket].";
    let reset = "[[fault]]\nkind = \"reset\"\nwho = \"shop\"\nat = \"1.03s\"";
    Storm { faults: reset, ..Storm::default() }.check(
        1,
        &[
            "comes at 1.04s, when that end of the connection is gone.",
            "1.03s A packet of 40 bytes with RST leaves shop for the broker: it resets the \
             connection, and is there at 1.05s. A fault has reset shop's connections.\n",
            "1.05s The broker's end of the connection with shop is gone (RST): ",
            gone,
        ],
    );
    // A host that has lost its power knows no connection. The shop is back at 1.13 s; its SYN, the
    // answer and its hello take 60 ms, and the broker closes what the shop does not know any more.
    let crash = "[[fault]]\nkind = \"crash\"\nwho = \"shop\"\nat = \"1.03s\"\nfor = \"100ms\"";
    Storm { faults: crash, ..Storm::default() }.check(
        1,
        &[
            "comes to a machine that is off or asleep at 1.04s.",
            "1.19s The broker ends session 1 of shop: replaced.\n",
            "1.21s A packet of 40 bytes with RST leaves shop for the broker: it resets the \
             connection, and is there at 1.23s. shop's host has no such connection any more: it \
             lost its power at 1.03s.\n",
            "1.23s The broker's end of the connection with shop is gone (left): ",
            gone,
        ],
    );
    // A frozen program reads nothing; when it dies, its kernel resets what it has not read.
    let frozen = "[[fault]]\nkind = \"freeze\"\nwho = \"shop\"\nat = \"900ms\"\nfor = \"5s\"\n\n\
                  [[fault]]\nkind = \"crash\"\nwho = \"shop\"\nat = \"2s\"\nfor = \"1s\"\n\
                  notice = true";
    let storm = Storm { faults: frozen, ..Storm::default() };
    let [end] = ends(&storm.run())[..] else { panic!("one message") };
    let (story, _) = storm.tell(1);
    let story = text(&story);
    let unread = format!("shop's process died at 2s with {} bytes unread.\n", unread(&storm.run()));
    assert!(story.contains(&unread), "{unread} is not in\n{story}");
    let arrived =
        format!("The message ends with byte {end}: it had arrived, and was not read to its end.");
    assert!(story.contains(&arrived), "{arrived} is not in\n{story}");
}

/// Returns the length of the frame with the only message, from its packet: all that the shop has
/// not read.
fn unread(trial: &Trial) -> usize {
    let has_it = |packet: &&delivery_lab::history::Packet| {
        packet.to.is_some_and(|to| trial.history.process(to).name.as_str() == "shop")
            && String::from_utf8_lossy(&packet.bytes).contains("driver-1")
    };
    let packet = trial.packets.iter().find(has_it).expect("it left");
    packet.bytes.len() - 40
}

#[test]
fn a_datagram_that_its_own_socket_refused_is_told_as_such() {
    // A socket takes 212,992 bytes in one instant, headers of 28 bytes included. 300 shops get a
    // datagram of more than 1,000 bytes each: at most 207 fit.
    let publish = entry(1, 1000);
    let contender = "udp/fire-and-forget";
    let storm = Storm { contender, publish, shops: 300, ..Storm::default() };
    let trial = storm.run();
    let story = text(&trial.life(&id(1)).0);
    let datagram = trial.packets.iter().map(|packet| packet.bytes.len()).max().unwrap();
    let refused = story.matches("The socket's send buffer is full: the datagram to shop").count();
    let missed = story.matches("[overflowed]").count();
    // The ids of sessions are longer for later shops: the last that fits may be one off.
    let fit = 212_992 / datagram;
    assert!((300 - refused).abs_diff(fit) <= 2, "{refused} of 300 refused, {fit} fit");
    assert_eq!(refused, missed);
    assert!(!story.contains("it waits to go out"), "{story}");
    // The same at the client: 250 messages at once.
    let one = entry(1, 1000).replace(" every = \"100ms\", count = 1,", "");
    let publish = vec![one; 250].join(", ");
    let storm = Storm { contender, publish, ..Storm::default() };
    let (story, _) = storm.tell(250);
    let full = "1s driver gives it to its socket, for its session 1. The socket's send buffer is \
                full: the datagram never leaves.\n";
    assert!(text(&story).contains(full), "{}", text(&story));
}

#[test]
fn conclusions_are_the_end_one_for_each_subscriber() {
    // shop#3 is gone before the message.
    let faults = "[[fault]]\nkind = \"disconnect\"\nwho = \"shop#3\"\nat = \"500ms\"";
    let storm = Storm { shops: 20, faults, ..Storm::default() };
    let (story, followed) = storm.tell(1);
    assert_eq!(followed.len(), 20);
    let (before, last) = story.split_at(story.len() - 20);
    assert!(before.iter().all(|one| !one.text.starts_with("So ")), "{}", text(&story));
    for (one, at) in last.iter().zip(1..) {
        let end = match at {
            3 => "So shop#3 has missed driver-1: the client was not connected [not-connected]."
                .to_owned(),
            _ => format!("So shop#{at} has driver-1 live."),
        };
        assert_eq!((&one.text, one.of), (&end, SentenceOrigin::Verdict));
    }
}

#[test]
fn what_came_before_a_subscription_is_concluded_so() {
    // Nothing of the shop's join arrives before the message.
    let faults = "[[fault]]\nkind = \"loss\"\nwho = \"shop\"\nat = \"0ms\"\nfor = \"5s\"\nrate = 1";
    let (story, followed) = Storm { faults, ..Storm::default() }.tell(1);
    assert_eq!(followed.iter().map(|one| one.outcome).collect::<Vec<_>>(), [None]);
    let end = "So shop does not want driver-1: its subscription did not stand then.\n";
    assert!(text(&story).ends_with(end), "{}", text(&story));
}

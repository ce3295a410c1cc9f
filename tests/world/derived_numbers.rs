//! Tests numbers on which the tutorials rely, each derived before it is measured: the cost of ten
//! percent of loss over each link, the delay by a cut, the messages lost by a disconnection.

use delivery_lab::terms::Cause;
use std::fmt::Write as _;

use delivery_lab::message::Contender;
use delivery_lab::scenario::{Scenario, builtin};
use delivery_lab::sim::{TrialOptions, run_trial};
use delivery_lab::time::Duration;
use delivery_lab::verdict::{self, Row, SubscriberReport};

/// A scenario with a sensor that publishes, a reader that subscribes, and one fault.
struct Lesson {
    latency: &'static str,
    run_for: &'static str,
    publish: &'static str,
    fault: &'static str,
}

impl Lesson {
    /// Returns the text of the scenario's file.
    fn file(&self, seed: u64) -> String {
        let Lesson { latency, run_for, publish, fault } = self;
        format!(
            r#"title = "A fact"
seed = {seed}
run_for = "{run_for}"
latency = "{latency}"
[[client]]
id = "sensor"
publish = [{{ queue = "readings", event = "temperature", {publish} }}]
[[client]]
id = "reader"
subscribe = [{{ queue = "readings", event = "temperature" }}]
[[fault]]
who = "reader"
{fault}
"#
        )
    }
}

/// Runs a lesson, and passes the reader's report to `check`. A panic there prints the file.
fn check(lesson: &Lesson, contender: &str, seed: u64, check: impl FnOnce(&SubscriberReport)) {
    let file = lesson.file(seed);
    let scenario = Scenario::load("fact.toml", &file).unwrap_or_else(|bad| panic!("{bad:?}"));
    let contender: Contender = contender.parse().unwrap();
    let trial = run_trial(&scenario, contender, seed, &TrialOptions::default());
    let history = trial.unwrap_or_else(|error| panic!("{error}")).history;
    let row = verdict::judge(&scenario, contender, &history);
    let [reader] = &row.subscribers[..] else { panic!("the reader alone subscribes") };
    assert_eq!(reader.wanted, row.published, "the reader wants all");
    let mut context = format!("dlab run of this file, {contender}:\n{file}");
    let one = |cause: (&Cause, &u64)| format!(" {} {}", cause.1, cause.0);
    let causes: String = reader.causes.iter().map(one).collect();
    write!(context, "missed {}:{causes}; worst {:?} ms", reader.missed, reader.worst_delay_ms)
        .expect("a string takes all text");
    let shown = Shown(&context);
    check(reader);
    std::mem::forget(shown);
}

/// Prints its text when a panic unwinds past it.
struct Shown<'a>(&'a str);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        eprintln!("{}", self.0);
    }
}

fn missed(reader: &SubscriberReport) -> Vec<(Cause, u64)> {
    reader.causes.iter().map(|(cause, count)| (*cause, *count)).collect()
}

fn worst(reader: &SubscriberReport) -> f64 {
    reader.worst_delay_ms.expect("something was handled")
}

/// 2,000 messages, one every 10 ms from 1 s to 21 s, one packet in ten lost at the reader.
const LOSSY: Lesson = Lesson {
    latency: "50ms",
    run_for: "40s",
    publish: r#"every = "10ms", count = 2000, start = "1s""#,
    fault: "kind = \"loss\"\nat = \"500ms\"\nrate = 0.1",
};

#[test]
fn a_tenth_of_the_packets_lost_is_a_tenth_of_the_messages_over_udp() {
    // Each message is one packet to the reader, lost with probability 0.1 independently of the
    // others: binomial(2000, 0.1), mean 200, standard deviation sqrt(2000 · 0.1 · 0.9) = 13.4; four
    // of them are 53.7. The loss begins after the join, and nothing else can end a copy: the
    // default heartbeat's first ping comes at 25 s.
    let mut counts = Vec::new();
    for seed in 1..=8 {
        check(&LOSSY, "udp/fire-and-forget", seed, |reader| {
            assert!((147..=253).contains(&reader.missed), "seed {seed}: {}", reader.missed);
            assert_eq!(missed(reader), [(Cause::DroppedInNetwork, reader.missed)]);
            // A message that is not lost takes two latencies, 50 ms to the broker and 50 ms on.
            assert_eq!(worst(reader), 100.0, "seed {seed}");
            counts.push(reader.missed);
        });
    }
    // The mean of eight has a standard deviation of 13.4 / sqrt(8) = 4.7: four are 19.
    let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    assert!((181.0..=219.0).contains(&mean), "{counts:?}");
    counts.dedup();
    assert!(counts.len() > 4, "another seed loses others: {counts:?}");
}

#[test]
fn a_tenth_of_the_packets_lost_costs_tcp_time_and_no_message() {
    for seed in 1..=8 {
        check(&LOSSY, "tcp/fire-and-forget", seed, |reader| {
            assert_eq!((reader.missed, reader.handled_again, reader.out_of_order), (0, 0, 0));
            // With 2,000 packets at 10 % some segment is lost, and its first retransmission, too:
            // each time a round trip and a quarter until that is known, 125 ms or more.
            assert!(worst(reader) >= 350.0, "seed {seed}: {}", worst(reader));
        });
    }
}

#[test]
fn catch_up_loses_nothing_to_loss_over_either_link() {
    for contender in ["udp/catch-up", "tcp/catch-up"] {
        check(&LOSSY, contender, 1, |reader| {
            assert_eq!((reader.missed, reader.handled_again, reader.out_of_order), (0, 0, 0));
        });
    }
}

#[test]
fn a_cut_on_a_busy_link_delays_until_the_timeout_after_its_end() {
    // One way 20 ms; a message every 10 ms from 1 s on reaches the broker 20 ms later. The
    // reader's link is silent from 2,000 to 6,000 ms.
    //
    // The first message that is lost is published at 1,980 and pushed at 2,000. The one pushed at
    // 1,980 arrives, but not its acknowledgement, which leaves at 2,002: 2 ms after it was read, the
    // stack's ACK delay. A round trip is 42 ms, the timeout 254 ms. The congestion window is 10
    // segments, as at first, since no more was ever needed: those pushed at 1,980 to 2,070 fill it.
    // The probe comes two round trips and 8 ms after the last, at 2,162. The timeout counts from the
    // first, and is doubled: at 2,234, and after 508, 1,016, 2,032 and 4,064 ms, at 2,742, 3,758,
    // 5,790 and 9,854. That arrives at 9,874, which is 7,894 ms after 1,980.
    //
    // In catch-up each message is acknowledged at once by a frame, which carries TCP's ACK without
    // its delay: a round trip is 40 ms, the timeout 252 ms, and the times are 2,158, 2,232, 2,736,
    // 3,744, 5,760 and 9,792. That arrives at 9,812: 7,832 ms after 1,980. Linux 6.18 took 7.83 to
    // 8.02 s where a message came every 100 ms.
    let lesson = Lesson {
        latency: "20ms",
        run_for: "30s",
        publish: r#"every = "10ms", count = 1000, start = "1s""#,
        fault: "kind = \"cut\"\nat = \"2s\"\nfor = \"4s\"",
    };
    for (contender, expected) in [("tcp/fire-and-forget", 7_894.0), ("tcp/catch-up", 7_832.0)] {
        check(&lesson, contender, 1, |reader| {
            assert_eq!((reader.missed, reader.handled_again, reader.out_of_order), (0, 0, 0));
            assert_eq!(worst(reader), expected, "{contender}");
        });
    }
}

#[test]
fn a_cut_on_a_trickling_link_delays_until_the_timeout_after_its_end() {
    // One message a second, published at 1,000, 2,000, … and pushed 20 ms later; the link is cut
    // from 2,000 to 6,000. The message of 2,000 is the first to be lost. The round trips before it
    // took 40 and 42 ms, so the timeout is 253 ms: it is sent again at 2,273, 2,526, 3,032, 4,044
    // and 6,068, and arrives at 6,088, 4,088 ms after 2,000. Nothing new leaves meanwhile, though
    // messages are published. Linux 6.18 took 4.09 to 4.11 s.
    let lesson = Lesson {
        latency: "20ms",
        run_for: "30s",
        publish: r#"every = "1s", count = 10, start = "1s""#,
        fault: "kind = \"cut\"\nat = \"2s\"\nfor = \"4s\"",
    };
    check(&lesson, "tcp/fire-and-forget", 1, |reader| {
        assert_eq!((reader.missed, reader.handled_again, reader.out_of_order), (0, 0, 0));
        assert_eq!(worst(reader), 4_088.0);
    });
}

#[test]
fn a_cut_on_an_idle_link_delays_until_the_timeout_after_its_end() {
    // One message, pushed at 3,020 ms into a cut from 2,000 to 6,000. The timeout is 253 ms, after
    // round trips of 40 and 42 ms. It is sent again at 3,273, 3,526, 4,032, 5,044 and 7,068. The
    // last one gets through and arrives at 7,088: 4,088 ms after the message was published at
    // 3,000.
    let lesson = Lesson {
        latency: "20ms",
        run_for: "30s",
        publish: r#"start = "3s""#,
        fault: "kind = \"cut\"\nat = \"2s\"\nfor = \"4s\"",
    };
    for contender in ["tcp/fire-and-forget", "tcp/catch-up"] {
        check(&lesson, contender, 1, |reader| {
            assert_eq!((reader.wanted, reader.missed), (1, 0));
            assert_eq!(worst(reader), 4_088.0);
        });
    }
}

#[test]
fn a_disconnection_loses_exactly_what_was_sent_meanwhile() {
    // One way takes 20 ms. There is a message every 100 ms from 1,000 ms on, which reaches the
    // broker 20 ms later. The reader is away from 3,005 to 6,005 ms.
    //
    // Over tcp the FIN reaches the broker at 3,025. The message of 3,000, pushed at 3,020, arrives
    // at 3,040, when the reader has left: it is sent into a dead link. That of 3,100 finds no
    // session, and so on. The reader sends SYN at 6,005; SYN-ACK arrives at 6,045, ACK and hello at
    // 6,065, welcome at 6,085, and the join reaches the broker at 6,105. The message of 6,100
    // reaches the broker at 6,120, and is the first to be pushed again. So one message is sent into
    // a dead link, and the 30 from 3,100 to 6,000 find no connection.
    let lesson = Lesson {
        latency: "20ms",
        run_for: "12s",
        publish: r#"every = "100ms", count = 80, start = "1s""#,
        fault: "kind = \"disconnect\"\nat = \"3005ms\"\nfor = \"3s\"",
    };
    check(&lesson, "tcp/fire-and-forget", 1, |reader| {
        assert_eq!(missed(reader), [(Cause::NotConnected, 30), (Cause::SentIntoDeadLink, 1)]);
    });
    // Over udp the broker does not learn of the disconnection (its first ping would come at 25 s).
    // It pushes all messages from that of 3,000 to that of 6,000, until the hello at 6,025. The
    // join that follows reaches the broker at 6,065.
    check(&lesson, "udp/fire-and-forget", 1, |reader| {
        assert_eq!(missed(reader), [(Cause::SentIntoDeadLink, 31)]);
    });
    for contender in ["tcp/catch-up", "udp/catch-up"] {
        check(&lesson, contender, 1, |reader| {
            assert_eq!((reader.missed, reader.handled_again, reader.out_of_order), (0, 0, 0));
            assert_eq!(reader.caught_up, 31, "{contender}");
        });
    }
}

/// Runs the scenario `idle-timeout`, with pings every so often.
fn idle_timeout(contender: &str, ping_every: u64) -> Row {
    let text = builtin::find("idle-timeout").unwrap();
    let mut scenario = Scenario::load("idle-timeout", text).unwrap();
    scenario.broker.heartbeat.every = Duration::from_secs(ping_every);
    let contender: Contender = contender.parse().unwrap();
    let trial = run_trial(&scenario, contender, scenario.seed, &TrialOptions::default()).unwrap();
    verdict::judge(&scenario, contender, &trial.history)
}

#[test]
fn a_heartbeat_that_comes_more_often_keeps_a_flow_known() {
    for contender in ["udp/fire-and-forget", "tcp/fire-and-forget", "websocket/catch-up"] {
        let row = idle_timeout(contender, 25);
        assert!(row.subscribers.iter().all(|one| one.live == 5), "{contender}");
        assert!(row.detections.is_empty(), "{contender}: {:?}", row.detections);
        assert!(idle_timeout(contender, 45).subscribers[0].live == 2, "{contender}");
    }
}

#[test]
fn an_idle_timeout_is_noticed_by_heartbeat_and_counted_from_when_the_flow_was_forgotten() {
    // The broker gives up at 50.06 s (udp: 50.02), the client 20 ms later. The last packet passed at
    // 10.042 s over tcp, at 10.082 with an acknowledgement in catch-up, at 10.04 over udp.
    for (contender, broker, client) in [
        ("tcp/fire-and-forget", 10_018.0, 10_038.0),
        ("tcp/catch-up", 9_978.0, 9_998.0),
        ("udp/fire-and-forget", 9_980.0, 10_000.0),
    ] {
        let row = idle_timeout(contender, 45);
        let phone = row.detections.iter().filter(|one| one.client == "phone");
        let noticed: Vec<_> = phone.map(|one| (one.side, one.after_ms, one.by)).collect();
        let by = Some("heartbeat");
        let expected = [("broker", Some(broker), by), ("client", Some(client), by)];
        assert_eq!(noticed, expected, "{contender}");
    }
}

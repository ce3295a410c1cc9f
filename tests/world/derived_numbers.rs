//! Numbers that a lesson stands on, derived before they are measured: what ten percent of loss
//! costs over each link, what a cut delays, what a disconnection loses.

use delivery_lab::terms::Cause;
use std::fmt::Write as _;

use delivery_lab::message::Contender;
use delivery_lab::scenario::Scenario;
use delivery_lab::sim::{TrialOptions, run_trial};
use delivery_lab::verdict::{self, SubscriberReport};

/// A sensor that publishes, a reader that listens, and one fault.
struct Lesson {
    latency: &'static str,
    run_for: &'static str,
    publish: &'static str,
    fault: &'static str,
}

impl Lesson {
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

/// Runs a lesson and hands what its reader got to `check`; a panic there prints the file.
fn check(lesson: &Lesson, contender: &str, seed: u64, check: impl FnOnce(&SubscriberReport)) {
    let file = lesson.file(seed);
    let scenario = Scenario::load("fact.toml", &file).unwrap_or_else(|bad| panic!("{bad:?}"));
    let contender: Contender = contender.parse().unwrap();
    let trial = run_trial(&scenario, contender, seed, &TrialOptions::default());
    let history = trial.unwrap_or_else(|panic| panic!("{panic}")).history;
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
    // Each message is one packet to the reader, lost with 0.1, independently: binomial(2000, 0.1),
    // mean 200, standard deviation sqrt(2000 · 0.1 · 0.9) = 13.4; four of them are 53.7. The loss
    // begins after the join, and nothing else can end a copy: the default heartbeat's first ping
    // comes at 25 s.
    let mut counts = Vec::new();
    for seed in 1..=8 {
        check(&LOSSY, "udp/fire-and-forget", seed, |reader| {
            assert!((147..=253).contains(&reader.missed), "seed {seed}: {}", reader.missed);
            assert_eq!(missed(reader), [(Cause::DroppedInNetwork, reader.missed)]);
            // What is not lost takes two latencies, 50 ms to the broker and 50 ms on.
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
            assert_eq!((reader.missed, reader.twice, reader.out_of_order), (0, 0, 0));
            // With 2,000 packets at 10 % some segment is lost and its first repair, too: a round
            // trip of 100 ms before the third duplicate ACK, and then a timeout of at least 200.
            assert!(worst(reader) >= 400.0, "seed {seed}: {}", worst(reader));
        });
    }
}

#[test]
fn catch_up_loses_nothing_to_loss_over_either_link() {
    for contender in ["udp/catch-up", "tcp/catch-up"] {
        check(&LOSSY, contender, 1, |reader| {
            assert_eq!((reader.missed, reader.twice, reader.out_of_order), (0, 0, 0));
        });
    }
}

#[test]
fn a_cut_on_a_busy_link_delays_until_the_timeout_after_its_end() {
    // One way 20 ms; a message every 10 ms from 1 s on reaches the broker 20 ms later. The
    // reader's link is silent from 2,000 to 6,000 ms.
    //
    // The first message that dies is the one handed over at 1,980, pushed at 2,000. The RTO is
    // the least, 200 ms, and begins anew with each ACK. The last that comes is for the message
    // pushed at 1,970: read at 1,990, answered 2 ms later (the stack's ACK delay of 10 ms on a
    // clock five times as fast), heard at 2,012. So the timeouts are at 2,212, 2,612, 3,412,
    // 5,012 and 8,212.
    //
    // Later segments would repair it sooner by three duplicate ACKs, but there are none: in these
    // 200 ms twenty messages of some 150 bytes went out, two segments' worth, and the first
    // timeout shrinks the congestion window to one. So it is the timeout of 8,212 that repairs;
    // it arrives at 8,232, 6,252 ms after 1,980. In catch-up each message is answered at once with
    // an acknowledgement of its own, on which TCP's rides without its delay: 2 ms sooner.
    let lesson = Lesson {
        latency: "20ms",
        run_for: "30s",
        publish: r#"every = "10ms", count = 1000, start = "1s""#,
        fault: "kind = \"cut\"\nat = \"2s\"\nfor = \"4s\"",
    };
    for (contender, expected) in [("tcp/fire-and-forget", 6_252.0), ("tcp/catch-up", 6_250.0)] {
        check(&lesson, contender, 1, |reader| {
            assert_eq!((reader.missed, reader.twice, reader.out_of_order), (0, 0, 0));
            assert_eq!(worst(reader), expected, "{contender}");
        });
    }
}

#[test]
fn a_cut_on_a_trickling_link_is_repaired_by_duplicate_acks() {
    // A message a second, handed over at 1,000, 2,000, … and pushed 20 ms later; silence from
    // 2,000 to 6,000. That of 2,000 is the first to die. Its timeouts, 200 ms doubling from 2,020
    // on, are at 2,220, 2,620, 3,420, 5,020 and 8,220. All that follows fits in one segment's
    // window, so new segments leave meanwhile: those pushed at 6,020, 7,020 and 8,020 arrive out
    // of order, and the third duplicate ACK is back at 8,060. Its repair arrives at 8,080, 60 ms
    // before that of the timeout would have: 6,080 ms after 2,000.
    let lesson = Lesson {
        latency: "20ms",
        run_for: "30s",
        publish: r#"every = "1s", count = 10, start = "1s""#,
        fault: "kind = \"cut\"\nat = \"2s\"\nfor = \"4s\"",
    };
    check(&lesson, "tcp/fire-and-forget", 1, |reader| {
        assert_eq!((reader.missed, reader.twice, reader.out_of_order), (0, 0, 0));
        assert_eq!(worst(reader), 6_080.0);
    });
}

#[test]
fn a_cut_on_an_idle_link_delays_until_the_timeout_after_its_end() {
    // One message, pushed at 3,020 ms into a cut from 2,000 to 6,000. Its retransmissions leave
    // 200, 400, 800, 1,600, 3,200 ms after one another: 3,220, 3,620, 4,420, 6,020. That one
    // gets through and arrives at 6,040: 3,040 ms after it was handed over at 3,000.
    let lesson = Lesson {
        latency: "20ms",
        run_for: "30s",
        publish: r#"start = "3s""#,
        fault: "kind = \"cut\"\nat = \"2s\"\nfor = \"4s\"",
    };
    for contender in ["tcp/fire-and-forget", "tcp/catch-up"] {
        check(&lesson, contender, 1, |reader| {
            assert_eq!((reader.wanted, reader.missed), (1, 0));
            assert_eq!(worst(reader), 3_040.0);
        });
    }
}

#[test]
fn a_disconnection_loses_exactly_what_was_sent_meanwhile() {
    // One way 20 ms, a message every 100 ms from 1,000 ms on, at the broker 20 ms later. The
    // reader is away from 3,005 to 6,005 ms.
    //
    // Over tcp the FIN is at the broker at 3,025: the message of 3,000, pushed at 3,020, arrives
    // at 3,040 where nobody is any more. That of 3,100 finds no session, and so on. SYN at 6,005,
    // SYN-ACK at 6,045, ACK and hello at 6,065, welcome at 6,085, join at the broker at 6,105:
    // the message of 6,100 comes at 6,120 and is the first to be pushed again. So 3,000 is one
    // into a dead link, and 3,100 to 6,000 are 30.
    let lesson = Lesson {
        latency: "20ms",
        run_for: "12s",
        publish: r#"every = "100ms", count = 80, start = "1s""#,
        fault: "kind = \"disconnect\"\nat = \"3005ms\"\nfor = \"3s\"",
    };
    check(&lesson, "tcp/fire-and-forget", 1, |reader| {
        assert_eq!(missed(reader), [(Cause::NotConnected, 30), (Cause::SentIntoDeadLink, 1)]);
    });
    // Over udp nobody tells the broker (its first ping would come at 25 s): it pushes all the
    // while, from the message of 3,000 to that of 6,000, until the hello at 6,025. That one's
    // join is at the broker at 6,065.
    check(&lesson, "udp/fire-and-forget", 1, |reader| {
        assert_eq!(missed(reader), [(Cause::SentIntoDeadLink, 31)]);
    });
    for contender in ["tcp/catch-up", "udp/catch-up"] {
        check(&lesson, contender, 1, |reader| {
            assert_eq!((reader.missed, reader.twice, reader.out_of_order), (0, 0, 0));
            assert_eq!(reader.caught_up, 31, "{contender}");
        });
    }
}

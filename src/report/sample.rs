//! Hand-made scenarios and rows for the tests of the renderings. They need no simulation.

use std::collections::BTreeMap;

use crate::history::Cost;
use crate::message::{BrokerLimits, ClientLimits, HttpConnections, MessageId};
use crate::scenario::{ClientEntry, Direction, Effect, Fault, Latency, Scenario, Who};
use crate::terms::{Cause, Claim, Guarantee, Outcome, Verdict};
use crate::time::{Duration, Instant};
use crate::verdict::{
    Checked, Detection, Evidence, GuaranteeFinding, Hits, MessageOutcome, Row, SubscriberReport,
    UnwantedMessage,
};

use super::{Report, build};

/// Builds a scenario with this title, these subscribers and these faults.
pub fn scenario(title: &str, clients: &[&str], faults: Vec<Fault>) -> Scenario {
    let latency = Latency { min: Duration::from_millis(10), max: Duration::from_millis(40) };
    Scenario {
        name: "caps".to_owned(),
        title: title.to_owned(),
        about: String::new(),
        seed: 42,
        run_for: Duration::from_secs(20),
        latency,
        contenders: Vec::new(),
        broker: BrokerLimits::default(),
        broker_app: crate::scenario::BrokerApp::default(),
        polling_interval: Duration::from_secs(1),
        http_timeout: Duration::from_secs(20),
        http_connections: HttpConnections::default(),
        mutant: None,
        clients: ["driver"].iter().chain(clients).map(|id| client(id)).collect(),
        faults,
        expectations: Vec::new(),
    }
}

fn client(id: &str) -> ClientEntry {
    ClientEntry {
        id: id.into(),
        name: None,
        count: 1,
        publish: Vec::new(),
        subscribe: Vec::new(),
        join: Vec::new(),
        leave: Vec::new(),
        will: None,
        limits: ClientLimits::default(),
    }
}

/// Builds a fault on one client; times in milliseconds.
pub fn fault(effect: Effect, who: &str, at: u64, until: u64) -> Fault {
    Fault {
        effect,
        who: Who::Clients(vec![who.into()]),
        at: Instant::from_millis(at),
        until: if until == u64::MAX { Instant::NEVER } else { Instant::from_millis(until) },
        direction: Direction::Both,
    }
}

/// Builds a subscriber to `driver`, which publishes every `every_ms`, the first message after one
/// such interval. Each character of `outcomes` is a message: `o` live after 40 ms, `+` caught up
/// after 4 s, `x` missed by `cause`, `-` published before the subscription.
pub fn subscriber(client: &str, outcomes: &str, every_ms: u64, cause: Cause) -> SubscriberReport {
    let mut subscriber =
        SubscriberReport { client: client.to_owned(), ..SubscriberReport::default() };
    let mut delays = Vec::new();
    for (sequence, outcome) in (1..).zip(outcomes.chars()) {
        let published_ms = (sequence * every_ms) as f64;
        let id = MessageId { publisher: "driver".into(), sequence };
        if outcome == '-' {
            subscriber.before_subscription.push(UnwantedMessage { id, published_ms });
            continue;
        }
        let (outcome, delay) = match outcome {
            'o' => (Outcome::Live, Some(40.0)),
            '+' => (Outcome::CaughtUp, Some(4_000.0)),
            _ => (Outcome::Missed, None),
        };
        match outcome {
            Outcome::Live => subscriber.live += 1,
            Outcome::CaughtUp => subscriber.caught_up += 1,
            Outcome::Missed => {
                subscriber.missed += 1;
                *subscriber.causes.entry(cause).or_default() += 1;
            }
        }
        delays.extend(delay);
        subscriber.messages.push(MessageOutcome {
            id,
            queue: "acme-widgets".into(),
            event: "delivered".into(),
            published_ms,
            outcome,
            handled_ms: delay.map(|delay| published_ms + delay),
            cause: (outcome == Outcome::Missed).then_some(cause),
        });
    }
    subscriber.wanted = subscriber.messages.len() as u64;
    subscriber.worst_delay_ms = delays.into_iter().reduce(f64::max);
    subscriber.guarantees = findings(subscriber.missed);
    subscriber
}

fn findings(missed: u64) -> BTreeMap<Guarantee, GuaranteeFinding> {
    let (verdict, claim) = match missed {
        0 => (Verdict::Holds, Claim::Kept),
        _ => (Verdict::Violated, Claim::NotClaimed),
    };
    let finding = GuaranteeFinding { verdict, claim, evidence: Evidence::Said(None) };
    BTreeMap::from([(Guarantee::AtLeastOnce, finding)])
}

/// Builds a contender's row.
pub fn row(contender: &str, subscribers: Vec<SubscriberReport>) -> Row {
    let contender: crate::message::Contender = contender.parse().unwrap();
    let published = subscribers.iter().map(|s| s.wanted).max().unwrap_or(0);
    let worst = subscribers.iter().flat_map(|s| &s.guarantees);
    let guarantees = worst.map(|(&g, f)| (g, f.clone())).collect();
    let detection = Detection {
        fault: 0,
        client: "acme-widgets".to_owned(),
        side: "broker",
        after_ms: Some(20.0),
        by: Some("FIN"),
    };
    Row {
        link: contender.link,
        mode: contender.mode,
        published,
        ended_at_ms: 20_000.0,
        subscribers,
        guarantees,
        faults: vec![Hits { fault: 0, hits: 12 }],
        replaced: Vec::new(),
        never_connected: Vec::new(),
        answers_asked: 0,
        answers_in_time: 0,
        detections: vec![detection],
        cost: Cost { packets: 1_234, ..Cost::default() },
    }
}

/// Builds an expectation with its result.
pub fn checked(expected: &str, measured: Option<&str>, met: Option<bool>) -> Checked {
    Checked { expected: expected.to_owned(), measured: measured.map(str::to_owned), met }
}

/// Builds a report of the rows.
pub fn report(scenario: &Scenario, rows: Vec<Row>, checked: Vec<Checked>) -> Report {
    let replay = "dlab run caps --seed 42".to_owned();
    build(scenario, 42, replay, rows, "0123456789abcdef".to_owned(), checked)
}

/// The lab's introductory scenario: the vendor goes offline for four seconds.
pub fn caps() -> (Report, Scenario) {
    let away = fault(Effect::Disconnect, "acme-widgets", 2_500, 6_500);
    let scenario = scenario("CAPS: the vendor goes offline", &["acme-widgets"], vec![away]);
    let vendor = |outcomes| vec![subscriber("acme-widgets", outcomes, 1_000, Cause::NotConnected)];
    let mut rows = vec![
        row("udp/fire-and-forget", vendor("ooxxxxoo")),
        row("udp/catch-up", vendor("oo++++oo")),
        row("tcp/fire-and-forget", vendor("ooxxxxoo")),
        row("tcp/catch-up", vendor("oo++++oo")),
    ];
    for row in &mut rows[..2] {
        row.detections[0].after_ms = Some(45_000.0);
        row.detections[0].by = Some("heartbeat");
    }
    rows[0].subscribers[0].messages[2].cause = Some(Cause::SentIntoDeadLink);
    rows[0].subscribers[0].causes =
        BTreeMap::from([(Cause::SentIntoDeadLink, 1), (Cause::NotConnected, 3)]);
    let expectations = vec![
        checked("tcp/catch-up missed = 0", Some("0"), Some(true)),
        checked("tcp/catch-up caught_up = 4", Some("4"), Some(true)),
        checked("tcp/fire-and-forget missed 1.. cause not-connected", Some("4"), Some(true)),
    ];
    (report(&scenario, rows, expectations), scenario)
}

//! Random scenarios, valid by construction, that print as the files that they are.

use std::fmt;

use delivery_lab::message::{BrokerLimits, ClientLimits, Contender, From, Heartbeat, Name, Target};
use delivery_lab::scenario::{
    Client, Direction, Fault, FaultKind, Latency, Notice, Publish, Scenario, Subscribe, When, Who,
};
use delivery_lab::time::{Duration, Instant};
use proptest::prelude::*;
use serde_json::json;

/// When every storm is over, and the last message has been published.
const STORM_ENDS_MS: u64 = 10_000;
/// The peace after it. Whatever an attempt to connect met in the storm, it ends by its connect
/// timeout, 20 s after it began; then at most 5 s of backoff; then a fresh attempt meets peace.
/// An open session that fell silent is found dead within 2 s (a ping a second, a second to
/// answer) and the next attempt follows within 1.5 s. At most 675 messages (three publishers, one
/// each 40 ms, 9 s) follow, 100 a round trip of at most 80 ms: a second.
const PEACE_MS: u64 = 30_000;

/// A scenario that prints as its file.
#[derive(Clone)]
pub struct Case(pub Scenario);

/// Whether machines crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crashes {
    /// Never: all is within the terms.
    None,
    /// Those of clients and of the broker, with notice and without.
    Some,
}

/// One publisher's pace and the length of its payload: what fits in a datagram.
type Pace = (u64, usize);

pub fn cases(crashes: Crashes) -> impl Strategy<Value = Case> {
    let paces = prop::collection::vec((40..400_u64, 0..600_usize), 1..=3);
    let inbox = prop_oneof![3 => Just(1_000), 1 => 1..20_usize];
    let gusts = prop::collection::vec(gust(crashes), 0..6);
    let parts = (any::<u32>(), 5..=40_u64, paces, 1..=3_usize, inbox, absence(), gusts);
    parts.prop_map(|(seed, latency, paces, shops, inbox, absence, gusts)| {
        let clients = clients(&paces, shops, inbox);
        let mut faults = vec![absence];
        faults.extend(gusts.into_iter().filter_map(|gust| gust.fault(paces.len(), shops)));
        Case(scenario(u64::from(seed), latency, clients, faults))
    })
}

fn scenario(seed: u64, latency_ms: u64, clients: Vec<Client>, faults: Vec<Fault>) -> Scenario {
    let heartbeat = Duration::from_secs(1);
    let broker = BrokerLimits {
        heartbeat: Heartbeat { every: heartbeat, timeout: heartbeat },
        ..BrokerLimits::default()
    };
    let latency = Duration::from_millis(latency_ms);
    Scenario {
        name: "storm".to_owned(),
        title: "A random storm".to_owned(),
        about: String::new(),
        seed,
        run_for: Duration::from_millis(STORM_ENDS_MS + PEACE_MS),
        latency: Latency { min: latency, max: latency },
        contenders: Contender::all().collect(),
        broker,
        polling_interval: Duration::from_secs(1),
        mutant: None,
        clients,
        faults,
        expectations: Vec::new(),
    }
}

/// Drivers that publish from 1 s on until the storm is over, and shops that listen.
fn clients(paces: &[Pace], shops: usize, inbox: usize) -> Vec<Client> {
    let publish = |&(every, length): &Pace| Publish {
        queue: "q".into(),
        event: "e".into(),
        payload: (&json!("x".repeat(length))).into(),
        target: Target::default(),
        when: When::Every {
            start: Instant::from_millis(1_000),
            every: Duration::from_millis(every),
            count: (STORM_ENDS_MS - 1_000) / every,
        },
        ack_within: None,
    };
    let drivers = paces.iter().zip(1..).map(|(pace, n)| Client {
        publish: vec![publish(pace)],
        ..client(format!("driver{n}"), 1_000)
    });
    let subscribe = Subscribe { queue: "q".into(), event: "e".into(), from: From::Now };
    let shops = (1..=shops).map(|n| Client {
        subscribe: vec![subscribe.clone()],
        ..client(format!("shop{n}"), inbox)
    });
    drivers.chain(shops).collect()
}

fn client(id: String, inbox: usize) -> Client {
    Client {
        id: id.into(),
        name: None,
        count: 1,
        publish: Vec::new(),
        subscribe: Vec::new(),
        join: Vec::new(),
        leave: Vec::new(),
        limits: ClientLimits { inbox, ..ClientLimits::default() },
    }
}

/// What every storm has: the first shop is away for 4 s to 6 s while drivers publish. A cut is
/// noticed within 2 s, so that it is a reconnection, too.
fn absence() -> impl Strategy<Value = Fault> {
    let kind = prop_oneof![Just(FaultKind::Disconnect), Just(FaultKind::Cut)];
    (kind, 1_500..4_000_u64, 4_000..6_000_u64).prop_map(|(kind, at, length)| Fault {
        kind,
        who: Who::Clients(vec!["shop1".into()]),
        at: Instant::from_millis(at),
        until: Instant::from_millis(at + length),
        direction: Direction::Both,
    })
}

/// One more trouble, before it is known how many clients there are.
#[derive(Clone, Debug)]
struct Gust {
    kind: FaultKind,
    who: Whom,
    at: u64,
    length: u64,
    direction: Direction,
}

#[derive(Clone, Copy, Debug)]
enum Whom {
    Driver(usize),
    Shop(usize),
    Broker,
}

fn gust(crashes: Crashes) -> impl Strategy<Value = Gust> {
    let who = prop_oneof![
        2 => (0..3_usize).prop_map(Whom::Driver),
        3 => (0..3_usize).prop_map(Whom::Shop),
        1 => Just(Whom::Broker),
    ];
    let direction = prop::sample::select(vec![Direction::Both, Direction::In, Direction::Out]);
    // From the joins on: who has not joined yet wants nothing.
    (kind(crashes), who, 1_000..8_000_u64, 10..5_000_u64, direction)
        .prop_map(|(kind, who, at, length, direction)| Gust { kind, who, at, length, direction })
}

fn kind(crashes: Crashes) -> impl Strategy<Value = FaultKind> {
    let ms = |range: std::ops::Range<u64>| range.prop_map(Duration::from_millis);
    let percent = |range: std::ops::Range<u32>| range.prop_map(|n| f64::from(n) / 100.0);
    let latency = (5..200_u64, 0..200_u64).prop_map(|(min, more)| Latency {
        min: Duration::from_millis(min),
        max: Duration::from_millis(min + more),
    });
    let notice = prop::sample::select(vec![Notice::Silent, Notice::Given]);
    let deaf = FaultKind::Deaf { queue: "q".into(), event: "e".into() };
    let calm = prop_oneof![
        Just(FaultKind::Disconnect),
        Just(FaultKind::Cut),
        Just(FaultKind::Partition { groups: Vec::new() }),
        percent(2..40).prop_map(|rate| FaultKind::Loss { rate }),
        percent(2..50).prop_map(|rate| FaultKind::Duplicate { rate }),
        percent(2..30).prop_map(|rate| FaultKind::Corrupt { rate }),
        (percent(5..50), ms(10..300)).prop_map(|(rate, delay)| FaultKind::Reorder { rate, delay }),
        latency.prop_map(|latency| FaultKind::Latency { latency }),
        (3_000..100_000_u64, 1_500..20_000_u64).prop_map(|(bytes_per_second, queue_bytes)| {
            FaultKind::Bandwidth { bytes_per_second, queue_bytes }
        }),
        Just(FaultKind::Pause),
        ms(5..200).prop_map(|handler| FaultKind::Slow { handler }),
        Just(deaf),
    ];
    match crashes {
        Crashes::None => calm.boxed(),
        Crashes::Some => {
            prop_oneof![2 => calm, 1 => notice.prop_map(|notice| FaultKind::Crash { notice })]
                .boxed()
        }
    }
}

impl Gust {
    /// The fault, for one of so many drivers and shops; `None` if the broker cannot have it.
    fn fault(self, drivers: usize, shops: usize) -> Option<Fault> {
        let Gust { mut kind, who, at, length, direction } = self;
        let clients_only =
            matches!(kind, FaultKind::Disconnect | FaultKind::Slow { .. } | FaultKind::Deaf { .. });
        let one: Option<Name> = match who {
            Whom::Driver(n) => Some(format!("driver{}", n % drivers + 1).into()),
            Whom::Shop(n) => Some(format!("shop{}", n % shops + 1).into()),
            Whom::Broker => None,
        };
        let mut who = match &one {
            Some(name) => Who::Clients(vec![name.clone()]),
            None if clients_only => return None,
            None => Who::Broker,
        };
        if let FaultKind::Partition { groups } = &mut kind {
            let broker = "broker".into();
            *groups = vec![vec![broker], vec![one.unwrap_or_else(|| "shop1".into())]];
            who = Who::Nobody;
        }
        let direction = if kind.has_direction() { direction } else { Direction::Both };
        let until = Instant::from_millis((at + length).min(STORM_ENDS_MS));
        Some(Fault { kind, who, at: Instant::from_millis(at), until, direction })
    }
}

/// As a scenario file.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0)
    }
}

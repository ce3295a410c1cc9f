//! The scenario of a random history: its clients, faults and limits.

use crate::history::Process;
use crate::message::{
    AckPolicy, BrokerLimits, ClientLimits, Contender, Dedup, Heartbeat, HttpConnections, Link,
    Mode, Name, StartAt,
};
use crate::scenario::{
    ClientEntry, CrashNotice, Direction, Effect, Fault, Latency, RoomChange, Scenario, Subscribe,
    Who,
};
use crate::time::{Duration, Instant};

use super::dice::Dice;

/// The rooms of the one queue, `q`.
pub const ROOMS: [&str; 2] = ["e", "x"];

/// The clients beside a driver that publishes and a shop that subscribes, by id and name.
const OTHERS: [&[(&str, &str)]; 3] = [&[], &[("shop-2", "shop")], &[("cafe", "cafe")]];

pub fn contender(dice: &mut Dice) -> Contender {
    // TCP and UDP are drawn twice as often as the links on top of TCP.
    let weight = |link: Link| if [Link::Udp, Link::Tcp].contains(&link) { 2 } else { 1 };
    let links = Link::ALL.into_iter().flat_map(|link| std::iter::repeat_n(link, weight(link)));
    let link = dice.pick(&links.collect::<Vec<_>>());
    Contender { link, mode: dice.pick(&[Mode::FireAndForget, Mode::CatchUp, Mode::CatchUp]) }
}

/// Draws a scenario that was never loaded from a file. Only what the judge reads of one is in it.
pub fn scenario(dice: &mut Dice) -> Scenario {
    let mut clients = vec![client(dice, "driver", "driver"), client(dice, "shop", "shop")];
    let others = dice.pick(&OTHERS);
    clients.extend(others.iter().map(|(id, name)| client(dice, id, name)));
    // Now and then the driver subscribes, too.
    if dice.percent(80) {
        clients[0].subscribe.clear();
        clients[0].join.clear();
    }
    let names: Vec<Name> = clients.iter().map(|client| client.id.clone()).collect();
    let faults = (0..dice.pick(&[0, 0, 1, 1, 2, 3])).map(|_| fault(dice, &names)).collect();
    let ms = Duration::from_millis;
    Scenario {
        name: "random".into(),
        title: "A random history".into(),
        about: String::new(),
        seed: 1,
        run_for: ms(10_000),
        latency: Latency { min: ms(20), max: ms(20) },
        contenders: vec![],
        broker: BrokerLimits {
            heartbeat: Heartbeat { every: ms(60), timeout: ms(40) },
            ack_timeout: ms(50),
            ..BrokerLimits::default()
        },
        broker_app: crate::scenario::BrokerApp::default(),
        polling_interval: ms(100),
        http_timeout: ms(20_000),
        http_connections: HttpConnections::default(),
        mutant: None,
        clients,
        faults,
        expectations: vec![],
    }
}

/// Returns the indices of the faults that forget flows.
pub fn idle_timeouts(scenario: &Scenario) -> Vec<usize> {
    let is_idle = |fault: &Fault| matches!(fault.effect, Effect::IdleTimeout { .. });
    (0..)
        .zip(&scenario.faults)
        .filter(|(_, fault)| is_idle(fault))
        .map(|(index, _)| index)
        .collect()
}

/// Returns the processes of a scenario, the broker first.
pub fn processes(scenario: &Scenario) -> Vec<Process> {
    let broker = Process { name: "broker".into(), client: "broker".into() };
    let clients = scenario.clients.iter().flat_map(ClientEntry::processes);
    let clients = clients.map(|(name, client)| Process { name, client });
    std::iter::once(broker).chain(clients).collect()
}

fn client(dice: &mut Dice, id: &str, name: &str) -> ClientEntry {
    let queue: Name = "q".into();
    let mut limits = ClientLimits::default();
    if dice.percent(20) {
        limits.dedup = Dedup::Off;
    }
    if dice.percent(20) {
        limits.ack = dice.pick(&[AckPolicy::BeforeHandler, AckPolicy::Never]);
    }
    let room: Name = ROOMS[0].into();
    let (mut subscribe, mut join) = (vec![], vec![]);
    match dice.percent(85) {
        true => subscribe.push(Subscribe { queue, event: room, from: StartAt::Now }),
        false => join.push(RoomChange { queue, room, at: Instant::from_millis(100) }),
    }
    ClientEntry {
        id: id.into(),
        name: (id != name).then(|| name.into()),
        count: 1,
        publish: vec![],
        subscribe,
        join,
        leave: vec![],
        will: None,
        limits,
    }
}

fn fault(dice: &mut Dice, names: &[Name]) -> Fault {
    let ms = Duration::from_millis;
    let groups = groups(dice, names);
    let kind = dice.pick(&[
        Effect::Disconnect,
        Effect::Cut,
        Effect::Cut,
        Effect::Partition { groups },
        Effect::IdleTimeout { after: ms(50) },
        Effect::IdleTimeout { after: ms(50) },
        Effect::IdleTimeout { after: ms(50) },
        Effect::IdleTimeout { after: ms(50) },
        Effect::Loss { rate: 0.5 },
        Effect::Duplicate { rate: 0.5 },
        Effect::Corrupt { rate: 0.5 },
        Effect::Reorder { rate: 0.5, delay: ms(30) },
        Effect::Latency { latency: Latency { min: ms(20), max: ms(50) } },
        Effect::Bandwidth { bytes_per_second: 1_000, queue_bytes: 100 },
        Effect::Crash { notice: CrashNotice::Silent },
        Effect::Crash { notice: CrashNotice::Given },
        Effect::Pause,
        Effect::Freeze,
        Effect::Reset,
        Effect::Slow { handler: ms(100) },
        Effect::Deaf { queue: "q".into(), event: ROOMS[0].into() },
    ]);
    let who = match kind {
        Effect::Partition { .. } => Who::Nobody,
        _ if dice.percent(20) => Who::Broker,
        _ => Who::Clients(vec![dice.pick(&names[1..])]),
    };
    // Now and then after the end of the history.
    let drawn = dice.below(600);
    let at = Instant::from_millis(if drawn.is_multiple_of(10) { 10 * drawn } else { drawn });
    let until = match dice.below(5) {
        0 => Instant::NEVER,
        _ => at + ms(10 + dice.below(300)),
    };
    let direction = dice.pick(&[Direction::Both, Direction::Both, Direction::In, Direction::Out]);
    Fault { effect: kind, who, at, until, direction }
}

/// Draws two groups. Each process is in one of them, or in none.
fn groups(dice: &mut Dice, names: &[Name]) -> Vec<Vec<Name>> {
    let mut groups = vec![vec![], vec![]];
    for name in std::iter::once(&Name::from("broker")).chain(names) {
        if dice.percent(90) {
            groups[dice.below(2) as usize].push(name.clone());
        }
    }
    groups
}

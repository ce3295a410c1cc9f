//! Draws a workload from a seed: publishers, subscribers, rooms, and the limits of broker and
//! clients.

use serde_json::json;

use crate::message::{
    BrokerLimits, ClientLimits, Contender, Draft, Durability, Echo, Heartbeat, HttpConnections,
    Members, Name, Payload, Retention, StartAt, Target,
};
use crate::scenario::{
    BrokerAct, BrokerApp, ClientEntry, Latency, MemberChange, Publish, RoomChange, Scenario,
    Subscribe, When,
};
use crate::sim::Draw;
use crate::time::{Duration, Instant};

/// The queue of every drawn workload.
const QUEUE: &str = "q";
/// The event of every publish, and the room that every subscriber joins.
const EVENT: &str = "e";
/// The room that some subscribers join later.
const ROOM: &str = "vip";
/// The subscriber that every drawn workload has.
const FIRST_SHOP: &str = "shop1";
/// The earliest time of the first message.
const START_MS: u64 = 1_000;
/// Bounds the number of messages: without a delayed start, the last is published before this time.
const END_MS: u64 = 8_000;

/// Draws a plain workload from a seed: one room, the default target, and default limits for broker
/// and clients.
pub fn plain(seed: u64) -> Scenario {
    let mut scenario = any(seed);
    let heartbeat = scenario.broker.heartbeat;
    scenario.broker = BrokerLimits { heartbeat, ..BrokerLimits::default() };
    scenario.broker_app = BrokerApp::default();
    for client in &mut scenario.clients {
        client.join.clear();
        client.leave.clear();
        client.will = None;
        client.limits = ClientLimits::default();
        client.subscribe.iter_mut().for_each(|one| one.from = StartAt::Now);
        client.publish.iter_mut().for_each(|one| one.draft.target = Target::default());
    }
    scenario
}

/// Draws the workload of a seed, over every contender and without faults.
pub fn any(seed: u64) -> Scenario {
    let dice = Draw::new(seed).named("workload");
    let is = |feature: &str, one_in: u64| dice.named(feature).below(one_in) == 0;
    let ms = Duration::from_millis;
    let latency = ms([10, 20, 40][dice.named("latency").below(3) as usize]);
    let backlog = match is("small backlog", 4) {
        true => Retention {
            messages: dice.named("backlog").between(2, 12) as usize,
            per_subscription: is("small subscription", 3)
                .then(|| dice.named("subscription").between(1, 8) as usize),
            ..Retention::default()
        },
        false => Retention::default(),
    };
    let default = BrokerLimits::default();
    // From no time at all to longer than most storms keep a client away.
    let session_expiry =
        is("session expiry", 6).then(|| ms(500 * dice.named("session expiry").with(1).below(9)));
    let broker = BrokerLimits {
        backlog,
        session_expiry,
        heartbeat: Heartbeat { every: ms(1_000), timeout: ms(1_000) },
        presence: if is("presence", 6) { vec![QUEUE.into()] } else { Vec::new() },
        window: if is("window", 4) {
            dice.named("window").with(1).between(1, 5) as usize
        } else {
            default.window
        },
        ..default
    };
    Scenario {
        name: format!("any-{seed}"),
        title: format!("Drawn from the seed {seed}"),
        about: String::new(),
        seed,
        run_for: ms(END_MS),
        latency: Latency { min: latency, max: latency },
        contenders: Contender::all().collect(),
        http_timeout: broker.heartbeat.timeout,
        http_connections: if is("a connection per request", 5) {
            HttpConnections::OnePerRequest
        } else {
            HttpConnections::Kept
        },
        broker,
        broker_app: broker_app(dice.named("broker")),
        polling_interval: ms(if is("quick polls", 2) { 300 } else { 1_000 }),
        mutant: None,
        clients: clients(dice),
        faults: Vec::new(),
        expectations: Vec::new(),
    }
}

/// Draws what the application on the broker's side does: mostly nothing.
fn broker_app(dice: Draw) -> BrokerApp {
    let is = |feature: &str, one_in: u64| dice.named(feature).below(one_in) == 0;
    let at = |name: &str| {
        Instant::from_millis(dice.named(name).between(1_500, END_MS - 500) / 100 * 100)
    };
    let to = if is("one client", 2) { vec![FIRST_SHOP.into()] } else { Vec::new() };
    let publish = Publish {
        draft: draft(Target { to: to.clone(), ..Target::default() }, Payload::null()),
        when: When::Every {
            start: at("publish at"),
            every: Duration::from_millis(dice.named("every").between(100, 600)),
            count: dice.named("count").between(1, 5),
        },
        ack_within: is("asks", 3).then(|| Duration::from_millis(500)),
    };
    let members = Members { queue: QUEUE.into(), rooms: to };
    let mut acts = Vec::new();
    let mut act = |one_in: u64, change: MemberChange| {
        if is(change.key(), one_in) {
            acts.push(BrokerAct { members: members.clone(), at: at(change.key()), change });
        }
    };
    act(8, MemberChange::Join(ROOM.into()));
    act(8, MemberChange::Leave(ROOM.into()));
    BrokerApp { publish: if is("publishes", 6) { vec![publish] } else { Vec::new() }, acts }
}

fn clients(dice: Draw) -> Vec<ClientEntry> {
    let drivers = dice.named("drivers").between(1, 2);
    let shops = dice.named("shops").between(1, 3);
    let drivers = (1..=drivers).map(|n| driver(dice.named("driver").with(n), n));
    let shops = (1..=shops).map(|n| shop(dice.named("shop").with(n), n));
    drivers.chain(shops).collect()
}

/// Draws a publisher. Some publishers also subscribe, and may receive their own messages.
fn driver(dice: Draw, number: u64) -> ClientEntry {
    let every = dice.named("every").between(100, 600);
    let most = (END_MS - START_MS) / every;
    let count = dice.named("count").between(most / 3 + 1, most.max(1));
    let is = |feature: &str, one_in: u64| dice.named(feature).below(one_in) == 0;
    let length = if is("long", 3) { dice.named("length").below(600) as usize } else { 0 };
    let target = Target {
        to: if is("one client", 12) {
            vec![FIRST_SHOP.into()]
        } else if is("rooms", 3) {
            vec![EVENT.into(), ROOM.into()]
        } else {
            Vec::new()
        },
        except: if is("except", 8) { vec![ROOM.into()] } else { Vec::new() },
        echo: if is("broadcast", 3) { Echo::NotSender } else { Echo::Everyone },
        keep: if is("volatile", 10) { Durability::Volatile } else { Durability::Kept },
    };
    let publish = Publish {
        draft: draft(target, (&json!("x".repeat(length))).into()),
        when: When::Every {
            start: Instant::from_millis(START_MS + dice.named("start").below(5) * 100),
            every: Duration::from_millis(every),
            count,
        },
        ack_within: None,
    };
    let subscribe = if is("listens", 3) { vec![subscription(StartAt::Now)] } else { Vec::new() };
    ClientEntry { publish: vec![publish], subscribe, ..client(format!("driver{number}")) }
}

/// Draws a subscriber. Some join another room later, leave a room and perhaps join it again soon,
/// or start at the beginning.
fn shop(dice: Draw, number: u64) -> ClientEntry {
    let is = |feature: &str, one_in: u64| dice.named(feature).below(one_in) == 0;
    let from = if is("start", 4) { StartAt::Start } else { StartAt::Now };
    let change = |room: &str, name: &str| RoomChange {
        queue: QUEUE.into(),
        room: room.into(),
        at: Instant::from_millis(dice.named(name).between(1_500, END_MS - 500) / 100 * 100),
    };
    let mut join = if is("joins", 3) { vec![change(ROOM, "join at")] } else { Vec::new() };
    let leave = if is("leaves", 4) { vec![change(EVENT, "leave at")] } else { Vec::new() };
    if is("comes back", 2) {
        let soon = Duration::from_millis(dice.named("back after").between(1, 10) * 100);
        join.extend(leave.iter().map(|left| RoomChange { at: left.at + soon, ..left.clone() }));
    }
    let inbox =
        if is("small inbox", 6) { dice.named("inbox").between(1, 10) as usize } else { 1_000 };
    let limits = ClientLimits { inbox, ..ClientLimits::default() };
    let subscribe = vec![subscription(from)];
    let will = is("will", 8).then(|| draft(Target::default(), Payload::null()));
    ClientEntry { subscribe, join, leave, will, limits, ..client(format!("shop{number}")) }
}

fn draft(target: Target, payload: Payload) -> Draft {
    Draft { target, ..Draft::new(QUEUE.into(), EVENT.into(), payload) }
}

fn subscription(from: StartAt) -> Subscribe {
    Subscribe { queue: QUEUE.into(), event: EVENT.into(), from }
}

fn client(id: String) -> ClientEntry {
    ClientEntry {
        id: Name::from(id),
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

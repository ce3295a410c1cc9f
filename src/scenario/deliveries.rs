//! The size of a scenario: an estimate of its deliveries before anything runs.
//!
//! The estimate is an upper bound: every subscriber is connected, nothing is lost, and no room is
//! excluded. Answers to events are followed round by round, because two clients that answer each
//! other never end.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::Name;
use crate::time::{Duration, Instant};

use super::{ClientEntry, MemberChange, Publish, Scenario, When};

/// Counting stops above this number: it would be as much work as the trial.
pub const COUNTED: u64 = 10_000_000;

/// Counting stops after this many rounds of answers; the rest is extrapolated from them.
const ROUNDS: u64 = 10_000;

impl Scenario {
    /// Returns an upper bound of the deliveries. Counting stops above ten million.
    pub fn deliveries(&self) -> u64 {
        Estimate::of(self).total()
    }

    /// Returns the publish entry that causes the most deliveries: the index of the client, `None` for
    /// the broker, and that of its entry.
    pub fn busiest_publish(&self) -> Option<(Option<usize>, usize)> {
        let estimate = Estimate::of(self);
        let most =
            (0..estimate.entries.len()).max_by_key(|index| estimate.entries[*index].total)?;
        Some(estimate.entries[most].place)
    }
}

struct Estimate {
    entries: Vec<Entry>,
}

/// One publish entry.
struct Entry {
    /// The index of the client, or `None` for the broker, and that of its entry.
    place: (Option<usize>, usize),
    /// The deliveries of one message.
    subscribers: u64,
    /// The entries that answer it, each with the number of processes that do.
    answers: Vec<(usize, u64)>,
    /// The deliveries so far.
    total: u64,
}

type Rooms<'a> = BTreeMap<(&'a Name, &'a Name), BTreeMap<usize, u64>>;

impl Estimate {
    fn of(scenario: &Scenario) -> Estimate {
        let rooms = rooms(scenario);
        let mut estimate = Estimate { entries: Vec::new() };
        let mut published = BTreeMap::new();
        let mut earliest = Instant::NEVER;
        for (place, publish) in publishes(scenario) {
            let members = members(scenario, publish, &rooms);
            if let When::Every { start, every, count } = publish.when {
                let left = scenario.run_for - start.since(Instant::ZERO);
                let fit = left.as_micros().div_ceil(every.as_micros().max(1));
                let publisher = place.0.map(|client| &scenario.clients[client]);
                let processes = publisher.map_or(1, |client| u64::from(client.count));
                published.insert(estimate.entries.len(), count.min(fit).saturating_mul(processes));
                earliest = earliest.min(start);
            }
            let answers = answers(scenario, (place.0, publish), &members);
            let subscribers = members.values().sum();
            estimate.entries.push(Entry { place, subscribers, answers, total: 0 });
        }
        estimate.follow(published, earliest, scenario);
        estimate
    }

    fn total(&self) -> u64 {
        self.entries.iter().fold(0, |total, entry| total.saturating_add(entry.total))
    }

    /// Adds up round by round until no client answers, the trial ends, or the sum exceeds the
    /// limit.
    fn follow(&mut self, mut published: BTreeMap<usize, u64>, first: Instant, scenario: &Scenario) {
        let round_trip = scenario.latency.min * 2 + least_wait(scenario);
        let left = scenario.run_for.as_micros().saturating_sub(first.as_micros());
        let rounds = left / round_trip.as_micros().max(1) + 1;
        let mut total: u64 = 0;
        for _ in 0..rounds.min(ROUNDS) {
            let mut next = BTreeMap::new();
            for (&index, &messages) in &published {
                let entry = &mut self.entries[index];
                let deliveries = messages.saturating_mul(entry.subscribers);
                entry.total = entry.total.saturating_add(deliveries);
                total = total.saturating_add(deliveries);
                for &(answer, processes) in &entry.answers {
                    let sum: &mut u64 = next.entry(answer).or_default();
                    *sum = sum.saturating_add(messages.saturating_mul(processes));
                }
            }
            if next.is_empty() || total > COUNTED {
                return;
            }
            published = next;
        }
        if rounds > ROUNDS {
            for entry in &mut self.entries {
                entry.total = entry.total.saturating_mul(rounds.div_ceil(ROUNDS));
            }
        }
    }
}

type Placed<'a> = ((Option<usize>, usize), &'a Publish);

fn publishes(scenario: &Scenario) -> impl Iterator<Item = Placed<'_>> {
    let clients = scenario.clients.iter().enumerate();
    let of_clients = clients.map(|(client, entry)| (Some(client), &entry.publish));
    let all = of_clients.chain([(None, &scenario.broker_app.publish)]);
    all.flat_map(|(whose, list)| {
        list.iter().enumerate().map(move |(index, publish)| ((whose, index), publish))
    })
}

/// Returns the members that each room ever has: clients by index, with the number of their
/// processes.
fn rooms(scenario: &Scenario) -> Rooms<'_> {
    let mut rooms = Rooms::new();
    for (index, client) in scenario.clients.iter().enumerate() {
        let subscribed = client.subscribe.iter().map(|entry| (&entry.queue, &entry.event));
        let joined = client.join.iter().map(|entry| (&entry.queue, &entry.room));
        for room in subscribed.chain(joined) {
            rooms.entry(room).or_default().insert(index, u64::from(client.count));
        }
    }
    add_by_the_broker(scenario, &mut rooms);
    rooms
}

/// Adds the rooms that the broker makes clients join: whoever has joined the queue may be meant.
fn add_by_the_broker<'a>(scenario: &'a Scenario, rooms: &mut Rooms<'a>) {
    for act in &scenario.broker_app.acts {
        let MemberChange::Join(room) = &act.change else { continue };
        let queue = &act.members.queue;
        for (index, client) in scenario.clients.iter().enumerate() {
            if client.joins_queue(queue) {
                let members = rooms.entry((queue, room)).or_default();
                members.insert(index, u64::from(client.count));
            }
        }
    }
}

/// Returns the members of the rooms that a message goes to. A client's own name is one of them.
fn members(scenario: &Scenario, publish: &Publish, rooms: &Rooms) -> BTreeMap<usize, u64> {
    let event = std::slice::from_ref(&publish.draft.event);
    let targets = if publish.draft.target.to.is_empty() { event } else { &publish.draft.target.to };
    let targets: BTreeSet<&Name> = targets.iter().collect();
    let own = targets.iter().filter_map(|name| {
        let is_it = |client: &ClientEntry| {
            client.joins_queue(&publish.draft.queue) && client.is_client(name)
        };
        Some((scenario.clients.iter().position(is_it)?, 1))
    });
    let mut members: BTreeMap<usize, u64> = own.collect();
    let found = targets.into_iter().filter_map(|room| rooms.get(&(&publish.draft.queue, room)));
    members.extend(found.flatten().map(|(client, processes)| (*client, *processes)));
    members
}

/// Returns the entries that a member publishes after it has handled this message, and that the broker
/// publishes when it has a client's.
fn answers(
    scenario: &Scenario,
    (publisher, publish): (Option<usize>, &Publish),
    members: &BTreeMap<usize, u64>,
) -> Vec<(usize, u64)> {
    let answering = publishes(scenario).enumerate().filter_map(|(index, ((client, _), answer))| {
        let processes = match client {
            Some(client) => *members.get(&client)?,
            None => publisher.map(|_| 1)?,
        };
        match &answer.when {
            When::On { event, .. } if *event == publish.draft.event => Some((index, processes)),
            _ => None,
        }
    });
    answering.collect()
}

fn least_wait(scenario: &Scenario) -> Duration {
    let waits = publishes(scenario).filter_map(|(_, publish)| match publish.when {
        When::On { after, .. } => Some(after),
        When::Every { .. } => None,
    });
    waits.min().unwrap_or_default()
}

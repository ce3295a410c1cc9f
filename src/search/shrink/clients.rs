//! Steps that give a client less to do, and make the rest of it rounder.

use crate::message::{ClientLimits, Durability, Echo, Head, Payload, StartAt, Target};
use crate::scenario::{ClientEntry, Publish, RoomChange, Scenario, When};
use crate::time::Instant;

use super::step::{ShrinkStep, rounder, step, up_to};

/// Adds steps that give a client less to do.
pub fn take_away(steps: &mut Vec<ShrinkStep>, index: usize, client: &ClientEntry) {
    let mut take = |count: usize, remove: fn(&mut ClientEntry, usize)| {
        for at in (0..count).rev() {
            steps.push(step(move |scenario| remove(&mut scenario.clients[index], at)));
        }
    };
    take(client.join.len(), |client, at| drop(client.join.remove(at)));
    take(client.leave.len(), |client, at| drop(client.leave.remove(at)));
    take(client.subscribe.len(), |client, at| drop(client.subscribe.remove(at)));
    take(client.publish.len(), |client, at| drop(client.publish.remove(at)));
    steps.push(step(move |scenario| scenario.clients[index].will = None));
    steps.push(step(move |scenario| scenario.clients[index].count = 1));
    for (at, publish) in client.publish.iter().enumerate() {
        let When::Every { count, .. } = publish.when else { continue };
        for fewer in up_to(count) {
            steps.push(publish_step(index, at, move |publish| {
                if let When::Every { count, .. } = &mut publish.when {
                    *count = fewer;
                }
            }));
        }
    }
}

fn publish_step(client: usize, at: usize, change: impl Fn(&mut Publish) + 'static) -> ShrinkStep {
    step(move |scenario| change(&mut scenario.clients[client].publish[at]))
}

/// Adds steps that set a client's limits to their defaults, and make its times rounder.
pub fn make_rounder(steps: &mut Vec<ShrinkStep>, index: usize, client: &ClientEntry) {
    steps.push(step(move |scenario| {
        let limits = &mut scenario.clients[index].limits;
        *limits = ClientLimits { ack_timeout: limits.ack_timeout, ..ClientLimits::default() };
    }));
    for at in 0..client.subscribe.len() {
        steps.push(step(move |scenario| {
            scenario.clients[index].subscribe[at].from = StartAt::Now;
        }));
    }
    let mut move_to = |changes: &[RoomChange], of: fn(&mut ClientEntry) -> &mut Vec<RoomChange>| {
        for (at, change) in changes.iter().enumerate() {
            for round in rounder(change.at) {
                let change = move |scenario: &mut Scenario| {
                    of(&mut scenario.clients[index])[at].at = round;
                };
                steps.push(step(change));
            }
        }
    };
    move_to(&client.join, |client| &mut client.join);
    move_to(&client.leave, |client| &mut client.leave);
    for (at, publish) in client.publish.iter().enumerate() {
        make_publish_rounder(steps, (index, at), publish);
    }
}

fn make_publish_rounder(
    steps: &mut Vec<ShrinkStep>,
    (index, at): (usize, usize),
    publish: &Publish,
) {
    let changes: [fn(&mut Publish); 6] = [
        |publish| {
            (publish.draft.head, publish.draft.payload) = (Head::default(), Payload::null());
        },
        |publish| publish.draft.target = Target::default(),
        |publish| publish.draft.target.to.clear(),
        |publish| publish.draft.target.except.clear(),
        |publish| publish.draft.target.echo = Echo::Everyone,
        |publish| publish.draft.target.keep = Durability::Kept,
    ];
    steps.extend(changes.into_iter().map(|change| publish_step(index, at, change)));
    let When::Every { start, every, .. } = publish.when else { return };
    for round in rounder(Instant::ZERO + every) {
        steps.push(publish_step(index, at, move |publish| {
            if let When::Every { every, .. } = &mut publish.when {
                *every = round.since(Instant::ZERO);
            }
        }));
    }
    for round in rounder(start) {
        steps.push(publish_step(index, at, move |publish| {
            if let When::Every { start, .. } = &mut publish.when {
                *start = round;
            }
        }));
    }
}

//! Decides whether a trial may stop early, because nothing is left that could change an outcome.
//!
//! It errs on the safe side: a trial that is never found quiescent runs to its end. Stopping early
//! may still change what the trial costs, and which side notices which fault.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{EventKind, History, PowerState};
use crate::message::{Contender, Mode, Name, Note, SessionId};
use crate::scenario::{Acts, ClientEntry, Fault, Scenario, When, Who};
use crate::time::{Duration, Instant};

use super::copies::{DeliveryPath, unstopped};
use super::facts::{BROKER, Facts, MessageCopy, MessageFacts, MessageIndex, SubscriberId};
use super::guarantee::is_announced;
use super::outcome::{Judged, SubscriberCase};
use super::{cause, wanted};

/// Returns the instant from which a trial may be quiescent: everything that the scenario does has
/// been done, and every fault is over. [`Instant::NEVER`] if one never is.
pub fn quiescent_from(scenario: &Scenario) -> Instant {
    let faults = scenario.faults.iter();
    let over = faults.map(|fault| fault.until + fault.effect.longest_queue()).max();
    over.unwrap_or(Instant::ZERO).max(scenario.scripted_until())
}

/// Whether every message has its outcome and no copy is under way at the end of the history.
pub fn is_quiescent(scenario: &Scenario, contender: Contender, history: &History) -> bool {
    let Contender { mode, .. } = contender;
    if history.ended_at <= quiescent_from(scenario) || !everyone_is_there(scenario, mode, history) {
        return false;
    }
    let mut facts = Facts::gather(scenario, contender, history);
    wanted::mark(&mut facts);
    !has_an_answer_to_come(&facts)
        && !has_a_datagram_under_way(&facts)
        && facts.messages.indices().all(|index| !waits_for_the_broker(&facts, index))
        && facts.participants.subscribers().all(|subscriber| has_everything(&facts, subscriber))
}

/// The session of a process, as far as it is known at the end.
#[derive(Default)]
struct Presence<'h> {
    /// The session that it was last welcomed on and has not lost.
    session: Option<&'h SessionId>,
    /// The instant of that welcome.
    since: Instant,
    /// The number of resume answers that it received on the session.
    told: usize,
}

/// Whether all of this is so: each process has a session, the broker knows of no other session, all
/// rooms are joined, and each answer has arrived. In catch-up mode there is one answer for each
/// queue, even if all its rooms were left.
fn everyone_is_there(scenario: &Scenario, mode: Mode, history: &History) -> bool {
    let mut present: Vec<Presence<'_>> = Vec::new();
    present.resize_with(history.processes.len(), Presence::default);
    let mut open: BTreeSet<&SessionId> = BTreeSet::new();
    let mut rooms: BTreeMap<&SessionId, BTreeSet<(&Name, &Name)>> = BTreeMap::new();
    let mut attached: BTreeMap<&SessionId, usize> = BTreeMap::new();
    for event in &history.events {
        let process = event.process.index();
        match &event.kind {
            EventKind::Power(PowerState::Killed | PowerState::PowerLost)
                if event.process == BROKER =>
            {
                open.clear();
            }
            EventKind::Power(PowerState::Killed | PowerState::PowerLost) => {
                present[process] = Presence::default();
            }
            EventKind::Note(Note::SessionOpened { session, .. }) => _ = open.insert(session),
            EventKind::Note(Note::SessionClosed { session, .. }) => _ = open.remove(session),
            // The room of its own name comes with the first join, where the broker has such rooms.
            EventKind::Note(Note::JoinRoom { session, queue, room, client }) if room != client => {
                rooms.entry(session).or_default().insert((queue, room));
            }
            EventKind::Note(Note::LeaveRoom { session, queue, room, .. }) => {
                rooms.entry(session).or_default().remove(&(queue, room));
            }
            EventKind::Note(Note::Attached { session, .. }) => {
                *attached.entry(session).or_default() += 1
            }
            EventKind::Note(Note::Welcomed { session }) => {
                present[process] = Presence { session: Some(session), since: event.at, told: 0 };
            }
            EventKind::Note(Note::Lost { session, .. })
                if present[process].session == Some(session) =>
            {
                present[process].session = None;
            }
            EventKind::Note(Note::ResumeReceived { .. }) => present[process].told += 1,
            _ => {}
        }
    }
    let entries = scenario.clients.iter();
    let entries = entries.flat_map(|entry| entry.processes().map(move |(name, _)| (entry, name)));
    let is_there = |((entry, name), presence): ((&ClientEntry, Name), &Presence<'_>)| {
        let Some(session) = presence.session else { return false };
        open.remove(session)
            && !may_still_die(scenario, &name, presence.since, history.ended_at)
            && rooms.remove(session).unwrap_or_default() == rooms_of(entry)
            && attached.get(session).copied().unwrap_or_default() == presence.told
            && (mode == Mode::FireAndForget || presence.told >= queues_of(entry))
    };
    entries.zip(&present[1..]).all(is_there) && open.is_empty()
}

/// Whether a session that a fault has hit may be dead without either side knowing. One more ping
/// would find out.
fn may_still_die(scenario: &Scenario, process: &Name, since: Instant, now: Instant) -> bool {
    let beat = scenario.broker.heartbeat;
    let has_hit = |fault: &&Fault| match (fault.effect.kind().acts(), &fault.who) {
        (Acts::OnApplications, _) => false,
        (Acts::OnLinks | Acts::OnGroups | Acts::OnFlows | Acts::OnHosts, Who::Clients(names)) => {
            names.contains(process)
        }
        (
            Acts::OnLinks | Acts::OnGroups | Acts::OnFlows | Acts::OnHosts,
            Who::Broker | Who::Nobody,
        ) => true,
    };
    let ends = scenario.faults.iter().filter(has_hit).map(|fault| fault.until);
    ends.max().is_some_and(|end| since < end && now < end + beat.every + beat.timeout)
}

/// Returns the number of queues that an entry subscribes to, joins or leaves.
fn queues_of(entry: &ClientEntry) -> usize {
    let subscribed = entry.subscribe.iter().map(|one| &one.queue);
    let changed = entry.join.iter().chain(&entry.leave).map(|change| &change.queue);
    subscribed.chain(changed).collect::<BTreeSet<_>>().len()
}

/// Returns the rooms that an entry is in when all its joins and leaves are done.
fn rooms_of(entry: &ClientEntry) -> BTreeSet<(&Name, &Name)> {
    let mut rooms: BTreeSet<_> =
        entry.subscribe.iter().map(|one| (&one.queue, &one.event)).collect();
    let joins = entry.join.iter().map(|join| (join.at, false, (&join.queue, &join.room)));
    let leaves = entry.leave.iter().map(|leave| (leave.at, true, (&leave.queue, &leave.room)));
    let mut changes: Vec<_> = joins.chain(leaves).collect();
    changes.sort_unstable();
    for (_, leaves, room) in changes {
        if leaves {
            rooms.remove(&room)
        } else {
            rooms.insert(room)
        };
    }
    rooms
}

/// Whether a client may still publish in answer to an event that was handled.
fn has_an_answer_to_come(facts: &Facts<'_>) -> bool {
    let after = facts.scenario.publishes().filter_map(|publish| match publish.when {
        When::On { after, .. } => Some(after),
        When::Every { .. } => None,
    });
    let Some(longest) = after.max() else { return false };
    let everyone = facts.participants.subscribers();
    let handled = everyone.filter_map(|one| facts.deliveries.handlings(one).last());
    handled
        .map(|handling| handling.returned.at)
        .max()
        .is_some_and(|last| last + longest >= facts.ended_at)
}

/// Whether the network may still have a datagram, or a copy that it made of one.
fn has_a_datagram_under_way(facts: &Facts<'_>) -> bool {
    if !facts.contender.link.is_datagrams() {
        return false;
    }
    let sent = facts.messages.indices().flat_map(|index| &facts.messages.get(index).sent);
    let sent = sent.map(|sending| sending.moment.at).max();
    let everyone = facts.participants.subscribers();
    let copies =
        everyone.flat_map(|one| facts.deliveries.of_subscriber(one)).flat_map(|one| &one.copies);
    let pushed = copies.map(|copy| copy.pushed.at).max();
    let flight = facts.paths.longest_flight() + Duration::from_millis(1);
    sent.max(pushed).is_some_and(|last| last + flight >= facts.ended_at)
}

/// Whether a message may still reach the broker, for the first time or again.
fn waits_for_the_broker(facts: &Facts<'_>, index: MessageIndex) -> bool {
    let message = facts.messages.get(index);
    let is_new = message.accepted.is_empty() && message.refused.is_none();
    cause::in_outbox(facts, message).is_some_and(|end| end.at == Instant::NEVER)
        || (is_new && cause::before_broker(facts, message).at == Instant::NEVER)
        || (is_new && is_buffered(facts, message))
}

/// Whether a message waits in a link's own buffer until there is a session.
fn is_buffered(facts: &Facts<'_>, message: &MessageFacts<'_>) -> bool {
    let Some((moment, process)) = message.published else { return false };
    facts.contender.mode == Mode::FireAndForget
        && message.sent.is_empty()
        && message.unsent.is_none()
        && facts.lifetimes.death_after(process, moment).is_none()
}

/// Whether a lost message must be part of a gap that its subscriber is told of.
fn is_in_a_gap(one: &Judged<'_, '_>) -> bool {
    let delivery = one.path.delivery;
    !delivery.became_gap.is_empty() || (delivery.is_after_expiry && one.stored().next().is_some())
}

/// Whether nothing is under way to a subscriber, and every lost message that must be part of a gap
/// was announced.
fn has_everything(facts: &Facts<'_>, subscriber: SubscriberId) -> bool {
    let handlings = facts.deliveries.handlings(subscriber).iter();
    let handled: BTreeSet<_> = handlings.map(|one| (one.message, one.read)).collect();
    let deliveries = facts.deliveries.of_subscriber(subscriber).iter();
    let none_is_under_way = deliveries.into_iter().all(|delivery| {
        let message = facts.messages.get(delivery.message);
        let path = DeliveryPath { facts, subscriber, message, delivery };
        let was_handled = |copy: &MessageCopy| {
            copy.read.is_some_and(|read| handled.contains(&(delivery.message, read)))
        };
        let is_over = |copy: &MessageCopy| {
            copy.stopped.is_some()
                || was_handled(copy)
                || unstopped(path, copy).at != Instant::NEVER
        };
        delivery.copies.iter().all(is_over)
            && cause::in_backlog(path).all(|end| end.at != Instant::NEVER)
    });
    none_is_under_way
        && SubscriberCase::of(facts, subscriber).judged.iter().all(|one| match one.loss {
            None => true,
            Some(end) if end.at == Instant::NEVER => false,
            Some(_) => !is_in_a_gap(one) || is_announced(one),
        })
}

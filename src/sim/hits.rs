//! Counts the hits of each fault on processes, from the events of a history.
//!
//! The network itself counts the hits on packets, including those that found a host off or
//! asleep.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Event, EventKind, History, PowerState, ProcessId};
use crate::message::{MessageId, Name, Note};
use crate::scenario::{Effect, Fault, Scenario, Who};

/// Adds to the history's hits what the faults of processes did: disconnections, crashes, pauses,
/// and handler calls slowed, skipped or interrupted.
pub fn count(scenario: &Scenario, history: &mut History) {
    let names: Vec<Name> = history.processes.iter().map(|process| process.name.clone()).collect();
    let mut open: BTreeSet<ProcessId> = BTreeSet::new();
    let mut events: BTreeMap<MessageId, (Name, Name)> = BTreeMap::new();
    let mut hits = std::mem::take(&mut history.hits);
    hits.resize(scenario.faults.len(), 0);
    for event in &history.events {
        if let EventKind::Note(Note::Published { message }) = &event.kind {
            events.insert(message.id.clone(), (message.queue.clone(), message.event.clone()));
        }
        for (fault, hits) in scenario.faults.iter().zip(&mut hits) {
            let is_on = fault.is_on(event.at) || fault.at == event.at;
            *hits += u64::from(is_on && is_hit(fault, event, &names, &events, &open));
        }
        match &event.kind {
            EventKind::Note(Note::Welcomed { .. }) => drop(open.insert(event.process)),
            EventKind::Note(Note::Lost { .. }) => drop(open.remove(&event.process)),
            _ => {}
        }
    }
    history.hits = hits;
}

/// Whether an event is an effect of the fault.
fn is_hit(
    fault: &Fault,
    event: &Event,
    names: &[Name],
    events: &BTreeMap<MessageId, (Name, Name)>,
    open: &BTreeSet<ProcessId>,
) -> bool {
    let concerns = match &fault.who {
        Who::Clients(clients) => clients.contains(&names[event.process.index()]),
        Who::Broker => event.process == ProcessId::BROKER,
        Who::Nobody => false,
    };
    let has_session = event.process == ProcessId::BROKER || open.contains(&event.process);
    let what = &event.kind;
    concerns
        && match &fault.effect {
            // Counts without a session, too: the fault keeps the client from opening one. When
            // the client comes back, it may take over that of another process of its name.
            Effect::Disconnect => matches!(what, EventKind::Power(PowerState::WentAway)),
            Effect::Crash { .. } => matches!(
                what,
                EventKind::Power(PowerState::PowerLost | PowerState::Killed)
                    | EventKind::Interrupted { .. }
            ),
            Effect::Pause => matches!(what, EventKind::Power(PowerState::Paused)) && has_session,
            Effect::Freeze => matches!(what, EventKind::Power(PowerState::Frozen)) && has_session,
            Effect::Reset => matches!(what, EventKind::Power(PowerState::ConnectionsReset)),
            Effect::Slow { .. } => matches!(what, EventKind::Note(Note::Handling { .. })),
            Effect::Deaf { queue, event: name } => {
                let EventKind::Note(Note::NoHandler { id }) = what else { return false };
                events.get(id).is_some_and(|(of, event)| of == queue && event == name)
            }
            // These act on packets.
            Effect::Cut
            | Effect::Partition { .. }
            | Effect::IdleTimeout { .. }
            | Effect::Loss { .. }
            | Effect::Duplicate { .. }
            | Effect::Corrupt { .. }
            | Effect::Reorder { .. }
            | Effect::Latency { .. }
            | Effect::Bandwidth { .. } => false,
        }
}

//! How often each fault bit a process: a fold over what happened. Packets, those that found
//! nobody home included, are counted by the network itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Event, EventKind, History, PowerState, ProcessId};
use crate::message::{MessageId, Name, Note};
use crate::scenario::{Effect, Fault, Scenario, Who};

/// Adds to the history's bites what the faults of processes did: sessions ended, handler calls
/// slowed, skipped or killed.
pub fn count(scenario: &Scenario, history: &mut History) {
    let names: Vec<Name> = history.processes.iter().map(|process| process.name.clone()).collect();
    let mut open: BTreeSet<ProcessId> = BTreeSet::new();
    let mut events: BTreeMap<MessageId, (Name, Name)> = BTreeMap::new();
    let mut bites = std::mem::take(&mut history.bites);
    bites.resize(scenario.faults.len(), 0);
    for event in &history.events {
        if let EventKind::Note(Note::Published { message }) = &event.what {
            events.insert(message.id.clone(), (message.queue.clone(), message.event.clone()));
        }
        for (fault, bites) in scenario.faults.iter().zip(&mut bites) {
            let is_on = fault.is_on(event.at) || fault.at == event.at;
            *bites += u64::from(is_on && bit(fault, event, &names, &events, &open));
        }
        match &event.what {
            EventKind::Note(Note::Welcomed { .. }) => drop(open.insert(event.process)),
            EventKind::Note(Note::Lost { .. }) => drop(open.remove(&event.process)),
            _ => {}
        }
    }
    history.bites = bites;
}

/// Whether this event is the fault's work.
fn bit(
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
    let what = &event.what;
    concerns
        && match &fault.effect {
            // Without a session, too: it keeps the client from having one, and when the client
            // comes back it may take over its twin's.
            Effect::Disconnect => matches!(what, EventKind::Power(PowerState::WentAway)),
            Effect::Crash { .. } => matches!(
                what,
                EventKind::Power(PowerState::PowerLost | PowerState::Killed)
                    | EventKind::Interrupted { .. }
            ),
            Effect::Pause => matches!(what, EventKind::Power(PowerState::Paused)) && has_session,
            Effect::Slow { .. } => matches!(what, EventKind::Note(Note::Handling { .. })),
            Effect::Deaf { queue, event: name } => {
                let EventKind::Note(Note::NoHandler { id }) = what else { return false };
                events.get(id).is_some_and(|(of, event)| of == queue && event == name)
            }
            // They act on packets.
            Effect::Cut
            | Effect::Partition { .. }
            | Effect::Loss { .. }
            | Effect::Duplicate { .. }
            | Effect::Corrupt { .. }
            | Effect::Reorder { .. }
            | Effect::Latency { .. }
            | Effect::Bandwidth { .. } => false,
        }
}

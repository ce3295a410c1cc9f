//! How often each fault bit a process: a fold over what happened. Packets, those that found
//! nobody home included, are counted by the network itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Event, History, What};
use crate::message::{MessageId, Name, Note};
use crate::scenario::{Fault, FaultKind, Scenario, Who};

/// Adds to the history's bites what the faults of processes did: sessions ended, handler calls
/// slowed, skipped or killed.
pub fn count(scenario: &Scenario, history: &mut History) {
    let names: Vec<Name> = history.processes.iter().map(|process| process.name.clone()).collect();
    let mut open: BTreeSet<u32> = BTreeSet::new();
    let mut events: BTreeMap<MessageId, (Name, Name)> = BTreeMap::new();
    let mut bites = std::mem::take(&mut history.bites);
    bites.resize(scenario.faults.len(), 0);
    for event in &history.events {
        if let What::Note(Note::HandedOver { message }) = &event.what {
            events.insert(message.id.clone(), (message.queue.clone(), message.event.clone()));
        }
        for (fault, bites) in scenario.faults.iter().zip(&mut bites) {
            let is_on = fault.is_on(event.at) || fault.at == event.at;
            *bites += u64::from(is_on && bit(fault, event, &names, &events, &open));
        }
        match &event.what {
            What::Note(Note::Welcomed { .. }) => drop(open.insert(event.process)),
            What::Note(Note::Lost { .. }) => drop(open.remove(&event.process)),
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
    open: &BTreeSet<u32>,
) -> bool {
    use crate::history::PowerState;
    let concerns = match &fault.who {
        Who::Clients(clients) => clients.contains(&names[event.process as usize]),
        Who::Broker => event.process == 0,
        Who::Nobody => false,
    };
    let has_session = event.process == 0 || open.contains(&event.process);
    match (&fault.kind, &event.what) {
        // Without a session, too: it keeps the client from having one, and when the client comes
        // back it may take over its twin's.
        (FaultKind::Disconnect, What::Power(PowerState::WentAway))
        | (FaultKind::Crash { .. }, What::Power(PowerState::PowerLost | PowerState::Killed))
        | (FaultKind::Crash { .. }, What::Interrupted { .. }) => concerns,
        (FaultKind::Pause, What::Power(PowerState::Paused)) => concerns && has_session,
        (FaultKind::Slow { .. }, What::Note(Note::Handling { .. })) => concerns,
        (FaultKind::Deaf { queue, event: name }, What::Note(Note::NoHandler { id })) => {
            let of = events.get(id);
            concerns && of.is_some_and(|(of, event)| of == queue && event == name)
        }
        _ => false,
    }
}

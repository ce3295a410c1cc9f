//! Who and what a message's life is about, and which events belong to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::history::{Event, EventKind, Flow, PowerState, ProcessId};
use crate::message::{Message, Name, Note, SessionId};
use crate::scenario::{Fault, Who};
use crate::time::Instant;

use super::places::Places;
use super::preconditions::{self, Role};
use super::{Origin, Sentence, WhyEvidence, words};

/// What the life of one message is about.
pub struct Cast<'a> {
    evidence: WhyEvidence<'a>,
    message: Arc<Message>,
    /// The processes of its publisher and of those who wanted it or got it; the broker.
    processes: BTreeSet<ProcessId>,
    /// The clients among them.
    clients: BTreeSet<Name>,
    /// Where it stands in the queue.
    pub places: Places,
    /// The ways that its copies took: the flow, where in it the copy ends, and since when.
    pub copies: Vec<Carried>,
    /// What was so when it was handed over.
    pub standing: Vec<usize>,
    /// When the last of it happened.
    pub until: Instant,
}

/// One copy on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The direction of a connection, or of a pair of datagram sockets.
    pub flow: Arc<Flow>,
    /// Where in it the copy ends.
    pub end: u64,
    /// Since when.
    pub since: Instant,
    /// Whose session it is.
    pub session: SessionId,
}

impl<'a> Cast<'a> {
    /// Everything about a message that was handed over by the event at `first`.
    pub fn of(evidence: &WhyEvidence<'a>, message: &Arc<Message>, first: usize) -> Cast<'a> {
        let WhyEvidence { history, followed, .. } = *evidence;
        let mut cast = Cast {
            evidence: *evidence,
            message: message.clone(),
            processes: BTreeSet::from([ProcessId::BROKER, history.events[first].process]),
            clients: followed.iter().map(|one| one.client.clone()).collect(),
            places: Places::of(message, history),
            copies: Vec::new(),
            standing: Vec::new(),
            until: history.events[first].at,
        };
        cast.clients.insert(message.id.publisher.clone());
        for event in &history.events[first..] {
            cast.gather(event);
        }
        let is_there =
            |process: &ProcessId| cast.clients.contains(&history.process(*process).client);
        let processes: Vec<ProcessId> = history.process_ids().filter(is_there).collect();
        cast.processes.extend(processes);
        for (index, event) in history.events.iter().enumerate().skip(first) {
            if cast.is_own(index) {
                cast.until = cast.until.max(event.at);
            }
        }
        let ends = followed.iter().map(|one| one.at);
        cast.until = ends.fold(cast.until, Instant::max);
        cast.standing = cast.standing_at(first);
        cast
    }

    fn gather(&mut self, event: &Event) {
        match &event.what {
            EventKind::Carried { id, flow, end, session } if *id == self.message.id => {
                let (flow, end, since) = (flow.clone(), *end, event.at);
                self.copies.push(Carried { flow, end, since, session: session.clone() });
            }
            EventKind::Note(Note::Pushed { id, client, .. }) if *id == self.message.id => {
                self.clients.insert(client.clone());
            }
            _ => {}
        }
    }

    /// What was so at an event, and is worth saying before it.
    fn standing_at(&self, first: usize) -> Vec<usize> {
        let WhyEvidence { scenario, history, .. } = self.evidence;
        let mut standing = Vec::new();
        for client in &self.clients {
            let role = match *client == self.message.id.publisher {
                true => Role::Publisher,
                false => Role::Subscriber,
            };
            standing.extend(preconditions::of_client(
                history,
                &self.message,
                (client, role),
                first,
            ));
            if role == Role::Subscriber {
                standing.extend(self.places.passed_over(client, first));
            }
        }
        let is_hit = |fault: &Fault| self.is_hit(fault);
        standing.extend(preconditions::faults(
            scenario,
            &history.events[..first],
            &standing,
            is_hit,
        ));
        standing.sort_unstable();
        standing.dedup();
        standing
    }

    /// Whether a fault is about somebody here.
    fn is_hit(&self, fault: &Fault) -> bool {
        match &fault.who {
            Who::Broker | Who::Nobody => true,
            Who::Clients(processes) => self.processes.iter().any(|index| {
                *index != ProcessId::BROKER
                    && processes.contains(&self.evidence.history.process(*index).name)
            }),
        }
    }

    /// The sentence of an event that belongs to the life of the message.
    pub fn told(&self, index: usize) -> Option<Sentence> {
        let is_told = self.is_own(index) || self.is_around(index);
        is_told.then(|| self.event(index))
    }

    /// The sentence of an event.
    pub fn event(&self, index: usize) -> Sentence {
        let event = &self.evidence.history.events[index];
        let text = words::event(index, &self.evidence, self);
        Sentence { at: event.at, of: Origin::Event(index), text }
    }

    /// Whether an event names the message, its place, or a way that it took.
    fn is_own(&self, index: usize) -> bool {
        let what = &self.evidence.history.events[index].what;
        if let EventKind::Dropped { flow, datagram, .. } = what {
            let mut copies = self.copies.iter();
            return copies.any(|copy| *copy.flow == **flow && copy.end == *datagram);
        }
        what.message() == Some(&self.message.id) || self.places.spoken(index).is_some()
    }

    /// Whether an event is about those whom the message concerns, while it lives.
    fn is_around(&self, index: usize) -> bool {
        let event = &self.evidence.history.events[index];
        if event.at > self.until {
            return false;
        }
        let is_ours = self.processes.contains(&event.process);
        let is_way = |flow: &Flow| self.copies.iter().any(|copy| *copy.flow == *flow);
        match &event.what {
            EventKind::Ended(ledger) => {
                // The end at which the copy arrives, or was to.
                let flow = Flow { from: ledger.end.peer, to: ledger.end.local };
                ledger.reason.is_some() && is_way(&flow)
            }
            EventKind::Power(state) => is_ours && !matches!(state, PowerState::CameBack),
            EventKind::FaultBegan { fault } | EventKind::FaultEnded { fault } => {
                self.is_hit(&self.evidence.scenario.faults[*fault])
            }
            EventKind::HandlerGone { queue, event: of }
            | EventKind::HandlerBack { queue, event: of } => {
                is_ours && *queue == self.message.queue && *of == self.message.event
            }
            EventKind::Note(note) => match note {
                Note::SessionOpened { client, .. } | Note::SessionClosed { client, .. } => {
                    self.clients.contains(client)
                }
                Note::Attached { client, queue, .. } => {
                    self.clients.contains(client) && *queue == self.message.queue
                }
                Note::JoinRoom { client, queue, room, .. }
                | Note::LeaveRoom { client, queue, room, .. } => {
                    self.clients.contains(client)
                        && *queue == self.message.queue
                        && self.message.rooms().contains(room)
                }
                Note::Welcomed { .. } | Note::Lost { .. } | Note::RequestFailed { .. } => is_ours,
                _ => false,
            },
            _ => false,
        }
    }
}

//! Selects the events that belong to the life of a message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::history::{Event, EventKind, Flow, PowerState, ProcessId};
use crate::message::{Message, Name, Note, SessionId};
use crate::scenario::{Fault, Who};
use crate::time::Instant;

use super::WhyEvidence;
use super::positions::MessagePositions;
use super::preconditions::{self, Role};

/// The life of one message: its processes, clients, connections and events.
pub struct Selection<'a> {
    evidence: WhyEvidence<'a>,
    message: Arc<Message>,
    /// The processes of the publisher and of those that wanted or got the message, and the broker.
    processes: BTreeSet<ProcessId>,
    /// The clients of these processes.
    clients: BTreeSet<Name>,
    /// Its positions in the queue.
    pub positions: MessagePositions,
    /// Its copies on their way.
    pub copies: Vec<Carried>,
    /// The events before its publication that explain the state it met, by index.
    pub preconditions: Vec<usize>,
    /// The time of the last event in its life.
    pub until: Instant,
}

/// One copy that was written to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The direction of a connection, or of a pair of datagram sockets.
    pub flow: Arc<Flow>,
    /// The end of the copy in the flow: the offset after its last byte, or the number of its
    /// datagram.
    pub end: u64,
    /// The time when it was written.
    pub since: Instant,
    /// The session that it was sent on.
    pub session: SessionId,
}

impl<'a> Selection<'a> {
    /// Collects everything about a message that was published by the event at `first`.
    pub fn of(evidence: &WhyEvidence<'a>, message: &Arc<Message>, first: usize) -> Selection<'a> {
        let WhyEvidence { history, followed, .. } = *evidence;
        let mut selection = Selection {
            evidence: *evidence,
            message: message.clone(),
            processes: BTreeSet::from([ProcessId::BROKER, history.events[first].process]),
            clients: followed.iter().map(|one| one.client.clone()).collect(),
            positions: MessagePositions::of(message, history),
            copies: Vec::new(),
            preconditions: Vec::new(),
            until: history.events[first].at,
        };
        selection.clients.insert(message.id.publisher.clone());
        for event in &history.events[first..] {
            selection.gather(event);
        }
        let is_there =
            |process: &ProcessId| selection.clients.contains(&history.process(*process).client);
        let processes: Vec<ProcessId> = history.process_ids().filter(is_there).collect();
        selection.processes.extend(processes);
        for (index, event) in history.events.iter().enumerate().skip(first) {
            if selection.is_own(index) {
                selection.until = selection.until.max(event.at);
            }
        }
        let ends = followed.iter().map(|one| one.at);
        selection.until = ends.fold(selection.until, Instant::max);
        selection.preconditions = selection.preconditions_at(first);
        selection
    }

    fn gather(&mut self, event: &Event) {
        match &event.kind {
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

    /// Returns the events before `first` that explain the state which the message met.
    fn preconditions_at(&self, first: usize) -> Vec<usize> {
        let WhyEvidence { scenario, history, .. } = self.evidence;
        let mut indices = Vec::new();
        for client in &self.clients {
            let role = match *client == self.message.id.publisher {
                true => Role::Publisher,
                false => Role::Subscriber,
            };
            indices.extend(preconditions::of_client(history, &self.message, (client, role), first));
            if role == Role::Subscriber {
                indices.extend(self.positions.passed_over(client, first));
            }
        }
        indices.extend(self.forgotten_before(first));
        let is_hit = |fault: &Fault| self.is_hit(fault);
        indices.extend(preconditions::faults(scenario, &history.events[..first], &indices, is_hit));
        indices.sort_unstable();
        indices.dedup();
        indices
    }

    /// Returns the events before `first` that found a copy's flow forgotten, unless it was renewed
    /// or the fault was over before `first`.
    fn forgotten_before(&self, first: usize) -> Vec<usize> {
        let WhyEvidence { scenario, history, .. } = self.evidence;
        let now = history.events[first].at;
        let mut forgotten = BTreeMap::new();
        for (index, event) in history.events[..first].iter().enumerate() {
            match &event.kind {
                EventKind::FlowForgotten { fault, flow, .. } if self.is_way(flow) => {
                    forgotten.insert((*fault, flow.pair()), index);
                }
                EventKind::FlowRenewed { fault, flow } if self.is_way(flow) => {
                    forgotten.remove(&(*fault, flow.pair()));
                }
                _ => {}
            }
        }
        let forgotten = forgotten.into_iter();
        let lasting = forgotten.filter(|((fault, _), _)| scenario.faults[*fault].until > now);
        lasting.map(|(_, index)| index).collect()
    }

    /// Whether a flow, or its other direction, has a copy.
    fn is_way(&self, flow: &Flow) -> bool {
        self.copies.iter().any(|copy| [*flow, flow.reversed()].contains(&copy.flow))
    }

    /// Whether a fault affects a process here.
    fn is_hit(&self, fault: &Fault) -> bool {
        match &fault.who {
            Who::Broker | Who::Nobody => true,
            Who::Clients(processes) => self.processes.iter().any(|index| {
                *index != ProcessId::BROKER
                    && processes.contains(&self.evidence.history.process(*index).name)
            }),
        }
    }

    /// Whether an event belongs to the life of the message.
    pub fn is_told(&self, index: usize) -> bool {
        self.is_own(index) || self.is_around(index)
    }

    /// Whether an event names the message, its position, or a datagram that carried it.
    fn is_own(&self, index: usize) -> bool {
        let what = &self.evidence.history.events[index].kind;
        if let EventKind::Dropped { flow, datagram, .. } = what {
            let mut copies = self.copies.iter();
            return copies.any(|copy| *copy.flow == **flow && copy.end == *datagram);
        }
        what.message() == Some(&self.message.id) || self.positions.spoken(index).is_some()
    }

    /// Whether an event affects the processes, clients or connections of the message during its
    /// life.
    fn is_around(&self, index: usize) -> bool {
        let event = &self.evidence.history.events[index];
        if event.at > self.until {
            return false;
        }
        let is_ours = self.processes.contains(&event.process);
        let is_way = |flow: &Flow| self.copies.iter().any(|copy| *copy.flow == *flow);
        match &event.kind {
            EventKind::Ended(stats) => {
                // The end at which the copy arrives, or should arrive.
                let flow = Flow { from: stats.end.peer, to: stats.end.local };
                stats.reason.is_some() && is_way(&flow)
            }
            EventKind::FlowForgotten { flow, .. } | EventKind::FlowRenewed { flow, .. } => {
                self.is_way(flow)
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
                Note::SessionOpened { client, .. }
                | Note::SessionClosed { client, .. }
                | Note::SessionExpired { client } => self.clients.contains(client),
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

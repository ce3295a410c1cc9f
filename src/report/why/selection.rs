//! Selects the events that belong to the life of a message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::history::{EventKind, Flow, History, LossReason, PowerState, ProcessId};
use crate::message::{Message, Name, Note, SessionId};
use crate::scenario::{Fault, Who};
use crate::time::Instant;

use super::WhyEvidence;
use super::ends::Ends;
use super::positions::MessagePositions;
use super::preconditions::{self, Role};
use crate::report::packets::Carried;
use crate::report::packets::Streams;

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
    /// The connections of these copies, as the capture shows them.
    pub streams: Streams<'a>,
    /// The sessions that clients were welcomed to. Of another only an attempt ends.
    welcomed: BTreeSet<&'a SessionId>,
    /// The ends of all connections.
    pub ends: Ends<'a>,
    /// The sessions on which it waits in a link, while events are gathered: who sent it, and which.
    waiting: BTreeSet<(ProcessId, SessionId)>,
    /// The events that end a session or a process in whose link it waited, by index.
    discarded: BTreeSet<usize>,
    /// The events before its publication that explain the state it met, by index.
    pub preconditions: Vec<usize>,
    /// The time of the last event in its life.
    pub until: Instant,
}

impl<'a> Selection<'a> {
    /// Collects everything about a message that was published by the event at `first`.
    pub fn of(evidence: &WhyEvidence<'a>, message: &Arc<Message>, first: usize) -> Selection<'a> {
        let WhyEvidence { history, packets, followed, .. } = *evidence;
        let mut selection = Selection {
            evidence: *evidence,
            message: message.clone(),
            processes: BTreeSet::from([ProcessId::BROKER, history.events[first].process]),
            clients: followed.iter().map(|one| one.client.clone()).collect(),
            positions: MessagePositions::of(message, history),
            copies: Vec::new(),
            streams: Streams::of(packets, &[]),
            welcomed: welcomed(history),
            ends: Ends::of(history),
            waiting: BTreeSet::new(),
            discarded: BTreeSet::new(),
            preconditions: Vec::new(),
            until: history.events[first].at,
        };
        selection.clients.insert(message.id.publisher.clone());
        for index in first..history.events.len() {
            selection.gather(index);
        }
        selection.mark_pending();
        selection.streams = Streams::of(packets, &selection.copies);
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

    fn gather(&mut self, index: usize) {
        let event = &self.evidence.history.events[index];
        match &event.kind {
            EventKind::Carried { id, flow, end, session } if *id == self.message.id => {
                let (flow, session) = (flow.clone(), session.clone());
                self.waiting.remove(&(event.process, session.clone()));
                let (end, since, is_pending) = (*end, event.at, false);
                self.copies.push(Carried { flow, end, since, session, is_pending });
            }
            EventKind::Note(Note::Pushed { id, client, session, .. }) if *id == self.message.id => {
                self.clients.insert(client.clone());
                self.waiting.insert((event.process, session.clone()));
            }
            EventKind::Note(Note::Sent { id, session }) if *id == self.message.id => {
                self.waiting.insert((event.process, session.clone()));
            }
            EventKind::Note(Note::SessionClosed { session, .. } | Note::Lost { session, .. }) => {
                self.discard(index, Some(session));
            }
            kind if preconditions::is_death(kind) => self.discard(index, None),
            EventKind::Note(note) if note.message() == Some(&self.message.id) => {
                self.forget_waiting(event.process, note);
            }
            _ => {}
        }
    }

    /// Returns the end of the last message that was carried before a copy on the same connection; 0
    /// if there is none. The copy does not begin earlier.
    pub fn end_before(&self, copy: &Carried) -> u64 {
        let Carried { flow, end, session, .. } = copy;
        let ends = self.history().events.iter().filter_map(|event| match &event.kind {
            EventKind::Carried { flow: of, end: earlier, session: on, .. } => {
                (of == flow && on == session && earlier < end).then_some(*earlier)
            }
            _ => None,
        });
        ends.max().unwrap_or(0)
    }

    /// A copy that its link drops, or replaces by a newer message, waits no longer.
    fn forget_waiting(&mut self, process: ProcessId, note: &Note) {
        match note {
            Note::Unsent { .. } => self.waiting.retain(|(sender, _)| *sender != process),
            Note::SendQueueFull { session, .. }
            | Note::TransportBusy { session, .. }
            | Note::TooLong { session, .. }
            | Note::Overwritten { session, .. } => {
                self.waiting.remove(&(process, session.clone()));
            }
            _ => {}
        }
    }

    /// Discards the copies that wait in the links of a process: those of one session, or all.
    fn discard(&mut self, index: usize, of: Option<&SessionId>) {
        let process = self.evidence.history.events[index].process;
        let waited = self.waiting.len();
        self.waiting.retain(|(sender, session)| {
            *sender != process || of.is_some_and(|ended| ended != session)
        });
        if self.waiting.len() < waited && !self.evidence.contender.link.is_datagrams() {
            self.discarded.insert(index);
        }
    }

    fn mark_pending(&mut self) {
        let WhyEvidence { history, followed, .. } = self.evidence;
        let is_accepted = history.events.iter().any(|event| match &event.kind {
            EventKind::Note(Note::Accepted { id, .. }) => *id == self.message.id,
            _ => false,
        });
        for copy in &mut self.copies {
            copy.is_pending = match history.process_at(copy.flow.to) {
                Some(ProcessId::BROKER) => !is_accepted,
                Some(process) => followed.iter().any(|one| {
                    one.client == history.process(process).client && one.cause.is_some()
                }),
                None => false,
            };
        }
    }

    /// Returns the history.
    pub fn history(&self) -> &'a History {
        self.evidence.history
    }

    /// Whether an event ends a session or a process in whose link the message still waited.
    pub fn discards(&self, index: usize) -> bool {
        self.discarded.contains(&index)
    }

    /// Whether a client was ever welcomed to a session.
    pub fn was_welcomed(&self, session: &SessionId) -> bool {
        self.welcomed.contains(session)
    }

    /// Returns the events before `first` that explain the state which the message met.
    fn preconditions_at(&self, first: usize) -> Vec<usize> {
        let WhyEvidence { scenario, history, .. } = self.evidence;
        let mut indices = Vec::new();
        for client in &self.clients {
            let role = match *client == self.message.id.publisher {
                true => Role::Publisher(history.events[first].process),
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
        self.is_own(index) || self.is_around(index) || self.is_end(index)
    }

    /// Whether an event ends the way of a copy that its receiver never got: the end of its
    /// connection, or of the session in which it waits.
    fn is_end(&self, index: usize) -> bool {
        let event = &self.history().events[index];
        let session = match &event.kind {
            EventKind::Note(Note::SessionClosed { session, .. } | Note::Lost { session, .. }) => {
                Some(session)
            }
            _ => None,
        };
        self.copies.iter().filter(|copy| copy.is_pending).any(|copy| {
            let is_its_session = session == Some(&copy.session);
            is_its_session && self.ends.is_before_end(event, copy)
                || self.ends.cuts_off(index, copy)
        })
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

    /// Whether a middlebox drops a copy's datagram at this time because it has forgotten the flow. Then
    /// the sentence about the datagram says since when.
    fn drops_copy(&self, flow: &Flow, at: Instant) -> bool {
        let events = &self.history().events;
        let first = events.partition_point(|event| event.at < at);
        let mut then = (first..events.len()).take_while(|index| events[*index].at == at);
        then.any(|index| match &events[index].kind {
            EventKind::Dropped { flow: of, reason: LossReason::Forgotten, .. } => {
                **of == *flow && self.is_own(index)
            }
            _ => false,
        })
    }

    /// Returns the time since which a middlebox has forgotten a flow whose packet it drops at a time.
    pub fn forgotten_since(&self, flow: &Flow, at: Instant) -> Option<Instant> {
        let events = &self.history().events;
        let until = events.partition_point(|event| event.at <= at);
        events[..until].iter().rev().find_map(|event| match &event.kind {
            EventKind::FlowForgotten { flow: of, since, .. } if of.pair() == flow.pair() => {
                Some(*since)
            }
            _ => None,
        })
    }

    /// Whether an event affects the processes, clients or connections of the message during its
    /// life.
    fn is_around(&self, index: usize) -> bool {
        let event = &self.evidence.history.events[index];
        if event.at > self.until {
            return false;
        }
        let is_ours = self.processes.contains(&event.process);
        match &event.kind {
            EventKind::FlowForgotten { flow, .. } => {
                self.is_way(flow) && !self.drops_copy(flow, event.at)
            }
            EventKind::FlowRenewed { flow, .. } => self.is_way(flow),
            EventKind::Ended(_) => self.copies.iter().any(|copy| self.ends.cuts_off(index, copy)),
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

fn welcomed(history: &History) -> BTreeSet<&SessionId> {
    let welcomed = history.events.iter().filter_map(|event| match &event.kind {
        EventKind::Note(Note::Welcomed { session }) => Some(session),
        _ => None,
    });
    welcomed.collect()
}

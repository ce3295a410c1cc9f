//! Who and what a message's life is about, and which events belong to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::history::{Event, Flow, History, PowerState, What};
use crate::message::{Message, Name, Note, Position, SessionId};
use crate::scenario::{Fault, Scenario, Who};
use crate::time::Instant;

use super::{Evidence, Sentence, Source, words};

/// What the life of one message is about.
pub struct Cast<'a> {
    scenario: &'a Scenario,
    history: &'a History,
    message: Arc<Message>,
    /// The processes of its publisher and of those who wanted it or got it; the broker.
    processes: BTreeSet<u32>,
    /// The clients among them.
    clients: BTreeSet<Name>,
    /// Where it stands in the queue, one place a life of the broker.
    positions: BTreeSet<Position>,
    /// The ways that its copies took: the flow, where in it the copy ends, and since when.
    pub copies: Vec<Carried>,
    /// What was so when it was handed over: the ends of sessions that were not followed by
    /// another, and faults that are on.
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
    pub fn of(evidence: &Evidence<'a>, message: &Arc<Message>, first: usize) -> Cast<'a> {
        let Evidence { scenario, history, followed, .. } = *evidence;
        let mut cast = Cast {
            scenario,
            history,
            message: message.clone(),
            processes: BTreeSet::from([0, history.events[first].process]),
            clients: followed.iter().map(|one| one.client.clone()).collect(),
            positions: BTreeSet::new(),
            copies: Vec::new(),
            standing: Vec::new(),
            until: history.events[first].at,
        };
        cast.clients.insert(message.id.publisher.clone());
        for event in &history.events[first..] {
            cast.gather(event);
        }
        let is_there =
            |index: &u32| cast.clients.contains(&history.processes[*index as usize].client);
        let processes: Vec<u32> = (0..history.processes.len() as u32).filter(is_there).collect();
        cast.processes.extend(processes);
        for event in &history.events[first..] {
            if cast.is_own(event) {
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
            What::Carried { id, flow, end, session } if *id == self.message.id => {
                let (flow, end, since) = (flow.clone(), *end, event.at);
                self.copies.push(Carried { flow, end, since, session: session.clone() });
            }
            What::Note(Note::Accepted { id, position: Some(position), .. })
                if *id == self.message.id =>
            {
                self.positions.insert(*position);
            }
            What::Note(Note::Pushed { id, client, .. }) if *id == self.message.id => {
                self.clients.insert(client.clone());
            }
            _ => {}
        }
    }

    /// What was so at an event, and is worth saying before it.
    fn standing_at(&self, first: usize) -> Vec<usize> {
        let mut standing = Vec::new();
        for client in &self.clients {
            standing.extend(self.last_of_session(client, first));
        }
        for (index, event) in self.history.events[..first].iter().enumerate() {
            if let What::FaultBegan { fault } = event.what
                && self.is_hit(&self.scenario.faults[fault])
                && self.scenario.faults[fault].until > self.history.events[first].at
            {
                standing.push(index);
            }
        }
        standing.sort_unstable();
        standing
    }

    /// Why a client is in none of the message's rooms before an event: its last session has ended,
    /// or has not joined, or has left; `None` if it is in one, or never was there.
    fn last_of_session(&self, client: &Name, first: usize) -> Option<usize> {
        let (mut last, mut joined) = (None, BTreeSet::new());
        for (index, event) in self.history.events[..first].iter().enumerate() {
            let What::Note(note) = &event.what else { continue };
            match note {
                Note::SessionOpened { client: of, .. } if of == client => last = Some(index),
                Note::SessionClosed { client: of, .. } if of == client => {
                    last = Some(index);
                    joined.clear();
                }
                Note::JoinRoom { client: of, queue, room, .. }
                    if of == client && *queue == self.message.queue =>
                {
                    joined.insert(room);
                }
                Note::LeaveRoom { client: of, queue, room, .. }
                    if of == client && *queue == self.message.queue && joined.remove(room) =>
                {
                    last = Some(index);
                }
                _ => {}
            }
        }
        let is_in = self.message.rooms().iter().any(|room| joined.contains(room));
        let publishes = *client == self.message.id.publisher;
        let is_over = |index: &usize| {
            let note = &self.history.events[*index].what;
            matches!(note, What::Note(Note::SessionClosed { .. }))
        };
        last.filter(|index| if publishes { is_over(index) } else { !is_in })
    }

    /// Whether a fault is about somebody here.
    fn is_hit(&self, fault: &Fault) -> bool {
        match &fault.who {
            Who::Broker | Who::Nobody => true,
            Who::Clients(processes) => self.processes.iter().any(|index| {
                *index > 0 && processes.contains(&self.history.processes[*index as usize].name)
            }),
        }
    }

    /// The sentence of an event that belongs to the life of the message.
    pub fn told(&self, index: usize) -> Option<Sentence> {
        let event = &self.history.events[index];
        let is_told = self.is_own(event) || self.is_around(event);
        is_told.then(|| self.event(index))
    }

    /// The sentence of an event.
    pub fn event(&self, index: usize) -> Sentence {
        let event = &self.history.events[index];
        let text = words::event(event, self.history, self.scenario, &self.copies);
        Sentence { at: event.at, of: Source::Event(index), text }
    }

    /// Whether an event names the message, its place, or a way that it took.
    fn is_own(&self, event: &Event) -> bool {
        let is_it = |id: &crate::message::MessageId| *id == self.message.id;
        match &event.what {
            What::Carried { id, .. } | What::Interrupted { id } => is_it(id),
            What::Dropped { flow, datagram, .. } => {
                let mut copies = self.copies.iter();
                copies.any(|copy| *copy.flow == **flow && copy.end == *datagram)
            }
            What::Note(note) => self.is_noted(note, event.process),
            _ => false,
        }
    }

    fn is_noted(&self, note: &Note, process: u32) -> bool {
        let is_it = |id: &crate::message::MessageId| *id == self.message.id;
        let is_here = |queue: &Name, from: Position, to: Position| {
            *queue == self.message.queue && self.positions.range(from..=to).next().is_some()
        };
        let is_concerned = |client: &Name| self.clients.contains(client);
        match note {
            Note::HandedOver { message } => is_it(&message.id),
            Note::Unsent { id, .. }
            | Note::Sent { id, .. }
            | Note::ToldAccepted { id }
            | Note::ToldRefused { id }
            | Note::AnswerLate { id }
            | Note::Accepted { id, .. }
            | Note::Refused { id }
            | Note::PublishedAgain { id }
            | Note::EarlyDropped { id }
            | Note::Pushed { id, .. }
            | Note::Overwritten { id, .. }
            | Note::SendQueueFull { id, .. }
            | Note::Forgotten { id, .. }
            | Note::Evicted { id, .. }
            | Note::Read { id, .. }
            | Note::HeldEarly { id, .. }
            | Note::DroppedCopy { id, .. }
            | Note::InboxFull { id, .. }
            | Note::NoHandler { id }
            | Note::Handling { id, .. }
            | Note::Handled { id, .. }
            | Note::Ack { id: Some(id), .. } => is_it(id),
            Note::Acknowledged { queue, position, client } => {
                is_here(queue, *position, *position) && is_concerned(client)
            }
            Note::ToldGap { queue, from, to } => {
                is_here(queue, *from, *to) && self.processes.contains(&process)
            }
            _ => false,
        }
    }

    /// Whether an event is about those whom the message concerns, while it lives.
    fn is_around(&self, event: &Event) -> bool {
        if event.at > self.until {
            return false;
        }
        let is_ours = self.processes.contains(&event.process);
        let is_way = |flow: &Flow| self.copies.iter().any(|copy| *copy.flow == *flow);
        match &event.what {
            What::Ended(ledger) => {
                // The end at which the copy arrives, or was to.
                let flow = Flow { from: ledger.end.peer, to: ledger.end.local };
                ledger.reason.is_some() && is_way(&flow)
            }
            What::Power(state) => is_ours && !matches!(state, PowerState::CameBack),
            What::FaultBegan { fault } | What::FaultEnded { fault } => {
                self.is_hit(&self.scenario.faults[*fault])
            }
            What::HandlerGone { queue, event: of } | What::HandlerBack { queue, event: of } => {
                is_ours && *queue == self.message.queue && *of == self.message.event
            }
            What::Note(note) => match note {
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

//! The stage that a message had reached on its way to a subscriber when the trial ended.
//!
//! Derived from the events alone: who had it last, and what was before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{EventKind, History, ProcessId};
use crate::message::{Message, MessageId, Mode, Name, Note, Position, SessionId};
use crate::report::words::counted;
use crate::verdict::Followed;

use super::WhyEvidence;
use super::preconditions::is_death;

/// The state of the way to the subscriber, while reading event by event.
#[derive(Default)]
struct Reading<'a> {
    /// Whether the broker has the message.
    accepted: bool,
    /// Whether the publisher has a session, as it knows it.
    has_publisher_session: bool,
    /// The subscriber's session, as the broker knows it.
    session: Option<&'a SessionId>,
    /// The messages that the broker has accepted in the message's queue, by position.
    kept: BTreeMap<Position, &'a MessageId>,
    /// The rooms of the message that the client has joined.
    joined: BTreeSet<&'a Name>,
    /// The messages sent on the session and not acknowledged.
    out: BTreeMap<Position, &'a MessageId>,
    /// The subscriber's progress with the message.
    client: Client,
    /// The number of messages that the subscriber has read, but not yet passed to a handler.
    inbox: u64,
}

/// The subscriber's progress with the message.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Client {
    #[default]
    Nothing,
    HeldEarly,
    Read,
    InHandler,
}

/// Returns the sentence that says what the message waited for at the end.
pub fn at_the_end(evidence: &WhyEvidence<'_>, message: &Message, followed: &Followed) -> String {
    let client = &followed.client;
    let mut reading = Reading::default();
    for event in &evidence.history.events {
        if is_death(&event.kind) && event.process == ProcessId::BROKER {
            let Reading { client, inbox, has_publisher_session, .. } = reading;
            reading = Reading { client, inbox, has_publisher_session, ..Reading::default() };
        }
        let is_own = is_of(evidence.history, event.process, client);
        if is_death(&event.kind) && is_own {
            (reading.client, reading.inbox) = (Client::Nothing, 0);
        }
        let is_publisher = is_of(evidence.history, event.process, &message.id.publisher);
        if is_death(&event.kind) && is_publisher {
            reading.has_publisher_session = false;
        }
        let EventKind::Note(note) = &event.kind else { continue };
        if is_publisher {
            reading.read_publisher(note);
        }
        match is_own {
            true => reading.read_client(note, &message.id),
            false => reading.read_broker(note, message, client),
        }
    }
    let (publisher, window) = (&message.id.publisher, evidence.scenario.broker.window);
    match reading.client {
        Client::InHandler => format!("At the end {client}'s handler has not returned."),
        Client::Read => format!("At the end {client} has read it, and not handled it."),
        Client::HeldEarly => format!("At the end {client} holds it, and waits for what is before."),
        Client::Nothing if !reading.accepted => {
            let session = if reading.has_publisher_session { "" } else { ", which has no session" };
            format!("At the end the broker does not have it from {publisher}{session}.")
        }
        Client::Nothing => reading.in_broker(message, client, evidence.contender.mode, window),
    }
}

/// Whether the publisher still keeps a message at the end: in catch-up mode, if it did not drop it,
/// the broker did not answer, and no process of the publisher died since.
pub fn is_at_publisher(evidence: &WhyEvidence<'_>, message: &MessageId) -> bool {
    let of_publisher = |process| is_of(evidence.history, process, &message.publisher);
    let is_kept = evidence.history.events.iter().fold(false, |kept, event| match &event.kind {
        EventKind::Note(Note::Published { message: one }) => kept || one.id == *message,
        EventKind::Note(
            Note::Accepted { id, .. } | Note::Refused { id, .. } | Note::Unsent { id, .. },
        ) => kept && id != message,
        kind => kept && !(is_death(kind) && of_publisher(event.process)),
    });
    is_kept && evidence.contender.mode == Mode::CatchUp
}

fn is_of(history: &History, process: ProcessId, client: &Name) -> bool {
    process != ProcessId::BROKER && history.process(process).client == *client
}

impl<'a> Reading<'a> {
    fn read_publisher(&mut self, note: &Note) {
        match note {
            Note::Welcomed { .. } => self.has_publisher_session = true,
            Note::Lost { .. } => self.has_publisher_session = false,
            _ => {}
        }
    }

    fn read_client(&mut self, note: &Note, message: &MessageId) {
        match note {
            Note::Read { .. } => self.inbox += 1,
            Note::Handling { .. } | Note::NoHandler { .. } => {
                self.inbox = self.inbox.saturating_sub(1);
            }
            _ => {}
        }
        self.client = match note {
            Note::HeldEarly { id, .. } if id == message => Client::HeldEarly,
            Note::Read { id, .. } if id == message => Client::Read,
            Note::Handling { id, .. } if id == message => Client::InHandler,
            Note::Lost { .. } if self.client == Client::HeldEarly => Client::Nothing,
            _ => return,
        };
    }

    fn read_broker(&mut self, note: &'a Note, message: &Message, client: &Name) {
        match note {
            Note::Accepted { id, queue, position } if *queue == message.queue => {
                self.accepted |= *id == message.id;
                self.kept.extend(position.map(|position| (position, id)));
            }
            Note::SessionOpened { session, client: of } if of == client => {
                self.session = Some(session);
                self.out.clear();
                self.joined.clear();
            }
            Note::SessionClosed { session, .. } if self.session == Some(session) => {
                self.session = None;
                self.out.clear();
            }
            Note::JoinRoom { queue, room, client: of, .. }
                if of == client && *queue == message.queue && message.rooms().contains(room) =>
            {
                self.joined.insert(room);
            }
            Note::LeaveRoom { queue, room, client: of, .. }
                if of == client && *queue == message.queue =>
            {
                self.joined.remove(room);
            }
            Note::Pushed { id, client: of, .. } if of == client => {
                let at = self.kept.iter().find(|(_, kept)| **kept == id);
                self.out.extend(at.map(|(position, id)| (*position, *id)));
            }
            Note::Acknowledged { queue, position, client: of }
                if of == client && *queue == message.queue =>
            {
                self.out.remove(position);
            }
            _ => {}
        }
    }

    /// Returns the sentence if the broker has the message, and the subscriber has nothing of it.
    fn in_broker(&self, message: &Message, client: &Name, mode: Mode, window: usize) -> String {
        let is_out = self.out.values().any(|id| **id == message.id);
        let first = self.out.values().next();
        let out = match (self.out.len() as u64, first) {
            (0, _) | (_, None) => "nothing is".to_owned(),
            (1, Some(first)) => format!("{first} is"),
            (many, Some(first)) => format!("{} from {first} on are", counted(many, "message")),
        };
        match self.session {
            None => format!("At the end the broker has it, and {client} has no session."),
            Some(_) if is_out || mode == Mode::FireAndForget => {
                let inbox = counted(self.inbox, "message");
                format!(
                    "At the end {client} has not read what the broker sent; its inbox has {inbox}."
                )
            }
            Some(_) if self.joined.is_empty() => {
                format!("At the end the broker has it, and {client} has joined no room of it.")
            }
            Some(_) if self.out.len() >= window => format!(
                "At the end {out} out to {client}, and not acknowledged: the window is full, and \
                 it waits."
            ),
            Some(_) => {
                format!("At the end the broker has not sent it to {client}, and {out} out to it.")
            }
        }
    }
}

//! The preconditions of a message's life: the troubles that its clients had when it was published,
//! each with the event that brought it, and the faults that were on since the first of them.
//!
//! A trouble ends with the event that cures it. Troubles that are over before the publication are
//! left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Event, EventKind, History, PowerState, ProcessId};
use crate::message::{Message, Name, Note, SessionId};
use crate::scenario::{Fault, Scenario};

/// A reason why a message cannot reach a client, or a client cannot reach the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    /// The process died. Ends with its next session.
    Died,
    /// The process was started again, and has no session yet.
    StartedAnew,
    /// The process lost its session.
    Lost,
    /// The broker died, and lost what it knew of the client.
    BrokerDied,
    /// The broker was started again, and does not know the client yet.
    BrokerStartedAnew,
    /// The broker ended the client's session.
    Closed,
    /// The client's session expired.
    Expired,
    /// The client has a session, and has joined no room of the message.
    NotJoined,
    /// The client left its last room of the message.
    Left,
}

/// The role of a client in the life of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It receives the message: one of its processes must have a session that is in a room of the
    /// message.
    Subscriber,
    /// This process of it publishes the message, and needs a session.
    Publisher(ProcessId),
}

/// The state of one client while reading event by event.
struct Reading<'a> {
    role: Role,
    message: &'a Message,
    /// The troubles that the broker has with the client.
    troubles: BTreeMap<Trouble, usize>,
    /// Those that each process of the client has with itself or with the broker.
    own: BTreeMap<ProcessId, BTreeMap<Trouble, usize>>,
    /// The processes of the client with a session, as they know it.
    connected: BTreeSet<ProcessId>,
    /// Its session, as the broker knows it.
    session: Option<&'a SessionId>,
    joined: BTreeSet<&'a Name>,
}

/// Returns the events before `first` that brought the troubles which the client has at `first`.
pub fn of_client(
    history: &History,
    message: &Message,
    (client, role): (&Name, Role),
    first: usize,
) -> Vec<usize> {
    let mut reading = Reading {
        role,
        message,
        troubles: BTreeMap::new(),
        own: BTreeMap::new(),
        connected: BTreeSet::new(),
        session: None,
        joined: BTreeSet::new(),
    };
    for (index, event) in history.events[..first].iter().enumerate() {
        if history.process(event.process).client == *client && event.process != ProcessId::BROKER {
            reading.read_client(index, event.process, &event.kind);
        }
        if event.process == ProcessId::BROKER {
            reading.read_broker(index, &event.kind, client);
        }
    }
    let is_connected = match role {
        // Where one process of several has a session, the troubles of the others do not matter.
        Role::Subscriber => !reading.connected.is_empty(),
        Role::Publisher(process) => reading.connected.contains(&process),
    };
    let own = reading.own.into_values().flatten().filter(|_| !is_connected);
    reading.troubles.into_iter().chain(own).map(|(_, index)| index).collect()
}

/// Returns the begins and ends of faults before `first` that affect a process here, and that were
/// on at `first` or after the first trouble. `events` are those before `first`.
pub fn faults(
    scenario: &Scenario,
    events: &[Event],
    troubles: &[usize],
    is_hit: impl Fn(&Fault) -> bool,
) -> Vec<usize> {
    let since = troubles.iter().min().copied().unwrap_or(events.len());
    let mut began: BTreeMap<usize, usize> = BTreeMap::new();
    let mut told = Vec::new();
    for (index, event) in events.iter().enumerate() {
        match event.kind {
            EventKind::FaultBegan { fault } if is_hit(&scenario.faults[fault]) => {
                began.insert(fault, index);
            }
            EventKind::FaultEnded { fault } => {
                if let Some(began) = began.remove(&fault).filter(|_| index > since) {
                    told.extend([began, index]);
                }
            }
            _ => {}
        }
    }
    told.extend(began.into_values());
    told
}

/// Whether a process ends here, with all that it remembers.
pub const fn is_death(what: &EventKind) -> bool {
    matches!(what, EventKind::Power(PowerState::Killed | PowerState::PowerLost))
}

impl<'a> Reading<'a> {
    /// Reads an event of a process of the client.
    fn read_client(&mut self, index: usize, process: ProcessId, what: &EventKind) {
        let own = self.own.entry(process).or_default();
        let trouble = match what {
            _ if is_death(what) => Trouble::Died,
            EventKind::Power(PowerState::Started) if own.contains_key(&Trouble::Died) => {
                Trouble::StartedAnew
            }
            EventKind::Note(Note::Lost { .. }) => Trouble::Lost,
            EventKind::Note(Note::Welcomed { .. }) => {
                own.clear();
                self.connected.insert(process);
                return;
            }
            _ => return,
        };
        own.entry(trouble).or_insert(index);
        self.connected.remove(&process);
    }

    /// Reads an event of the broker.
    fn read_broker(&mut self, index: usize, what: &'a EventKind, client: &Name) {
        match what {
            _ if is_death(what) => {
                self.session = None;
                self.joined.clear();
                self.troubles.clear();
                self.troubles.insert(Trouble::BrokerDied, index);
            }
            EventKind::Power(PowerState::Started)
                if self.troubles.contains_key(&Trouble::BrokerDied) =>
            {
                self.begin(Trouble::BrokerStartedAnew, index);
            }
            EventKind::Note(Note::SessionOpened { session, client: of }) if of == client => {
                self.session = Some(session);
                self.joined.clear();
                match self.role {
                    // The end of the session before is the reason why the client has to join again:
                    // it stays a trouble.
                    Role::Subscriber => _ = self.troubles.insert(Trouble::NotJoined, index),
                    Role::Publisher(_) => self.end(&Trouble::OF_BROKER),
                }
            }
            EventKind::Note(Note::SessionClosed { session, client: of, .. })
                if of == client && self.session == Some(session) =>
            {
                self.session = None;
                self.joined.clear();
                self.end(&[Trouble::NotJoined]);
                self.begin(Trouble::Closed, index);
            }
            EventKind::Note(Note::SessionExpired { client: of }) if of == client => {
                self.begin(Trouble::Expired, index);
            }
            EventKind::Note(Note::JoinRoom { client: of, queue, room, .. })
                if of == client && self.is_of_message(queue, room) =>
            {
                self.joined.insert(room);
                self.end(&Trouble::OF_BROKER);
            }
            EventKind::Note(Note::LeaveRoom { client: of, queue, room, .. })
                if of == client && self.is_of_message(queue, room) =>
            {
                let was_in = self.joined.remove(room);
                if was_in && self.joined.is_empty() && self.role == Role::Subscriber {
                    self.begin(Trouble::Left, index);
                }
            }
            _ => {}
        }
    }

    fn is_of_message(&self, queue: &Name, room: &Name) -> bool {
        *queue == self.message.queue && self.message.rooms().contains(room)
    }

    /// Begins a trouble. One that has begun already keeps its first event.
    fn begin(&mut self, trouble: Trouble, index: usize) {
        self.troubles.entry(trouble).or_insert(index);
    }

    fn end(&mut self, troubles: &[Trouble]) {
        self.troubles.retain(|trouble, _| !troubles.contains(trouble));
    }
}

impl Trouble {
    /// The troubles that the broker has with a client.
    const OF_BROKER: [Trouble; 6] = [
        Trouble::BrokerDied,
        Trouble::BrokerStartedAnew,
        Trouble::Closed,
        Trouble::Expired,
        Trouble::NotJoined,
        Trouble::Left,
    ];
}

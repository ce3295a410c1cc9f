//! Indexes a history once, so that every question about a message is a lookup.
//!
//! One pass over the events feeds one fold for each subject: its `see` takes an event and keeps
//! what the judge will ask about. Nothing here judges. A nonsensical history gives nonsense, never
//! a panic.

mod connections;
mod deliveries;
mod flows;
mod handlers;
mod ids;
mod lifetimes;
mod messages;
mod participants;
mod paths;
mod positions;
mod sessions;

use crate::history::{Event, EventKind, History, ProcessId};
use crate::message::{Contender, Name, Note};
use crate::scenario::Scenario;
use crate::time::Instant;

pub use connections::Connections;
pub use deliveries::{Carriage, CopyStop, Deliveries, Delivery, Handling, MessageCopy};
pub use flows::Flows;
pub use handlers::Handlers;
pub use ids::{BrokerLife, MessageIndex, QueueId, SessionIndex, SubscriberId};
pub use lifetimes::Lifetimes;
pub use messages::{MessageFacts, Messages, PublisherWord, Sending};
pub use participants::Participants;
pub use paths::{Paths, sides};
pub use positions::{Applied, Begins, Positions, ReceivedAnswer, ReceivedGap, Stored};
pub use sessions::{SessionEnd, SessionFacts, Sessions};

/// The process of the broker.
pub const BROKER: ProcessId = ProcessId::BROKER;

/// Holds everything that the judge asks of a history.
pub struct Facts<'a> {
    /// The scenario that was run.
    pub scenario: &'a Scenario,
    /// The contender that ran it.
    pub contender: Contender,
    /// The end of the trial.
    pub ended_at: Instant,
    /// The subscribers, and the processes of each.
    pub participants: Participants,
    /// The deaths of each process, and the times at which it could be reached.
    pub lifetimes: Lifetimes,
    /// The paths that faults cut, and the times.
    pub paths: Paths,
    /// The counters of each connection's ends, and the dropped datagrams.
    pub connections: Connections<'a>,
    /// The flows that middleboxes had forgotten, and the times.
    pub flows: Flows<'a>,
    /// All sessions, as both sides saw them.
    pub sessions: Sessions,
    /// The messages that were published, sent, accepted, refused.
    pub messages: Messages<'a>,
    /// The copies that were pushed and read, and the handler calls.
    pub deliveries: Deliveries,
    /// The position of each message, and what subscribers were told about positions.
    pub positions: Positions,
    /// The handlers that were missing.
    pub handlers: Handlers<'a>,
    /// The subscribers that were ever on record; `wanted` fills it in.
    pub on_record: Set<SubscriberId>,
    /// The moment at which the broker first recorded each subscriber's rooms, by queue and room;
    /// `wanted` fills it in.
    pub recorded: Map<(SubscriberId, &'a Name, &'a Name), Moment>,
    /// The events that `wanted` reads in a second pass: they change the broker's record of
    /// subscriptions or its backlog, or publish a message. Each comes with its message.
    pub record: Vec<(Moment, &'a Event, Option<MessageIndex>)>,
}

/// A map of the judge, fast to look up, because the judge looks something up for every event. Its
/// iteration order must not matter, and its keys come from no untrusted source.
pub type Map<K, V> = rustc_hash::FxHashMap<K, V>;

/// A set, like [`Map`].
pub type Set<K> = rustc_hash::FxHashSet<K>;

/// The moment of an event; moments of the same instant are ordered by event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The instant.
    pub at: Instant,
    /// The event's index in the history.
    pub order: usize,
}

impl Moment {
    /// Whether it is earlier. No two events share a moment, so there is no third case to tell.
    pub fn is_before(self, other: Moment) -> bool {
        self.cmp(&other).is_lt()
    }
}

/// One event's context: its moment, and the indices of what it names.
pub struct Seen {
    /// The moment, in the order of the history.
    pub moment: Moment,
    /// The process that the event is of.
    pub process: ProcessId,
    /// The life of the broker that the event falls into, counted from 0.
    pub life: BrokerLife,
    /// The message that the event is about.
    pub message: Option<MessageIndex>,
    /// The subscriber that the event is about.
    pub subscriber: Option<SubscriberId>,
    /// The session that the event is about.
    pub session: Option<SessionIndex>,
}

impl<'a> Facts<'a> {
    /// Builds the index in one pass over the history.
    pub fn gather(scenario: &'a Scenario, contender: Contender, history: &'a History) -> Self {
        let participants = Participants::of(scenario, history);
        let mut facts = Facts {
            scenario,
            contender,
            ended_at: history.ended_at,
            lifetimes: Lifetimes::of(history.processes.len()),
            paths: Paths::of(scenario, &participants),
            connections: Connections::default(),
            flows: Flows::of(scenario, history),
            sessions: Sessions::default(),
            messages: Messages::default(),
            deliveries: Deliveries::of(participants.members().len(), contender.mode),
            positions: Positions::of(participants.members().len()),
            handlers: Handlers::default(),
            on_record: Set::default(),
            recorded: Map::default(),
            record: Vec::new(),
            participants,
        };
        for (order, event) in history.events.iter().enumerate() {
            facts.see(Moment { at: event.at, order }, event);
        }
        facts.positions.close();
        facts
    }

    fn see(&mut self, moment: Moment, event: &'a Event) {
        let what = &event.kind;
        let life = self.lifetimes.broker_life();
        let session =
            what.session().map(|session| self.sessions.index(session, &self.participants));
        let process = match (what, session) {
            (EventKind::Carried { .. }, Some(session)) => self.sessions.get(session).process,
            _ => Some(event.process),
        };
        let subscriber = match what.client() {
            Some(client) => self.participants.by_name(client),
            None => process.and_then(|process| self.participants.of_process(process)),
        };
        let message = match what {
            EventKind::Note(Note::Acknowledged { queue, position, .. }) => {
                self.positions.message_at(queue, life, *position)
            }
            _ => what.message().map(|id| self.messages.index(id)),
        };
        let seen = Seen { moment, process: event.process, life, message, subscriber, session };
        self.lifetimes.see(&seen, what);
        self.connections.see(&seen, what);
        self.flows.see(&seen, what);
        self.sessions.see(&seen, what);
        self.messages.see(&seen, what);
        self.deliveries.see(&seen, what);
        self.positions.see(&seen, what);
        self.handlers.see(&seen, what);
        if is_of_record(event) {
            self.record.push((moment, event, message));
        }
    }
}

/// Appends to a list that nearly always has one entry. It reserves room for one: the default of
/// four would be most of the memory.
fn push_rare<T>(list: &mut Vec<T>, entry: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(entry);
}

/// Whether an event belongs to the second pass: it changes the record of subscriptions or the
/// backlog, or publishes a message.
fn is_of_record(event: &Event) -> bool {
    match &event.kind {
        EventKind::Power(_) => event.process == BROKER,
        EventKind::Note(note) => matches!(
            note,
            Note::Published { .. }
                | Note::Subscribed { .. }
                | Note::Unsubscribed { .. }
                | Note::Accepted { .. }
                | Note::Trimmed { .. }
                | Note::Attached { .. }
                | Note::SessionExpired { .. }
        ),
        _ => false,
    }
}

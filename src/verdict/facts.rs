//! What a history says, indexed once so that every question about a message is a lookup.
//!
//! One pass, one fold a subject: each subject has a `see` that takes an event and keeps what it
//! will be asked about. Nothing here judges; a nonsensical history gives nonsense, never a panic.

mod connections;
mod deliveries;
mod handlers;
mod hash;
mod ids;
mod lifetimes;
mod messages;
mod moment;
mod participants;
mod paths;
mod positions;
mod sessions;

use crate::history::{Event, EventKind, History, ProcessId};
use crate::message::{Contender, Note};
use crate::scenario::Scenario;
use crate::time::Instant;

pub use connections::Connections;
pub use deliveries::{Carriage, CopyStop, Deliveries, Delivery, Handling, MessageCopy};
pub use handlers::Handlers;
pub use hash::{Map, Set};
pub use ids::{BrokerLife, MessageIndex, QueueId, SessionIndex, SubscriberId};
pub use lifetimes::Lifetimes;
pub use messages::{MessageFacts, Messages, PublisherWord, Sending};
pub use moment::Moment;
pub use participants::Participants;
pub use paths::{Paths, sides};
pub use positions::{Applied, Begins, Positions, Stored, Told, ToldGap};
pub use sessions::{SessionEnd, SessionFacts, Sessions};

/// The process that is the broker.
pub const BROKER: ProcessId = ProcessId::BROKER;

/// Everything that the judge asks of a history.
pub struct Facts<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// As which contender.
    pub contender: Contender,
    /// When the trial ended.
    pub ended_at: Instant,
    /// Who is who.
    pub roll: Participants,
    /// Who lived and could be reached when.
    pub lives: Lifetimes,
    /// Which paths were cut when.
    pub paths: Paths,
    /// How far each connection came, and which datagrams were dropped.
    pub lines: Connections<'a>,
    /// Which sessions there were.
    pub sessions: Sessions,
    /// What was handed over, sent, accepted.
    pub messages: Messages<'a>,
    /// What was pushed, read, handled.
    pub deliveries: Deliveries,
    /// Positions, and what subscribers were told of them.
    pub places: Positions,
    /// Which handlers were missing.
    pub handlers: Handlers<'a>,
    /// Which subscribers ever were on record: found by `wanted`.
    pub on_record: Set<SubscriberId>,
    /// The events by which the broker's record of subscriptions and its backlog change, or by
    /// which a message comes to be, and that message: they are read a second time.
    pub record: Vec<(Moment, &'a Event, Option<MessageIndex>)>,
}

/// One event with what its names stand for.
pub struct Seen {
    /// When, in the order of the history.
    pub moment: Moment,
    /// Whose event it is.
    pub process: ProcessId,
    /// The how manyth life of the broker it falls into, from 0.
    pub life: BrokerLife,
    /// The message that the event is about.
    pub message: Option<MessageIndex>,
    /// The subscriber that the event is about.
    pub subscriber: Option<SubscriberId>,
    /// The session that the event is about.
    pub session: Option<SessionIndex>,
}

impl<'a> Facts<'a> {
    /// Reads the history once.
    pub fn gather(scenario: &'a Scenario, contender: Contender, history: &'a History) -> Self {
        let roll = Participants::of(scenario, history);
        let mut facts = Facts {
            scenario,
            contender,
            ended_at: history.ended_at,
            lives: Lifetimes::of(history.processes.len()),
            paths: Paths::of(scenario, &roll),
            lines: Connections::default(),
            sessions: Sessions::default(),
            messages: Messages::default(),
            deliveries: Deliveries::of(roll.members().len(), contender.mode),
            places: Positions::of(roll.members().len()),
            handlers: Handlers::default(),
            on_record: Set::default(),
            record: Vec::new(),
            roll,
        };
        for (order, event) in history.events.iter().enumerate() {
            facts.see(Moment { at: event.at, order }, event);
        }
        facts.places.close();
        facts
    }

    fn see(&mut self, moment: Moment, event: &'a Event) {
        let what = &event.what;
        let life = self.lives.broker_life();
        let session = what.session().map(|session| self.sessions.index(session, &self.roll));
        let process = match (what, session) {
            (EventKind::Carried { .. }, Some(session)) => self.sessions.get(session).process,
            _ => Some(event.process),
        };
        let subscriber = match what.client() {
            Some(client) => self.roll.by_name(client),
            None => process.and_then(|process| self.roll.of_process(process)),
        };
        let message = match what {
            EventKind::Note(Note::Acknowledged { queue, position, .. }) => {
                self.places.message_at(queue, life, *position)
            }
            _ => what.message().map(|id| self.messages.index(id)),
        };
        let seen = Seen { moment, process: event.process, life, message, subscriber, session };
        self.lives.see(&seen, what);
        self.lines.see(&seen, what);
        self.sessions.see(&seen, what);
        self.messages.see(&seen, what);
        self.deliveries.see(&seen, what);
        self.places.see(&seen, what);
        self.handlers.see(&seen, what);
        if is_of_record(event) {
            self.record.push((moment, event, message));
        }
    }
}

/// Appends to a list that has one entry nearly always: room for four would be most of the memory.
fn push_rare<T>(list: &mut Vec<T>, entry: T) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.push(entry);
}

/// Whether an event changes what is on record or retained, or makes a message.
fn is_of_record(event: &Event) -> bool {
    match &event.what {
        EventKind::Power(_) => event.process == BROKER,
        EventKind::Note(note) => matches!(
            note,
            Note::Published { .. }
                | Note::Subscribed { .. }
                | Note::Unsubscribed { .. }
                | Note::Accepted { .. }
                | Note::Trimmed { .. }
                | Note::Attached { .. }
        ),
        _ => false,
    }
}

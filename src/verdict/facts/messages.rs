//! What was handed over, sent, accepted, refused. Never who wanted it.

use crate::history::{EventKind, Flow, ProcessId};
use crate::message::{Message, MessageId, Note, Position};

use super::hash::Map;
use super::{BROKER, BrokerLife, MessageIndex, Moment, Seen, SessionIndex, push_rare};

/// All messages that a history names, in the order in which it names them first.
#[derive(Default)]
pub struct Messages<'a> {
    all: Vec<MessageFacts<'a>>,
    by_id: Map<&'a MessageId, MessageIndex>,
    handed_over: u64,
}

/// What happened to one message before any subscriber.
pub struct MessageFacts<'a> {
    /// Which one.
    pub id: &'a MessageId,
    /// The message, once it was handed over.
    pub message: Option<&'a Message>,
    /// When it was handed over, and by which process.
    pub handed_over: Option<(Moment, ProcessId)>,
    /// Every time a broker accepted it: once a life of the broker.
    pub accepted: Vec<Acceptance>,
    /// When a broker refused it, and in which life.
    pub refused: Option<(Moment, BrokerLife)>,
    /// When its publisher dropped it.
    pub unsent: Option<Moment>,
    /// When its publisher was told what became of it, and what.
    pub answered: Option<(Moment, PublisherWord)>,
    /// Every copy that its publisher sent.
    pub sent: Vec<Sending>,
}

/// What a broker says of a message to its publisher.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublisherWord {
    /// It is the broker's.
    Accepted,
    /// It is nobody's.
    Refused,
}

/// One acceptance.
#[derive(Clone, Copy)]
pub struct Acceptance {
    /// When.
    pub moment: Moment,
    /// Its position, in catch-up mode.
    pub position: Option<Position>,
    /// In which life of the broker.
    pub life: BrokerLife,
}

/// One copy from the publisher to the broker.
#[derive(Clone, Copy)]
pub struct Sending {
    /// When.
    pub moment: Moment,
    /// On which session.
    pub session: Option<SessionIndex>,
    /// On which flow, and where in it the copy ends.
    pub carried: Option<(Flow, u64)>,
}

impl<'a> Messages<'a> {
    /// The message of this id; it begins to be known here if it was not.
    pub fn index(&mut self, id: &'a MessageId) -> MessageIndex {
        let next = MessageIndex::at(self.all.len());
        let index = *self.by_id.entry(id).or_insert(next);
        if index == next {
            self.all.push(MessageFacts {
                id,
                message: None,
                handed_over: None,
                accepted: Vec::new(),
                refused: None,
                unsent: None,
                answered: None,
                sent: Vec::new(),
            });
        }
        index
    }

    /// Keeps what an event says.
    pub fn see(&mut self, seen: &Seen, what: &'a EventKind) {
        let Some(index) = seen.message else { return };
        let moment = seen.moment;
        let fact = &mut self.all[index.index()];
        match what {
            EventKind::Carried { flow, end, .. } if seen.process != BROKER => {
                let waits = |sending: &&mut Sending| {
                    sending.session == seen.session && sending.carried.is_none()
                };
                if let Some(sending) = fact.sent.iter_mut().find(waits) {
                    sending.carried = Some((**flow, *end));
                }
            }
            EventKind::Note(Note::Published { message }) => {
                self.handed_over += 1;
                if fact.message.is_none() {
                    fact.message = Some(message);
                    fact.handed_over = Some((moment, seen.process));
                }
            }
            EventKind::Note(Note::Accepted { position, .. }) => {
                let acceptance = Acceptance { moment, position: *position, life: seen.life };
                if fact.accepted.last().is_none_or(|last| last.life < seen.life) {
                    push_rare(&mut fact.accepted, acceptance);
                }
            }
            EventKind::Note(Note::Refused { .. }) => {
                fact.refused = Some((moment, seen.life));
            }
            EventKind::Note(Note::Unsent { .. }) => {
                fact.unsent.get_or_insert(moment);
            }
            EventKind::Note(Note::AcceptedReceived { .. }) => {
                fact.answered.get_or_insert((moment, PublisherWord::Accepted));
            }
            EventKind::Note(Note::RefusedReceived { .. }) => {
                fact.answered.get_or_insert((moment, PublisherWord::Refused));
            }
            EventKind::Note(Note::Sent { .. }) => {
                let session = seen.session;
                push_rare(&mut fact.sent, Sending { moment, session, carried: None });
            }
            _ => {}
        }
    }

    /// The message of this index.
    pub fn get(&self, index: MessageIndex) -> &MessageFacts<'a> {
        &self.all[index.index()]
    }

    /// The indices of all messages, in order.
    pub fn indices(&self) -> impl Iterator<Item = MessageIndex> + use<> {
        (0..self.all.len()).map(MessageIndex::at)
    }

    /// How often a message was handed over.
    pub fn handed_over(&self) -> u64 {
        self.handed_over
    }
}

impl MessageFacts<'_> {
    /// The first acceptance.
    pub fn first_accepted(&self) -> Option<Acceptance> {
        self.accepted.first().copied()
    }

    /// The last acceptance.
    pub fn last_accepted(&self) -> Option<Acceptance> {
        self.accepted.last().copied()
    }

    /// The moment by which the judge dates it: its first acceptance, else its hand-over.
    pub fn dated(&self) -> Option<Moment> {
        let handed_over = self.handed_over.map(|(moment, _)| moment);
        self.first_accepted().map(|accepted| accepted.moment).or(handed_over)
    }
}

//! Tracks what was published, sent, accepted and refused. Never which subscribers wanted it.

use crate::history::{EventKind, Flow, ProcessId};
use crate::message::{DropReason, Message, MessageId, Note, Position};
use crate::terms::Cause;

use super::{BROKER, BrokerLife, Map, MessageIndex, Moment, Seen, SessionIndex, push_rare};

/// All messages that a history names, in the order in which they first appear.
#[derive(Default)]
pub struct Messages<'a> {
    all: Vec<MessageFacts<'a>>,
    by_id: Map<&'a MessageId, MessageIndex>,
    published: u64,
    /// Answers that the broker's application asked for, and those that came in time.
    answers: (u64, u64),
}

/// The facts about one message up to the broker, before any subscriber.
pub struct MessageFacts<'a> {
    /// The message's id.
    pub id: &'a MessageId,
    /// The message itself, once it was published.
    pub message: Option<&'a Message>,
    /// The moment at which it was published, and the publishing process.
    pub published: Option<(Moment, ProcessId)>,
    /// Every acceptance: at most one for each life of the broker.
    pub accepted: Vec<Acceptance>,
    /// The moment at which a broker refused it, and the broker's life.
    pub refused: Option<(Moment, BrokerLife)>,
    /// The moment at which its publisher dropped it.
    pub unsent: Option<Moment>,
    /// The cause, if the publisher dropped its only copy for one that has a name.
    pub unsent_for: Option<(Moment, Cause)>,
    /// The moment at which its publisher was first told that it is accepted or refused, and which.
    pub answered: Option<(Moment, PublisherWord)>,
    /// Every copy that its publisher sent.
    pub sent: Vec<Sending>,
}

/// A broker's answer to the publisher of a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublisherWord {
    /// The broker has taken it over.
    Accepted,
    /// The broker has rejected it.
    Refused,
}

/// One acceptance.
#[derive(Clone, Copy)]
pub struct Acceptance {
    /// The moment.
    pub moment: Moment,
    /// Its position, in catch-up mode.
    pub position: Option<Position>,
    /// The life of the broker.
    pub life: BrokerLife,
}

/// One copy from the publisher to the broker.
#[derive(Clone, Copy)]
pub struct Sending {
    /// The moment.
    pub moment: Moment,
    /// The session that it was sent on.
    pub session: Option<SessionIndex>,
    /// The flow, and where in it the copy ends: a byte or a datagram.
    pub carried: Option<(Flow, u64)>,
}

impl<'a> Messages<'a> {
    /// Returns the index of the message of this id; adds it if it is new.
    pub fn index(&mut self, id: &'a MessageId) -> MessageIndex {
        let next = MessageIndex::at(self.all.len());
        let index = *self.by_id.entry(id).or_insert(next);
        if index == next {
            self.all.push(MessageFacts {
                id,
                message: None,
                published: None,
                accepted: Vec::new(),
                refused: None,
                unsent: None,
                unsent_for: None,
                answered: None,
                sent: Vec::new(),
            });
        }
        index
    }

    /// Records what an event says about messages.
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
                self.published += 1;
                if fact.message.is_none() {
                    fact.message = Some(message);
                    fact.published = Some((moment, seen.process));
                }
            }
            EventKind::Note(Note::AnswersAsked { clients, .. }) => {
                self.answers.0 += clients.len() as u64;
            }
            EventKind::Note(Note::AnswerReceived { .. }) => self.answers.1 += 1,
            EventKind::Note(Note::Accepted { position, .. }) => {
                let acceptance = Acceptance { moment, position: *position, life: seen.life };
                if fact.accepted.last().is_none_or(|last| last.life < seen.life) {
                    push_rare(&mut fact.accepted, acceptance);
                }
            }
            EventKind::Note(Note::Refused { .. }) => {
                fact.refused = Some((moment, seen.life));
            }
            EventKind::Note(Note::Unsent { reason, .. }) => {
                fact.unsent.get_or_insert(moment);
                let cause = match reason {
                    DropReason::TransportBusy => Some(Cause::TransportBusy),
                    DropReason::TooLong => Some(Cause::TooLong),
                    DropReason::NoConnection
                    | DropReason::OutboxFull
                    | DropReason::RequestFailed
                    | DropReason::ConfirmTimedOut => None,
                };
                if let Some(cause) = cause {
                    fact.unsent_for.get_or_insert((moment, cause));
                }
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

    /// Returns the message of this index.
    pub fn get(&self, index: MessageIndex) -> &MessageFacts<'a> {
        &self.all[index.index()]
    }

    /// Returns the message of this id, if an event names it.
    pub fn find(&self, id: &MessageId) -> Option<&MessageFacts<'a>> {
        self.by_id.get(id).map(|index| self.get(*index))
    }

    /// Returns the indices of all messages, in order.
    pub fn indices(&self) -> impl Iterator<Item = MessageIndex> + use<> {
        (0..self.all.len()).map(MessageIndex::at)
    }

    /// Returns the number of publishes.
    /// Returns the number of answers that the broker's application asked for, and of those that came
    /// in time.
    pub fn answers(&self) -> (u64, u64) {
        self.answers
    }

    pub fn published(&self) -> u64 {
        self.published
    }
}

impl MessageFacts<'_> {
    /// Returns the first acceptance.
    pub fn first_accepted(&self) -> Option<Acceptance> {
        self.accepted.first().copied()
    }

    /// Returns the last acceptance.
    pub fn last_accepted(&self) -> Option<Acceptance> {
        self.accepted.last().copied()
    }

    /// Returns the moment by which the judge dates it: its first acceptance, else its publishing.
    pub fn dated(&self) -> Option<Moment> {
        let published = self.published.map(|(moment, _)| moment);
        self.first_accepted().map(|accepted| accepted.moment).or(published)
    }
}

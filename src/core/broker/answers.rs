//! Answers to the broker's own messages: how many of those that a message goes to have answered in
//! time, as an acknowledgement of Socket.IO's `timeout(ms).emit` says it.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{MessageId, Name, Note, Position};
use crate::time::{Duration, Instant};

use super::{Broker, Timer};

/// The answers that the application on the broker's side waits for.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    open: BTreeMap<MessageId, OpenQuestion>,
    /// Those of them that are kept in a backlog: an acknowledgement names their position.
    by_position: BTreeMap<(Name, Position), MessageId>,
}

/// The answers to one message that are still to come.
#[derive(Clone, Debug)]
struct OpenQuestion {
    asked: usize,
    from: BTreeSet<Name>,
    place: Option<(Name, Position)>,
}

impl Answers {
    /// Whether the receivers of a message are asked for an answer.
    pub fn are_asked(&self, id: &MessageId) -> bool {
        self.open.contains_key(id)
    }

    /// Returns the open question at a position.
    pub fn at(&self, queue: &Name, position: Position) -> Option<&MessageId> {
        self.by_position.get(&(queue.clone(), position))
    }

    fn remove(&mut self, id: &MessageId) -> Option<OpenQuestion> {
        let open = self.open.remove(id)?;
        if let Some(place) = &open.place {
            self.by_position.remove(place);
        }
        Some(open)
    }
}

impl Broker {
    /// Begins to wait for the answers of these clients.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        (id, place): (&MessageId, Option<(Name, Position)>),
        from: BTreeSet<Name>,
        within: Duration,
    ) {
        self.note(Note::AnswersAsked { id: id.clone(), clients: from.iter().cloned().collect() });
        if let Some(place) = &place {
            self.answers.by_position.insert(place.clone(), id.clone());
        }
        self.timers.set(Timer::Answers(id.clone()), now + within);
        self.answers.open.insert(id.clone(), OpenQuestion { asked: from.len(), from, place });
        self.end_if_complete(id);
    }

    /// Takes the answer of a client. One that is late, or comes again, is ignored.
    pub(super) fn take_answer(&mut self, id: &MessageId, client: &Name) {
        let open = self.answers.open.get_mut(id);
        if open.is_some_and(|open| open.from.remove(client)) {
            self.note(Note::AnswerReceived { id: id.clone(), client: client.clone() });
            self.end_if_complete(id);
        }
    }

    /// Ends the wait: all have answered, or the time has passed.
    pub(super) fn end_answers(&mut self, id: &MessageId) {
        if let Some(OpenQuestion { asked, from, .. }) = self.answers.remove(id) {
            self.timers.clear(&Timer::Answers(id.clone()));
            let in_time = asked - from.len();
            self.note(Note::AnswersEnded { id: id.clone(), asked, in_time });
        }
    }

    fn end_if_complete(&mut self, id: &MessageId) {
        if self.answers.open.get(id).is_some_and(|open| open.from.is_empty()) {
            self.end_answers(id);
        }
    }
}

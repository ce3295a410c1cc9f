//! The outcomes of one subscriber: message by message, and in numbers.

use std::collections::BTreeMap;

use crate::history::EventKind;
use crate::message::{Message, MessageId, Mode, Note, PushKind, SessionId};
use crate::verdict::MessageOutcome;

use super::copies::{DeliveryPath, End};
use super::subscriber::Subscriber;
use super::trial::{BROKER, Trial, When};
use crate::terms::{Cause, Outcome};

/// One call of a handler that returned.
#[derive(Clone, Copy)]
pub struct Handling<'a> {
    pub when: When,
    pub process: u32,
    pub id: &'a MessageId,
    pub kind: PushKind,
    pub session: &'a SessionId,
}

/// A wanted message and its outcome.
pub struct Wanted<'s, 'a> {
    pub path: DeliveryPath<'s, 'a>,
    pub message: &'a Message,
    pub published: When,
    pub publisher: u32,
    pub outcome: Outcome,
    pub handled: Option<When>,
    pub missed: Option<End>,
}

/// All that one subscriber handled and wanted.
pub struct Case<'s, 'a> {
    pub trial: Trial<'a>,
    pub subscriber: &'s Subscriber<'a>,
    /// Every call that returned, in order.
    pub handlings: Vec<Handling<'a>>,
    /// In the order in which they were published.
    pub wanted: Vec<Wanted<'s, 'a>>,
}

impl<'s, 'a> Case<'s, 'a> {
    pub fn of(subscriber: &'s Subscriber<'a>) -> Case<'s, 'a> {
        let trial = subscriber.trial;
        let handlings = trial.notes().filter_map(|(when, process, note)| match note {
            Note::Handled { id, kind, session } if subscriber.is(process) => {
                Some(Handling { when, process, id, kind: *kind, session })
            }
            _ => None,
        });
        let handlings: Vec<Handling<'a>> = handlings.collect();
        let ids = trial.messages().into_iter().filter(|id| subscriber.wants(id));
        let wanted = ids.filter_map(|id| Wanted::of(subscriber, id, &handlings));
        let mut wanted: Vec<Wanted<'s, 'a>> = wanted.collect();
        wanted.sort_by_key(|one| one.published);
        Case { trial, subscriber, handlings, wanted }
    }

    /// Returns each handling of a message that had been handled before: the message's first
    /// handling, and this one.
    pub fn repeats(&self) -> Vec<(Handling<'a>, Handling<'a>)> {
        let first = |again: &Handling<'a>| self.handlings.iter().find(|one| one.id == again.id);
        let pairs = self.handlings.iter().filter_map(|again| Some((*first(again)?, *again)));
        pairs.filter(|(first, again)| first.when < again.when).collect()
    }

    /// Whether it is the first handling of its message.
    fn is_first(&self, handling: &Handling<'a>) -> bool {
        !self.handlings.iter().any(|one| one.id == handling.id && one.when < handling.when)
    }

    /// Returns each first handling that came after one of a later message of the same publisher and
    /// queue, with that later message.
    ///
    /// Of several later messages it is the latest that is not volatile, or else the latest.
    pub fn late(&self) -> Vec<(Handling<'a>, &'a MessageId)> {
        let of = |handling: &Handling<'a>| self.trial.published(handling.id).map(|(.., of)| of);
        let mut late = Vec::new();
        for this in self.handlings.iter().filter(|one| self.is_first(one)) {
            let Some(message) = of(this) else { continue };
            let before = self.handlings.iter().filter(|one| one.when < this.when);
            let later = before.filter_map(of).filter(|other| {
                (&other.id.publisher, &other.queue) == (&message.id.publisher, &message.queue)
                    && other.id.sequence > message.id.sequence
            });
            if let Some(after) = later.max_by_key(|one| (!one.is_volatile(), one.id.sequence)) {
                late.push((*this, &after.id));
            }
        }
        late
    }

    pub fn count(&self, outcome: Outcome) -> u64 {
        self.wanted.iter().filter(|one| one.outcome == outcome).count() as u64
    }

    pub fn causes(&self) -> BTreeMap<Cause, u64> {
        let mut causes = BTreeMap::new();
        for (_, cause) in self.wanted.iter().filter_map(|one| one.missed) {
            *causes.entry(cause).or_default() += 1;
        }
        causes
    }

    /// Returns the number of messages that were handled, though they are not wanted and no join
    /// called for them. Each message counts once.
    pub fn not_wanted(&self) -> u64 {
        let first = self.handlings.iter().filter(|one| self.is_first(one));
        let is_replayed = |id: &MessageId| {
            let mut lives = 0..=self.trial.last_life();
            lives.any(|life| self.subscriber.kept(id, life).is_some())
        };
        let not_wanted =
            |one: &&Handling<'_>| !self.subscriber.wants(one.id) && !is_replayed(one.id);
        first.filter(not_wanted).count() as u64
    }

    pub fn interrupted(&self) -> u64 {
        let calls = self.trial.events().filter(|(_, process, what)| {
            self.subscriber.is(*process) && matches!(what, EventKind::Interrupted { .. })
        });
        calls.count() as u64
    }

    pub fn gaps_announced(&self) -> u64 {
        let told = self.trial.notes().filter(|(_, process, note)| {
            self.subscriber.is(*process) && matches!(note, Note::GapReceived { .. })
        });
        told.count() as u64
    }

    /// Returns the delays from publish to the first handling, shortest first.
    pub fn delays_ms(&self) -> Vec<f64> {
        let delays = self.wanted.iter().filter_map(|one| {
            let handled = self.trial.at(one.handled?);
            Some(handled.since(self.trial.at(one.published)).as_millis_f64())
        });
        let mut delays: Vec<f64> = delays.collect();
        delays.sort_by(f64::total_cmp);
        delays
    }
}

impl<'s, 'a> Wanted<'s, 'a> {
    fn of(
        subscriber: &'s Subscriber<'a>,
        id: &'a MessageId,
        handlings: &[Handling<'a>],
    ) -> Option<Wanted<'s, 'a>> {
        let (published, publisher, message) = subscriber.trial.published(id)?;
        let path = DeliveryPath::of(subscriber, id);
        let first = handlings.iter().find(|handling| handling.id == id);
        let outcome = match first {
            None => Outcome::Missed,
            Some(first) if first.kind == PushKind::Live && !is_sent_again(&path, first) => {
                Outcome::Live
            }
            Some(_) => Outcome::CaughtUp,
        };
        let handled = first.map(|first| first.when);
        let missed = handled.is_none().then(|| path.cause());
        Some(Wanted { path, message, published, publisher, outcome, handled, missed })
    }

    /// Returns the end by which it was lost for good; `None` if it was handled or is unsettled.
    pub fn lost(&self) -> Option<End> {
        self.missed.filter(|(_, cause)| *cause != Cause::Unsettled)
    }

    pub fn report(&self) -> MessageOutcome {
        let trial = self.path.subscriber.trial;
        MessageOutcome {
            id: self.message.id.clone(),
            queue: self.message.queue.clone(),
            event: self.message.event.clone(),
            published_ms: trial.at(self.published).as_millis_f64(),
            outcome: self.outcome,
            handled_ms: self.handled.map(|when| trial.at(when).as_millis_f64()),
            cause: self.missed.map(|(_, cause)| cause),
        }
    }
}

/// Whether the message had already been pushed in an earlier life of the broker than that of the
/// session from which it was handled. Only catch-up mode sends anything again.
fn is_sent_again(path: &DeliveryPath<'_, '_>, first: &Handling<'_>) -> bool {
    let trial = path.subscriber.trial;
    let Some(opened) = trial.session(first.session).opened else { return false };
    let crashed = |pushed: When| trial.deaths(BROKER).any(|one| pushed < one && one < opened);
    trial.contender.mode == Mode::CatchUp && path.copies.iter().any(|copy| crashed(copy.pushed))
}

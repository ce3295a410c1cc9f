//! Records what was published, accepted, handled and announced, and finds what is wrong with it.
//!
//! The terms are those in the header of `model`. Messages are indexed by sequence, since there is
//! one publisher. Positions belong to one epoch; epochs count from 1.

use crate::message::{
    AckPolicy, Dedup, Epoch, Mode, Note, Position, Reliability, Retention, WhenFull,
};
use crate::terms::{Anomaly, Guarantee};
use crate::time::{Duration, Instant};

use super::super::Wrong;
use super::reader::{Handled, ModelReader, ReaderStart};
use super::{ModelOptions, PUBLISHER};

/// Something wrong in a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFinding {
    /// The first client that shows it: a subscriber, or the publisher.
    pub client: String,
    /// The kind of error; shrinking keeps it.
    pub wrong: Wrong,
    /// The message and the times.
    pub evidence: String,
}

/// Guarantees in the order in which they are looked at. Exactly-once is not among them: whatever
/// breaks it also breaks one of these, which says more.
const CLAIMS: [Guarantee; 4] =
    [Guarantee::AtLeastOnce, Guarantee::AtMostOnce, Guarantee::InOrder, Guarantee::NoSilentGap];
// All but exactly-once, which is the first two together.
const _: () = assert!(CLAIMS.len() + 1 == Guarantee::ALL.len());

/// Records everything that happens in a model, and checks the claims.
pub struct Checker {
    terms: Terms,
    epoch: Epoch,
    /// The newest position of the epoch.
    head: Position,
    /// By sequence less one.
    messages: Vec<Published>,
    /// Number of messages that were published before the publisher's process last died.
    dead: usize,
    /// Length of a prefix of `messages` that all have an answer, or need none.
    answered: usize,
    accepted: Vec<u64>,
    refused: Vec<u64>,
    readers: Vec<ModelReader>,
}

/// The options on which the claims depend.
struct Terms {
    mode: Mode,
    reliability: Reliability,
    ack: AckPolicy,
    dedup: Dedup,
    backlog: Retention,
    session_expiry: Option<Duration>,
}

/// One message.
#[derive(Clone, Copy, Default)]
struct Published {
    at: Instant,
    /// The first epoch in which it was accepted; [`Epoch::NONE`] if it was not.
    first_epoch: Epoch,
    /// The last epoch in which it was accepted; [`Epoch::NONE`] if it was not.
    epoch: Epoch,
    /// Its position in that epoch.
    position: Position,
    is_refused: bool,
    /// Whether the backlog has trimmed it since.
    is_trimmed: bool,
}

impl Published {
    fn was_accepted(&self) -> bool {
        self.epoch != Epoch::NONE
    }
}

impl Checker {
    /// Creates a checker that has seen nothing yet.
    pub fn new(options: &ModelOptions) -> Checker {
        let terms = Terms {
            mode: options.mode,
            reliability: options.link.reliability,
            ack: options.client.ack,
            dedup: options.client.dedup,
            backlog: options.broker.backlog.clone(),
            session_expiry: options.broker.session_expiry,
        };
        Checker {
            terms,
            epoch: Epoch::FIRST,
            head: Position::START,
            messages: Vec::new(),
            dead: 0,
            answered: 0,
            accepted: Vec::new(),
            refused: Vec::new(),
            readers: (0..options.subscribers).map(|_| ModelReader::default()).collect(),
        }
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub fn accepted(&self) -> &[u64] {
        &self.accepted
    }

    pub fn refused(&self) -> &[u64] {
        &self.refused
    }

    pub fn handled(&self, n: usize) -> &[u64] {
        &self.readers[n - 1].handled
    }

    pub fn gaps(&self, n: usize) -> &[(Epoch, Position, Position)] {
        &self.readers[n - 1].gaps
    }

    // ── events ──────────────────────────────────────────────────────────────────────────────

    /// Records that a message is published.
    pub fn publish(&mut self, at: Instant) {
        self.messages.push(Published { at, ..Published::default() });
    }

    /// Records that the broker accepted a message.
    pub fn accept(&mut self, sequence: u64, position: Option<Position>) {
        self.accepted.push(sequence);
        let (epoch, Some(message)) = (self.epoch, self.messages.get_mut(index(sequence))) else {
            return;
        };
        if message.first_epoch == Epoch::NONE {
            message.first_epoch = epoch;
        }
        (message.epoch, message.is_trimmed) = (epoch, false);
        if let Some(position) = position {
            message.position = position;
            self.head = position;
        }
    }

    /// Records that the broker refused a message.
    pub fn refuse(&mut self, sequence: u64) {
        self.refused.push(sequence);
        if let Some(message) = self.messages.get_mut(index(sequence)) {
            message.is_refused = true;
        }
    }

    /// Records that the backlog trimmed a message.
    pub fn trim(&mut self, sequence: u64, position: Position) {
        if let Some(message) = self.messages.get_mut(index(sequence)) {
            message.is_trimmed |= message.position == position;
        }
    }

    /// Records that the broker does not keep a message for a subscriber, which has too many
    /// unacknowledged.
    pub fn overflow(&mut self, n: usize, position: Position) {
        self.readers[n - 1].overflowed.insert((self.epoch, position));
    }

    /// Records that a subscriber has a session at the broker, or none since this time.
    pub fn session(&mut self, n: usize, none_since: Option<Instant>) {
        self.readers[n - 1].without_session = none_since;
    }

    /// Records that a subscriber's session expired. One that expires too early is not recorded.
    pub fn expire(&mut self, n: usize, now: Instant) {
        let reader = &mut self.readers[n - 1];
        let due = self.terms.session_expiry.zip(reader.without_session);
        reader.has_lapsed |= due.is_some_and(|(expiry, since)| since + expiry <= now);
    }

    /// Records that the broker has recorded a subscriber.
    pub fn record(&mut self, n: usize) {
        let (epoch, head) = (self.epoch, self.head);
        let reader = &mut self.readers[n - 1];
        if std::mem::take(&mut reader.has_lapsed) {
            reader.lapsed_to = (epoch, head);
        }
        let from = if reader.knows_an_epoch() { Position::FIRST } else { head.next() };
        reader.begins.entry(epoch).or_insert(ReaderStart { from, head });
    }

    /// Records a note of a client.
    pub fn note(&mut self, n: usize, note: &Note) {
        match note {
            Note::ResumeReceived { answer, .. } if n != PUBLISHER => {
                self.readers[n - 1].told(*answer);
            }
            Note::GapReceived { from, to, .. } if n != PUBLISHER => {
                let reader = &mut self.readers[n - 1];
                reader.gaps.push((reader.knows.1, *from, *to));
            }
            // The client did not keep it, so that no answer can come.
            Note::Unsent { id, .. } => {
                if let Some(message) = self.messages.get_mut(index(id.sequence)) {
                    message.is_refused = true;
                }
            }
            _ => {}
        }
    }

    /// Records that a handler has returned.
    pub fn handle(&mut self, n: usize, sequence: u64, now: Instant) {
        if n == PUBLISHER {
            return;
        }
        let (at, reader) = (index(sequence), &mut self.readers[n - 1]);
        reader.handled.push(sequence);
        let Some(message) = self.messages.get(at) else {
            let said = || format!("driver-{sequence} was handled at {now} and never published");
            reader.not_wanted.get_or_insert_with(said);
            return;
        };
        // After the broker's death, messages that it had accepted may be accepted again, in any
        // order.
        let is_claimed = |one: &Published| {
            one.first_epoch == self.epoch || self.terms.mode == Mode::FireAndForget
        };
        match reader.handle(at, now) {
            Handled::InOrder => {}
            Handled::After(highest) => {
                if is_claimed(message) && is_claimed(&self.messages[highest]) {
                    let after = highest + 1;
                    let said =
                        || format!("driver-{sequence} was handled at {now}, after driver-{after}");
                    reader.late.get_or_insert_with(said);
                }
            }
            Handled::Again(first, process) => {
                if is_claimed(message) && process == reader.deaths {
                    let said =
                        || format!("driver-{sequence} was handled at {first} and again at {now}");
                    reader.twice.get_or_insert_with(said);
                }
            }
        }
    }

    /// Records the death of a client.
    pub fn crash(&mut self, n: usize) {
        if n == PUBLISHER {
            self.dead = self.messages.len();
            return;
        }
        let reader = &mut self.readers[n - 1];
        reader.deaths += 1;
        reader.died_at = (self.epoch, self.head);
        reader.knows = (Epoch::NONE, Epoch::NONE);
    }

    /// Records the death of the broker: a new epoch begins.
    pub fn crash_broker(&mut self) {
        self.epoch = self.epoch.next();
        self.head = Position::START;
        self.readers.iter_mut().for_each(|reader| reader.has_lapsed = false);
    }

    // ── findings ────────────────────────────────────────────────────────────────────────────

    /// Returns the first thing that is wrong: broken claims before anomalies.
    pub fn check(&self, is_quiescent: bool) -> Option<ModelFinding> {
        let broken = CLAIMS.iter().find_map(|one| self.finding(*one, is_quiescent));
        broken.or_else(|| self.not_wanted()).or_else(|| self.stalled().filter(|_| is_quiescent))
    }

    /// Whether no message and no answer is missing.
    pub fn is_complete(&mut self) -> bool {
        let is_answered = |one: &Published| one.was_accepted() || one.is_refused;
        self.answered = self.answered.max(self.dead);
        while self.messages.get(self.answered).is_some_and(is_answered) {
            self.answered += 1;
        }
        self.answered == self.messages.len()
            && self.readers.iter().all(|reader| self.missing(reader).next().is_none())
    }

    /// Returns a number that grows with each answer, and with each message that is handled for the
    /// first time.
    pub fn progress(&self) -> usize {
        let answered = self.accepted.len() + self.refused.len();
        answered + self.readers.iter().map(|reader| reader.distinct).sum::<usize>()
    }

    /// Returns the finding that breaks this claim, if it is broken.
    pub fn finding(&self, guarantee: Guarantee, is_quiescent: bool) -> Option<ModelFinding> {
        if !self.terms.claim(guarantee) {
            return None;
        }
        let missing = |reader: &ModelReader| {
            let first = self.missing(reader).find(|(_, broken)| *broken == guarantee);
            let (at, _) = first.filter(|_| is_quiescent)?;
            let published = self.messages[at].at;
            Some(format!("driver-{}, published at {published}, was never handled", at + 1))
        };
        let said = |reader: &ModelReader| match guarantee {
            Guarantee::AtMostOnce => reader.twice.clone(),
            Guarantee::InOrder => reader.late.clone(),
            Guarantee::AtLeastOnce | Guarantee::NoSilentGap => missing(reader),
            Guarantee::ExactlyOnce => None,
        };
        if guarantee == Guarantee::ExactlyOnce {
            let parts = [Guarantee::AtMostOnce, Guarantee::AtLeastOnce];
            let found = parts.into_iter().find_map(|one| self.finding(one, is_quiescent))?;
            return Some(ModelFinding { wrong: Wrong::Broken(guarantee), ..found });
        }
        let mut found = self.readers.iter().zip(1..);
        let (n, evidence) = found.find_map(|(reader, n)| Some((n, said(reader)?)))?;
        Some(ModelFinding { client: shop(n), wrong: Wrong::Broken(guarantee), evidence })
    }

    /// Iterates over the messages that a subscriber has missed, each with the claim that is broken:
    /// no-silent-gap if the message may be lost, else at-least-once.
    fn missing<'l>(
        &'l self,
        reader: &'l ModelReader,
    ) -> impl Iterator<Item = (usize, Guarantee)> + use<'l> {
        let from = if self.terms.mode == Mode::CatchUp { reader.prefix } else { usize::MAX };
        let messages = self.messages.iter().enumerate().skip(from);
        let unhandled = messages.filter(|(at, one)| {
            one.was_accepted() && reader.first.get(*at).is_none_or(Option::is_none)
        });
        unhandled.filter_map(|(at, one)| Some((at, self.broken_by(reader, one)?)))
    }

    /// Returns the claim that is broken by a message that was accepted and not handled, if any.
    fn broken_by(&self, reader: &ModelReader, message: &Published) -> Option<Guarantee> {
        let begins = *reader.begins.get(&message.epoch)?;
        if message.position < begins.from {
            return None;
        }
        let is_announced = reader.is_announced(message.epoch, message.position);
        if message.epoch < self.epoch {
            let knew = reader.knows_an_epoch() && reader.knows.0 <= message.epoch;
            return (knew && !is_announced).then_some(Guarantee::NoSilentGap);
        }
        let is_gone = self.may_be_gone(message, begins)
            || self.has_overflowed(reader, message)
            || reader.has_lapsed(message.epoch, message.position);
        if !is_gone {
            return Some(Guarantee::AtLeastOnce);
        }
        let had_died = reader.died_at >= (message.epoch, message.position);
        (!is_announced && !had_died).then_some(Guarantee::NoSilentGap)
    }

    /// Whether the backlog trimmed the message, and its retention allowed that. Messages that are
    /// outstanding for no subscriber go first, in any order.
    fn may_be_gone(&self, message: &Published, begins: ReaderStart) -> bool {
        let Retention { messages, when_full, .. } = self.terms.backlog;
        let was_outstanding = message.position > begins.head;
        let since = if was_outstanding { message.position } else { Position::START };
        let newer = self.head.since(since);
        let may_trim = when_full == WhenFull::DropOldest || !was_outstanding;
        message.is_trimmed && newer >= messages as u64 && may_trim
    }

    /// Whether the message was not kept for the subscriber, and the limit allowed that: as many as
    /// may be kept were accepted before it.
    fn has_overflowed(&self, reader: &ModelReader, message: &Published) -> bool {
        let Some(most) = self.terms.backlog.per_subscription else { return false };
        let before = message.position.since(Position::FIRST);
        reader.overflowed.contains(&(message.epoch, message.position)) && before >= most as u64
    }

    fn not_wanted(&self) -> Option<ModelFinding> {
        let mut found = self.readers.iter().zip(1..);
        let (n, evidence) = found.find_map(|(reader, n)| Some((n, reader.not_wanted.clone()?)))?;
        Some(ModelFinding { client: shop(n), wrong: Wrong::Seen(Anomaly::NotWanted), evidence })
    }

    fn stalled(&self) -> Option<ModelFinding> {
        if self.terms.mode == Mode::FireAndForget {
            return None;
        }
        let mut living = self.messages.iter().enumerate().skip(self.dead);
        let (at, one) = living.find(|(_, one)| !one.was_accepted() && !one.is_refused)?;
        let evidence = format!("driver-{}, published at {}, was never answered", at + 1, one.at);
        let wrong = Wrong::Seen(Anomaly::Stalled);
        Some(ModelFinding { client: "driver".to_owned(), wrong, evidence })
    }
}

impl Terms {
    /// Whether a guarantee is claimed.
    fn claim(&self, guarantee: Guarantee) -> bool {
        let acknowledges = self.mode == Mode::FireAndForget || self.ack == AckPolicy::AfterHandler;
        acknowledges && self.mode.claims(guarantee, self.reliability, self.dedup)
    }
}

/// Returns the index of a sequence in the list of messages.
fn index(sequence: u64) -> usize {
    (sequence as usize).wrapping_sub(1)
}

fn shop(n: usize) -> String {
    format!("shop{n}")
}

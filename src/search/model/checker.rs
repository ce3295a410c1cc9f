//! What was published, accepted, handled and announced, and what is wrong with that.
//!
//! The terms are those that the head of `mailbag` names. All is kept by sequence, since there is
//! one publisher; positions are those of one epoch, which is counted from 1.

use crate::core::Reliability;
use crate::message::{AckPolicy, Dedup, Epoch, Mode, Note, Position, Retention, WhenFull};
use crate::terms::{Anomaly, Guarantee};
use crate::time::Instant;

use super::super::Wrong;
use super::reader::{Handled, ModelReader, ReaderStart};
use super::{Mail, PUBLISHER};

/// Something wrong in a mailbag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFinding {
    /// Who saw it first: a subscriber, or the publisher.
    pub client: String,
    /// What it is; shrinking keeps it.
    pub wrong: Wrong,
    /// Which message, which times.
    pub evidence: String,
}

/// Of the claims that say it best: exactly-once is broken by what breaks one of the others.
const CLAIMS: [Guarantee; 4] =
    [Guarantee::AtLeastOnce, Guarantee::AtMostOnce, Guarantee::InOrder, Guarantee::NoSilentGap];

/// All that was seen.
pub struct Checker {
    terms: Terms,
    epoch: Epoch,
    /// The newest position of the epoch.
    head: Position,
    /// By sequence less one.
    messages: Vec<Published>,
    /// How many of them were handed over before the publisher's process died last.
    dead: usize,
    /// How many in front have an answer, or need none.
    answered: usize,
    accepted: Vec<u64>,
    refused: Vec<u64>,
    readers: Vec<ModelReader>,
}

/// What is claimed.
struct Terms {
    mode: Mode,
    frames: Reliability,
    ack: AckPolicy,
    dedup: Dedup,
    backlog: Retention,
}

/// One message.
#[derive(Clone, Copy, Default)]
struct Published {
    at: Instant,
    /// In which epoch it was accepted first; 0 if it was not.
    first_epoch: Epoch,
    /// In which epoch it was accepted last.
    epoch: Epoch,
    /// Where, in that epoch.
    position: Position,
    is_refused: bool,
    /// Whether the backlog let it go since.
    is_forgotten: bool,
}

impl Checker {
    /// Nothing was seen yet.
    pub fn new(mail: &Mail) -> Checker {
        let terms = Terms {
            mode: mail.mode,
            frames: mail.path.frames,
            ack: mail.client.ack,
            dedup: mail.client.dedup,
            backlog: mail.broker.backlog.clone(),
        };
        Checker {
            terms,
            epoch: 1,
            head: 0,
            messages: Vec::new(),
            dead: 0,
            answered: 0,
            accepted: Vec::new(),
            refused: Vec::new(),
            readers: (0..mail.subscribers).map(|_| ModelReader::default()).collect(),
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

    // ── what happens ────────────────────────────────────────────────────────────────────────

    /// A message is handed over.
    pub fn publish(&mut self, at: Instant) {
        self.messages.push(Published { at, ..Published::default() });
    }

    /// The broker accepted a message.
    pub fn accept(&mut self, sequence: u64, position: Option<Position>) {
        self.accepted.push(sequence);
        let (epoch, Some(message)) = (self.epoch, self.messages.get_mut(index(sequence))) else {
            return;
        };
        if message.first_epoch == 0 {
            message.first_epoch = epoch;
        }
        (message.epoch, message.is_forgotten) = (epoch, false);
        if let Some(position) = position {
            message.position = position;
            self.head = position;
        }
    }

    /// The broker refused a message.
    pub fn refuse(&mut self, sequence: u64) {
        self.refused.push(sequence);
        if let Some(message) = self.messages.get_mut(index(sequence)) {
            message.is_refused = true;
        }
    }

    /// A message left the backlog.
    pub fn forget(&mut self, sequence: u64, position: Position) {
        if let Some(message) = self.messages.get_mut(index(sequence)) {
            message.is_forgotten |= message.position == position;
        }
    }

    /// A subscriber is on record.
    pub fn record(&mut self, n: usize) {
        let (epoch, head) = (self.epoch as usize, self.head);
        let reader = &mut self.readers[n - 1];
        reader.begins.resize(epoch.max(reader.begins.len()), None);
        let from = if reader.knows.0 > 0 { 1 } else { head + 1 };
        reader.begins[epoch - 1].get_or_insert(ReaderStart { from, head });
    }

    /// A client noted something.
    pub fn hear(&mut self, n: usize, note: &Note) {
        match note {
            Note::ResumeReceived { answer, .. } if n != PUBLISHER => {
                self.readers[n - 1].told(*answer);
            }
            Note::GapReceived { from, to, .. } if n != PUBLISHER => {
                let reader = &mut self.readers[n - 1];
                reader.gaps.push((reader.knows.1, *from, *to));
            }
            // It was not kept, so nobody can answer.
            Note::Unsent { id, .. } => {
                if let Some(message) = self.messages.get_mut(index(id.sequence)) {
                    message.is_refused = true;
                }
            }
            _ => {}
        }
    }

    /// A handler has returned.
    pub fn handle(&mut self, n: usize, sequence: u64, now: Instant) {
        if n == PUBLISHER {
            return;
        }
        let (at, reader) = (index(sequence), &mut self.readers[n - 1]);
        reader.handled.push(sequence);
        let Some(message) = self.messages.get(at) else {
            let said = || format!("driver-{sequence} was handled at {now} and never handed over");
            reader.unasked.get_or_insert_with(said);
            return;
        };
        // What a broker accepted before it died it may accept again, in any order.
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

    /// A client died.
    pub fn crash(&mut self, n: usize) {
        if n == PUBLISHER {
            self.dead = self.messages.len();
            return;
        }
        let reader = &mut self.readers[n - 1];
        reader.deaths += 1;
        reader.died_at = (self.epoch, self.head);
        reader.knows = (0, 0);
    }

    /// The broker died, and begins anew.
    pub fn crash_broker(&mut self) {
        self.epoch += 1;
        self.head = 0;
    }

    // ── what is wrong ───────────────────────────────────────────────────────────────────────

    /// The first thing that is wrong: broken claims before anomalies.
    pub fn check(&self, is_at_peace: bool) -> Option<ModelFinding> {
        let broken = CLAIMS.iter().find_map(|one| self.finding(*one, is_at_peace));
        broken.or_else(|| self.unasked()).or_else(|| self.stalled().filter(|_| is_at_peace))
    }

    /// Whether nothing is missing.
    pub fn is_complete(&mut self) -> bool {
        let is_answered = |one: &Published| one.epoch > 0 || one.is_refused;
        self.answered = self.answered.max(self.dead);
        while self.messages.get(self.answered).is_some_and(is_answered) {
            self.answered += 1;
        }
        self.answered == self.messages.len()
            && self.readers.iter().all(|reader| self.missing(reader).next().is_none())
    }

    /// Grows with each message that is answered or handled for the first time.
    pub fn news(&self) -> usize {
        let answered = self.accepted.len() + self.refused.len();
        answered + self.readers.iter().map(|reader| reader.distinct).sum::<usize>()
    }

    /// Whether this claim is broken, and the evidence.
    pub fn finding(&self, guarantee: Guarantee, is_at_peace: bool) -> Option<ModelFinding> {
        if !self.terms.claim(guarantee) {
            return None;
        }
        let missing = |reader: &ModelReader| {
            let first = self.missing(reader).find(|(_, broken)| *broken == guarantee);
            let (at, _) = first.filter(|_| is_at_peace)?;
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
            let found = parts.into_iter().find_map(|one| self.finding(one, is_at_peace))?;
            return Some(ModelFinding { wrong: Wrong::Broken(guarantee), ..found });
        }
        let mut found = self.readers.iter().zip(1..);
        let (n, evidence) = found.find_map(|(reader, n)| Some((n, said(reader)?)))?;
        Some(ModelFinding { client: shop(n), wrong: Wrong::Broken(guarantee), evidence })
    }

    /// What a subscriber has missed, and which claim that breaks: at-least-once, or if nobody could
    /// keep it, no-silent-gap.
    fn missing<'l>(
        &'l self,
        reader: &'l ModelReader,
    ) -> impl Iterator<Item = (usize, Guarantee)> + use<'l> {
        let from = if self.terms.mode == Mode::CatchUp { reader.prefix } else { usize::MAX };
        let messages = self.messages.iter().enumerate().skip(from);
        let unhandled = messages
            .filter(|(at, one)| one.epoch > 0 && reader.first.get(*at).is_none_or(Option::is_none));
        unhandled.filter_map(|(at, one)| Some((at, self.broken_by(reader, one)?)))
    }

    /// Which claim is broken by a message that was accepted and not handled, if any is.
    fn broken_by(&self, reader: &ModelReader, message: &Published) -> Option<Guarantee> {
        let begins = reader.begins.get(message.epoch as usize - 1).copied().flatten()?;
        if message.position < begins.from {
            return None;
        }
        let is_told = reader.is_told(message.epoch, message.position);
        if message.epoch < self.epoch {
            let knew = reader.knows.0 > 0 && reader.knows.0 <= message.epoch;
            return (knew && !is_told).then_some(Guarantee::NoSilentGap);
        }
        if !self.may_be_gone(message, begins) {
            return Some(Guarantee::AtLeastOnce);
        }
        let had_died = reader.died_at >= (message.epoch, message.position);
        (!is_told && !had_died).then_some(Guarantee::NoSilentGap)
    }

    /// Whether retention did not keep it, and need not have. What was owed to nobody goes first, in
    /// any order.
    fn may_be_gone(&self, message: &Published, begins: ReaderStart) -> bool {
        let Retention { messages, when_full, .. } = self.terms.backlog;
        let was_owed = message.position > begins.head;
        let newer = if was_owed { self.head - message.position } else { self.head };
        let is_let_go = when_full == WhenFull::DropOldest || !was_owed;
        message.is_forgotten && newer >= messages as u64 && is_let_go
    }

    fn unasked(&self) -> Option<ModelFinding> {
        let mut found = self.readers.iter().zip(1..);
        let (n, evidence) = found.find_map(|(reader, n)| Some((n, reader.unasked.clone()?)))?;
        Some(ModelFinding { client: shop(n), wrong: Wrong::Seen(Anomaly::Unasked), evidence })
    }

    fn stalled(&self) -> Option<ModelFinding> {
        if self.terms.mode == Mode::FireAndForget {
            return None;
        }
        let mut living = self.messages.iter().enumerate().skip(self.dead);
        let (at, one) = living.find(|(_, one)| one.epoch == 0 && !one.is_refused)?;
        let evidence = format!("driver-{}, published at {}, was never answered", at + 1, one.at);
        let wrong = Wrong::Seen(Anomaly::Stalled);
        Some(ModelFinding { client: "driver".to_owned(), wrong, evidence })
    }
}

impl Terms {
    /// Whether a guarantee is claimed.
    fn claim(&self, guarantee: Guarantee) -> bool {
        let exactly = matches!(guarantee, Guarantee::AtMostOnce | Guarantee::ExactlyOnce);
        match (self.mode, self.frames) {
            (Mode::FireAndForget, Reliability::Lossy) => false,
            (Mode::FireAndForget, Reliability::Reliable) => {
                matches!(guarantee, Guarantee::AtMostOnce | Guarantee::InOrder)
            }
            (Mode::CatchUp, _) => {
                self.ack == AckPolicy::AfterHandler && (!exactly || self.dedup == Dedup::On)
            }
        }
    }
}

/// Where a sequence stands in the list.
fn index(sequence: u64) -> usize {
    (sequence as usize).wrapping_sub(1)
}

fn shop(n: usize) -> String {
    format!("shop{n}")
}

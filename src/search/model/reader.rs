//! The checker's record of one subscriber: the messages that it handled, and the gaps and epochs
//! that it was told of.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Epoch, Position, ResumeOutcome};
use crate::time::Instant;

/// Records one subscriber.
#[derive(Default)]
pub struct ModelReader {
    /// For each message, by sequence less one: the time at which it was first handled, and the
    /// number of deaths before that.
    pub first: Vec<Option<(Instant, u32)>>,
    /// Length of the longest prefix of `first` that was handled entirely.
    pub prefix: usize,
    /// The highest message that was handled, by sequence less one.
    pub highest: Option<usize>,
    /// Sequences whose handlers have returned, in order.
    pub handled: Vec<u64>,
    /// Number of different messages in `handled`.
    pub distinct: usize,
    /// Number of times that it died.
    pub deaths: u32,
    /// The broker's epoch and newest position at the last death.
    pub died_at: (Epoch, Position),
    /// The beginning of the subscription in each epoch in which the broker recorded it.
    pub begins: BTreeMap<Epoch, ReaderStart>,
    /// The first and the last epoch that the living process was told of; [`Epoch::NONE`] if none.
    pub knows: (Epoch, Epoch),
    /// The subscriber was told that every epoch before this one is over.
    pub over: Epoch,
    /// Gaps that it was told of: the epoch, the first position, the last.
    pub gaps: Vec<(Epoch, Position, Position)>,
    /// Positions of messages that were not kept for it, because too many were unacknowledged.
    pub overflowed: BTreeSet<(Epoch, Position)>,
    /// The time since which it has had no session at the broker, if it has none.
    pub without_session: Option<Instant>,
    /// Whether its session has expired, and the broker has not recorded it since.
    pub has_lapsed: bool,
    /// The broker's epoch and newest position when it was recorded after the last expiry.
    pub lapsed_to: (Epoch, Position),
    /// Evidence of the first message that was handled twice, within the terms.
    pub twice: Option<String>,
    /// Evidence of the first message that was handled out of order, within the terms.
    pub late: Option<String>,
    /// Evidence of the first message that was handled although it was never published.
    pub not_wanted: Option<String>,
}

/// The beginning of a subscription in an epoch.
#[derive(Clone, Copy)]
pub struct ReaderStart {
    /// The first position that is wanted.
    pub from: Position,
    /// The newest position when it was recorded.
    pub head: Position,
}

/// Compares the handling of a message with the ones before it.
pub enum Handled {
    /// The message is handled for the first time, and no higher one was handled before.
    InOrder,
    /// The message is handled for the first time, after this higher one.
    After(usize),
    /// The message was handled before: at this time, after this many deaths.
    Again(Instant, u32),
}

impl ModelReader {
    /// Records that a handler has returned for the message of this index.
    pub fn handle(&mut self, at: usize, now: Instant) -> Handled {
        if self.first.len() <= at {
            self.first.resize(at + 1, None);
        }
        if let Some((first, process)) = self.first[at] {
            return Handled::Again(first, process);
        }
        self.first[at] = Some((now, self.deaths));
        self.distinct += 1;
        while self.first.get(self.prefix).is_some_and(Option::is_some) {
            self.prefix += 1;
        }
        match self.highest.filter(|highest| *highest > at) {
            Some(highest) => Handled::After(highest),
            None => {
                self.highest = Some(at);
                Handled::InOrder
            }
        }
    }

    /// Records a resume outcome that the subscriber was told.
    pub fn told(&mut self, answer: ResumeOutcome) {
        let epoch = answer.epoch();
        let first = if self.knows_an_epoch() { self.knows.0 } else { epoch };
        self.knows = (first, epoch);
        match answer {
            ResumeOutcome::NewEpoch { .. } => self.over = self.over.max(epoch),
            ResumeOutcome::Gap { from, to, .. } => self.gaps.push((epoch, from, to)),
            ResumeOutcome::Started { .. } | ResumeOutcome::Resumed { .. } => {}
        }
    }

    /// Whether a message may be lost because its session has expired.
    pub fn has_lapsed(&self, epoch: Epoch, position: Position) -> bool {
        self.has_lapsed || (epoch, position) <= self.lapsed_to
    }

    /// Whether its living process was told of an epoch.
    pub fn knows_an_epoch(&self) -> bool {
        self.knows.0 != Epoch::NONE
    }

    /// Whether it was told of a gap at this position, or that the epoch is over.
    pub fn is_announced(&self, epoch: Epoch, position: Position) -> bool {
        let is_in = |(of, from, to): &(Epoch, Position, Position)| {
            *of == epoch && (*from..=*to).contains(&position)
        };
        epoch < self.over || self.gaps.iter().any(is_in)
    }
}

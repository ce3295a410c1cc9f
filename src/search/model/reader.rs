//! One subscriber in a mailbag: what it has handled, and what it was told.

use crate::message::{Epoch, Position, ResumeOutcome};
use crate::time::Instant;

/// One subscriber.
#[derive(Default)]
pub struct ModelReader {
    /// When each message was handled first, and by its how manyth process.
    pub first: Vec<Option<(Instant, u32)>>,
    /// How many in front were handled.
    pub prefix: usize,
    /// The highest that was handled, by sequence less one.
    pub highest: Option<usize>,
    /// Sequences whose handlers have returned, in order.
    pub handled: Vec<u64>,
    /// How many different messages those are.
    pub distinct: usize,
    /// How often it died.
    pub deaths: u32,
    /// Where the broker was then, the last time.
    pub died_at: (Epoch, Position),
    /// Where the subscription began in each epoch, from the first.
    pub begins: Vec<Option<ReaderStart>>,
    /// The first epoch that the living process was told of, and the last; 0 if none.
    pub knows: (Epoch, Epoch),
    /// Every epoch before this one was told to be over.
    pub over: Epoch,
    /// Gaps that it was told of: the epoch, the first position, the last.
    pub gaps: Vec<(Epoch, Position, Position)>,
    /// The first time that a message was handled again, within the terms.
    pub twice: Option<String>,
    /// The first time that one was handled too late, within the terms.
    pub late: Option<String>,
    /// The first time that one was handled which nobody handed over.
    pub unasked: Option<String>,
}

/// Where a subscription began in an epoch.
#[derive(Clone, Copy)]
pub struct ReaderStart {
    /// The first position that is wanted.
    pub from: Position,
    /// The newest position when it was recorded.
    pub head: Position,
}

/// How a handling stands to those before it.
pub enum Handled {
    /// The first of its message, above all others.
    InOrder,
    /// The first of its message, after that of a higher one.
    After(usize),
    /// Not the first: when that was, and by its how manyth process.
    Again(Instant, u32),
}

impl ModelReader {
    /// A handler has returned for the message at this place in the list.
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

    /// It was told where it stands.
    pub fn told(&mut self, answer: ResumeOutcome) {
        let epoch = answer.epoch();
        let first = if self.knows.0 > 0 { self.knows.0 } else { epoch };
        self.knows = (first, epoch);
        match answer {
            ResumeOutcome::NewEpoch { .. } => self.over = self.over.max(epoch),
            ResumeOutcome::Gap { from, to, .. } => self.gaps.push((epoch, from, to)),
            ResumeOutcome::Started { .. } | ResumeOutcome::Resumed { .. } => {}
        }
    }

    /// Whether it was told that a position, or its epoch, is lost.
    pub fn is_told(&self, epoch: Epoch, position: Position) -> bool {
        let is_in = |(of, from, to): &(Epoch, Position, Position)| {
            *of == epoch && (*from..=*to).contains(&position)
        };
        epoch < self.over || self.gaps.iter().any(is_in)
    }
}

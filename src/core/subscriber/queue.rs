//! One queue as a client sees it: rooms, epoch, and the positions read and acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Cursor, Epoch, Name, Offset, Position, ResumeOutcome, StartAt};

use super::HeldDelivery;

/// A client's state of one queue.
#[derive(Clone, Debug, Default)]
pub struct InQueue {
    /// The rooms that it joined, with the start of each; `Before` once a room is on record.
    pub rooms: BTreeMap<Name, StartAt>,
    /// The rooms that it left, until the broker has answered the leave.
    pub left: BTreeSet<Name>,
    /// The epoch and the last position read in order, once the broker has answered a join.
    resume_state: Option<(Epoch, Position)>,
    /// Whether the broker has answered a join on this session.
    is_attached: bool,
    /// Positions that were read in order and are not acknowledged, with the position before each.
    unacknowledged: BTreeMap<Position, Position>,
    /// Deliveries that came before the one before them, by position.
    early: BTreeMap<Position, (HeldDelivery, Offset)>,
}

/// Order of a delivery relative to the last position read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It is next.
    Next,
    /// It was read before.
    Copy,
    /// A delivery before it is missing, or the broker has not answered a join yet.
    Early,
}

impl InQueue {
    /// Returns the epoch; [`Epoch::NONE`] before the broker has named one.
    pub fn epoch(&self) -> Epoch {
        self.resume_state.map_or(Epoch::NONE, |(epoch, _)| epoch)
    }

    /// Returns the last position read in order.
    pub fn read_up_to(&self) -> Position {
        self.resume_state.map_or(Position::START, |(_, read)| read)
    }

    /// Returns the position to report to the broker on a new session: the last one up to which
    /// everything is acknowledged.
    pub fn known(&self) -> Option<Cursor> {
        let (epoch, read) = self.resume_state?;
        let position = self.unacknowledged.values().next().copied().unwrap_or(read);
        Some(Cursor { epoch, position })
    }

    /// Returns the number of early deliveries held.
    pub fn held(&self) -> usize {
        self.early.len()
    }

    /// Returns the outcome of a resume without the part of a gap that this client has: messages
    /// that it acknowledged while the join was on its way.
    pub fn without_acknowledged(&self, answer: ResumeOutcome) -> ResumeOutcome {
        let ResumeOutcome::Gap { epoch, position, from, to } = answer else { return answer };
        let known = self.known().filter(|known| known.epoch == epoch);
        let has = known.map_or(Position::START, |known| known.position);
        match to <= has {
            true => ResumeOutcome::Resumed { epoch, position },
            false => ResumeOutcome::Gap { epoch, position, from: from.max(has.next()), to },
        }
    }

    /// Applies the outcome of a resume.
    ///
    /// A position of another epoch is discarded. Within the epoch, the broker's position may be
    /// further on, since another process of the client may have acknowledged messages.
    pub fn resume(&mut self, answer: ResumeOutcome) {
        match &mut self.resume_state {
            Some((epoch, read)) if *epoch == answer.epoch() => *read = answer.position().max(*read),
            _ => {
                self.resume_state = Some((answer.epoch(), answer.position()));
                self.unacknowledged.clear();
            }
        }
        self.is_attached = true;
    }

    /// Whether the broker has answered a join on this session.
    pub fn is_attached(&self) -> bool {
        self.is_attached
    }

    /// Compares a delivery with the last position read.
    pub fn order(&self, offset: Offset) -> Order {
        match self.resume_state {
            Some((_, read)) if self.is_attached && offset.previous <= read => {
                if offset.position <= read { Order::Copy } else { Order::Next }
            }
            _ => Order::Early,
        }
    }

    /// Whether an early delivery is held at this position already.
    pub fn holds(&self, offset: Offset) -> bool {
        self.early.contains_key(&offset.position)
    }

    /// Holds an early delivery.
    pub fn hold(&mut self, held: HeldDelivery, offset: Offset) {
        self.early.insert(offset.position, (held, offset));
    }

    /// Removes and returns the held delivery that is next now, if there is one.
    pub fn next_in_order(&mut self) -> Option<(HeldDelivery, Offset)> {
        let (position, (_, offset)) = self.early.first_key_value()?;
        let position = *position;
        match self.order(*offset) {
            Order::Early => None,
            Order::Next | Order::Copy => self.early.remove(&position),
        }
    }

    /// Takes note that a delivery was read.
    pub fn read(&mut self, offset: Offset) {
        if self.order(offset) == Order::Next {
            let (_, read) = self.resume_state.as_mut().expect("it is in order");
            *read = offset.position;
            self.unacknowledged.insert(offset.position, offset.previous);
        }
    }

    /// Takes note that a position was acknowledged.
    pub fn acknowledged(&mut self, position: Position) {
        self.unacknowledged.remove(&position);
    }

    /// Drops the early deliveries of a session that has ended: they are sent again on the next.
    pub fn end_session(&mut self) {
        self.early.clear();
        self.is_attached = false;
    }
}

//! One queue as its subscriber sees it: rooms, epoch, how far it read and acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use crate::message::{Cursor, Epoch, Name, Offset, Position, ResumeOutcome, StartAt};

use super::HeldDelivery;

/// Where a subscriber stands in a queue.
#[derive(Clone, Debug, Default)]
pub struct InQueue {
    /// The rooms that it joined, and where each began; those on record, where they were.
    pub rooms: BTreeMap<Name, StartAt>,
    /// The rooms that it left, until the broker has answered that.
    pub left: BTreeSet<Name>,
    /// The epoch and the last position read in order, once the broker said where to begin.
    stand: Option<(Epoch, Position)>,
    /// Whether the broker has answered on this session.
    is_attached: bool,
    /// What was read in order and is not acknowledged, with the position before each.
    unacknowledged: BTreeMap<Position, Position>,
    /// What came before the one before it.
    early: BTreeMap<Position, (HeldDelivery, Offset)>,
}

/// How a delivery stands to what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It is next.
    Next,
    /// It was read before.
    Copy,
    /// Something before it is missing.
    Early,
}

impl InQueue {
    /// The epoch; 0 before the broker said one.
    pub fn epoch(&self) -> Epoch {
        self.stand.map_or(0, |(epoch, _)| epoch)
    }

    /// The last position read in order.
    pub fn read_up_to(&self) -> Position {
        self.stand.map_or(0, |(_, read)| read)
    }

    /// How far it came: what it tells the broker on a new session.
    pub fn known(&self) -> Option<Cursor> {
        let (epoch, read) = self.stand?;
        let position = self.unacknowledged.values().next().copied().unwrap_or(read);
        Some(Cursor { epoch, position })
    }

    /// How many early deliveries are held.
    pub fn held(&self) -> usize {
        self.early.len()
    }

    /// An answer without what is not lost to this client, whatever the broker believes: what its
    /// handler dealt with while the join was on its way.
    pub fn less_what_it_has(&self, answer: ResumeOutcome) -> ResumeOutcome {
        let ResumeOutcome::Gap { epoch, position, from, to } = answer else { return answer };
        let has = self.known().filter(|known| known.epoch == epoch).map_or(0, |one| one.position);
        match to <= has {
            true => ResumeOutcome::Resumed { epoch, position },
            false => ResumeOutcome::Gap { epoch, position, from: from.max(has + 1), to },
        }
    }

    /// The broker said where the subscription stands. A position of an older epoch is void; in
    /// this one it may be further on, by what another process of the client acknowledged.
    pub fn stand(&mut self, answer: ResumeOutcome) {
        match &mut self.stand {
            Some((epoch, read)) if *epoch == answer.epoch() => *read = answer.position().max(*read),
            _ => {
                self.stand = Some((answer.epoch(), answer.position()));
                self.unacknowledged.clear();
            }
        }
        self.is_attached = true;
    }

    /// Whether the broker has said on this session where the subscription stands.
    pub fn is_attached(&self) -> bool {
        self.is_attached
    }

    /// How a delivery stands to what was read.
    pub fn order(&self, place: Offset) -> Order {
        match self.stand {
            Some((_, read)) if self.is_attached && place.after <= read => {
                if place.position <= read { Order::Copy } else { Order::Next }
            }
            _ => Order::Early,
        }
    }

    /// Whether an early delivery is held already.
    pub fn holds(&self, place: Offset) -> bool {
        self.early.contains_key(&place.position)
    }

    /// Keeps an early delivery.
    pub fn hold(&mut self, held: HeldDelivery, place: Offset) {
        self.early.insert(place.position, (held, place));
    }

    /// The delivery that was held and is next now, taken out.
    pub fn next_in_order(&mut self) -> Option<(HeldDelivery, Offset)> {
        let (position, (_, place)) = self.early.first_key_value()?;
        let position = *position;
        match self.order(*place) {
            Order::Early => None,
            Order::Next | Order::Copy => self.early.remove(&position),
        }
    }

    /// A delivery was read.
    pub fn read(&mut self, place: Offset) {
        if self.order(place) == Order::Next {
            let (_, read) = self.stand.as_mut().expect("it is in order");
            *read = place.position;
            self.unacknowledged.insert(place.position, place.after);
        }
    }

    /// A position was acknowledged.
    pub fn acknowledged(&mut self, position: Position) {
        self.unacknowledged.remove(&position);
    }

    /// The session has ended: early deliveries come again on the next.
    pub fn end_session(&mut self) {
        self.early.clear();
        self.is_attached = false;
    }
}

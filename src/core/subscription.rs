//! One client's subscription to one queue in catch-up mode: what it is owed, in order.
//!
//! It outlives sessions. Replay and live are one list, so live can never overtake replay. What
//! is evicted before it was acknowledged becomes a gap, which is announced, acknowledged and sent
//! again like a message.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::message::{Cursor, Epoch, Message, Offset, Position, PushKind, ResumeOutcome};
use crate::time::{Duration, Instant};

use super::broker::ConnectionId;

/// What a client is owed of a queue, and how much of it is on its way.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// In order of position; what is in front is not acknowledged.
    items: VecDeque<Item>,
    /// The last position that was routed to this subscription and that a client can know of.
    last_routed: Position,
    attached: Option<Attached>,
}

/// The session that serves a subscription.
#[derive(Clone, Debug)]
struct Attached {
    peer: ConnectionId,
    /// The queue's newest position when the session attached: up to here it is a replay.
    head: Position,
    /// Index of the first item that was not sent on this session.
    cursor: usize,
    /// How many items are out, unacknowledged.
    out: usize,
    /// Positions out, in the order in which they were sent last.
    sent: VecDeque<(Instant, Position)>,
}

#[derive(Clone, Debug)]
struct Item {
    /// A message's position; a gap's last position.
    position: Position,
    /// The position of the item before it; in a session, acknowledged or not.
    after: Position,
    what: What,
    state: State,
    /// When it was sent last, if ever.
    sent_at: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    /// A message that the backlog has.
    Kept,
    /// A message that left the backlog while it was on its way on the living session.
    Evicted(Arc<Message>),
    /// A gap that begins here.
    Gap(Position),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not sent on the attached session.
    Waiting,
    /// Sent on the attached session, not acknowledged.
    Out,
    /// Acknowledged, but something before it is not.
    Done,
}

/// Something to send on the attached session.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// The message that the backlog has at this place.
    Kept { place: Offset, kind: PushKind },
    /// A message that the backlog has no more.
    Evicted { message: Arc<Message>, place: Offset, kind: PushKind },
    /// A gap that ends at the place.
    Gap { from: Position, place: Offset },
}

impl Subscription {
    /// A subscription that begins after `position`.
    pub fn new(position: Position) -> Self {
        Subscription { items: VecDeque::new(), last_routed: position, attached: None }
    }

    /// The session that serves it.
    pub fn peer(&self) -> Option<ConnectionId> {
        self.attached.as_ref().map(|attached| attached.peer)
    }

    /// The last position up to which all is acknowledged.
    pub fn position(&self) -> Position {
        self.items.front().map_or(self.last_routed, |item| item.after)
    }

    /// How many items are not acknowledged.
    pub fn owed(&self) -> usize {
        self.items.iter().filter(|item| item.state != State::Done).count()
    }

    /// Messages kept although the backlog has them no more, and their bytes.
    pub fn kept_beyond(&self) -> (usize, usize) {
        let sizes = self.items.iter().filter_map(|item| match &item.what {
            What::Evicted(message) => Some(message.size()),
            _ => None,
        });
        sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size))
    }

    /// A message at this position is for this subscription.
    pub fn route(&mut self, position: Position) {
        self.push(position, What::Kept);
    }

    /// What lay from `from` to `to` is gone, and may have been for this subscription.
    pub fn route_gap(&mut self, from: Position, to: Position) {
        self.push(to, What::Gap(from));
    }

    fn push(&mut self, position: Position, what: What) {
        assert!(position > self.last_routed, "positions are routed in order");
        let after = self.last_routed;
        self.items.push_back(Item { position, after, what, state: State::Waiting, sent_at: None });
        self.last_routed = position;
    }

    /// A session attaches; `known` is how far the client came. Says what to tell it, and which
    /// kept positions are settled by what the client knows.
    pub fn attach(
        &mut self,
        peer: ConnectionId,
        epoch: Epoch,
        known: Option<Cursor>,
        head: Position,
    ) -> (ResumeOutcome, Vec<Position>) {
        let settled = match known {
            Some(known) if known.epoch == epoch => self.acknowledge_up_to(known.position),
            _ => Vec::new(),
        };
        self.forget_done();
        let sent = VecDeque::new();
        self.attached = Some(Attached { peer, head, cursor: 0, out: 0, sent });
        let position = self.position();
        let gap = self.items.iter().find_map(|item| match item.what {
            What::Gap(from) => Some((from, item.position)),
            _ => None,
        });
        let answer = match (known, gap) {
            (None, _) => ResumeOutcome::Started { epoch, position },
            (Some(known), _) if known.epoch != epoch => ResumeOutcome::NewEpoch { epoch, position },
            (Some(_), Some((from, to))) => ResumeOutcome::Gap { epoch, position, from, to },
            (Some(_), None) => ResumeOutcome::Resumed { epoch, position },
        };
        (answer, settled)
    }

    /// The session has ended: what was out waits for the next one. Gives the messages whose
    /// backlog copy is gone and which now become gaps.
    pub fn detach(&mut self) -> Vec<(Position, Arc<Message>)> {
        self.attached = None;
        let mut lost = Vec::new();
        for item in &mut self.items {
            if item.state == State::Out {
                item.state = State::Waiting;
            }
            if let What::Evicted(message) = &item.what {
                if item.state == State::Waiting {
                    lost.push((item.position, message.clone()));
                }
                item.what = What::Gap(item.position);
            }
        }
        self.merge_gaps();
        lost
    }

    /// What to send next, if less than `window` is out. It counts as sent.
    pub fn next_due(&mut self, now: Instant, window: usize) -> Option<Due> {
        let attached = self.attached.as_mut()?;
        if attached.out >= window {
            return None;
        }
        while self.items.get(attached.cursor)?.state == State::Done {
            attached.cursor += 1;
        }
        let item = &mut self.items[attached.cursor];
        let kind = match item.sent_at {
            Some(_) => PushKind::Again,
            None if item.position <= attached.head => PushKind::Replay,
            None => PushKind::Live,
        };
        item.state = State::Out;
        item.sent_at = Some(now);
        attached.cursor += 1;
        attached.out += 1;
        attached.sent.push_back((now, item.position));
        Some(item.due(kind))
    }

    /// When the first item that is out has waited for its acknowledgement for `timeout`.
    pub fn redelivery(&mut self, timeout: Duration) -> Option<Instant> {
        self.drop_stale_sent();
        let (at, _) = self.attached.as_ref()?.sent.front()?;
        Some(*at + timeout)
    }

    /// What has waited for its acknowledgement for `timeout`: to be sent again now.
    pub fn redeliver(&mut self, now: Instant, timeout: Duration) -> Vec<Due> {
        let mut due = Vec::new();
        while self.redelivery(timeout).is_some_and(|at| at <= now) {
            let attached = self.attached.as_mut().expect("it has something out");
            let (_, position) = attached.sent.pop_front().expect("it has something out");
            attached.sent.push_back((now, position));
            let index = self.index_of(position).expect("what is out is owed");
            let item = &mut self.items[index];
            item.sent_at = Some(now);
            due.push(item.due(PushKind::Again));
        }
        due
    }

    /// What is out at this position and may not have arrived, to be sent again now.
    pub fn send_again(&mut self, now: Instant, position: Position) -> Option<Due> {
        let index = self.index_of(position)?;
        let item = &mut self.items[index];
        if item.state != State::Out {
            return None;
        }
        item.sent_at = Some(now);
        Some(item.due(PushKind::Again))
    }

    /// The client acknowledged this position. Says whether the backlog owes one less.
    pub fn acknowledge(&mut self, position: Position) -> Acknowledged {
        let Some(index) = self.index_of(position) else { return Acknowledged::Unknown };
        let item = &mut self.items[index];
        if item.state == State::Done || item.sent_at.is_none() {
            return Acknowledged::Unknown;
        }
        if item.state == State::Out {
            self.attached.as_mut().expect("out on a session").out -= 1;
        }
        item.state = State::Done;
        let in_backlog = item.what == What::Kept;
        self.pop_done();
        if in_backlog { Acknowledged::InBacklog } else { Acknowledged::NotInBacklog }
    }

    /// The backlog lost this position. `true` if it is a gap at once, `false` if it is on its way
    /// on the living session or not owed.
    pub fn evict(&mut self, position: Position, message: &Arc<Message>) -> Evicted {
        let Some(index) = self.index_of(position) else { return Evicted::NotOwed };
        let item = &mut self.items[index];
        match item.state {
            State::Done => Evicted::NotOwed,
            State::Out => {
                item.what = What::Evicted(message.clone());
                Evicted::OnItsWay
            }
            State::Waiting => {
                item.what = What::Gap(position);
                self.merge_at(index);
                Evicted::Gap
            }
        }
    }

    fn acknowledge_up_to(&mut self, position: Position) -> Vec<Position> {
        let mut settled = Vec::new();
        while self.items.front().is_some_and(|item| item.position <= position) {
            let item = self.items.pop_front().expect("there is a front");
            if item.what == What::Kept && item.state != State::Done {
                settled.push(item.position);
            }
        }
        settled
    }

    /// What is acknowledged while something before it is not is no link in the chain of a new
    /// session: a client that crashed since does not know that it had read it, and would wait.
    fn forget_done(&mut self) {
        let mut after = self.position();
        self.items.retain(|item| item.state != State::Done);
        for item in &mut self.items {
            item.after = std::mem::replace(&mut after, item.position);
        }
        self.last_routed = after;
    }

    fn pop_done(&mut self) {
        while self.items.front().is_some_and(|item| item.state == State::Done) {
            self.items.pop_front();
            if let Some(attached) = &mut self.attached {
                attached.cursor = attached.cursor.saturating_sub(1);
            }
        }
        self.drop_stale_sent();
    }

    /// Forgets sendings of items that have been acknowledged since.
    fn drop_stale_sent(&mut self) {
        loop {
            let Some(attached) = &self.attached else { return };
            let Some((_, position)) = attached.sent.front().copied() else { return };
            let index = self.index_of(position);
            if index.is_some_and(|index| self.items[index].state == State::Out) {
                return;
            }
            self.attached.as_mut().expect("it is attached").sent.pop_front();
        }
    }

    fn index_of(&self, position: Position) -> Option<usize> {
        let index = self.items.partition_point(|item| item.position < position);
        self.items.get(index).is_some_and(|item| item.position == position).then_some(index)
    }

    /// Joins neighbouring gaps that wait, so that a long absence is one gap.
    fn merge_gaps(&mut self) {
        let mut index = self.items.len();
        while index > 1 {
            index -= 1;
            self.merge_at(index);
        }
    }

    /// Joins the gap at `index` with a waiting gap before it.
    fn merge_at(&mut self, index: usize) {
        let is_gap =
            |item: &Item| matches!(item.what, What::Gap(_)) && item.state == State::Waiting;
        if index == 0 || !is_gap(&self.items[index]) || !is_gap(&self.items[index - 1]) {
            return;
        }
        let gone = self.items.remove(index).expect("it is there");
        self.items[index - 1].position = gone.position;
        self.items[index - 1].sent_at = None;
    }
}

/// What an acknowledgement meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// A message of the backlog is owed once less.
    InBacklog,
    /// A gap, or a message that the backlog had lost.
    NotInBacklog,
    /// Nothing that was sent and waits.
    Unknown,
}

/// What an eviction meant for a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evicted {
    /// It was not owed.
    NotOwed,
    /// It is on its way on the living session, and becomes a gap only if that ends.
    OnItsWay,
    /// It is a gap now.
    Gap,
}

impl Item {
    fn due(&self, kind: PushKind) -> Due {
        let place = Offset { position: self.position, after: self.after };
        match &self.what {
            What::Kept => Due::Kept { place, kind },
            What::Evicted(message) => Due::Evicted { message: message.clone(), place, kind },
            What::Gap(from) => Due::Gap { from: *from, place },
        }
    }
}

//! One client's subscription to one queue in catch-up mode: its outstanding items, in order.
//!
//! It outlives sessions. Replayed and live messages are one list, so live ones never overtake
//! replayed ones. A message that is evicted before it was acknowledged becomes a gap, which is
//! announced, acknowledged and sent again like a message.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::message::{Cursor, Epoch, Message, Offset, Position, PushKind, ResumeOutcome};
use crate::time::{Duration, Instant};

use super::io::ConnectionId;
use super::resends::Resends;

/// The outstanding items of a client in a queue, and how many of them are on their way.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Items in order of position; the first one is not acknowledged.
    items: VecDeque<Item>,
    /// The last position that was routed to this subscription, or at which it began. After an
    /// attach it skips items that were acknowledged out of order and removed.
    last_routed: Position,
    /// Number of messages among the items that are not acknowledged.
    unacknowledged: usize,
    /// The queue's newest position when the client was taken off the record because its session had
    /// expired, until a session attaches again.
    unrouted_after: Option<Position>,
    attached: Option<Attached>,
}

/// The session that serves a subscription.
#[derive(Clone, Debug)]
struct Attached {
    connection: ConnectionId,
    /// The queue's newest position when the session attached: items up to here are replayed.
    head: Position,
    /// Index of the first item that was not sent on this session.
    cursor: usize,
    /// Number of items sent on this session and not acknowledged.
    out: usize,
    /// Positions of items sent on this session, in the order in which they are due again. Some may
    /// have been acknowledged since.
    sent: Resends<Position>,
}

#[derive(Clone, Debug)]
struct Item {
    /// A message's position; a gap's last position.
    position: Position,
    /// The position of the item before it. Within a session that item may be acknowledged already.
    after: Position,
    content: Content,
    state: State,
    /// Time of the last sending, on any session.
    sent_at: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq)]
enum Content {
    /// A message that is in the backlog.
    Kept,
    /// A message that left the backlog while it was on its way on the open session.
    Evicted(Arc<Message>),
    /// A gap that begins at this position.
    Gap(Position),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not sent on the attached session.
    Waiting,
    /// Sent on the attached session and not acknowledged.
    Out,
    /// Acknowledged, but an item before it is not.
    Done,
}

/// Something to send on the attached session.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// The message that the backlog has at this offset.
    Kept { offset: Offset, kind: PushKind },
    /// A message that is no longer in the backlog.
    Evicted { message: Arc<Message>, offset: Offset, kind: PushKind },
    /// A gap that ends at this offset.
    Gap { from: Position, offset: Offset },
}

impl Subscription {
    /// Creates a subscription that begins after `position`.
    pub fn new(position: Position) -> Self {
        Subscription {
            items: VecDeque::new(),
            last_routed: position,
            unacknowledged: 0,
            unrouted_after: None,
            attached: None,
        }
    }

    /// Returns the connection of the attached session.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.attached.as_ref().map(|attached| attached.connection)
    }

    /// Returns the last position up to which everything is acknowledged.
    pub fn position(&self) -> Position {
        self.items.front().map_or(self.last_routed, |item| item.after)
    }

    /// Returns the number of items that are not acknowledged.
    pub fn outstanding(&self) -> usize {
        self.items.iter().filter(|item| item.state != State::Done).count()
    }

    /// Returns the number of messages that are not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        self.unacknowledged
    }

    /// Returns the number of messages kept beyond the backlog, and their bytes.
    pub fn kept_beyond(&self) -> (usize, usize) {
        let sizes = self.items.iter().filter_map(|item| match &item.content {
            Content::Evicted(message) => Some(message.size()),
            _ => None,
        });
        sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size))
    }

    /// Adds the message at this position of the backlog.
    pub fn route(&mut self, position: Position) {
        self.push(position, Content::Kept);
        self.unacknowledged += 1;
    }

    /// Adds a gap: the messages from `from` to `to` are gone, and may have been for this
    /// subscription. It becomes part of a waiting gap before it.
    pub fn route_gap(&mut self, from: Position, to: Position) {
        self.push(to, Content::Gap(from));
        self.merge_at(self.items.len() - 1);
    }

    /// Records that nothing is routed here after this position of the queue, until a session
    /// attaches: then what came in between is a gap.
    pub fn stop_routing(&mut self, head: Position) {
        self.unrouted_after.get_or_insert(head);
    }

    /// Makes all that is outstanding one gap. Returns the positions of the messages in it that the
    /// backlog has. No session is attached.
    pub fn expire(&mut self) -> Vec<Position> {
        assert!(self.attached.is_none(), "only without a session does time run out");
        self.forget_done();
        let kept = self.items.iter().filter(|item| item.is_message());
        let lost = kept.map(|item| item.position).collect();
        for item in self.items.iter_mut().filter(|item| item.is_message()) {
            item.content = Content::Gap(item.position);
        }
        self.merge_gaps();
        self.unacknowledged = 0;
        lost
    }

    fn push(&mut self, position: Position, content: Content) {
        assert!(position > self.last_routed, "positions are routed in order");
        let after = self.last_routed;
        self.items.push_back(Item {
            position,
            after,
            content,
            state: State::Waiting,
            sent_at: None,
        });
        self.last_routed = position;
    }

    /// Attaches a session; `known` is the position that the client reports, if it has one.
    ///
    /// Returns the answer for the client, and the positions of kept messages that its position
    /// acknowledges.
    pub fn attach(
        &mut self,
        connection: ConnectionId,
        epoch: Epoch,
        known: Option<Cursor>,
        head: Position,
    ) -> (ResumeOutcome, Vec<Position>) {
        let acknowledged = match known {
            Some(known) if known.epoch == epoch => self.acknowledge_up_to(known.position),
            _ => Vec::new(),
        };
        self.forget_done();
        if let Some(after) = self.unrouted_after.take().filter(|after| *after < head) {
            self.route_gap(after.next(), head);
        }
        let sent = Resends::new();
        self.attached = Some(Attached { connection, head, cursor: 0, out: 0, sent });
        let position = self.position();
        let gap = self.items.iter().find_map(|item| match item.content {
            Content::Gap(from) => Some((from, item.position)),
            _ => None,
        });
        let answer = match (known, gap) {
            (None, _) => ResumeOutcome::Started { epoch, position },
            (Some(known), _) if known.epoch != epoch => ResumeOutcome::NewEpoch { epoch, position },
            (Some(_), Some((from, to))) => ResumeOutcome::Gap { epoch, position, from, to },
            (Some(_), None) => ResumeOutcome::Resumed { epoch, position },
        };
        (answer, acknowledged)
    }

    /// Detaches a session that has ended: the items that were out wait for the next one.
    ///
    /// Returns the unacknowledged messages that are no longer in the backlog; they become gaps now.
    pub fn detach(&mut self) -> Vec<(Position, Arc<Message>)> {
        self.attached = None;
        let mut lost = Vec::new();
        for item in &mut self.items {
            if item.state == State::Out {
                item.state = State::Waiting;
            }
            if let Content::Evicted(message) = &item.content {
                if item.state == State::Waiting {
                    lost.push((item.position, message.clone()));
                    self.unacknowledged -= 1;
                }
                item.content = Content::Gap(item.position);
            }
        }
        self.merge_gaps();
        lost
    }

    /// Returns the item to send next, if fewer than `window` are out. It counts as sent, and is due
    /// again after `timeout`.
    pub fn next_due(&mut self, now: Instant, window: usize, timeout: Duration) -> Option<Due> {
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
        attached.sent.sent(now, timeout, item.position);
        Some(item.due(kind))
    }

    /// Returns the time at which the first item that is out has waited for too long.
    pub fn redelivery(&mut self) -> Option<Instant> {
        self.drop_stale_sent();
        self.attached.as_ref()?.sent.first().map(|(at, _)| at)
    }

    /// Returns the items that have waited too long for their acknowledgement, to be sent again. They
    /// count as sent now. `timeout` is the first wait of each.
    pub fn redeliver(&mut self, now: Instant, timeout: Duration) -> Vec<Due> {
        let mut due = Vec::new();
        while self.redelivery().is_some_and(|at| at <= now) {
            let attached = self.attached.as_mut().expect("it has something out");
            let position = attached.sent.again(now, timeout).expect("it has something out");
            let index = self.index_of(position).expect("what was sent is outstanding");
            let item = &mut self.items[index];
            item.sent_at = Some(now);
            due.push(item.due(PushKind::Again));
        }
        due
    }

    /// Returns the item at this position, if it is out, to be sent again. It counts as sent now.
    pub fn send_again(&mut self, now: Instant, position: Position) -> Option<Due> {
        let index = self.index_of(position)?;
        let item = &mut self.items[index];
        if item.state != State::Out {
            return None;
        }
        item.sent_at = Some(now);
        Some(item.due(PushKind::Again))
    }

    /// Marks the item at this position as acknowledged by the client.
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
        self.unacknowledged -= usize::from(item.is_message());
        let in_backlog = item.content == Content::Kept;
        self.pop_done();
        if in_backlog { Acknowledged::InBacklog } else { Acknowledged::NotInBacklog }
    }

    /// Processes the removal of a message from the backlog.
    ///
    /// A waiting message becomes a gap at once. One that is on its way on the open session is kept
    /// here until it is acknowledged or the session ends.
    pub fn evict(&mut self, position: Position, message: &Arc<Message>) -> EvictionEffect {
        let Some(index) = self.index_of(position) else { return EvictionEffect::NotOutstanding };
        let item = &mut self.items[index];
        match item.state {
            // A gap may end at the position of a message that is kept for others.
            _ if !item.is_message() => EvictionEffect::NotOutstanding,
            State::Done => EvictionEffect::NotOutstanding,
            State::Out => {
                item.content = Content::Evicted(message.clone());
                EvictionEffect::OnItsWay
            }
            State::Waiting => {
                item.content = Content::Gap(position);
                self.unacknowledged -= 1;
                self.merge_at(index);
                EvictionEffect::Gap
            }
        }
    }

    fn acknowledge_up_to(&mut self, position: Position) -> Vec<Position> {
        let mut acknowledged = Vec::new();
        while self.items.front().is_some_and(|item| item.position <= position) {
            let item = self.items.pop_front().expect("there is a front");
            if item.content == Content::Kept && item.state != State::Done {
                acknowledged.push(item.position);
                self.unacknowledged -= 1;
            }
        }
        acknowledged
    }

    /// Removes the items that were acknowledged out of order, and links the others to each other.
    ///
    /// A client that crashed since does not know that it had read them. If an item named one of
    /// them as the one before it, the client would wait for it.
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

    /// Drops entries of `sent` in front whose items have been acknowledged since.
    fn drop_stale_sent(&mut self) {
        loop {
            let Some(attached) = &self.attached else { return };
            let Some((_, position)) = attached.sent.first() else { return };
            let index = self.index_of(position);
            if index.is_some_and(|index| self.items[index].state == State::Out) {
                return;
            }
            self.attached.as_mut().expect("it is attached").sent.drop_first();
        }
    }

    fn index_of(&self, position: Position) -> Option<usize> {
        let index = self.items.partition_point(|item| item.position < position);
        self.items.get(index).is_some_and(|item| item.position == position).then_some(index)
    }

    /// Merges neighbouring gaps that wait, so that a long absence is one gap.
    fn merge_gaps(&mut self) {
        let mut index = self.items.len();
        while index > 1 {
            index -= 1;
            self.merge_at(index);
        }
    }

    /// Merges the gap at `index` into a waiting gap before it.
    fn merge_at(&mut self, index: usize) {
        let is_gap =
            |item: &Item| matches!(item.content, Content::Gap(_)) && item.state == State::Waiting;
        if index == 0 || !is_gap(&self.items[index]) || !is_gap(&self.items[index - 1]) {
            return;
        }
        let gone = self.items.remove(index).expect("it is there");
        self.items[index - 1].position = gone.position;
        self.items[index - 1].sent_at = None;
    }
}

/// Result of an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// It was for a message that is in the backlog: one subscription less has it outstanding.
    InBacklog,
    /// It was for a gap, or for a message that is no longer in the backlog.
    NotInBacklog,
    /// It was for nothing that was sent and is unacknowledged.
    Unknown,
}

/// Effect of a removal from the backlog on a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionEffect {
    /// The message was not outstanding here.
    NotOutstanding,
    /// The message is on its way on the open session, and becomes a gap only if that ends first.
    OnItsWay,
    /// The message is a gap now.
    Gap,
}

impl Item {
    fn is_message(&self) -> bool {
        !matches!(self.content, Content::Gap(_))
    }

    fn due(&self, kind: PushKind) -> Due {
        let offset = Offset { position: self.position, previous: self.after };
        match &self.content {
            Content::Kept => Due::Kept { offset, kind },
            Content::Evicted(message) => Due::Evicted { message: message.clone(), offset, kind },
            Content::Gap(from) => Due::Gap { from: *from, offset },
        }
    }
}

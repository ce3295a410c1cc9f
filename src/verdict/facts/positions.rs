//! Tracks the position of each message, and what each subscriber was told about its own position.
//!
//! The broker names epochs. The judge counts the broker's lives, and learns from the broker's
//! answers which epoch belongs to which life. Nothing here says whether an answer was true.

use crate::history::{EventKind, ProcessId};
use crate::message::{Epoch, Name, Note, Position, ResumeOutcome};
use crate::verdict::switch::rule;

use super::{BrokerLife, Map, MessageIndex, Moment, QueueId, Seen, Set, SubscriberId};

/// All positions, and all answers and gaps that subscribers were told.
pub struct Positions {
    queues: Map<Name, QueueId>,
    messages: Map<Stored, MessageIndex>,
    lives: Map<Epoch, BrokerLife>,
    subscribers: Vec<Subscription>,
    /// The life of the broker that a process was last told of, by queue.
    known_life: Map<(ProcessId, QueueId), BrokerLife>,
    /// The last position so far of each queue in each life of the broker.
    heads: Map<(QueueId, BrokerLife), Position>,
    /// The lives of the broker that a process was told are a new epoch of a queue, with the queue's
    /// last position at the time of that answer.
    begun: Map<(ProcessId, QueueId, BrokerLife), Position>,
}

/// One subscriber's attachments, answers and gaps.
#[derive(Default)]
struct Subscription {
    attachments: Vec<Attachment>,
    received_answers: Vec<ReceivedAnswer>,
    received_gaps: Vec<ReceivedGap>,
    /// All announced gaps, first and last position; sorted and joined by [`Positions::close`].
    gaps: Map<(QueueId, BrokerLife), Vec<(Position, Position)>>,
    /// The last life that the subscriber was told is a new epoch; all earlier lives are over.
    over: Map<QueueId, BrokerLife>,
    /// Queues in which the subscription lost a room since the last attachment.
    ended: Set<QueueId>,
    /// The epoch of the last attachment, by queue.
    epochs: Map<QueueId, Epoch>,
    /// The last position of a queue at the first expiry since the last attachment.
    expired: Map<(QueueId, BrokerLife), Position>,
    /// The positions that came after an expiry and before the next attachment: the first and the
    /// last, by queue and life of the broker.
    unrouted: Map<(QueueId, BrokerLife), Vec<(Position, Position)>>,
    gaps_announced: u64,
}

/// A message's place in a backlog. If its publisher sends it again after a crash of the broker, it
/// has one in each life that accepted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stored {
    /// The queue.
    pub queue: QueueId,
    /// The life of the broker.
    pub life: BrokerLife,
    /// The position in it.
    pub position: Position,
}

/// One attachment of a session to a subscription, as the broker noted it.
#[derive(Clone, Copy)]
pub struct Attachment {
    /// The moment.
    pub moment: Moment,
    /// The queue.
    pub queue: QueueId,
    /// The life of the broker.
    pub life: BrokerLife,
    /// The broker's answer.
    pub answer: ResumeOutcome,
    /// [`Begins::Anew`] if the subscription lost a room since the attachment before.
    pub begins: Begins,
    /// The epoch of the position that it goes on from.
    pub applied: Applied,
    /// The last position that the broker had accepted in this queue.
    pub head: Position,
}

/// Says to which epoch the position belongs that an attachment goes on from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The attachment's own epoch, or no position was applied.
    Own,
    /// The epoch of the attachment before. The client cannot know a position of this one.
    Foreign,
}

/// Says where a subscription goes on when a session attaches to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// At the position where it was.
    WhereItWas,
    /// At any position, because a room of it was left.
    Anew,
}

/// One answer, as the client received it.
#[derive(Clone, Copy)]
pub struct ReceivedAnswer {
    /// The moment.
    pub moment: Moment,
    /// The process.
    pub process: ProcessId,
    /// The queue.
    pub queue: QueueId,
    /// The life of the broker that the answer speaks of.
    pub life: BrokerLife,
    /// The answer.
    pub answer: ResumeOutcome,
    /// The moment at which the broker gave it, or at which the client received it if the broker
    /// never did.
    pub answered: Moment,
    /// Whether it is a gap within what the client was already told is a new epoch.
    pub is_of_new_epoch: bool,
}

impl ReceivedAnswer {
    /// Whether the answer announces a gap.
    pub fn is_gap(&self) -> bool {
        matches!(self.answer, ResumeOutcome::Gap { .. })
    }
}

/// One gap that a client was told of separately from an answer.
#[derive(Clone, Copy)]
pub struct ReceivedGap {
    /// The moment.
    pub moment: Moment,
    /// The process.
    pub process: ProcessId,
    /// The queue.
    pub queue: QueueId,
    /// The life of the broker that the process was last told of.
    pub life: BrokerLife,
    /// The first position.
    pub from: Position,
    /// The last position.
    pub to: Position,
    /// Whether all of the gap was accepted before the client was answered that its epoch is new.
    /// Such a gap only repeats what that answer announced.
    pub is_of_new_epoch: bool,
}

impl Subscription {
    /// Adds an attachment. It ends the time in which nothing was routed here after an expiry.
    fn attach(&mut self, attachment: Attachment) {
        let Attachment { queue, life, head, .. } = attachment;
        self.attachments.push(attachment);
        let expired = self.expired.remove(&(queue, life)).filter(|at| *at < head);
        if let Some(at) = expired {
            self.unrouted.entry((queue, life)).or_default().push((at.next(), head));
        }
    }

    /// Records the expiry of the session, for every queue that has the subscription.
    fn expire(&mut self, life: BrokerLife, heads: &Map<(QueueId, BrokerLife), Position>) {
        for Attachment { queue, .. } in self.attachments.iter().filter(|one| one.life == life) {
            let head = heads.get(&(*queue, life)).copied().unwrap_or_default();
            self.expired.entry((*queue, life)).or_insert(head);
        }
    }
}

impl Positions {
    /// Creates empty positions for this number of subscribers.
    pub fn of(subscribers: usize) -> Positions {
        Positions {
            queues: Map::default(),
            messages: Map::default(),
            lives: Map::default(),
            subscribers: (0..subscribers).map(|_| Subscription::default()).collect(),
            known_life: Map::default(),
            heads: Map::default(),
            begun: Map::default(),
        }
    }

    /// Records what an event says about positions.
    pub fn see(&mut self, seen: &Seen, what: &EventKind) {
        let EventKind::Note(note) = what else { return };
        if let (Note::Accepted { queue, position: Some(position), .. }, Some(message)) =
            (note, seen.message)
        {
            let queue = self.queue(queue);
            let (life, position) = (seen.life, *position);
            self.messages.insert(Stored { queue, life, position }, message);
            let head = self.heads.entry((queue, life)).or_default();
            *head = (*head).max(position);
            return;
        }
        let Some(subscriber) = seen.subscriber else { return };
        match note {
            Note::Attached { queue, answer, .. } => {
                let (queue, life) = (self.queue(queue), seen.life);
                self.lives.entry(answer.epoch()).or_insert(life);
                let subscription = &mut self.subscribers[subscriber.index()];
                let begins = match subscription.ended.remove(&queue) {
                    true if rule("who-left-a-room-begins-anew") => Begins::Anew,
                    true => Begins::WhereItWas,
                    false => Begins::WhereItWas,
                };
                let (moment, answer) = (seen.moment, **answer);
                let head = self.heads.get(&(queue, life)).copied().unwrap_or_default();
                let before = subscription.epochs.insert(queue, answer.epoch());
                let goes_on =
                    matches!(answer, ResumeOutcome::Resumed { .. } | ResumeOutcome::Gap { .. });
                let applied = match before {
                    Some(before) if goes_on && before != answer.epoch() => Applied::Foreign,
                    _ => Applied::Own,
                };
                let attachment = Attachment { moment, queue, life, answer, begins, applied, head };
                subscription.attach(attachment);
            }
            Note::SessionExpired { .. } => {
                self.subscribers[subscriber.index()].expire(seen.life, &self.heads);
            }
            Note::Unsubscribed { queue, .. } => {
                let queue = self.queue(queue);
                self.subscribers[subscriber.index()].ended.insert(queue);
            }
            Note::ResumeReceived { queue, answer } => {
                self.told_answer(seen, subscriber, queue, *answer)
            }
            Note::GapReceived { queue, from, to } => {
                let queue = self.queue(queue);
                let life = self.known_life.get(&(seen.process, queue)).copied();
                let life = life.unwrap_or(seen.life);
                let is_of_new_epoch = self.is_of_new_epoch((seen.process, queue, life), *to);
                let subscription = &mut self.subscribers[subscriber.index()];
                subscription.gaps_announced += 1;
                subscription.gaps.entry((queue, life)).or_default().push((*from, *to));
                let last = subscription.received_answers.iter();
                let mut last =
                    last.rev().filter(|one| (one.process, one.queue) == (seen.process, queue));
                let is_answers = last.next().is_some_and(|one| one.answer.is_gap(*from, *to));
                // A gap that repeats the last answer was announced by it already.
                if !is_answers {
                    let (moment, process, from, to) = (seen.moment, seen.process, *from, *to);
                    let gap =
                        ReceivedGap { moment, process, queue, life, from, to, is_of_new_epoch };
                    subscription.received_gaps.push(gap);
                }
            }
            _ => {}
        }
    }

    fn told_answer(
        &mut self,
        seen: &Seen,
        subscriber: SubscriberId,
        queue: &Name,
        answer: ResumeOutcome,
    ) {
        let queue = self.queue(queue);
        let life = self.lives.get(&answer.epoch()).copied().unwrap_or(seen.life);
        self.known_life.insert((seen.process, queue), life);
        let subscription = &self.subscribers[subscriber.index()];
        // A client knows better than the broker what it has lost, but not its position.
        let state = |answer: ResumeOutcome| (answer.epoch(), answer.position());
        let is_it = |one: &&Attachment| one.queue == queue && state(one.answer) == state(answer);
        let given = subscription.attachments.iter().rev().find(is_it);
        let given = given.filter(|_| rule("answered-when-the-broker-attached"));
        let answered = given.map_or(seen.moment, |attachment| attachment.moment);
        let head_now = self.heads.get(&(queue, seen.life)).copied().unwrap_or_default();
        let head = given.map_or(head_now, |attachment| attachment.head);
        let (moment, process) = (seen.moment, seen.process);
        let is_of_new_epoch = match answer {
            ResumeOutcome::Gap { to, .. } => self.is_of_new_epoch((process, queue, life), to),
            _ => false,
        };
        if let ResumeOutcome::NewEpoch { .. } = answer {
            let begun = self.begun.entry((process, queue, life)).or_default();
            *begun = head.max(*begun);
        }
        let subscription = &mut self.subscribers[subscriber.index()];
        let told =
            ReceivedAnswer { moment, process, queue, life, answer, answered, is_of_new_epoch };
        subscription.received_answers.push(told);
        match answer {
            ResumeOutcome::Gap { from, to, .. } => {
                subscription.gaps.entry((queue, life)).or_default().push((from, to));
            }
            ResumeOutcome::NewEpoch { .. } => {
                let over = subscription.over.entry(queue).or_insert(life);
                *over = life.max(*over);
            }
            ResumeOutcome::Started { .. } | ResumeOutcome::Resumed { .. } => {}
        }
    }

    /// Whether a process was told of a new epoch, by an answer given after this position of it was
    /// accepted.
    fn is_of_new_epoch(&self, begun: (ProcessId, QueueId, BrokerLife), to: Position) -> bool {
        self.begun.get(&begun).is_some_and(|head| to <= *head)
    }

    /// Sorts and joins the announced gaps, so that each lookup is one binary search.
    pub fn close(&mut self) {
        let subscriptions = self.subscribers.iter_mut();
        for gaps in subscriptions.flat_map(|subscription| subscription.gaps.values_mut()) {
            gaps.sort_unstable();
            let mut joined: Vec<(Position, Position)> = Vec::with_capacity(gaps.len());
            for (from, to) in gaps.drain(..) {
                match joined.last_mut() {
                    Some((_, last)) if from <= *last => *last = to.max(*last),
                    _ => joined.push((from, to)),
                }
            }
            *gaps = joined;
        }
    }

    fn queue(&mut self, name: &Name) -> QueueId {
        if let Some(known) = self.queues.get(name) {
            return *known;
        }
        let next = QueueId::at(self.queues.len());
        self.queues.insert(name.clone(), next);
        next
    }

    /// Returns the index of a queue that has positions or answers.
    pub fn find_queue(&self, name: &Name) -> Option<QueueId> {
        self.queues.get(name).copied()
    }

    /// Returns the message at a position of a queue in a life of the broker.
    pub fn message_at(
        &self,
        queue: &Name,
        life: BrokerLife,
        position: Position,
    ) -> Option<MessageIndex> {
        let queue = self.find_queue(queue)?;
        self.messages.get(&Stored { queue, life, position }).copied()
    }

    /// Returns every attachment of a subscriber, in order.
    pub fn attachments(&self, subscriber: SubscriberId) -> &[Attachment] {
        &self.subscribers[subscriber.index()].attachments
    }

    /// Returns every answer that a subscriber was told, in order.
    pub fn received_answers(&self, subscriber: SubscriberId) -> &[ReceivedAnswer] {
        &self.subscribers[subscriber.index()].received_answers
    }

    /// Returns every gap that a subscriber was told of separately from an answer, in order.
    pub fn received_gaps(&self, subscriber: SubscriberId) -> &[ReceivedGap] {
        &self.subscribers[subscriber.index()].received_gaps
    }

    /// Returns the number of gaps that a subscriber was told of while it was connected.
    pub fn gaps_announced(&self, subscriber: SubscriberId) -> u64 {
        self.subscribers[subscriber.index()].gaps_announced
    }

    /// Whether something between these positions came after the subscriber's session had expired, and
    /// before a session attached to the queue again.
    pub fn is_unrouted(
        &self,
        subscriber: SubscriberId,
        of: (QueueId, BrokerLife),
        (from, to): (Position, Position),
    ) -> bool {
        let unrouted = self.subscribers[subscriber.index()].unrouted.get(&of);
        let mut unrouted = unrouted.into_iter().flatten();
        unrouted.any(|(first, last)| *first <= to && from <= *last)
    }

    /// Whether a subscriber was told that a position is lost, or the whole life of the broker that
    /// it belongs to.
    pub fn is_announced(&self, subscriber: SubscriberId, stored: Stored) -> bool {
        let Stored { queue, life, position: at } = stored;
        let subscription = &self.subscribers[subscriber.index()];
        if subscription.over.get(&queue).is_some_and(|over| life < *over) {
            return true;
        }
        let Some(gaps) = subscription.gaps.get(&(queue, life)) else { return false };
        let after = gaps.partition_point(|(from, _)| *from <= at);
        after > 0 && at <= gaps[after - 1].1
    }
}

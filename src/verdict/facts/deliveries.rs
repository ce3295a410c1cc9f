//! Tracks what was pushed to, read by and handled by each subscriber. Never what it means.
//!
//! A copy is one push to one session. A client's note about a message names the session, and so
//! finds its copy. A read finds the earliest copy of the session that was not read yet, if possible
//! one of the same kind.

use crate::history::{EventKind, Flow, ProcessId};
use crate::message::{GapReason, Mode, Note, PushKind};
use crate::verdict::switch::rule;

use super::{
    BROKER, BrokerLife, Map, MessageIndex, Moment, Seen, SessionIndex, SubscriberId, push_rare,
};

/// All deliveries, by subscriber and message.
pub struct Deliveries {
    by_subscriber: Vec<SubscriberDeliveries>,
    handlings: Vec<Vec<Handling>>,
    /// The moment of the last handler call, by process.
    called: Map<ProcessId, Moment>,
    mode: Mode,
}

/// All deliveries to one subscriber, in the order in which the history first mentions them.
#[derive(Default)]
struct SubscriberDeliveries {
    all: Vec<Delivery>,
    index: Map<MessageIndex, usize>,
}

/// One message's delivery to one subscriber.
pub struct Delivery {
    /// The message.
    pub message: MessageIndex,
    /// Whether the subscriber wants it.
    pub wanted: bool,
    /// Each life of the broker in which the backlog held it for the subscriber, and the moment from
    /// which it did.
    pub kept: Vec<(BrokerLife, Moment)>,
    /// Every push, in order.
    pub copies: Vec<MessageCopy>,
    /// The index of the first of the subscriber's handlings that was of this message.
    pub first_handling: Option<usize>,
    /// The number of handler calls cut short by a crash.
    pub interrupted: u64,
    /// The moment of the client's first acknowledgement.
    pub acked_by_client: Option<Moment>,
    /// The moments at which the broker noted an acknowledgement.
    pub acked_at_broker: Vec<Moment>,
    /// Whether a broker routed it to nobody because the subscriber's session had expired.
    pub is_after_expiry: bool,
    /// The moments at which it became a gap for this subscriber, each with the reason.
    pub became_gap: Vec<(Moment, GapReason)>,
    /// The last moment at which it found no handler.
    pub no_handler: Option<Moment>,
    /// The moment at which the subscriber unsubscribed from it, if a broker accepted it after
    /// forgetting that the subscriber was on record.
    pub left: Option<Moment>,
}

/// One push to one session.
pub struct MessageCopy {
    /// The moment of the push.
    pub pushed: Moment,
    /// The session that it was pushed to.
    pub session: SessionIndex,
    /// The kind of the push: live, replay or again.
    pub kind: PushKind,
    /// The place of its bytes.
    pub carriage: Carriage,
    /// The moment at which the client held it back because it came early.
    pub held: Option<Moment>,
    /// The moment at which it was read into the inbox.
    pub read: Option<Moment>,
    /// The moment and the way in which the broker or the client ended it, if one did.
    pub stopped: Option<(Moment, CopyStop)>,
}

/// Locates the bytes of a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    /// Not written yet: they are with the broker's driver.
    Waiting,
    /// In a flow: a stream up to this byte, or this datagram.
    Flowing(Flow, u64),
}

/// Says how the broker or the client ended a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyStop {
    /// The send queue, the inbox or the room for early messages was full.
    Full,
    /// A newer message took its place.
    Overwritten,
    /// No handler was installed for it.
    NoHandler,
    /// The message had been read before, so the copy was dropped.
    Duplicate,
    /// The transport was busy, and the message volatile.
    Busy,
    /// No frame can carry it.
    TooLong,
}

/// One call of a handler that returned.
#[derive(Clone, Copy)]
pub struct Handling {
    /// The message.
    pub message: MessageIndex,
    /// The moment at which the message was read from its session.
    pub read: Moment,
    /// The moment at which the handler returned.
    pub returned: Moment,
    /// The session that the message came from.
    pub session: SessionIndex,
    /// The kind of the push that it came from.
    pub kind: PushKind,
    /// Whether the message was handled for the first time.
    pub first: bool,
}

impl Deliveries {
    /// Creates empty deliveries for this number of subscribers.
    pub fn of(subscribers: usize, mode: Mode) -> Deliveries {
        Deliveries {
            by_subscriber: (0..subscribers).map(|_| SubscriberDeliveries::default()).collect(),
            handlings: vec![Vec::new(); subscribers],
            called: Map::default(),
            mode,
        }
    }

    /// Records what an event says about deliveries.
    pub fn see(&mut self, seen: &Seen, what: &EventKind) {
        let Some(message) = seen.message else { return };
        match what {
            EventKind::Carried { flow, end, .. } if seen.process == BROKER => {
                self.carry(seen, message, Carriage::Flowing(**flow, *end));
                return;
            }
            EventKind::Carried { .. } => return,
            _ => {}
        }
        let Some(subscriber) = seen.subscriber else { return };
        match what {
            EventKind::Interrupted { .. } => self.entry(subscriber, message).interrupted += 1,
            EventKind::Note(note) if seen.process == BROKER => {
                self.see_broker(seen, note, (subscriber, message));
            }
            EventKind::Note(note) => self.see_client(seen, note, (subscriber, message)),
            _ => {}
        }
    }

    fn see_broker(
        &mut self,
        seen: &Seen,
        note: &Note,
        (subscriber, message): (SubscriberId, MessageIndex),
    ) {
        let moment = seen.moment;
        let delivery = self.by_subscriber[subscriber.index()].entry(message);
        match (note, seen.session) {
            (Note::Pushed { kind, .. }, Some(session)) => {
                push_rare(&mut delivery.copies, MessageCopy::new(moment, session, *kind));
            }
            (Note::Overwritten { .. }, Some(session)) => {
                let waits = |copy: &&mut MessageCopy| copy.session == session && copy.is_open();
                if let Some(copy) = delivery.copies.iter_mut().find(waits) {
                    copy.stopped = Some((moment, CopyStop::Overwritten));
                }
            }
            (
                Note::SendQueueFull { .. } | Note::TransportBusy { .. } | Note::TooLong { .. },
                Some(session),
            ) => {
                let pushed_now = |copy: &&mut MessageCopy| {
                    copy.session == session && copy.pushed.at == moment.at && copy.is_open()
                };
                let stop = match note {
                    Note::TransportBusy { .. } => CopyStop::Busy,
                    Note::TooLong { .. } => CopyStop::TooLong,
                    _ => CopyStop::Full,
                };
                let stopped = Some((moment, stop));
                match delivery.copies.iter_mut().rfind(pushed_now) {
                    Some(copy) => copy.stopped = stopped,
                    None => {
                        let copy = MessageCopy::new(moment, session, PushKind::Live);
                        delivery.copies.push(MessageCopy { stopped, ..copy });
                    }
                }
            }
            (Note::BecameGap { reason, .. }, _) => {
                push_rare(&mut delivery.became_gap, (moment, *reason));
            }
            (Note::Acknowledged { .. }, _) => {
                push_rare(&mut delivery.acked_at_broker, moment);
            }
            _ => {}
        }
    }

    fn see_client(
        &mut self,
        seen: &Seen,
        note: &Note,
        (subscriber, message): (SubscriberId, MessageIndex),
    ) {
        let moment = seen.moment;
        let delivery = self.by_subscriber[subscriber.index()].entry(message);
        match (note, seen.session) {
            (Note::Read { kind, .. }, Some(session)) => delivery.read(moment, session, *kind),
            (Note::HeldEarly { .. }, Some(session)) => {
                if let Some(copy) = delivery.unread(session) {
                    copy.held.get_or_insert(moment);
                }
            }
            (Note::DroppedCopy { .. }, Some(session)) => {
                // Dedup drops a copy before it is read, never the original, which was.
                if let Some(copy) = delivery.unread(session) {
                    copy.stopped = Some((moment, CopyStop::Duplicate));
                }
            }
            (Note::InboxFull { .. }, Some(session)) => {
                if let Some(copy) = delivery.unread_or_last(session) {
                    copy.stopped = Some((moment, CopyStop::Full));
                }
            }
            (Note::NoHandler { .. }, _) => {
                delivery.no_handler = Some(moment);
                // In catch-up mode the message waits for a handler; otherwise it is gone.
                if self.mode == Mode::FireAndForget
                    && let Some(copy) = delivery.waiting()
                {
                    copy.stopped = Some((moment, CopyStop::NoHandler));
                }
            }
            (Note::Ack { .. }, _) => {
                delivery.acked_by_client.get_or_insert(moment);
            }
            (Note::Handling { .. }, _) => {
                self.called.insert(seen.process, moment);
            }
            (Note::Handled { kind, .. }, Some(session)) => {
                let handlings = &mut self.handlings[subscriber.index()];
                let first = delivery.first_handling.is_none();
                delivery.first_handling.get_or_insert(handlings.len());
                let began = self.called.get(&seen.process).copied().unwrap_or(moment);
                handlings.push(Handling {
                    message,
                    read: delivery.last_read(session, began).unwrap_or(began),
                    returned: moment,
                    session,
                    kind: *kind,
                    first,
                });
            }
            _ => {}
        }
    }

    /// Assigns this place in a flow to the first copy of the session that has none yet.
    fn carry(&mut self, seen: &Seen, message: MessageIndex, carriage: Carriage) {
        let (Some(subscriber), Some(session)) = (seen.subscriber, seen.session) else { return };
        let copies = &mut self.by_subscriber[subscriber.index()].entry(message).copies;
        let waits = |copy: &&mut MessageCopy| {
            copy.session == session && copy.carriage == Carriage::Waiting && copy.is_open()
        };
        if let Some(copy) = copies.iter_mut().find(waits) {
            copy.carriage = carriage;
        }
    }

    /// Returns the delivery of a message to a subscriber; creates it if it is new.
    pub fn entry(&mut self, subscriber: SubscriberId, message: MessageIndex) -> &mut Delivery {
        self.by_subscriber[subscriber.index()].entry(message)
    }

    /// Returns every delivery to a subscriber.
    pub fn of_subscriber(&self, subscriber: SubscriberId) -> &[Delivery] {
        &self.by_subscriber[subscriber.index()].all
    }

    /// Returns the delivery of a message to a subscriber, if there is one.
    pub fn get(&self, subscriber: SubscriberId, message: MessageIndex) -> Option<&Delivery> {
        self.by_subscriber[subscriber.index()].get(message)
    }

    /// Returns every call of a subscriber's handlers that returned, in order.
    pub fn handlings(&self, subscriber: SubscriberId) -> &[Handling] {
        &self.handlings[subscriber.index()]
    }
}

impl SubscriberDeliveries {
    fn entry(&mut self, message: MessageIndex) -> &mut Delivery {
        let next = self.all.len();
        let index = *self.index.entry(message).or_insert(next);
        if index == next {
            self.all.push(Delivery::new(message));
        }
        &mut self.all[index]
    }

    fn get(&self, message: MessageIndex) -> Option<&Delivery> {
        self.index.get(&message).map(|index| &self.all[*index])
    }
}

impl Delivery {
    fn new(message: MessageIndex) -> Delivery {
        Delivery {
            message,
            wanted: false,
            kept: Vec::new(),
            copies: Vec::new(),
            first_handling: None,
            interrupted: 0,
            acked_by_client: None,
            acked_at_broker: Vec::new(),
            is_after_expiry: false,
            became_gap: Vec::new(),
            no_handler: None,
            left: None,
        }
    }

    /// Notes that the backlog holds it for the subscriber from this moment, in this life of the
    /// broker.
    pub fn keep(&mut self, life: BrokerLife, since: Moment) {
        push_rare(&mut self.kept, (life, since));
    }

    /// Marks the earliest unread copy of the session as read, preferably one of the same kind. A
    /// read without a copy adds one: the network duplicated it.
    fn read(&mut self, moment: Moment, session: SessionIndex, kind: PushKind) {
        let unread =
            |copy: &MessageCopy| copy.session == session && copy.is_open() && copy.read.is_none();
        let same_kind = self.copies.iter().position(|copy| unread(copy) && copy.kind == kind);
        let same_kind = same_kind.filter(|_| rule("a-read-finds-a-copy-of-its-kind"));
        match same_kind.or_else(|| self.copies.iter().position(unread)) {
            Some(index) => self.copies[index].read = Some(moment),
            None => {
                let copy = MessageCopy::new(moment, session, kind);
                self.copies.push(MessageCopy { read: Some(moment), ..copy });
            }
        }
    }

    /// Returns the last moment, up to `until`, at which it was read from a session.
    fn last_read(&self, session: SessionIndex, until: Moment) -> Option<Moment> {
        let of_session = self.copies.iter().filter(|copy| copy.session == session);
        let is_before = |read: &Moment| *read <= until || !rule("read-before-its-handler-began");
        of_session.filter_map(|copy| copy.read).filter(is_before).max()
    }

    /// Returns the copy that comes to a handler now: the last one that was read, else the first
    /// that is still open.
    fn waiting(&mut self) -> Option<&mut MessageCopy> {
        let read = |copy: &MessageCopy| copy.read.is_some() && copy.is_open();
        let index = self.copies.iter().rposition(read);
        let index = index.filter(|_| rule("the-last-read-comes-to-its-handler"));
        let index = index.or_else(|| self.copies.iter().position(MessageCopy::is_open))?;
        self.copies.get_mut(index)
    }

    fn unread(&mut self, session: SessionIndex) -> Option<&mut MessageCopy> {
        let mut copies = self.copies.iter_mut();
        copies.find(|copy| copy.session == session && copy.is_open() && copy.read.is_none())
    }

    fn unread_or_last(&mut self, session: SessionIndex) -> Option<&mut MessageCopy> {
        let of_session = |copy: &MessageCopy| copy.session == session && copy.is_open();
        let unread = |copy: &MessageCopy| of_session(copy) && copy.read.is_none();
        let index = self.copies.iter().position(unread);
        let index = index.or_else(|| self.copies.iter().rposition(of_session))?;
        self.copies.get_mut(index)
    }
}

impl MessageCopy {
    fn new(pushed: Moment, session: SessionIndex, kind: PushKind) -> MessageCopy {
        let carriage = Carriage::Waiting;
        MessageCopy { pushed, session, kind, carriage, held: None, read: None, stopped: None }
    }

    fn is_open(&self) -> bool {
        self.stopped.is_none()
    }
}

//! The receiving half of a client: ordering, deduplication, inbox, handler calls, acknowledgements.
//!
//! In catch-up mode a delivery names its own position and the one before it in the subscription,
//! so that the client detects a hole by itself, and holds deliveries that come early. Handlers are
//! called in order, one call at a time.

mod dedup;
mod queue;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::message::{
    AckPolicy, ClientLimits, Cursor, Dedup, Epoch, Frame, Message, Name, Note, Offset, Position,
    PushKind, ResumeOutcome, RoomJoin, SessionId, StartAt,
};

use super::io::ClientOutput;
use dedup::{SeenBefore, Window};
use queue::{InQueue, Order};

type Outputs = VecDeque<ClientOutput>;

/// The receiving state of a client.
#[derive(Clone, Debug)]
pub struct Subscriber {
    limits: ClientLimits,
    queues: BTreeMap<Name, InQueue>,
    inbox: VecDeque<Item>,
    /// The item whose handler runs.
    running: Option<Item>,
    window: Window,
    without_handler: BTreeSet<(Name, Name)>,
    /// Acknowledgements that are still to be sent.
    acks: Vec<(Name, Epoch, Position)>,
}

/// A received message or gap that was not read yet.
#[derive(Clone, Debug)]
pub enum HeldDelivery {
    /// A message.
    Push { message: Arc<Message>, kind: PushKind, session: SessionId },
    /// A gap that begins at `from`.
    Gap { queue: Name, from: Position },
}

/// A message in the inbox.
#[derive(Clone, Debug)]
struct Item {
    message: Arc<Message>,
    kind: PushKind,
    session: SessionId,
    /// Its epoch and position, if it is to be acknowledged.
    place: Option<(Epoch, Position)>,
    /// Whether the lack of a handler for it was noted.
    is_noted: bool,
}

impl Subscriber {
    /// Creates a subscriber that has received nothing.
    pub fn new(limits: ClientLimits) -> Self {
        Subscriber {
            queues: BTreeMap::new(),
            inbox: VecDeque::new(),
            running: None,
            window: Window::new(limits.dedup_window),
            without_handler: BTreeSet::new(),
            acks: Vec::new(),
            limits,
        }
    }

    /// Returns the number of messages held: early, in the inbox, and in the running handler.
    pub fn holds(&self) -> usize {
        let held: usize = self.queues.values().map(InQueue::held).sum();
        held + self.inbox.len() + usize::from(self.running.is_some())
    }

    /// Whether the inbox has room for another message.
    pub fn has_room(&self) -> bool {
        self.inbox.len() < self.limits.inbox
    }

    /// Returns the joins to send on a new session: one per queue, with all its rooms, and the
    /// position that the client has.
    ///
    /// A queue whose rooms were all left is joined too, since messages from before may be
    /// outstanding. A process that has crashed does so too when all that it does is leave a room.
    pub fn joins(&self) -> Vec<Frame> {
        let join = |(name, queue): (&Name, &InQueue)| Frame::Join {
            request: 0,
            queue: name.clone(),
            rooms: queue
                .rooms
                .iter()
                .map(|(room, from)| RoomJoin { room: room.clone(), from: *from })
                .collect(),
            known: queue.known(),
        };
        self.queues.iter().map(join).collect()
    }

    /// Returns the position that the client has in each queue.
    pub fn known(&self) -> Vec<(Name, Cursor)> {
        let known = |(name, queue): (&Name, &InQueue)| Some((name.clone(), queue.known()?));
        self.queues.iter().filter_map(known).collect()
    }

    /// Returns the leaves that the broker has not answered, to be repeated on a new session.
    pub fn leaves(&self) -> Vec<Frame> {
        let leave = |(name, queue): (&Name, &InQueue)| Frame::Leave {
            request: 0,
            queue: name.clone(),
            rooms: queue.left.iter().cloned().collect(),
        };
        self.queues.iter().filter(|(_, queue)| !queue.left.is_empty()).map(leave).collect()
    }

    /// Takes note that the broker answered a join or leave: it is on record.
    pub fn recorded(&mut self, request: &Frame) {
        match request {
            Frame::Join { queue, rooms, .. } => {
                let Some(queue) = self.queues.get_mut(queue) else { return };
                for RoomJoin { room, .. } in rooms {
                    queue.rooms.entry(room.clone()).and_modify(|from| *from = StartAt::Before);
                }
            }
            Frame::Leave { queue, rooms, .. } => {
                let Some(queue) = self.queues.get_mut(queue) else { return };
                queue.left.retain(|room| !rooms.contains(room));
            }
            _ => {}
        }
    }

    /// Adds a room, and returns the frame that joins it.
    ///
    /// A room that was joined before keeps its start: a broker that has forgotten a room on record
    /// replays all of it.
    pub fn join(&mut self, name: Name, room: Name, from: StartAt) -> Frame {
        let queue = self.queues.entry(name.clone()).or_default();
        let from = *queue.rooms.entry(room.clone()).or_insert(from);
        queue.left.remove(&room);
        let known = queue.known();
        Frame::Join { request: 0, queue: name, rooms: vec![RoomJoin { room, from }], known }
    }

    /// Removes a room, and keeps the leave until the broker has answered it.
    pub fn leave(&mut self, name: &Name, room: &Name) {
        let queue = self.queues.entry(name.clone()).or_default();
        queue.rooms.remove(room);
        queue.left.insert(room.clone());
    }

    /// Processes the outcome of a resume. Only the first one of a queue and session counts: the
    /// answer to a later join of the same queue repeats it.
    pub fn answered(&mut self, name: &Name, answer: ResumeOutcome, outputs: &mut Outputs) {
        let Some(queue) = self.queues.get_mut(name).filter(|queue| !queue.is_attached()) else {
            return;
        };
        let answer = queue.less_what_it_has(answer);
        queue.resume(answer);
        note(outputs, Note::ResumeReceived { queue: name.clone(), answer });
        self.release(name, outputs);
    }

    /// Processes a message or gap that arrived; in catch-up mode `place` is its offset.
    pub fn receive(&mut self, held: HeldDelivery, place: Option<Offset>, outputs: &mut Outputs) {
        let Some(place) = place else { return self.receive_unplaced(held, outputs) };
        let name = held.queue().clone();
        let queue = self.queues.entry(name.clone()).or_default();
        match queue.order(place) {
            Order::Early => self.hold(held, place, outputs),
            Order::Next | Order::Copy => {
                self.take(held, place, outputs);
                self.release(&name, outputs);
            }
        }
    }

    /// Calls handlers, and reads held deliveries that are next and fit in the inbox now.
    pub fn deliver(&mut self, outputs: &mut Outputs) {
        self.call_handlers(outputs);
        while self.has_room() {
            let held = self.queues.iter().filter(|(_, queue)| queue.held() > 0);
            let names: Vec<Name> = held.map(|(name, _)| name.clone()).collect();
            let before = self.inbox.len();
            names.iter().for_each(|name| self.release(name, outputs));
            if self.inbox.len() == before {
                return;
            }
            self.call_handlers(outputs);
        }
    }

    /// Calls the handler of the first message that has one, if no handler runs.
    ///
    /// A message without a handler is dropped if it has no position. Else it waits, and so do the
    /// messages of its queue behind it.
    fn call_handlers(&mut self, outputs: &mut Outputs) {
        let mut blocked = BTreeSet::new();
        let mut index = 0;
        while self.running.is_none() && index < self.inbox.len() {
            let item = &mut self.inbox[index];
            let (queue, event) = (item.message.queue.clone(), item.message.event.clone());
            if blocked.contains(&queue) {
                index += 1;
                continue;
            }
            if self.without_handler.contains(&(queue.clone(), event)) {
                if !std::mem::replace(&mut item.is_noted, true) {
                    note(outputs, Note::NoHandler { id: item.message.id.clone() });
                }
                if item.place.is_some() {
                    // It waits, and so do the messages behind it in this subscription.
                    blocked.insert(queue);
                    index += 1;
                } else {
                    self.inbox.remove(index);
                }
                continue;
            }
            let item = self.inbox.remove(index).expect("it is there");
            let (message, kind) = (item.message.clone(), item.kind);
            note(outputs, Note::Handling { id: message.id.clone(), kind });
            outputs.push_back(ClientOutput::CallHandler { message, kind });
            self.running = Some(item);
        }
    }

    /// Processes the return of the running handler.
    pub fn handler_returned(&mut self, outputs: &mut Outputs) {
        let Some(item) = self.running.take() else { return };
        let Item { message, kind, session, place, .. } = item;
        note(outputs, Note::Handled { id: message.id.clone(), kind, session });
        let waiting = self.window.handled(&message.id);
        if self.limits.ack == AckPolicy::AfterHandler {
            for place in place.into_iter().chain(waiting) {
                self.acknowledge(&message, place, outputs);
            }
        }
    }

    /// Removes the handler for an event.
    pub fn remove_handler(&mut self, queue: Name, event: Name) {
        self.without_handler.insert((queue, event));
    }

    /// Installs the handler for an event again.
    pub fn install_handler(&mut self, queue: &Name, event: &Name) {
        self.without_handler.remove(&(queue.clone(), event.clone()));
    }

    /// Drops early deliveries and unsent acknowledgements of a session that has ended: the broker
    /// sends the deliveries again on the next one.
    pub fn end_session(&mut self) {
        self.acks.clear();
        self.queues.values_mut().for_each(InQueue::end_session);
    }

    /// Removes and returns the acknowledgements to send now.
    ///
    /// Those of a subscription wait until the broker has answered its join on this session: it may
    /// have begun a new epoch, in which the position is that of another message.
    pub fn take_acks(&mut self) -> Vec<(Name, Position)> {
        let mut due = Vec::new();
        let queues = &self.queues;
        self.acks.retain(|(name, epoch, position)| {
            let queue = queues.get(name);
            let is_due = queue.is_none_or(InQueue::is_attached);
            if is_due && queue.is_some_and(|queue| queue.epoch() == *epoch) {
                due.push((name.clone(), *position));
            }
            !is_due
        });
        due
    }

    /// Drops the acknowledgements, since there is no session: the joins of the next one tell how
    /// far each queue came.
    pub fn drop_acks(&mut self) {
        self.acks.clear();
    }

    /// Puts a message without a position into the inbox; it will not be acknowledged.
    fn receive_unplaced(&mut self, held: HeldDelivery, outputs: &mut Outputs) {
        let HeldDelivery::Push { message, kind, session } = held else { return };
        let id = message.id.clone();
        if !self.has_room() {
            return note(outputs, Note::InboxFull { id, session });
        }
        note(outputs, Note::Read { id, session: session.clone(), kind });
        self.inbox.push_back(Item { message, kind, session, place: None, is_noted: false });
    }

    /// Holds an early delivery until the one before it comes, if there is room.
    fn hold(&mut self, held: HeldDelivery, place: Offset, outputs: &mut Outputs) {
        let queue = self.queues.entry(held.queue().clone()).or_default();
        let (is_full, is_copy) = (queue.held() >= self.limits.early, queue.holds(place));
        if let HeldDelivery::Push { message, session, .. } = &held {
            let (id, session) = (message.id.clone(), session.clone());
            note(
                outputs,
                match (is_copy, is_full) {
                    (true, _) => Note::DroppedCopy { id, session },
                    (false, true) => Note::InboxFull { id, session },
                    (false, false) => Note::HeldEarly { id, session },
                },
            );
        }
        if !is_full && !is_copy {
            queue.hold(held, place);
        }
    }

    /// Reads held deliveries of a queue that are next now, as far as the inbox has room.
    fn release(&mut self, name: &Name, outputs: &mut Outputs) {
        while self.has_room()
            && let Some((held, place)) = self.queues.get_mut(name).and_then(InQueue::next_in_order)
        {
            self.take(held, place, outputs);
        }
    }

    /// Reads a delivery that is in order, or a copy of one that was.
    fn take(&mut self, held: HeldDelivery, place: Offset, outputs: &mut Outputs) {
        match held {
            HeldDelivery::Push { message, kind, session } => {
                self.take_push(message, kind, session, place, outputs);
            }
            HeldDelivery::Gap { queue, from } => self.take_gap(&queue, from, place, outputs),
        }
    }

    fn take_push(
        &mut self,
        message: Arc<Message>,
        kind: PushKind,
        session: SessionId,
        place: Offset,
        outputs: &mut Outputs,
    ) {
        let id = message.id.clone();
        if !self.has_room() {
            return note(outputs, Note::InboxFull { id, session });
        }
        let queue = self.queues.get_mut(&message.queue).expect("it was ordered");
        let at = (queue.epoch(), place.position);
        queue.read(place);
        if self.limits.dedup == Dedup::On {
            match self.window.read(&id, at) {
                SeenBefore::First => {}
                copy => {
                    note(outputs, Note::DroppedCopy { id, session });
                    return self.acknowledge_copy(&message, at, copy, outputs);
                }
            }
        }
        note(outputs, Note::Read { id, session: session.clone(), kind });
        if self.limits.ack == AckPolicy::BeforeHandler {
            self.acknowledge(&message, at, outputs);
        }
        let place = Some(at);
        self.inbox.push_back(Item { message, kind, session, place, is_noted: false });
    }

    fn take_gap(&mut self, name: &Name, from: Position, place: Offset, outputs: &mut Outputs) {
        let queue = self.queues.get_mut(name).expect("it was ordered");
        let epoch = queue.epoch();
        if queue.order(place) == Order::Next {
            // Messages that the client has read already are not lost to it.
            let (to, from) = (place.position, from.max(queue.read_up_to().next()));
            note(outputs, Note::GapReceived { queue: name.clone(), from, to });
        }
        queue.read(place);
        queue.acknowledged(place.position);
        note(outputs, Note::Ack { queue: name.clone(), position: place.position, id: None });
        self.acks.push((name.clone(), epoch, place.position));
    }

    /// Acknowledges a copy that was dropped, unless its original is still to be acknowledged; then
    /// both are when the handler returns.
    fn acknowledge_copy(
        &mut self,
        message: &Message,
        at: (Epoch, Position),
        copy: SeenBefore,
        outputs: &mut Outputs,
    ) {
        match self.limits.ack {
            AckPolicy::AfterHandler if copy == SeenBefore::Pending => {}
            AckPolicy::AfterHandler | AckPolicy::BeforeHandler => {
                self.acknowledge(message, at, outputs);
            }
            AckPolicy::Never => {}
        }
    }

    /// Acknowledges a message at a position, unless that is of an epoch that is over.
    fn acknowledge(&mut self, message: &Message, at: (Epoch, Position), outputs: &mut Outputs) {
        let (epoch, position) = at;
        let Some(queue) = self.queues.get_mut(&message.queue) else { return };
        if queue.epoch() != epoch {
            return;
        }
        queue.acknowledged(position);
        let (name, id) = (message.queue.clone(), Some(message.id.clone()));
        note(outputs, Note::Ack { queue: name.clone(), position, id });
        self.acks.push((name, epoch, position));
    }
}

impl HeldDelivery {
    fn queue(&self) -> &Name {
        match self {
            HeldDelivery::Push { message, .. } => &message.queue,
            HeldDelivery::Gap { queue, .. } => queue,
        }
    }
}

fn note(outputs: &mut Outputs, note: Note) {
    outputs.push_back(ClientOutput::Note(note));
}

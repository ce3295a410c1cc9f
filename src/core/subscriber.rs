//! The receiving half of a client: order, copies, inbox, handlers, acknowledgements.
//!
//! In catch-up mode a delivery names its own position and the one before it in this
//! subscription, so the client sees a hole by itself and holds what comes early. The handler is
//! called in order, one call at a time.

mod dedup;
mod queue;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::message::{
    AckPolicy, ClientLimits, Cursor, Dedup, Epoch, Frame, Message, Name, Note, Offset, Position,
    PushKind, ResumeOutcome, RoomJoin, SessionId, StartAt,
};

use super::client::ClientOutput;
use dedup::{SeenBefore, Window};
use queue::{InQueue, Order};

type Outputs = VecDeque<ClientOutput>;

/// Everything that a client has received and not yet got rid of.
#[derive(Clone, Debug)]
pub struct Subscriber {
    limits: ClientLimits,
    queues: BTreeMap<Name, InQueue>,
    inbox: VecDeque<Item>,
    /// The item whose handler runs.
    running: Option<Item>,
    window: Window,
    without_handler: BTreeSet<(Name, Name)>,
    /// What was acknowledged and is to be sent.
    acks: Vec<(Name, Epoch, Position)>,
}

/// Something received that waits for its turn: for the one before it, or for its handler.
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
    /// Where it stands, if it is to be acknowledged.
    place: Option<(Epoch, Position)>,
    /// Whether the absence of its handler was noted.
    is_noted: bool,
}

impl Subscriber {
    /// Nothing was received.
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

    /// How many messages are held.
    pub fn holds(&self) -> usize {
        let held: usize = self.queues.values().map(InQueue::held).sum();
        held + self.inbox.len() + usize::from(self.running.is_some())
    }

    /// Whether the inbox has room for another message.
    pub fn has_room(&self) -> bool {
        self.inbox.len() < self.limits.inbox
    }

    /// The joins of a new session: every room of every queue, and how far each queue came. A queue
    /// whose rooms were all left is joined too, since the broker may owe something of before: also
    /// to a process that knows nothing of it, having crashed, and only says that it leaves.
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

    /// How far each queue came.
    pub fn known(&self) -> Vec<(Name, Cursor)> {
        let known = |(name, queue): (&Name, &InQueue)| Some((name.clone(), queue.known()?));
        self.queues.iter().filter_map(known).collect()
    }

    /// The leaves that the broker has not answered: they are told on the next session too.
    pub fn leaves(&self) -> Vec<Frame> {
        let leave = |(name, queue): (&Name, &InQueue)| Frame::Leave {
            request: 0,
            queue: name.clone(),
            rooms: queue.left.iter().cloned().collect(),
        };
        self.queues.iter().filter(|(_, queue)| !queue.left.is_empty()).map(leave).collect()
    }

    /// The broker answered a join or leave: it is on record.
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

    /// Remembers a room, and gives the frame that joins it. A room that it is in already stays
    /// where it began: what is on record is replayed whole by a broker that has forgotten it.
    pub fn join(&mut self, name: Name, room: Name, from: StartAt) -> Frame {
        let queue = self.queues.entry(name.clone()).or_default();
        let from = *queue.rooms.entry(room.clone()).or_insert(from);
        queue.left.remove(&room);
        let known = queue.known();
        Frame::Join { request: 0, queue: name, rooms: vec![RoomJoin { room, from }], known }
    }

    /// Forgets a room.
    pub fn leave(&mut self, name: &Name, room: &Name) {
        let queue = self.queues.entry(name.clone()).or_default();
        queue.rooms.remove(room);
        queue.left.insert(room.clone());
    }

    /// The broker said where a subscription stands. It says so once a session: the answer to a
    /// later join of the same queue says nothing new.
    pub fn answered(&mut self, name: &Name, answer: ResumeOutcome, outputs: &mut Outputs) {
        let Some(queue) = self.queues.get_mut(name).filter(|queue| !queue.is_attached()) else {
            return;
        };
        let answer = queue.less_what_it_has(answer);
        queue.stand(answer);
        note(outputs, Note::ResumeReceived { queue: name.clone(), answer });
        self.release(name, outputs);
    }

    /// A message or gap came. `place` is its place in a catch-up queue.
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

    /// Calls handlers, and reads what was held early and has room now.
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

    /// Calls the handler of the first message that has one, if none runs.
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
                    // It waits, and what is behind it in this subscription.
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
            outputs.push_back(ClientOutput::Handle { message, kind });
            self.running = Some(item);
        }
    }

    /// The handler that ran has returned.
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

    /// The handler for an event is taken away.
    pub fn remove_handler(&mut self, queue: Name, event: Name) {
        self.without_handler.insert((queue, event));
    }

    /// The handler for an event is back.
    pub fn install_handler(&mut self, queue: &Name, event: &Name) {
        self.without_handler.remove(&(queue.clone(), event.clone()));
    }

    /// The session has ended: what came early on it is sent again on the next.
    pub fn end_session(&mut self) {
        self.acks.clear();
        self.queues.values_mut().for_each(InQueue::end_session);
    }

    /// The acknowledgements to send now. Until the broker has said on this session where a
    /// subscription stands, its acknowledgements wait: it may have begun a new epoch, in which the
    /// position is that of another message.
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

    /// There is no session: the next one begins with how far each queue came.
    pub fn drop_acks(&mut self) {
        self.acks.clear();
    }

    /// A message without a place: it is handled, and nobody is told.
    fn receive_unplaced(&mut self, held: HeldDelivery, outputs: &mut Outputs) {
        let HeldDelivery::Push { message, kind, session } = held else { return };
        let id = message.id.clone();
        if !self.has_room() {
            return note(outputs, Note::InboxFull { id, session });
        }
        note(outputs, Note::Read { id, session: session.clone(), kind });
        self.inbox.push_back(Item { message, kind, session, place: None, is_noted: false });
    }

    /// Keeps something early until the one before it comes.
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

    /// Takes what was held and is next now.
    fn release(&mut self, name: &Name, outputs: &mut Outputs) {
        while self.has_room()
            && let Some((held, place)) = self.queues.get_mut(name).and_then(InQueue::next_in_order)
        {
            self.take(held, place, outputs);
        }
    }

    /// Takes something that is in order, or a copy of something that was.
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
            // What was read before its session ended is not lost to this client.
            let (to, from) = (place.position, from.max(queue.read_up_to() + 1));
            note(outputs, Note::GapReceived { queue: name.clone(), from, to });
        }
        queue.read(place);
        queue.acknowledged(place.position);
        note(outputs, Note::Ack { queue: name.clone(), position: place.position, id: None });
        self.acks.push((name.clone(), epoch, place.position));
    }

    /// A copy that was dropped is acknowledged once its original has been.
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

    /// Acknowledges a message at a place, unless the place is of an epoch that is over.
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

//! The receiving half of a client: ordering, deduplication, inbox, handler calls, acknowledgements.
//!
//! In catch-up mode a delivery names its own position and the one before it in the subscription,
//! so that the client detects a hole by itself, and holds deliveries that come early (`order`).
//! Handlers are called in order, one call at a time (`inbox`).

mod dedup;
mod inbox;
mod order;
mod queue;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::message::{
    ClientLimits, Confirm, Cursor, Epoch, Frame, Message, MessageId, Name, Note, Position,
    PushKind, ResumeOutcome, RoomJoin, SessionId, StartAt,
};

use super::io::ClientOutput;
use dedup::Window;
use queue::InQueue;

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
    /// Answers that are still to be sent, each on the session that its message came on.
    answers: Vec<(SessionId, MessageId)>,
}

/// A received message or gap that was not read yet.
#[derive(Clone, Debug)]
pub enum HeldDelivery {
    /// A message.
    Push { message: Arc<Message>, kind: PushKind, session: SessionId, confirm: Confirm },
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
    at: Option<(Epoch, Position)>,
    /// Whether the broker's application waits for an answer to it.
    confirm: Confirm,
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
            answers: Vec::new(),
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
        let answer = queue.without_acknowledged(answer);
        queue.resume(answer);
        note(outputs, Note::ResumeReceived { queue: name.clone(), answer });
        self.release(name, outputs);
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

    /// Removes and returns the answers to send now. One on a session that has ended is dropped.
    pub fn take_answers(&mut self, session: &SessionId) -> Vec<MessageId> {
        let answers = std::mem::take(&mut self.answers).into_iter();
        answers.filter(|(of, _)| of == session).map(|(_, id)| id).collect()
    }

    /// Drops acknowledgements and answers, since there is no session: the joins of the next one tell
    /// how far each queue came.
    pub fn drop_acks(&mut self) {
        self.answers.clear();
        self.acks.clear();
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

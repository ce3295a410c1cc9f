//! Joining and leaving rooms, and attaching a session to a subscription.

use crate::message::{
    Cursor, EndReason, Frame, Message, Mode, Name, Note, Position, ResumeOutcome, RoomJoin, StartAt,
};
use crate::time::Instant;

use super::super::limits::MOST_NAMES;
use super::super::rooms::RoomsChange;
use super::super::subscription::Subscription;
use super::queue::Queue;
use super::session::Session;
use super::{Broker, ConnectionId, is_own_echo};

/// A join as it came.
pub struct QueueJoin {
    pub request: u64,
    pub queue: Name,
    pub rooms: Vec<RoomJoin>,
    pub known: Option<Cursor>,
}

impl Broker {
    /// A join. Requests of a session are applied in sequence; a copy is answered again, one that
    /// overtook another is left for the client to repeat.
    pub(super) fn join(&mut self, now: Instant, peer: ConnectionId, join: QueueJoin) {
        let QueueJoin { request, queue: name, rooms, known } = join;
        if self.apply_next(peer, request) {
            if self.is_beyond_limits(&name, rooms.len()) {
                return self.close(peer, EndReason::LimitReached);
            }
            self.queues.entry(name.clone()).or_insert_with(Queue::new);
            let answer = match self.options.mode {
                Mode::FireAndForget => None,
                Mode::CatchUp => self.attach(peer, &name, &rooms, known),
            };
            let session = self.session_mut(peer).expect("it asked");
            session.attached.entry(name.clone()).or_insert(answer);
            self.enter(peer, &name, rooms);
        }
        let session = self.session(peer).expect("it asked");
        if request <= session.requests {
            let answer = session.attached.get(&name).copied().flatten();
            self.send(peer, Frame::Joined { request, queue: name.clone(), answer });
            self.pump(now, &name, peer);
        }
    }

    /// A leave, applied in sequence with the joins.
    pub(super) fn leave(&mut self, peer: ConnectionId, request: u64, name: &Name, rooms: &[Name]) {
        if self.apply_next(peer, request) {
            let session = self.session(peer).expect("it asked").clone();
            for room in rooms {
                self.leave_room(peer, name, room, &session);
                self.unsubscribe(name, room, &session.client);
            }
        }
        if request <= self.session(peer).expect("it asked").requests {
            self.send(peer, Frame::Left { request });
        }
    }

    /// Takes a session that has ended out of all rooms of a queue.
    pub(super) fn leave_all(&mut self, peer: ConnectionId, name: &Name, session: &Session) {
        let Some(queue) = self.queues.get(name) else { return };
        for room in queue.sessions.of(&peer) {
            self.leave_room(peer, name, &room, session);
        }
    }

    /// Whether a request is the session's next; then it counts as applied.
    fn apply_next(&mut self, peer: ConnectionId, request: u64) -> bool {
        let session = self.session_mut(peer).expect("it asked");
        let is_next = request == session.requests + 1;
        session.requests += u64::from(is_next);
        is_next
    }

    fn is_beyond_limits(&self, queue: &Name, rooms: usize) -> bool {
        let known = self.queues.get(queue);
        let rooms_then = rooms + known.map_or(0, |queue| queue.sessions.len());
        rooms_then > MOST_NAMES || (known.is_none() && self.queues.len() >= MOST_NAMES)
    }

    /// Puts a session into rooms, and on record.
    fn enter(&mut self, peer: ConnectionId, name: &Name, rooms: Vec<RoomJoin>) {
        let session = self.session(peer).expect("it asked").clone();
        let mut recorded = Vec::new();
        for RoomJoin { room, from } in rooms {
            let queue = self.queues.get_mut(name).expect("it was made");
            let change = queue.sessions.join(&room, peer);
            let is_recorded = self.options.mode == Mode::CatchUp
                && queue.recorded.join(&room, session.client.clone()) == RoomsChange::None;
            if change == RoomsChange::Room {
                self.note(Note::CreateRoom { queue: name.clone(), room: room.clone() });
            }
            if change != RoomsChange::None {
                self.note(Note::JoinRoom {
                    queue: name.clone(),
                    room: room.clone(),
                    session: session.id.clone(),
                    client: session.client.clone(),
                });
            }
            if !is_recorded && change != RoomsChange::None {
                recorded.push(RoomJoin { room, from });
            }
        }
        if !recorded.is_empty() {
            let (client, queue) = (session.client, name.clone());
            self.note(Note::Subscribed { client, queue, rooms: recorded });
        }
    }

    fn leave_room(&mut self, peer: ConnectionId, name: &Name, room: &Name, session: &Session) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        let change = queue.sessions.leave(room, &peer);
        if change != RoomsChange::None {
            self.note(Note::LeaveRoom {
                queue: name.clone(),
                room: room.clone(),
                session: session.id.clone(),
                client: session.client.clone(),
            });
        }
        if change == RoomsChange::Room {
            self.note(Note::DeleteRoom { queue: name.clone(), room: room.clone() });
        }
    }

    /// Strikes a subscription to a room from the record. What was accepted before stays owed.
    fn unsubscribe(&mut self, name: &Name, room: &Name, client: &Name) {
        if let Some(queue) = self.queues.get_mut(name) {
            queue.recorded.leave(room, client);
            self.note(Note::Unsubscribed {
                client: client.clone(),
                queue: name.clone(),
                room: room.clone(),
            });
        }
    }

    /// Attaches a session to its subscription, which is made if there is none. A later join of
    /// the same queue on the same session only adds rooms.
    fn attach(
        &mut self,
        peer: ConnectionId,
        name: &Name,
        rooms: &[RoomJoin],
        known: Option<Cursor>,
    ) -> Option<ResumeOutcome> {
        let session = self.session(peer).expect("it asked");
        if let Some(answer) = session.attached.get(name) {
            return *answer;
        }
        let (id, client) = (session.id.clone(), session.client.clone());
        let epoch = self.options.epoch;
        let queue = self.queues.get_mut(name).expect("it was made");
        if !queue.subscriptions.contains_key(&client) {
            let starts = match known {
                Some(known) if known.epoch != epoch => Starts::NewEpoch,
                _ => Starts::Fresh,
            };
            let subscription = begin(queue, &client, rooms, starts);
            queue.subscriptions.insert(client.clone(), subscription);
        }
        let head = queue.backlog.head();
        let subscription = queue.subscriptions.get_mut(&client).expect("it was made");
        let (answer, settled) = subscription.attach(peer, epoch, known, head);
        for position in &settled {
            queue.backlog.settle(*position);
        }
        for position in settled {
            let (queue, client) = (name.clone(), client.clone());
            self.note(Note::Acknowledged { queue, position, client });
        }
        self.note(Note::Attached {
            queue: name.clone(),
            client,
            session: id,
            answer: Box::new(answer),
        });
        Some(answer)
    }
}

/// Where a new subscription begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Starts {
    /// As its rooms say: now, or with what is retained.
    Fresh,
    /// In rooms that it had before, with all of this epoch: it has a position of another one.
    NewEpoch,
}

/// A new subscription, owed what is retained as far as it begins there.
fn begin(queue: &mut Queue, client: &Name, rooms: &[RoomJoin], starts: Starts) -> Subscription {
    let from_start: Vec<&Name> = rooms
        .iter()
        .filter(|join| match join.from {
            StartAt::Now => false,
            StartAt::Start => true,
            StartAt::Before => starts == Starts::NewEpoch,
        })
        .map(|join| &join.room)
        .collect();
    if from_start.is_empty() {
        return Subscription::new(queue.backlog.head());
    }
    let all: Vec<&Name> = rooms.iter().map(|join| &join.room).collect();
    let wants = |message: &Message| {
        message.rooms().iter().any(|room| from_start.contains(&room))
            && !message.target.except.iter().any(|room| all.contains(&room))
            && !is_own_echo(message, client)
    };
    let mut subscription = Subscription::new(0);
    let mut next = 1;
    // What every subscription had acknowledged leaves the backlog first: the holes may be anywhere.
    let mut pass_over = |subscription: &mut Subscription, to: Position| {
        if starts == Starts::NewEpoch && next < to {
            subscription.route_gap(next, to - 1);
        }
        next = to + 1;
    };
    let mut owed = Vec::new();
    for (position, message) in queue.backlog.iter() {
        pass_over(&mut subscription, position);
        if wants(message) {
            subscription.route(position);
            owed.push(position);
        }
    }
    pass_over(&mut subscription, queue.backlog.head() + 1);
    for position in owed {
        queue.backlog.owe(position);
    }
    subscription
}

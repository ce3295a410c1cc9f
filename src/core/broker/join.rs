//! Joining and leaving rooms, and attaching a session to a subscription.

use crate::message::{
    Cursor, EndReason, Frame, Message, Mode, Name, Note, Position, ResumeOutcome, RoomJoin, StartAt,
};
use crate::time::Instant;

use super::super::limits::MOST_NAMES;
use super::super::subscription::Subscription;
use super::queue::Queue;
use super::session::Session;
use super::{Broker, ConnectionId, RoomsChange, is_own_echo};

/// The fields of a `Join` frame.
pub struct QueueJoin {
    pub request: u64,
    pub queue: Name,
    pub rooms: Vec<RoomJoin>,
    pub known: Option<Cursor>,
}

impl Broker {
    /// Processes a join.
    ///
    /// Requests of a session are applied in sequence. A copy of one that was applied is answered
    /// again; one that overtook another is ignored, and the client repeats it.
    pub(super) fn join(&mut self, now: Instant, connection: ConnectionId, join: QueueJoin) {
        let QueueJoin { request, queue: name, rooms, known } = join;
        if self.apply_next(connection, request) {
            if self.is_beyond_limits(&name, rooms.len()) {
                return self.close(now, connection, EndReason::LimitReached);
            }
            let client = self.open_session(connection).1.clone();
            let queue = self.queues.entry(name.clone()).or_insert_with(Queue::new);
            rooms.iter().for_each(|join| queue.take_out(&client, &join.room));
            let rooms = self.with_rooms_not_asked_for(connection, &name, rooms, known);
            let answer = match self.options.mode {
                Mode::FireAndForget => None,
                Mode::CatchUp => self.attach(connection, &name, &rooms, known),
            };
            let session = self.session_mut(connection).expect("it asked");
            let is_first = !session.attached.contains_key(&name);
            session.attached.entry(name.clone()).or_insert(answer);
            self.enter(connection, &name, rooms);
            if is_first {
                self.tell_of_the_join(now, connection, &name);
            }
        }
        let session = self.session(connection).expect("it asked");
        if request <= session.requests {
            let answer = session.attached.get(&name).copied().flatten();
            self.send(connection, Frame::Joined { request, queue: name.clone(), answer });
            self.pump(now, &name, connection);
        }
    }

    /// Processes a leave, in sequence with the joins.
    pub(super) fn leave(
        &mut self,
        connection: ConnectionId,
        request: u64,
        name: &Name,
        rooms: &[Name],
    ) {
        if self.apply_next(connection, request) {
            let session = self.session(connection).expect("it asked").clone();
            for room in rooms {
                self.leave_room(connection, name, room, &session);
                self.unsubscribe(name, room, &session.client);
            }
        }
        if request <= self.session(connection).expect("it asked").requests {
            self.send(connection, Frame::Left { request });
        }
    }

    /// Removes a session that has ended from all rooms of a queue.
    pub(super) fn leave_all(&mut self, connection: ConnectionId, name: &Name, session: &Session) {
        let Some(queue) = self.queues.get(name) else { return };
        for room in queue.sessions.of(&connection) {
            self.leave_room(connection, name, &room, session);
        }
    }

    /// Whether a request is the session's next. If so, it counts as applied from now on.
    fn apply_next(&mut self, connection: ConnectionId, request: u64) -> bool {
        let session = self.session_mut(connection).expect("it asked");
        let is_next = request == session.requests + 1;
        session.requests += u64::from(is_next);
        is_next
    }

    /// Adds to the first join of a queue on a session the room of the client's own name, as Socket.IO
    /// does on each connection, and those into which the broker's application has put it. The own
    /// room begins as the earliest of the rooms that are asked for.
    fn with_rooms_not_asked_for(
        &self,
        connection: ConnectionId,
        queue: &Name,
        mut rooms: Vec<RoomJoin>,
        known: Option<Cursor>,
    ) -> Vec<RoomJoin> {
        let session = self.session(connection).expect("it asked");
        let client = &session.client;
        let is_asked = rooms.iter().any(|join| join.room == *client);
        if session.attached.contains_key(queue) || is_asked {
            return rooms;
        }
        let asks = |from| rooms.iter().any(|join| join.from == from);
        let from = match () {
            () if known.is_some() || asks(StartAt::Before) => StartAt::Before,
            () if asks(StartAt::Start) => StartAt::Start,
            () => StartAt::Now,
        };
        rooms.push(RoomJoin { room: client.clone(), from });
        let put = self.queues[queue].put.get(client).into_iter().flatten();
        rooms.extend(put.map(|room| RoomJoin { room: room.clone(), from: StartAt::Before }));
        rooms
    }

    fn is_beyond_limits(&self, queue: &Name, rooms: usize) -> bool {
        let known = self.queues.get(queue);
        let rooms_then = rooms + 1 + known.map_or(0, |queue| queue.sessions.len());
        rooms_then > MOST_NAMES || (known.is_none() && self.queues.len() >= MOST_NAMES)
    }

    /// Adds a session to rooms, and in catch-up mode puts its client on record as a subscriber.
    pub(super) fn enter(&mut self, connection: ConnectionId, name: &Name, rooms: Vec<RoomJoin>) {
        let session = self.session(connection).expect("it asked").clone();
        let mut recorded = Vec::new();
        for RoomJoin { room, from } in rooms {
            let queue = self.queues.get_mut(name).expect("it was made");
            let change = queue.sessions.join(&room, connection);
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

    pub(super) fn leave_room(
        &mut self,
        connection: ConnectionId,
        name: &Name,
        room: &Name,
        session: &Session,
    ) -> RoomsChange {
        let Some(queue) = self.queues.get_mut(name) else { return RoomsChange::None };
        let change = queue.sessions.leave(room, &connection);
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
        change
    }

    /// Removes a client's subscription to a room from the record. Messages accepted before stay
    /// outstanding.
    pub(super) fn unsubscribe(&mut self, name: &Name, room: &Name, client: &Name) {
        if let Some(queue) = self.queues.get_mut(name) {
            queue.recorded.leave(room, client);
            queue.take_out(client, room);
            self.note(Note::Unsubscribed {
                client: client.clone(),
                queue: name.clone(),
                room: room.clone(),
            });
        }
    }

    /// Attaches a session to its subscription, which is created if there is none, and returns the
    /// outcome. A later join of the same queue on the same session gets the same outcome, and only
    /// adds rooms.
    fn attach(
        &mut self,
        connection: ConnectionId,
        name: &Name,
        rooms: &[RoomJoin],
        known: Option<Cursor>,
    ) -> Option<ResumeOutcome> {
        let session = self.session(connection).expect("it asked");
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
        let (answer, acknowledged) = subscription.attach(connection, epoch, known, head);
        for position in &acknowledged {
            queue.backlog.acknowledge(*position);
        }
        for position in acknowledged {
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

/// Rule for the start of a new subscription.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Starts {
    /// Each room begins as its join says: now, or with the oldest message that is retained.
    Fresh,
    /// The client has a position of another epoch: rooms that were on record before begin with
    /// everything of this epoch.
    NewEpoch,
}

/// Creates a subscription. The retained messages of the rooms that do not begin now are
/// outstanding from the beginning.
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
    let mut subscription = Subscription::new(Position::START);
    let mut next = Position::FIRST;
    // Messages that every subscription has acknowledged leave the backlog first, so that holes may
    // be anywhere in it.
    let mut pass_over = |subscription: &mut Subscription, to: Position| {
        if starts == Starts::NewEpoch && next < to {
            subscription.route_gap(next, to.previous());
        }
        next = to.next();
    };
    let mut outstanding = Vec::new();
    for (position, message) in queue.backlog.iter() {
        pass_over(&mut subscription, position);
        if wants(message) {
            subscription.route(position);
            outstanding.push(position);
        }
    }
    pass_over(&mut subscription, queue.backlog.head().next());
    for position in outstanding {
        queue.backlog.add_outstanding(position);
    }
    subscription
}

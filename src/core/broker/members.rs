//! The application on the broker's side changes rooms and ends sessions of clients, as Socket.IO's
//! `socketsJoin`, `socketsLeave` and `disconnectSockets` do.

use std::collections::BTreeSet;

use crate::message::{EndReason, Members, Mode, Name, Note, RoomJoin, StartAt};
use crate::time::Instant;

use super::{Broker, ConnectionId, RoomsChange};

impl Broker {
    /// Adds clients to a room, with their sessions; in catch-up mode also those that are away.
    pub(super) fn join_members(&mut self, members: &Members, room: &Name) {
        let name = &members.queue;
        for client in self.clients_of(members) {
            let join = RoomJoin { room: room.clone(), from: StartAt::Now };
            let session = self.attached_session(name, &client);
            let queue = self.queues.get_mut(name).expect("it has members");
            let is_in = queue.recorded.of(&client).contains(room)
                || session.is_some_and(|session| queue.sessions.of(&session).contains(room));
            if !is_in {
                queue.put.entry(client.clone()).or_default().insert(room.clone());
            }
            if let Some(connection) = session {
                self.enter(connection, name, vec![join]);
            } else if queue.recorded.join(room, client.clone()) != RoomsChange::None {
                self.note(Note::Subscribed { client, queue: name.clone(), rooms: vec![join] });
            }
        }
    }

    /// Removes clients from a room. What was accepted before stays outstanding.
    pub(super) fn leave_members(&mut self, members: &Members, room: &Name) {
        let name = &members.queue;
        for client in self.clients_of(members) {
            let session = self.attached_session(name, &client);
            let was_in_session = session.is_some_and(|connection| {
                let session = self.session(connection).expect("it is open").clone();
                self.leave_room(connection, name, room, &session) != RoomsChange::None
            });
            let queue = self.queues.get(name).expect("it has members");
            if was_in_session || queue.recorded.of(&client).contains(room) {
                self.unsubscribe(name, room, &client);
            }
        }
    }

    /// Ends the open sessions of clients with a goodbye: they stay away.
    pub(super) fn disconnect_members(&mut self, now: Instant, members: &Members) {
        for client in self.clients_of(members) {
            if let Some(connection) = self.attached_session(&members.queue, &client) {
                self.close(now, connection, EndReason::ServerDisconnect);
            }
        }
    }

    /// Ends what the broker's application has put a client into: a server knows it by its connection
    /// (fire-and-forget only).
    pub(super) fn forget_put(&mut self, name: &Name, client: &Name) {
        let put = self.queues.get_mut(name).and_then(|queue| queue.put.remove(client));
        for room in put.into_iter().flatten() {
            let (client, queue) = (client.clone(), name.clone());
            self.note(Note::Unsubscribed { client, queue, room });
        }
    }

    /// Returns the clients that are meant: by their sessions, or in catch-up mode by the record.
    fn clients_of(&self, members: &Members) -> BTreeSet<Name> {
        let Some(queue) = self.queues.get(&members.queue) else { return BTreeSet::new() };
        if self.options.mode == Mode::CatchUp {
            return queue.recorded.members(&members.rooms);
        }
        let sessions = queue.sessions.members(&members.rooms).into_iter();
        sessions.map(|connection| self.open_session(connection).1.clone()).collect()
    }

    /// Returns the connection of a client's open session, if it has joined the queue on it.
    fn attached_session(&self, queue: &Name, client: &Name) -> Option<ConnectionId> {
        let connection = self.clients.get(client)?.connection?;
        self.session(connection)?.attached.contains_key(queue).then_some(connection)
    }
}

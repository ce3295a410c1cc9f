//! The application on the broker's side changes rooms and ends sessions of clients, as Socket.IO's
//! `socketsJoin`, `socketsLeave` and `disconnectSockets` do.

use std::collections::BTreeSet;
use std::slice;

use crate::message::{EndReason, Members, Mode, Name, Note, RoomJoin, StartAt};
use crate::time::Instant;

use super::{Broker, ConnectionId, RoomsChange};

impl Broker {
    /// Adds clients to a room: their open sessions, and in catch-up mode those that are away, too.
    pub(super) fn join_members(&mut self, members: &Members, room: &Name) {
        for connection in self.sessions_of(members) {
            let join = RoomJoin { room: room.clone(), from: StartAt::Now };
            self.enter(connection, &members.queue, vec![join]);
        }
        for client in self.clients_of(members) {
            let queue = self.queues.get_mut(&members.queue).expect("it has members");
            if queue.recorded.join(room, client.clone()) != RoomsChange::None {
                let rooms = vec![RoomJoin { room: room.clone(), from: StartAt::Now }];
                self.note(Note::Subscribed { client, queue: members.queue.clone(), rooms });
            }
        }
    }

    /// Removes clients from a room. What was accepted before stays outstanding.
    pub(super) fn leave_members(&mut self, members: &Members, room: &Name) {
        let name = &members.queue;
        let recorded = self.clients_of(members);
        let Some(queue) = self.queues.get_mut(name) else { return };
        let mut leaving: BTreeSet<Name> = queue.recorded.members(slice::from_ref(room));
        leaving.retain(|client| recorded.contains(client));
        for connection in self.sessions_of(members) {
            let session = self.session(connection).expect("it is open").clone();
            if self.leave_room(connection, name, room, &session) != RoomsChange::None {
                leaving.insert(session.client);
            }
        }
        for client in leaving {
            self.unsubscribe(name, room, &client);
        }
    }

    /// Ends the open sessions of clients with a goodbye: they stay away.
    pub(super) fn disconnect_members(&mut self, now: Instant, members: &Members) {
        for connection in self.sessions_of(members) {
            self.close(now, connection, EndReason::ServerDisconnect);
        }
    }

    /// Returns the connections of open sessions that are meant, in their order.
    fn sessions_of(&self, members: &Members) -> BTreeSet<ConnectionId> {
        let Some(queue) = self.queues.get(&members.queue) else { return BTreeSet::new() };
        queue.sessions.members(&members.rooms)
    }

    /// Returns the clients on record that are meant (catch-up only).
    fn clients_of(&self, members: &Members) -> BTreeSet<Name> {
        match (self.options.mode, self.queues.get(&members.queue)) {
            (Mode::CatchUp, Some(queue)) => queue.recorded.members(&members.rooms),
            _ => BTreeSet::new(),
        }
    }
}

//! Mutant: the broker applies joins and leaves in the order in which they arrive.

use std::collections::{BTreeMap, VecDeque};

use super::clients_by_connection::ClientsByConnection;
use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, ConnectionId, Interceptor, Machine};
use crate::message::{Frame, Name, Note};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "late-leave",
    about: "The broker applies joins and leaves as they arrive: a leave that comes late undoes a \
            newer join of the same room.",
    seen: "pusher/pusher-js#714.",
    anomaly: Anomaly::Stalled,
    change: Change::Broker(|| Box::new(LateLeave::default())),
};

#[derive(Default)]
struct LateLeave {
    clients: ClientsByConnection,
    /// The requests of each connection, in the order in which they came first.
    arrived: BTreeMap<ConnectionId, Vec<u64>>,
    /// The newest request for each room of a client and queue: whether it is a join.
    newest: BTreeMap<(Name, Name, Name), (ConnectionId, u64, bool)>,
}

impl LateLeave {
    /// Returns the number of a request in order of arrival.
    fn number(&mut self, connection: ConnectionId, request: u64) -> u64 {
        let arrived = self.arrived.entry(connection).or_default();
        let before = arrived.iter().position(|one| *one == request);
        let index = before.unwrap_or_else(|| {
            arrived.push(request);
            arrived.len() - 1
        });
        index as u64 + 1
    }

    /// Takes note of what the client wants of some rooms, unless it has asked for something else
    /// since.
    fn ask<'a>(
        &mut self,
        connection: ConnectionId,
        request: u64,
        queue: &Name,
        rooms: impl Iterator<Item = &'a Name>,
        is_join: bool,
    ) {
        let Some(client) = self.clients.client(connection) else { return };
        for room in rooms {
            let newest = (connection, request, is_join);
            let key = (client.clone(), queue.clone(), room.clone());
            let known = self.newest.entry(key).or_insert(newest);
            *known = newest.max(*known);
        }
    }

    /// Whether the last thing that a client has asked for a room is to be in it.
    fn wants(&self, client: &Name, queue: &Name, room: &Name) -> bool {
        let key = (client.clone(), queue.clone(), room.clone());
        self.newest.get(&key).is_some_and(|(_, _, is_join)| *is_join)
    }
}

impl Interceptor<Broker> for LateLeave {
    fn input(
        &mut self,
        now: Instant,
        mut input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        self.clients.hear(&input);
        if let BrokerInput::Received { connection, frame } = &mut input {
            match frame {
                Frame::Join { request, queue, rooms, .. } => {
                    let rooms = rooms.iter().map(|join| &join.room);
                    self.ask(*connection, *request, queue, rooms, true);
                    *request = self.number(*connection, *request);
                }
                Frame::Leave { request, queue, rooms } => {
                    self.ask(*connection, *request, queue, rooms.iter(), false);
                    *request = self.number(*connection, *request);
                }
                _ => {}
            }
        }
        broker.handle(now, input);
    }

    fn output(
        &mut self,
        _: Instant,
        mut output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        match &mut output {
            BrokerOutput::Send {
                connection,
                frame: Frame::Joined { request, .. } | Frame::Left { request },
            } => {
                let arrived = self.arrived.get(connection);
                let index = *request as usize - 1;
                *request = *arrived.and_then(|all| all.get(index)).expect("it has arrived");
            }
            // On record is what the client has asked for last.
            BrokerOutput::Note(Note::Unsubscribed { client, queue, room })
                if self.wants(client, queue, room) =>
            {
                return;
            }
            BrokerOutput::Note(Note::Subscribed { client, queue, rooms }) => {
                rooms.retain(|join| self.wants(client, queue, &join.room));
            }
            _ => {}
        }
        outputs.push_back(output);
    }
}

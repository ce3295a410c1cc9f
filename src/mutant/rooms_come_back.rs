//! Mutant: the broker puts a client that comes back into rooms that it has left.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::terms::Anomaly;

use super::clients_by_connection::ClientsByConnection;
use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, Interceptor, Machine};
use crate::message::{Frame, Name, Note, RoomJoin, StartAt};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "rooms-come-back",
    about: "A client that comes back is put into every room that it was ever in, those that it \
            left among them.",
    seen: "In servers that restore a session from a snapshot of its rooms.",
    anomaly: Anomaly::NotWanted,
    change: Change::Broker(|| Box::new(RoomsComeBack::default())),
};

#[derive(Default)]
struct RoomsComeBack {
    clients: ClientsByConnection,
    /// The rooms that each client has left, by queue.
    left: BTreeMap<(Name, Name), BTreeSet<Name>>,
}

impl Interceptor<Broker> for RoomsComeBack {
    fn input(
        &mut self,
        now: Instant,
        mut input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        self.clients.hear(&input);
        if let BrokerInput::Received { connection, frame } = &mut input
            && let Some(client) = self.clients.client(*connection)
        {
            match frame {
                Frame::Leave { queue, rooms, .. } => {
                    let left = self.left.entry((client.clone(), queue.clone())).or_default();
                    left.extend(rooms.iter().cloned());
                }
                Frame::Join { queue, rooms, .. } => {
                    let left = self.left.get(&(client.clone(), queue.clone()));
                    let back = left.into_iter().flatten().cloned();
                    rooms.extend(back.map(|room| RoomJoin { room, from: StartAt::Before }));
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
        // The client did not ask for these rooms, so they are not on record.
        if let BrokerOutput::Note(Note::Subscribed { client, queue, rooms }) = &mut output
            && let Some(left) = self.left.get(&(client.clone(), queue.clone()))
        {
            rooms.retain(|join| !left.contains(&join.room));
        }
        outputs.push_back(output);
    }
}

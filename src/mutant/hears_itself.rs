//! Mutant: the broker knows the sender of a message by the first connection of its client only.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, ConnectionId, Interceptor, Machine};
use crate::message::{Echo, Frame, Name};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "hears-itself",
    about: "A broadcast leaves out the sender's first session: after a reconnection the sender \
            hears itself.",
    seen: "In chats that exclude a socket's id, which is another after a reconnection.",
    anomaly: Anomaly::NotWanted,
    change: Change::Broker(|| Box::new(HearsItself::default())),
};

#[derive(Default)]
struct HearsItself {
    /// The first connection of each client.
    first: BTreeMap<Name, ConnectionId>,
}

impl Interceptor<Broker> for HearsItself {
    fn input(
        &mut self,
        now: Instant,
        mut input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerInput::Received { connection, frame } = &mut input {
            match frame {
                Frame::Hello { client, .. } => {
                    self.first.entry(client.clone()).or_insert(*connection);
                }
                Frame::Publish { message, .. }
                    if self.first.get(&message.id.publisher) != Some(connection) =>
                {
                    Arc::make_mut(message).target.echo = Echo::Everyone;
                }
                _ => {}
            }
        }
        broker.handle(now, input);
    }
}

//! The client of each connection, for interceptors of a broker.

use std::collections::BTreeMap;

use crate::core::{BrokerInput, ConnectionId};
use crate::message::{Frame, Name};

/// The client of each connection, from its hello.
#[derive(Default)]
pub struct ClientsByConnection(BTreeMap<ConnectionId, Name>);

impl ClientsByConnection {
    /// Reads an input on its way to the broker, and remembers the client of a hello.
    pub fn hear(&mut self, input: &BrokerInput) {
        if let BrokerInput::Received { connection, frame: Frame::Hello { client, .. } } = input {
            self.0.insert(*connection, client.clone());
        }
    }

    /// Returns the client that said hello on a connection.
    pub fn client(&self, connection: ConnectionId) -> Option<&Name> {
        self.0.get(&connection)
    }
}

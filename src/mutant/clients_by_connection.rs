//! Who is behind which connection, as a broker's interceptor hears it.

use std::collections::BTreeMap;

use crate::core::{BrokerInput, ConnectionId};
use crate::message::{Frame, Name};

/// The client that said hello on each connection.
#[derive(Default)]
pub struct ClientsByConnection(BTreeMap<ConnectionId, Name>);

impl ClientsByConnection {
    /// A fact on its way to the broker.
    pub fn hear(&mut self, input: &BrokerInput) {
        if let BrokerInput::Received { peer, frame: Frame::Hello { client, .. } } = input {
            self.0.insert(*peer, client.clone());
        }
    }

    /// Who said hello on a connection.
    pub fn client(&self, peer: ConnectionId) -> Option<&Name> {
        self.0.get(&peer)
    }
}

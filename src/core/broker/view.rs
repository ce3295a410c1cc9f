//! Builds the snapshot of a broker's state.

use super::{Broker, ConnectionId};
use crate::core::view::{BrokerView, QueueView, SubscriptionView};

impl Broker {
    /// Returns a snapshot of the current state.
    pub(super) fn snapshot(&self) -> BrokerView {
        let sessions = self.connections.values().filter_map(|connection| {
            let session = connection.session.as_ref()?;
            Some((session.id.clone(), session.client.clone()))
        });
        let queues = self.queues.iter().map(|(name, queue)| QueueView {
            name: name.clone(),
            rooms: queue
                .sessions
                .iter()
                .map(|(room, connections)| {
                    let client =
                        |connection: &ConnectionId| self.open_session(*connection).1.clone();
                    (room.clone(), connections.iter().map(client).collect())
                })
                .collect(),
            kept: queue.backlog.len(),
            bytes: queue.backlog.bytes(),
            oldest: queue.backlog.oldest(),
            head: queue.backlog.head(),
            subscriptions: queue
                .subscriptions
                .iter()
                .map(|(client, subscription)| SubscriptionView {
                    client: client.clone(),
                    rooms: queue.recorded.of(client),
                    position: subscription.position(),
                    outstanding: subscription.outstanding(),
                    is_attached: subscription.connection().is_some(),
                })
                .collect(),
        });
        BrokerView {
            mode: self.options.mode,
            sessions: sessions.collect(),
            queues: queues.collect(),
        }
    }
}

//! A snapshot of the broker's state, printed for people: sessions, rooms, positions, backlog.

use std::fmt;

use crate::message::{Mode, Name};

use super::{Broker, ConnectionId};

/// A snapshot of the broker's state; its `Display` is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerView {
    mode: Mode,
    sessions: Vec<(String, Name)>,
    queues: Vec<QueueView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct QueueView {
    name: Name,
    rooms: Vec<(Name, Vec<Name>)>,
    kept: usize,
    bytes: usize,
    oldest: u64,
    head: u64,
    subscriptions: Vec<SubscriptionView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SubscriptionView {
    client: Name,
    rooms: Vec<Name>,
    position: u64,
    outstanding: usize,
    is_attached: bool,
}

impl Broker {
    /// Returns a snapshot of the current state.
    pub fn view(&self) -> BrokerView {
        let sessions = self.connections.values().filter_map(|connection| {
            let session = connection.session.as_ref()?;
            Some((session.id.to_string(), session.client.clone()))
        });
        let queues = self.queues.iter().map(|(name, queue)| QueueView {
            name: name.clone(),
            rooms: queue
                .sessions
                .iter()
                .map(|(room, peers)| {
                    let client = |peer: &ConnectionId| self.open_session(*peer).1.clone();
                    (room.clone(), peers.iter().map(client).collect())
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
                    is_attached: subscription.peer().is_some(),
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

impl fmt::Display for BrokerView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sessions: Vec<String> = self
            .sessions
            .iter()
            .map(|(session, client)| match session.split_once('/') {
                Some((process, _)) if process == client.as_str() => session.clone(),
                _ => format!("{session} as {client}"),
            })
            .collect();
        writeln!(f, "connected: {}", or_nobody(&sessions))?;
        for queue in &self.queues {
            writeln!(f, "queue {}", queue.name)?;
            for (room, members) in &queue.rooms {
                let members: Vec<String> = members.iter().map(Name::to_string).collect();
                writeln!(f, "  room {room}: {}", or_nobody(&members))?;
            }
            if self.mode == Mode::FireAndForget {
                continue;
            }
            match queue.kept {
                0 => writeln!(f, "  backlog: nothing of {} kept", queue.head)?,
                kept => writeln!(
                    f,
                    "  backlog: {kept} kept, {} bytes, oldest position {}, newest {}",
                    queue.bytes, queue.oldest, queue.head
                )?,
            }
            for subscription in &queue.subscriptions {
                let rooms: Vec<String> = subscription.rooms.iter().map(Name::to_string).collect();
                let here = if subscription.is_attached { "connected" } else { "away" };
                writeln!(
                    f,
                    "  subscription {} ({here}): rooms {}, position {}, {} unacknowledged",
                    subscription.client,
                    if rooms.is_empty() { "none".to_owned() } else { rooms.join(", ") },
                    subscription.position,
                    subscription.outstanding
                )?;
            }
        }
        Ok(())
    }
}

fn or_nobody(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

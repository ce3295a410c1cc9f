//! A snapshot of the broker's state, printed for people: sessions, rooms, positions, backlog.

use std::fmt;

use crate::message::{Mode, Name, Position};

/// A snapshot of the broker's state; its `Display` is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerView {
    pub(super) mode: Mode,
    pub(super) sessions: Vec<(String, Name)>,
    pub(super) queues: Vec<QueueView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueueView {
    pub(super) name: Name,
    pub(super) rooms: Vec<(Name, Vec<Name>)>,
    pub(super) kept: usize,
    pub(super) bytes: usize,
    pub(super) oldest: Position,
    pub(super) head: Position,
    pub(super) subscriptions: Vec<SubscriptionView>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SubscriptionView {
    pub(super) client: Name,
    pub(super) rooms: Vec<Name>,
    pub(super) position: Position,
    pub(super) outstanding: usize,
    pub(super) is_attached: bool,
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

//! The events of the broker's rooms in one trial, one a line: created, joined, left, deleted. It
//! says only what the broker noted; a broker that dies notes nothing.

mod schema;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::schema::schema;

use super::document;
use super::measure::{left, width, wrap};
use super::packets::millis;
use super::style::{Ink, Style};
use super::words::{count, counted, listed};
use crate::history::{EventKind, History, PowerState, ProcessId};
use crate::message::{Contender, EndReason, Name, Note, SessionId};
use crate::time::Instant;

/// The most events that are listed; later ones are counted.
pub const MOST_ROOM_EVENTS: usize = 1_000;
/// The most columns before the session; if names take more, it stands on a line of its own.
const MOST_HEAD: usize = 60;
/// The indentation of lines that go on.
const INDENT: &str = "        ";
const OWN_ROOMS: &str = "Each client is in a room of its own name in each queue that it has \
                         joined; these rooms are in the list, too.";

/// The name of the JSON contract.
pub const SCHEMA: &str = "delivery-lab/rooms/1";

/// One event of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoomEvent {
    /// The time of the event.
    #[serde(rename = "at_ms", serialize_with = "millis")]
    pub at: Instant,
    /// `create-room`, `join-room`, `leave-room` or `delete-room`.
    pub event: &'static str,
    /// The queue that the room is in.
    pub queue: String,
    /// The name of the room.
    pub room: String,
    /// Who joined or left; `None` if the event is about the room alone.
    #[serde(flatten)]
    pub member: Option<RoomMember>,
}

/// The session that joined or left a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoomMember {
    /// The name of the client.
    pub client: String,
    /// The session, as in `shop/2`.
    pub session: String,
    /// The reason for which its session had ended, if it left because of that.
    pub session_ended: Option<EndReason>,
}

/// The events of the rooms of one trial, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoomEvents {
    /// The first events, at most [`MOST_ROOM_EVENTS`].
    pub events: Vec<RoomEvent>,
    /// Number of later events.
    pub left_out: u64,
    /// The times at which the broker died. Its rooms were gone then, without events.
    #[serde(rename = "broker_died_at_ms", serialize_with = "all_millis")]
    pub deaths: Vec<Instant>,
}

fn all_millis<S: serde::Serializer>(all: &[Instant], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(|at| at.as_millis_f64()))
}

impl RoomEvents {
    /// Lists the events of the rooms of a history.
    pub fn of(history: &History) -> RoomEvents {
        let mut list = RoomEvents::default();
        let mut ended = BTreeMap::new();
        for event in history.events.iter().filter(|event| event.process == ProcessId::BROKER) {
            let note = match &event.kind {
                EventKind::Power(PowerState::Killed | PowerState::PowerLost) => {
                    list.deaths.push(event.at);
                    continue;
                }
                EventKind::Note(note) => note,
                _ => continue,
            };
            let member = |session: &SessionId, client: &Name, session_ended| {
                let (client, session) = (client.to_string(), session.to_string());
                Some(RoomMember { client, session, session_ended })
            };
            let (name, queue, room, member) = match note {
                Note::CreateRoom { queue, room } => ("create-room", queue, room, None),
                Note::DeleteRoom { queue, room } => ("delete-room", queue, room, None),
                Note::JoinRoom { queue, room, session, client } => {
                    ("join-room", queue, room, member(session, client, None))
                }
                Note::LeaveRoom { queue, room, session, client } => {
                    let reason = ended.get(session).copied();
                    ("leave-room", queue, room, member(session, client, reason))
                }
                Note::SessionClosed { session, reason, .. } => {
                    ended.insert(session.clone(), *reason);
                    continue;
                }
                _ => continue,
            };
            let (queue, room) = (queue.to_string(), room.to_string());
            list.add(RoomEvent { at: event.at, event: name, queue, room, member });
        }
        list
    }

    fn add(&mut self, event: RoomEvent) {
        if self.events.len() < MOST_ROOM_EVENTS {
            self.events.push(event);
        } else {
            self.left_out += 1;
        }
    }

    /// Returns the list as JSON, one document on one line, without a newline: the contract
    /// [`SCHEMA`].
    pub fn json(&self, scenario: &str, contender: Contender, seed: u64) -> String {
        document::json(SCHEMA, (scenario, contender, seed), self)
    }

    /// Returns the list as text, each line ended by a newline.
    pub fn text(&self, heading: &str, style: &Style) -> String {
        let mut lines = vec![style.paint(Ink::Heading, heading), String::new()];
        if !self.events.is_empty() {
            lines.extend(self.table());
            lines.push(String::new());
        }
        for sentence in self.closing() {
            lines.extend(wrap(&sentence, "", ""));
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    fn table(&self) -> Vec<String> {
        let heads = self.events.iter().map(|event| {
            let RoomEvent { at, event, queue, room, .. } = event;
            [at.to_string(), (*event).to_owned(), queue.clone(), room.clone()]
        });
        let title = ["at", "event", "queue", "room"].map(str::to_owned);
        let heads: Vec<[String; 4]> = std::iter::once(title).chain(heads).collect();
        let column = |at: usize| heads.iter().map(|head| width(&head[at])).max().unwrap_or(0) + 2;
        let columns = [column(0), column(1), column(2), column(3)];
        let members = self.events.iter().map(|event| event.member.as_ref());
        let members = members.map(|member| member.map(RoomMember::told).unwrap_or_default());
        let mut lines = Vec::new();
        for (head, told) in heads.iter().zip(std::iter::once("session".to_owned()).chain(members)) {
            let cells = head.iter().zip(columns).map(|(cell, columns)| left(cell, columns));
            let head = cells.collect::<String>();
            if width(&head) <= MOST_HEAD && !told.is_empty() {
                lines.extend(wrap(&told, &head, INDENT));
            } else if width(&head) <= MOST_HEAD {
                lines.push(head.trim_end().to_owned());
            } else {
                lines.extend(wrap(&format!("{head} {told}"), "", INDENT));
            }
        }
        lines
    }

    /// Returns the sentences below the list.
    fn closing(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.events.is_empty() {
            sentences.push("No room was created.".to_owned());
        } else {
            sentences.push(OWN_ROOMS.to_owned());
        }
        if !self.deaths.is_empty() {
            let at: Vec<String> = self.deaths.iter().map(Instant::to_string).collect();
            let at = listed(&at);
            sentences
                .push(format!("The broker died at {at}: its rooms were gone, without events."));
        }
        if self.left_out > 0 {
            let more = counted(self.left_out, "later event");
            let most = count(MOST_ROOM_EVENTS as u64);
            sentences.push(format!("Left out: {more}. A list has at most {most}."));
        }
        sentences
    }
}

impl RoomMember {
    /// Returns the session in words, and why it ended.
    fn told(&self) -> String {
        let RoomMember { client, session, session_ended } = self;
        let who = match session.split_once('/') {
            Some((process, _)) if process == client => session.clone(),
            _ => format!("{session} as {client}"),
        };
        match session_ended {
            Some(reason) => format!("{who}, which ended: {}", reason.words()),
            None => who,
        }
    }
}

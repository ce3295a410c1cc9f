//! The story of a run in a few lines: faults, sessions lost and opened again, and what was
//! published in between. Meant for scenarios that have been shrunk to the essential.

use std::collections::BTreeSet;

use crate::history::{AppReport, Event, EventKind, History};
use crate::message::{EndReason, GapReason, MessageId, Name, Note, ResumeOutcome};
use crate::scenario::Scenario;
use crate::time::Instant;

use super::ids::compact;
use super::measure::{left, width, wrap};
use super::style::Style;
use super::words;

/// The most lines of a story. The rest is only counted.
const MOST_LINES: usize = 24;

/// Returns the lines of the story, each with its time, each ended by a newline.
pub fn story(scenario: &Scenario, history: &History, style: &Style) -> String {
    let mut told: Vec<(Instant, String)> = Vec::new();
    let mut published: Option<(Instant, Vec<MessageId>)> = None;
    let mut known = vec![false; history.processes.len()];
    let mut connected = known.clone();
    for event in &history.events {
        if let EventKind::Note(Note::Published { message }) = &event.kind {
            let (_, ids) = published.get_or_insert((event.at, Vec::new()));
            ids.push(message.id.clone());
            continue;
        }
        let is_first = match event.kind {
            EventKind::Note(Note::Welcomed { .. })
            | EventKind::AppReport(AppReport::Joined { .. }) => {
                !std::mem::replace(&mut known[event.process.index()], true)
            }
            _ => false,
        };
        let had_session = match &event.kind {
            EventKind::Note(Note::Welcomed { .. }) => {
                std::mem::replace(&mut connected[event.process.index()], true)
            }
            EventKind::Note(Note::Lost { .. }) => {
                std::mem::take(&mut connected[event.process.index()])
            }
            _ => connected[event.process.index()],
        };
        let Some(text) = sentence(scenario, history, event, had_session).filter(|_| !is_first)
        else {
            continue;
        };
        told.extend(published.take().map(|(at, ids)| (at, publishes(&ids, style))));
        told.push((event.at, text));
    }
    told.extend(published.take().map(|(at, ids)| (at, publishes(&ids, style))));
    lines(&told)
}

fn lines(told: &[(Instant, String)]) -> String {
    let shown = &told[..told.len().min(MOST_LINES)];
    let column = shown.iter().map(|(at, _)| width(&at.to_string())).max().unwrap_or_default() + 2;
    let mut lines = Vec::new();
    for (at, text) in shown {
        lines.extend(wrap(text, &left(&at.to_string(), column), &" ".repeat(column)));
    }
    let more = told.len() - shown.len();
    if more > 0 {
        lines.push(format!("And {more} more."));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn publishes(all: &[MessageId], style: &Style) -> String {
    let ids: BTreeSet<&MessageId> = all.iter().collect();
    let publishers: BTreeSet<&Name> = all.iter().map(|id| &id.publisher).collect();
    let publishers: Vec<String> = publishers.into_iter().map(Name::to_string).collect();
    let verb = if publishers.len() == 1 { "publishes" } else { "publish" };
    format!("{} {verb} {}.", words::listed(&publishers), compact(&ids, style))
}

/// Returns the sentence for an event, or `None` for the many events that the story leaves out.
/// `had_session` is whether its process had a session until then.
fn sentence(
    scenario: &Scenario,
    history: &History,
    event: &Event,
    had_session: bool,
) -> Option<String> {
    let who: &Name = &history.process(event.process).name;
    Some(match &event.kind {
        EventKind::FaultBegan { fault } => {
            let entry = &scenario.faults[*fault];
            let for_whom = words::who(entry, scenario);
            let until = match entry.until {
                Instant::NEVER => String::new(),
                until => format!(", for {}", until.since(entry.at)),
            };
            format!("{for_whom}: {}{until}.", words::fault(entry))
        }
        EventKind::Note(Note::Lost { reason, .. }) => lost(who, *reason, had_session),
        EventKind::Note(Note::Welcomed { .. }) => format!("{who} has a session again."),
        EventKind::AppReport(AppReport::Joined { .. }) => format!("{who} is subscribed again."),
        EventKind::Note(Note::Subscribed { client, queue, rooms }) => {
            let joins = |room: &Name| {
                let entries = scenario.clients.iter();
                let mut joins = entries.flat_map(|entry| &entry.join);
                joins.any(|join| join.queue == *queue && join.room == *room)
            };
            let rooms = rooms.iter().map(|join| &join.room).filter(|room| joins(room));
            let rooms: Vec<String> = rooms.map(Name::to_string).collect();
            if rooms.is_empty() {
                return None;
            }
            format!("{client} joins {}.", words::listed(&rooms))
        }
        EventKind::Note(Note::Unsubscribed { client, room, .. }) => {
            format!("{client} leaves {room}.")
        }
        EventKind::AppReport(AppReport::Gap) => format!("{who} is told of a gap."),
        EventKind::Note(Note::ResumeReceived { answer, .. }) => match answer {
            ResumeOutcome::Started { .. } => return None,
            ResumeOutcome::Resumed { position, .. } => {
                format!("{who} is told that all after position {position} follows.")
            }
            ResumeOutcome::Gap { from, to, .. } if from == to => {
                format!("{who} is told that position {from} is lost.")
            }
            ResumeOutcome::Gap { from, to, .. } => {
                format!("{who} is told that positions {from} to {to} are lost.")
            }
            ResumeOutcome::NewEpoch { .. } => format!("{who} is told that a new epoch has begun."),
        },
        EventKind::Note(Note::BecameGap { id, client, reason, .. }) => match reason {
            GapReason::Evicted => format!("The backlog drops {id}, which {client} has not got."),
            GapReason::Overflowed => {
                format!("The broker does not keep {id} for {client}, which has too much to get.")
            }
            // The expiry itself has its sentence.
            GapReason::Expired => return None,
        },
        EventKind::Note(Note::SessionExpired { client }) => {
            format!("The session of {client} expires, and what was kept for it is discarded.")
        }
        EventKind::Interrupted { .. } => format!("{who} dies, and its handler with it."),
        _ => return None,
    })
}

/// Returns the sentence for the end of a session, or of an attempt at one.
fn lost(who: &Name, reason: EndReason, had_session: bool) -> String {
    match (reason, had_session) {
        (EndReason::Left, true) => format!("{who} closes its session."),
        (EndReason::Left, false) => format!("{who} gives up its attempt at a session."),
        (reason, true) => format!("{who} loses its session: {}.", reason.words()),
        (reason, false) => format!("{who} gets no session: {}.", reason.words()),
    }
}

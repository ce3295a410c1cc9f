//! `--at`: prints what the broker knew at a moment as a table a queue: who is in it, by which
//! session, subscribed to which events, in which rooms, with what waiting. It only reads the view.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::{BrokerView, QueueView, SubscriptionView};
use crate::message::{Contender, Mode, Name, SessionId};
use crate::report::{COLUMNS, count, counted, left, right, width, wrap_to};
use crate::scenario::{Scenario, Subscribe};

/// The most clients of a queue that have a row of their own, and the most sessions that are named.
const MOST_CLIENTS: usize = 20;
/// The most columns before the rooms; if a table needs more, events and rooms stand below each row.
const MOST_HEAD: usize = 74;
/// The indentation of lines that go on.
const INDENT: &str = "    ";

/// Returns the view as text, each line ended by a newline.
pub fn text(view: &BrokerView, scenario: &Scenario, contender: Contender) -> String {
    let mut lines = wrap(&connected(view, contender), "");
    for queue in &view.queues {
        lines.push(String::new());
        lines.extend(wrap(&heading(view, queue), ""));
        let rows = rows(view, queue, scenario);
        if rows.is_empty() {
            lines.push("Nobody is in it.".to_owned());
            continue;
        }
        lines.extend(table(view.mode, &rows));
        lines.extend(folded(view.mode, &rows).iter().flat_map(|sentence| wrap(sentence, "")));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// One client in one queue.
struct Row {
    client: String,
    session: String,
    is_away: bool,
    position: u64,
    outstanding: usize,
    events: Vec<Name>,
    rooms: Vec<Name>,
}

fn connected(view: &BrokerView, contender: Contender) -> String {
    if view.sessions.is_empty() {
        return "Nobody is connected.".to_owned();
    }
    let named = view.sessions.iter().take(MOST_CLIENTS);
    let mut named: Vec<String> = named.map(|(session, client)| told(session, client)).collect();
    if let Some(more @ 1..) = view.sessions.len().checked_sub(MOST_CLIENTS) {
        named.push(format!("and {} more", count(more as u64)));
    }
    format!("Connected over {}: {}.", contender.link, named.join(", "))
}

/// Returns a session's name, with the client's if its process has another.
fn told(session: &SessionId, client: &Name) -> String {
    if session.process == *client { session.to_string() } else { format!("{session} as {client}") }
}

fn heading(view: &BrokerView, queue: &QueueView) -> String {
    let QueueView { name, kept, bytes, oldest, head, subscriptions, .. } = queue;
    if view.mode == Mode::FireAndForget {
        return format!("queue {name}: nothing is kept");
    }
    let backlog = match kept {
        0 => format!("nothing in the backlog, {} accepted", counted(head.0, "message")),
        _ => format!(
            "backlog of {}, {}, positions {oldest} to {head}",
            counted(*kept as u64, "message"),
            counted(*bytes as u64, "byte"),
        ),
    };
    format!("queue {name}: {}; {backlog}", counted(subscriptions.len() as u64, "subscription"))
}

/// Returns a row for each client that is on record or in a room, by name.
fn rows(view: &BrokerView, queue: &QueueView, scenario: &Scenario) -> Vec<Row> {
    let members = queue.rooms.iter().flat_map(|(_, members)| members);
    let on_record = queue.subscriptions.iter().map(|one| (&one.client, one));
    let on_record: BTreeMap<&Name, &SubscriptionView> = on_record.collect();
    let clients: BTreeSet<&Name> = members.chain(on_record.keys().copied()).collect();
    let row = |client: &Name| {
        let record = on_record.get(client);
        let session = view.session_of(client);
        let rooms = record.map_or_else(|| queue.rooms_of(client), |record| record.rooms.clone());
        let (events, rooms) = rooms.into_iter().partition(|room| {
            let mut entries = scenario.clients.iter().filter(|entry| entry.is_client(client));
            let is_it = |one: &Subscribe| one.queue == queue.name && one.event == *room;
            entries.any(|entry| entry.subscribe.iter().any(is_it))
        });
        let joined = record.is_none_or(|record| record.is_attached);
        Row {
            client: client.to_string(),
            session: match session {
                Some(session) if joined => session.to_string(),
                Some(session) => format!("{session}, not joined"),
                None => "away".to_owned(),
            },
            is_away: session.is_none(),
            position: record.map_or(0, |record| record.position.0),
            outstanding: record.map_or(0, |record| record.outstanding),
            events,
            rooms,
        }
    };
    clients.into_iter().map(row).collect()
}

fn table(mode: Mode, rows: &[Row]) -> Vec<String> {
    let title = ["client", "session", "position", "unacknowledged", "events", "rooms"];
    let cells = |row: &Row| {
        let Row { client, session, position, outstanding, events, rooms, .. } = row;
        let (position, outstanding) = (count(*position), count(*outstanding as u64));
        [client.clone(), session.clone(), position, outstanding, list(events), list(rooms)]
    };
    let shown = rows.iter().take(MOST_CLIENTS).map(cells);
    let all: Vec<[String; 6]> = std::iter::once(title.map(str::to_owned)).chain(shown).collect();
    let column = |at: usize| all.iter().map(|row| width(&row[at])).max().unwrap_or(0);
    let columns = [0, 1, 2, 3, 4].map(column);
    let line = |(at, row): (usize, &[String; 6])| {
        let [client, session, position, outstanding, events, rooms] = row;
        let mut cells = vec![left(client, columns[0]), left(session, columns[1])];
        if mode == Mode::CatchUp {
            cells.extend([right(position, columns[2]), right(outstanding, columns[3])]);
        }
        let head = cells.join("  ");
        let wide = format!("{head}  {}  ", left(events, columns[4]));
        if width(&wide) <= MOST_HEAD {
            return wrap(rooms, &wide);
        }
        // Too wide for one line: events and rooms stand below.
        let mut lines = vec![head.trim_end().to_owned()];
        if at > 0 {
            let below = format!("events {events}; rooms {rooms}");
            lines.extend(wrap(&below, INDENT));
        }
        lines
    };
    all.iter().enumerate().flat_map(line).collect()
}

/// Returns a sentence about the clients without a row.
fn folded(mode: Mode, rows: &[Row]) -> Option<String> {
    let rest = rows.get(MOST_CLIENTS..).filter(|rest| !rest.is_empty())?;
    let away = rest.iter().filter(|row| row.is_away).count();
    let waiting: usize = rest.iter().map(|row| row.outstanding).sum();
    let more = counted(rest.len() as u64, "more client");
    Some(match mode {
        Mode::FireAndForget => format!("and {more}"),
        Mode::CatchUp => format!(
            "and {more}: {} away, {} unacknowledged",
            count(away as u64),
            count(waiting as u64)
        ),
    })
}

fn list(names: &[Name]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}

fn wrap(text: &str, head: &str) -> Vec<String> {
    wrap_to(COLUMNS, text, head, INDENT)
}

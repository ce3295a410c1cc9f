//! The sentence of each event.

use crate::history::{AppReport, Event, EventKind, Flow, History, LossReason, PowerState, Process};
use crate::message::{EndReason, Note, OnReplaced, PushKind, SessionId};
use crate::report::words;
use crate::scenario::Scenario;
use crate::time::Instant;

use super::WhyEvidence;
use super::connections::{carried, ended};
use super::names::{at, capitalized, named, receiver};
use super::notes::{answered, note, numbered, of_gap};
use super::positions::Spoken;
use super::selection::Selection;

/// Returns the sentence of an event of the history, by its index.
pub fn sentence(index: usize, evidence: &WhyEvidence<'_>, selection: &Selection<'_>) -> String {
    let WhyEvidence { history, scenario, .. } = *evidence;
    let event = &history.events[index];
    let who = named(history, Some(event.process));
    let is_datagrams = evidence.contender.link.is_datagrams();
    let text = match &event.kind {
        EventKind::Carried { flow, end, .. } => carried(history, flow, *end, !is_datagrams),
        EventKind::Dropped { flow, reason, .. } => dropped(flow, *reason, event.at, selection),
        EventKind::FlowForgotten { flow, since, .. } => {
            forgotten(&who, &between(history, flow), *since)
        }
        EventKind::FlowRenewed { flow, .. } => renewed(&who, &between(history, flow)),
        EventKind::Ended(stats) => ended(index, stats, selection),
        EventKind::Power(state) => power(*state, &who),
        EventKind::FaultBegan { fault } | EventKind::FaultEnded { fault } => {
            let entry = &scenario.faults[*fault];
            let (what, whom) = (words::fault(entry), words::who(entry, scenario));
            match &event.kind {
                EventKind::FaultBegan { .. } => format!("A fault begins, for {whom}: {what}."),
                _ => format!("The fault is over, for {whom}: {what}."),
            }
        }
        EventKind::HandlerGone { .. } => format!("{who} takes its handler away."),
        EventKind::HandlerBack { .. } => format!("{who} puts its handler back."),
        EventKind::Interrupted { .. } => format!("{who} dies, and its handler with it."),
        EventKind::CloseCode { code, .. } => format!("{who} sees the WebSocket end with {code}."),
        EventKind::AppReport(report) => reported(report, &who),
        EventKind::Note(Note::Pushed { session, kind, .. }) => {
            pushed(session, *kind, way_out(evidence, event))
        }
        EventKind::Note(Note::Sent { session, .. }) => {
            sent(session, &who, way_out(evidence, event))
        }
        EventKind::Note(Note::SendQueueFull { client, .. }) if is_datagrams => {
            format!("The socket's send buffer is full: the datagram to {client} never leaves.")
        }
        EventKind::Note(Note::Accepted { position: Some(position), .. }) => {
            let epoch = selection.positions.epoch_at(index);
            let epoch = epoch.map(|epoch| format!(" of epoch {epoch}")).unwrap_or_default();
            format!("The broker accepts it, at position {position}{epoch}.")
        }
        EventKind::Note(Note::Lost { session, reason }) if !selection.was_welcomed(session) => {
            attempt_ended(session, *reason, &who)
        }
        EventKind::Note(Note::Lost { session, reason: EndReason::Replaced }) => {
            replaced(session, scenario, history.process(event.process))
        }
        EventKind::Note(Note::Attached { client, answer, .. }) => {
            let foreign = selection.positions.foreign(index);
            let foreign = foreign.map(|epoch| format!(", though {client} was in epoch {epoch}"));
            let (answer, foreign) = (answered(**answer), foreign.unwrap_or_default());
            format!("The broker answers {client}'s join: {answer}{foreign}.")
        }
        EventKind::Note(told) if selection.positions.spoken(index) == Some(Spoken::Gap) => {
            of_gap(told, &who)
        }
        EventKind::Note(told) => note(told, &who),
    };
    let text = capitalized(&text);
    match selection.discards(index) {
        true => format!("{text} The message still waited in the link's own queue: it never left."),
        false => text,
    }
}

fn reported(report: &AppReport, who: &str) -> String {
    match report {
        AppReport::Joined { queue, room } => {
            format!("{who} says that it is subscribed to {room} of {queue}.")
        }
        AppReport::Left { queue, room } => format!("{who} wishes to leave {room} of {queue}."),
        AppReport::Accepted { id } => format!("{who} says that {id} is accepted."),
        AppReport::Refused { id } => format!("{who} says that {id} is refused."),
        AppReport::Handled { id } => format!("{who} says that {id} is handled."),
        AppReport::Gap => format!("{who} says that it was told of a gap."),
    }
}

/// The sentence about the drop of a datagram.
fn dropped(flow: &Flow, reason: LossReason, at: Instant, selection: &Selection<'_>) -> String {
    let receiver = receiver(selection.history(), flow);
    let since = match reason {
        LossReason::NoSocket => return format!("It reaches {receiver}, where no socket is open."),
        LossReason::Forgotten => selection.forgotten_since(flow, at),
        _ => None,
    };
    let since = since.map(|since| format!(" at {since}")).unwrap_or_default();
    format!("On its way to {receiver} it {}{since}.", words::loss_phrase(reason))
}

/// The sentence about the end of a session that the client never had.
fn attempt_ended(SessionId { number, .. }: &SessionId, reason: EndReason, who: &str) -> String {
    match reason {
        EndReason::Left => format!("{who} gives up its attempt at session {number}."),
        reason => format!("{who}'s attempt at session {number} fails: {}.", reason.words()),
    }
}

/// The sentence about a session that a newer one of its client replaced.
fn replaced(session: &SessionId, scenario: &Scenario, process: &Process) -> String {
    let Process { name, client, .. } = process;
    let mut entries = scenario.clients.iter();
    let entry = entries.find(|entry| entry.processes().any(|(own, _)| own == *name));
    let stays = entry.is_some_and(|entry| entry.limits.on_replaced == OnReplaced::StayAway);
    let stays = if stays { ", and it stays away (on_replaced)" } else { "" };
    let number = session.number;
    format!("{name} loses session {number}: a newer session of {client} replaces it{stays}.")
}

fn forgotten(who: &str, between: &str, since: Instant) -> String {
    format!(
        "A middlebox beside {who} drops a packet {between}: that flow was forgotten at {since}."
    )
}

fn renewed(who: &str, between: &str) -> String {
    format!("The middlebox beside {who} lets a packet {between} pass, and knows that flow again.")
}

/// Names both ends of a flow, in the direction of a packet.
fn between(history: &History, flow: &Flow) -> String {
    format!("from {} to {}", at(history, flow.from), at(history, flow.to))
}

/// Whether a frame that was given to a link was sent at once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WayOut {
    /// It was written to a flow.
    Open,
    /// It waits: for a request, for buffer space, or for a library.
    Waiting,
    /// A datagram socket did not take it. Datagrams wait nowhere else.
    NotTaken,
    /// The same, and no event tells that, since the socket's send buffer was full.
    BufferFull,
}

/// Finds out whether the message that an event sends is in a flow in the same instant.
fn way_out(evidence: &WhyEvidence<'_>, event: &Event) -> WayOut {
    let history = evidence.history;
    let (id, session) = match &event.kind {
        EventKind::Note(Note::Pushed { id, session, .. } | Note::Sent { id, session }) => {
            (id, session)
        }
        _ => return WayOut::Waiting,
    };
    let after = history.events.partition_point(|one| one.at < event.at);
    let at_once = history.events[after..].iter().take_while(|one| one.at == event.at);
    let is_next = |one: &&Event| one.process == event.process && one.sequence > event.sequence;
    let of_it = at_once.filter(is_next).filter(|one| one.kind.message() == Some(id));
    let mut told = false;
    for one in of_it {
        match &one.kind {
            EventKind::Carried { session: on, .. } if on == session => return WayOut::Open,
            EventKind::Note(
                Note::SendQueueFull { .. } | Note::TooLong { .. } | Note::Unsent { .. },
            ) => told = true,
            _ => {}
        }
    }
    match (evidence.contender.link.is_datagrams(), told) {
        (true, true) => WayOut::NotTaken,
        (true, false) => WayOut::BufferFull,
        (false, _) => WayOut::Waiting,
    }
}

fn pushed(session: &SessionId, kind: PushKind, way: WayOut) -> String {
    let how = match kind {
        PushKind::Live => "",
        PushKind::Replay => ", as a replay",
        PushKind::Again => ", once more",
    };
    let session = numbered(session);
    match way {
        WayOut::Open => format!("The broker sends it on {session}{how}."),
        WayOut::Waiting => format!("The broker puts it by for {session}{how}: it waits to go out."),
        // The broker's driver notes what its socket does not take.
        WayOut::NotTaken | WayOut::BufferFull => {
            format!("The broker gives it to its socket, for {session}{how}.")
        }
    }
}

fn sent(session: &SessionId, who: &str, way: WayOut) -> String {
    let number = session.number;
    match way {
        WayOut::Open => format!("{who} sends it to the broker, on its session {number}."),
        WayOut::Waiting => format!("{who} gives it to its session {number}: it waits to go out."),
        WayOut::NotTaken => format!("{who} gives it to its socket, for its session {number}."),
        WayOut::BufferFull => format!(
            "{who} gives it to its socket, for its session {number}. The socket's send buffer is \
             full: the datagram never leaves."
        ),
    }
}

fn power(state: PowerState, who: &str) -> String {
    match state {
        PowerState::Started => format!("{who} starts."),
        PowerState::Killed => format!("{who}'s process dies."),
        PowerState::PowerLost => format!("{who} loses its power."),
        PowerState::Paused => format!("{who} falls asleep."),
        PowerState::Resumed => format!("{who} is awake again."),
        PowerState::Frozen => format!("{who}'s process stops; its kernel goes on."),
        PowerState::Thawed => format!("{who}'s process goes on."),
        PowerState::ConnectionsReset => format!("{who}'s connections are reset on the way."),
        PowerState::WentAway => format!("{who} closes its connections and goes away."),
        PowerState::CameBack => format!("{who} comes back."),
    }
}

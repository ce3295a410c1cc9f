//! The sentence of each event.

use crate::history::{AppReport, Event, EventKind, Flow, History, LossReason, PowerState};
use crate::message::{Note, PushKind, SessionId};
use crate::report::words;
use crate::time::Instant;

use super::WhyEvidence;
use super::connections::{carried, ended, is_stream, loss_phrase};
use super::names::{at, capitalized, named, receiver};
use super::notes::{answered, note, numbered, of_gap};
use super::positions::Spoken;
use super::selection::Selection;

/// Returns the sentence of an event of the history, by its index.
pub fn sentence(index: usize, evidence: &WhyEvidence<'_>, selection: &Selection<'_>) -> String {
    let WhyEvidence { history, scenario, .. } = *evidence;
    let event = &history.events[index];
    let who = named(history, Some(event.process));
    let text = match &event.kind {
        EventKind::Carried { flow, end, .. } => {
            carried(history, flow, *end, is_stream(history, flow))
        }
        EventKind::Dropped { flow, reason: LossReason::NoSocket, .. } => {
            format!("It reaches {}, where no socket is open.", receiver(history, flow))
        }
        EventKind::Dropped { flow, reason, .. } => {
            format!("On its way to {} it {}.", receiver(history, flow), loss_phrase(*reason))
        }
        EventKind::FlowForgotten { flow, since, .. } => {
            forgotten(&who, &between(history, flow), *since)
        }
        EventKind::FlowRenewed { flow, .. } => renewed(&who, &between(history, flow)),
        EventKind::Ended(stats) => ended(stats, event.at, &who, &selection.copies),
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
        EventKind::AppReport(said) => match said {
            AppReport::Joined { queue, room } => {
                format!("{who} says that it is subscribed to {room} of {queue}.")
            }
            AppReport::Left { queue, room } => {
                format!("{who} wishes to leave {room} of {queue}.")
            }
            AppReport::Accepted { id } => format!("{who} says that {id} is accepted."),
            AppReport::Refused { id } => format!("{who} says that {id} is refused."),
            AppReport::Handled { id } => format!("{who} says that {id} is handled."),
            AppReport::Gap => format!("{who} says that it was told of a gap."),
        },
        EventKind::Note(Note::Pushed { session, kind, .. }) => {
            pushed(session, *kind, way_out(history, event))
        }
        EventKind::Note(Note::Sent { session, .. }) => sent(session, &who, way_out(history, event)),
        EventKind::Note(Note::Accepted { position: Some(position), .. }) => {
            let epoch = selection.positions.epoch_at(index);
            let epoch = epoch.map(|epoch| format!(" of epoch {epoch}")).unwrap_or_default();
            format!("The broker accepts it, at position {position}{epoch}.")
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
    capitalized(&text)
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
}

/// Finds out whether the message that an event sends is in a flow in the same instant.
fn way_out(history: &History, event: &Event) -> WayOut {
    let (id, session) = match &event.kind {
        EventKind::Note(Note::Pushed { id, session, .. } | Note::Sent { id, session }) => {
            (id, session)
        }
        _ => return WayOut::Waiting,
    };
    let after = history.events.partition_point(|one| one.at < event.at);
    let mut at_once = history.events[after..].iter().take_while(|one| one.at == event.at);
    let is_carried = at_once.any(|one| match &one.kind {
        EventKind::Carried { id: of, session: on, .. } => {
            (of, on, one.process) == (id, session, event.process) && one.sequence > event.sequence
        }
        _ => false,
    });
    if is_carried { WayOut::Open } else { WayOut::Waiting }
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
    }
}

fn sent(session: &SessionId, who: &str, way: WayOut) -> String {
    let number = session.number;
    match way {
        WayOut::Open => format!("{who} sends it to the broker, on its session {number}."),
        WayOut::Waiting => format!("{who} gives it to its session {number}: it waits to go out."),
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

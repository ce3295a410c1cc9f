//! The sentences: one per event, and one per packet.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::history::{
    AppReport, ConnectionStats, Event, EventKind, Flow, History, LossReason, Packet, PacketEnd,
    PowerState, ProcessId, TransportKind,
};
use crate::message::{
    DropReason, Durability, EndReason, Message, Note, Position, PushKind, ResumeOutcome, SessionId,
};
use crate::report::words::{self, cause, counted};
use crate::terms::Outcome;
use crate::time::Instant;
use crate::verdict::Followed;

use super::WhyEvidence;
use super::places::Spoken;
use super::selection::{Carried, Selection};

/// Returns the sentence of an event of the history, by its index.
pub fn event(index: usize, evidence: &WhyEvidence<'_>, selection: &Selection<'_>) -> String {
    let WhyEvidence { history, scenario, .. } = *evidence;
    let event = &history.events[index];
    let who = named(history, Some(event.process));
    let text = match &event.kind {
        EventKind::Carried { flow, end, .. } => {
            carried(history, flow, *end, is_stream(history, flow))
        }
        EventKind::Dropped { flow, fate: LossReason::NoSocket, .. } => {
            format!("It reaches {}, where no socket is open.", receiver(history, flow))
        }
        EventKind::Dropped { flow, fate, .. } => {
            format!("On its way to {} it {}.", receiver(history, flow), fate_of(*fate))
        }
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
            AppReport::Handled { id } => format!("{who} says that {id} is handled."),
            AppReport::Gap => format!("{who} says that it was told of a gap."),
        },
        EventKind::Note(Note::Pushed { session, kind, .. }) => {
            pushed(session, *kind, way_out(history, event))
        }
        EventKind::Note(Note::Sent { session, .. }) => sent(session, &who, way_out(history, event)),
        EventKind::Note(Note::Accepted { position: Some(position), .. }) => {
            let epoch = selection.places.epoch_at(index);
            let epoch = epoch.map(|epoch| format!(" of epoch {epoch}")).unwrap_or_default();
            format!("The broker accepts it, at position {position}{epoch}.")
        }
        EventKind::Note(Note::Attached { client, answer, .. }) => {
            let foreign = selection.places.foreign(index);
            let foreign = foreign.map(|epoch| format!(", though {client} was in epoch {epoch}"));
            let (answer, foreign) = (answered(**answer), foreign.unwrap_or_default());
            format!("The broker answers {client}'s join: {answer}{foreign}.")
        }
        EventKind::Note(told) if selection.places.spoken(index) == Some(Spoken::Gap) => {
            of_gap(told, &who)
        }
        EventKind::Note(told) => note(told, &who),
    };
    capitalized(&text)
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

/// The sentence about a position whose message has become a gap.
fn of_gap(note: &Note, who: &str) -> String {
    match note {
        Note::Acknowledged { client, .. } => {
            format!("The broker counts the gap that it is in as acknowledged by {client}.")
        }
        Note::GapReceived { from, to, .. } => {
            format!("{who} is told that {}.", lost_between(*from, *to))
        }
        _ => format!("{who} acknowledges the gap."),
    }
}

/// The phrase for positions that are lost.
fn lost_between(from: Position, to: Position) -> String {
    match from == to {
        true => format!("position {from} is lost"),
        false => format!("positions {from} to {to} are lost"),
    }
}

/// Names the process at the receiving end of a flow.
fn receiver(history: &History, flow: &Flow) -> String {
    named(history, process_at(history, flow.to))
}

/// Names a process in a sentence.
fn named(history: &History, process: Option<ProcessId>) -> String {
    match process {
        Some(ProcessId::BROKER) => "the broker".to_owned(),
        Some(process) => history.process(process).name.to_string(),
        None => "nobody".to_owned(),
    }
}

/// Capitalizes a sentence that begins with "the". A client's name stays as it is written.
fn capitalized(text: &str) -> String {
    text.strip_prefix("the ").map_or_else(|| text.to_owned(), |rest| format!("The {rest}"))
}

fn note(note: &Note, who: &str) -> String {
    let sentence = of_publisher(note, who).or_else(|| of_broker(note));
    sentence.or_else(|| of_subscriber(note, who)).expect("the cast tells no other note")
}

fn of_publisher(note: &Note, who: &str) -> Option<String> {
    Some(match note {
        Note::Published { message } => published(message, who),
        Note::Unsent { reason, .. } => match reason {
            DropReason::NoConnection => {
                format!("{who} drops it: there is no session to send it on.")
            }
            DropReason::OutboxFull => format!("{who} drops it: what it keeps is full."),
            DropReason::RequestFailed => {
                format!("{who} drops it: the request that carried it failed.")
            }
        },
        Note::AcceptedReceived { .. } => format!("{who} hears that the broker has it."),
        Note::RefusedReceived { .. } => format!("{who} hears that the broker refused it."),
        Note::ConfirmTimedOut { .. } => format!("{who} has waited long enough for an answer."),
        _ => return None,
    })
}

fn of_broker(note: &Note) -> Option<String> {
    Some(match note {
        Note::Accepted { .. } => "The broker takes it, and keeps nothing of it.".to_owned(),
        Note::Refused { .. } => "The broker refuses it: its backlog is full.".to_owned(),
        Note::PublishedAgain { .. } => {
            "The broker gets it once more, and answers as it did before.".to_owned()
        }
        Note::EarlyDropped { .. } => {
            "The broker drops it: what is before it has not come, and too much waits.".to_owned()
        }
        Note::Overwritten { client, .. } => {
            format!("A newer one takes its place before {client} has asked.")
        }
        Note::SendQueueFull { client, .. } => {
            format!("The broker drops it: too much waits for {client} already.")
        }
        Note::Trimmed { .. } => "The broker's backlog drops it.".to_owned(),
        Note::BecameGap { client, .. } => {
            format!("It was still owed to {client}, which is owed a gap instead.")
        }
        Note::Acknowledged { client, .. } => {
            format!("The broker counts it as acknowledged by {client}.")
        }
        Note::SessionOpened { session, .. } => {
            format!("The broker opens {}.", numbered(session))
        }
        Note::SessionClosed { session, reason, .. } => {
            format!("The broker ends {}: {}.", numbered(session), reason.words())
        }
        Note::JoinRoom { room, client, .. } => format!("{client} is in the room {room}."),
        Note::LeaveRoom { room, client, .. } => format!("{client} is out of the room {room}."),
        _ => return None,
    })
}

fn of_subscriber(note: &Note, who: &str) -> Option<String> {
    Some(match note {
        Note::Welcomed { session } => format!("{who} has its session {}.", session.number),
        Note::Lost { session, reason: EndReason::Left } => {
            format!("{who} closes session {}.", session.number)
        }
        Note::Lost { session, reason } => {
            format!("{who} loses session {}: {}.", session.number, reason.words())
        }
        Note::RequestFailed { reason, .. } => {
            format!("A request of {who} fails: {}.", reason.words())
        }
        Note::Read { session, .. } => format!("{who} reads it, on its session {}.", session.number),
        Note::HeldEarly { .. } => format!("{who} holds it: what is before it has not come."),
        Note::DroppedCopy { .. } => format!("{who} knows it already, and drops the copy."),
        Note::InboxFull { .. } => format!("{who} drops it: its inbox is full."),
        Note::NoHandler { .. } => format!("{who} has no handler for it."),
        Note::Handling { .. } => format!("{who} calls its handler."),
        Note::Handled { .. } => format!("{who}'s handler returns."),
        Note::Ack { .. } => format!("{who} acknowledges it."),
        // No other note belongs to the life of a message.
        _ => return None,
    })
}

fn published(message: &Message, who: &str) -> String {
    let Message { id, queue, event, target, .. } = message;
    let rooms = match target.to.as_slice() {
        [] => String::new(),
        rooms => {
            let rooms: Vec<String> = rooms.iter().map(ToString::to_string).collect();
            format!(", to {}", words::listed(&rooms))
        }
    };
    let keep = match target.keep {
        Durability::Volatile => ", volatile",
        Durability::Kept => "",
    };
    format!("{who} publishes {id} (event `{event}`) to queue `{queue}`{rooms}{keep}.")
}

/// The phrase for the broker's answer to a join.
fn answered(answer: ResumeOutcome) -> String {
    match answer {
        ResumeOutcome::Started { epoch, position } => {
            format!("it begins after position {position} of epoch {epoch}")
        }
        ResumeOutcome::Resumed { epoch, position } => {
            format!("all after position {position} of epoch {epoch} follows")
        }
        ResumeOutcome::Gap { epoch, from, to, .. } => {
            format!("of epoch {epoch} {}", lost_between(from, to))
        }
        ResumeOutcome::NewEpoch { epoch, position: 0 } => {
            format!("epoch {epoch} has begun, all of it follows")
        }
        ResumeOutcome::NewEpoch { epoch, position } => {
            format!("epoch {epoch} has begun, all after its position {position} follows")
        }
    }
}

fn carried(history: &History, flow: &Flow, end: u64, is_stream: bool) -> String {
    let way = format!("{} to {}", at(history, flow.from), at(history, flow.to));
    match is_stream {
        true => format!("It is written into the connection from {way}; it ends with byte {end}."),
        false => format!("It leaves in the datagram number {end} from {way}."),
    }
}

/// Whether a flow is a byte stream.
fn is_stream(history: &History, flow: &Flow) -> bool {
    let ends = history.events.iter().filter_map(|event| match &event.kind {
        EventKind::Ended(stats) => Some(stats),
        _ => None,
    });
    let mut of_it = ends.filter(|stats| stats.end.local == flow.from);
    of_it.any(|stats| stats.line == TransportKind::Stream)
}

/// Names the process at an address, with its port.
fn at(history: &History, address: SocketAddr) -> String {
    let process = process_at(history, address);
    let process = process.map(|process| history.process(process));
    process.map_or_else(|| address.to_string(), |one| format!("{}:{}", one.name, address.port()))
}

/// Returns the index of the process with an address.
fn process_at(history: &History, address: SocketAddr) -> Option<ProcessId> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    let index = u32::from(ip).checked_sub(u32::from(Ipv4Addr::new(10, 0, 0, 1)))?;
    ((index as usize) < history.processes.len()).then_some(ProcessId(index))
}

fn ended(stats: &ConnectionStats, at: Instant, who: &str, copies: &[Carried]) -> String {
    let ConnectionStats { line, end, arrived, read, reason, .. } = stats;
    let reason = reason.map(|reason| format!(" ({})", reason.words())).unwrap_or_default();
    if *line == TransportKind::Datagram {
        return format!("{who}'s socket is gone{reason}.");
    }
    let is_here = |copy: &&Carried| {
        (copy.flow.from, copy.flow.to) == (end.peer, end.local) && copy.since <= at
    };
    let came = match copies.iter().filter(is_here).map(|copy| copy.end).max() {
        Some(end) if end > *arrived => format!(": the byte {end} had not arrived"),
        Some(end) if end > *read => format!(": the byte {end} had arrived, and nobody had read it"),
        Some(_) => ": it had been read".to_owned(),
        None => ", before it is sent".to_owned(),
    };
    let arrived = counted(*arrived, "byte");
    format!("{who}'s end of the connection is gone{reason} after {arrived}{came}.")
}

fn power(state: PowerState, who: &str) -> String {
    match state {
        PowerState::Started => format!("{who} starts."),
        PowerState::Killed => format!("{who}'s process dies."),
        PowerState::PowerLost => format!("{who} loses its power."),
        PowerState::Paused => format!("{who} falls asleep."),
        PowerState::Resumed => format!("{who} is awake again."),
        PowerState::WentAway => format!("{who} closes its connections and goes away."),
        PowerState::CameBack => format!("{who} comes back."),
    }
}

/// Returns the sentence of a packet that carries the last byte of a copy for the `times`-th time.
/// The loss of a datagram is left out: that is an event of its own.
pub fn packet(packet: &Packet, load: TransportKind, times: usize, history: &History) -> String {
    let (from, to) = (named(history, Some(packet.from)), named(history, packet.to));
    let bytes = packet.bytes.len();
    let with = match load {
        TransportKind::Stream => "its last byte",
        TransportKind::Datagram => "it",
    };
    let again = if times > 1 { " once more" } else { "" };
    let is_told = |end: &&PacketEnd| load == TransportKind::Stream || end.fate.is_none();
    let ends: Vec<String> = packet
        .ends
        .iter()
        .filter(is_told)
        .map(|end| match end.fate {
            None => format!("is there at {}", end.at),
            Some(fate) if end.at > packet.at => format!("{} at {}", fate_of(fate), end.at),
            Some(fate) => fate_of(fate).to_owned(),
        })
        .collect();
    let ends = match (packet.ends.len(), ends.as_slice()) {
        (_, []) => String::new(),
        (2.., ends) => format!("; the network makes two of it, and one {}", ends.join(", one ")),
        (_, ends) => format!(", and {}", words::listed(ends)),
    };
    format!("A packet of {bytes} bytes with {with} leaves {from} for {to}{again}{ends}.")
}

/// The phrase for the loss of a packet; fits after "it".
const fn fate_of(fate: LossReason) -> &'static str {
    match fate {
        LossReason::Lost => "is lost",
        LossReason::Corrupted => "arrives with a flipped bit, and is thrown away",
        LossReason::CrowdedOut => "finds the link's queue full, and is dropped",
        LossReason::Cut => "goes into a path that is cut",
        LossReason::NobodyHome => "comes to a machine that is off or asleep",
        LossReason::NoSocket => "comes where no socket is open",
        LossReason::BufferFull => "finds the socket's buffer full, and is dropped",
    }
}

/// Returns the sentence on the message's outcome for a subscriber.
pub fn conclusion(followed: &Followed, message: &Message) -> String {
    let Followed { client, outcome, .. } = followed;
    let id = &message.id;
    match (outcome, followed.cause) {
        (Outcome::Live, _) => format!("So {client} has {id} live."),
        (Outcome::CaughtUp, _) => format!("So {client} has caught up on {id}."),
        (Outcome::Missed, None) => format!("So {client} has missed {id}."),
        (Outcome::Missed, Some(why)) => {
            format!("So {client} has missed {id}: {} [{why}].", cause(why))
        }
    }
}

/// Names a session by its process and number.
fn numbered(session: &SessionId) -> String {
    format!("session {} of {}", session.number, session.process)
}

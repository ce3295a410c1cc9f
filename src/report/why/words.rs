//! The sentences: one an event, and one a packet.

use crate::history::{
    Event, Fate, Flow, History, Ledger, Line, Packet, PacketEnd, PowerState, What,
};
use crate::message::{Answer, DropReason, Keep, Message, Note, PushKind, SessionId};
use crate::report::words::{self, cause, counted};
use crate::scenario::Scenario;
use crate::verdict::{Followed, Outcome};

use super::cast::Carried;

/// The sentence of an event.
pub fn event(event: &Event, history: &History, scenario: &Scenario, copies: &[Carried]) -> String {
    let who = named(history, Some(event.process));
    let text = match &event.what {
        What::Carried { flow, end, .. } => carried(history, flow, *end, is_stream(history, flow)),
        What::Dropped { fate, .. } => format!("It {}.", fate_of(*fate)),
        What::Ended(ledger) => ended(ledger, &who, copies),
        What::Power(state) => power(*state, &who),
        What::FaultBegan { fault } | What::FaultEnded { fault } => {
            let entry = &scenario.faults[*fault];
            let (what, whom) = (words::fault(entry), words::who(entry, scenario));
            match &event.what {
                What::FaultBegan { .. } => format!("A fault begins, for {whom}: {what}."),
                _ => format!("The fault is over, for {whom}: {what}."),
            }
        }
        What::HandlerGone { .. } => format!("{who} takes its handler away."),
        What::HandlerBack { .. } => format!("{who} puts its handler back."),
        What::Interrupted { .. } => format!("{who} dies, and its handler with it."),
        What::CloseCode { code, .. } => format!("{who} sees the WebSocket end with {code}."),
        What::Note(told) => note(told, &who),
    };
    capitalized(&text)
}

/// A process in a sentence.
fn named(history: &History, index: Option<u32>) -> String {
    let process = index.and_then(|index| history.processes.get(index as usize));
    match (index, process) {
        (Some(0), _) => "the broker".to_owned(),
        (_, Some(process)) => process.name.to_string(),
        (_, None) => "nobody".to_owned(),
    }
}

/// A sentence about the broker begins with a capital; a name stays as it is written.
fn capitalized(text: &str) -> String {
    text.strip_prefix("the ").map_or_else(|| text.to_owned(), |rest| format!("The {rest}"))
}

fn note(note: &Note, who: &str) -> String {
    let sentence = of_publisher(note, who).or_else(|| of_broker(note));
    sentence.or_else(|| of_subscriber(note, who)).expect("the cast tells no other note")
}

fn of_publisher(note: &Note, who: &str) -> Option<String> {
    Some(match note {
        Note::HandedOver { message } => handed_over(message, who),
        Note::Unsent { reason, .. } => match reason {
            DropReason::NoConnection => {
                format!("{who} drops it: there is no session to send it on.")
            }
            DropReason::OutboxFull => format!("{who} drops it: what it keeps is full."),
            DropReason::RequestFailed => {
                format!("{who} drops it: the request that carried it failed.")
            }
        },
        Note::Sent { session, .. } => {
            format!("{who} sends it to the broker, on its session {}.", session.number)
        }
        Note::ToldAccepted { .. } => format!("{who} hears that the broker has it."),
        Note::ToldRefused { .. } => format!("{who} hears that the broker refused it."),
        Note::AnswerLate { .. } => format!("{who} has waited long enough for an answer."),
        _ => return None,
    })
}

fn of_broker(note: &Note) -> Option<String> {
    Some(match note {
        Note::Accepted { position, .. } => match position {
            Some(position) => format!("The broker accepts it, at position {position}."),
            None => "The broker takes it, and keeps nothing of it.".to_owned(),
        },
        Note::Refused { .. } => "The broker refuses it: its backlog is full.".to_owned(),
        Note::PublishedAgain { .. } => {
            "The broker gets it once more, and answers as it did before.".to_owned()
        }
        Note::EarlyDropped { .. } => {
            "The broker drops it: what is before it has not come, and too much waits.".to_owned()
        }
        Note::Pushed { session, kind, .. } => {
            let how = match kind {
                PushKind::Live => "",
                PushKind::Replay => ", as a replay",
                PushKind::Again => ", once more",
            };
            format!("The broker sends it on {}{how}.", numbered(session))
        }
        Note::Overwritten { client, .. } => {
            format!("A newer one takes its place before {client} has asked.")
        }
        Note::SendQueueFull { client, .. } => {
            format!("The broker drops it: too much waits for {client} already.")
        }
        Note::Forgotten { .. } => "The broker's backlog drops it.".to_owned(),
        Note::Evicted { client, .. } => {
            format!("It was still owed to {client}, which is owed a gap instead.")
        }
        Note::Acknowledged { client, .. } => {
            format!("The broker counts it as acknowledged by {client}.")
        }
        Note::SessionOpened { session, .. } => {
            format!("The broker opens {}.", numbered(session))
        }
        Note::SessionClosed { session, reason, .. } => {
            format!("For the broker {} is over: {}.", numbered(session), reason.words())
        }
        Note::JoinRoom { room, client, .. } => format!("{client} is in the room {room}."),
        Note::LeaveRoom { room, client, .. } => format!("{client} is out of the room {room}."),
        Note::Attached { client, answer, .. } => {
            format!("The broker answers {client}'s join: {}.", answered(**answer))
        }
        _ => return None,
    })
}

fn of_subscriber(note: &Note, who: &str) -> Option<String> {
    Some(match note {
        Note::Welcomed { session } => format!("{who} has its session {}.", session.number),
        Note::Lost { session, reason } => {
            format!("For {who} its session {} is over: {}.", session.number, reason.words())
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
        Note::ToldGap { from, to, .. } => {
            format!("{who} is told that positions {from} to {to} are lost.")
        }
        // None of the others is told of a message.
        _ => return None,
    })
}

fn handed_over(message: &Message, who: &str) -> String {
    let Message { id, queue, event, target, .. } = message;
    let rooms = match target.to.as_slice() {
        [] => String::new(),
        rooms => {
            let rooms: Vec<String> = rooms.iter().map(ToString::to_string).collect();
            format!(", to {}", words::listed(&rooms))
        }
    };
    let keep = match target.keep {
        Keep::Volatile => ", volatile",
        Keep::Kept => "",
    };
    format!("{who} hands over {id}: {event}, in the queue {queue}{rooms}{keep}.")
}

/// What the broker answered to a join.
fn answered(answer: Answer) -> String {
    match answer {
        Answer::Started { position, .. } => format!("it begins after position {position}"),
        Answer::Resumed { position, .. } => format!("all after position {position} follows"),
        Answer::Gap { from, to, .. } => format!("positions {from} to {to} are lost"),
        Answer::NewEpoch { .. } => "a new epoch has begun, all of it follows".to_owned(),
    }
}

fn carried(history: &History, flow: &Flow, end: u64, is_stream: bool) -> String {
    let way = format!("{} to {}", at(history, flow.from), at(history, flow.to));
    match is_stream {
        true => format!("It is written into the connection from {way}; it ends with byte {end}."),
        false => format!("It leaves in the datagram number {end} from {way}."),
    }
}

/// Whether a flow is one of bytes.
fn is_stream(history: &History, flow: &Flow) -> bool {
    let ends = history.events.iter().filter_map(|event| match &event.what {
        What::Ended(ledger) => Some(ledger),
        _ => None,
    });
    let mut of_it = ends.filter(|ledger| ledger.end.local == flow.from);
    of_it.any(|ledger| ledger.line == Line::Stream)
}

/// The process at an address, with its port.
fn at(history: &History, address: std::net::SocketAddr) -> String {
    let std::net::IpAddr::V4(ip) = address.ip() else { return address.to_string() };
    let index = u32::from(ip).checked_sub(u32::from(std::net::Ipv4Addr::new(10, 0, 0, 1)));
    let process = index.and_then(|index| history.processes.get(index as usize));
    process.map_or_else(|| address.to_string(), |one| format!("{}:{}", one.name, address.port()))
}

fn ended(ledger: &Ledger, who: &str, copies: &[Carried]) -> String {
    let Ledger { line, end, arrived, read, reason, .. } = ledger;
    let reason = reason.map(|reason| format!(" ({})", reason.words())).unwrap_or_default();
    if *line == Line::Datagram {
        return format!("{who}'s socket is gone{reason}.");
    }
    let is_here = |copy: &&Carried| (copy.flow.from, copy.flow.to) == (end.peer, end.local);
    let missing = copies.iter().filter(is_here).map(|copy| copy.end).max();
    let came = match missing {
        Some(end) if end > *arrived => format!("the byte {end} had not arrived"),
        Some(end) if end > *read => format!("the byte {end} had arrived, and nobody had read it"),
        _ => "it had been read".to_owned(),
    };
    let arrived = counted(*arrived, "byte");
    format!("{who}'s end of the connection is gone{reason} after {arrived}: {came}.")
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

/// The sentence of a packet that carries the last byte of a copy for the `times`-th time. What
/// becomes of a datagram that is dropped is an event of its own.
pub fn packet(packet: &Packet, load: Line, times: usize, history: &History) -> String {
    let (from, to) = (named(history, Some(packet.from)), named(history, packet.to));
    let bytes = packet.bytes.len();
    let with = match load {
        Line::Stream => "its last byte",
        Line::Datagram => "it",
    };
    let again = if times > 1 { " once more" } else { "" };
    let is_told = |end: &&PacketEnd| load == Line::Stream || end.fate.is_none();
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

/// What became of a packet; fits after "it".
const fn fate_of(fate: Fate) -> &'static str {
    match fate {
        Fate::Lost => "is lost on the way",
        Fate::Corrupted => "arrives with a flipped bit, and is thrown away",
        Fate::CrowdedOut => "finds the link's queue full, and is dropped",
        Fate::Cut => "goes into a path that is cut",
        Fate::NobodyHome => "comes to a machine that is off or asleep",
        Fate::NoSocket => "comes where no socket is open for it",
        Fate::BufferFull => "finds the socket's buffer full, and is dropped",
    }
}

/// What became of a message for a subscriber.
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

/// A session by its number.
fn numbered(session: &SessionId) -> String {
    format!("session {} of {}", session.number, session.process)
}

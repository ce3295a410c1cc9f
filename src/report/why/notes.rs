//! The sentences about what broker and client note.

use crate::message::{
    DropReason, Durability, EndReason, GapReason, Message, Note, Position, ResumeOutcome, SessionId,
};
use crate::report::words;

pub fn note(note: &Note, who: &str) -> String {
    let sentence = of_publisher(note, who).or_else(|| of_broker(note));
    sentence.or_else(|| of_subscriber(note, who)).expect("the selection has no other note")
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
            DropReason::ConfirmTimedOut => {
                format!("{who} takes it back: it still waits for a connection.")
            }
            DropReason::TransportBusy => {
                format!("{who} drops it: it is volatile, and the transport is busy.")
            }
            DropReason::TooLong => {
                format!("{who} drops it: it is longer than the link's limit.")
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
        Note::TransportBusy { client, .. } => {
            format!("The broker drops it: it is volatile, and the transport to {client} is busy.")
        }
        Note::TooLong { client, .. } => {
            format!("It is longer than the link's limit: it can never reach {client}.")
        }
        Note::Trimmed { .. } => "The broker's backlog drops it.".to_owned(),
        Note::BecameGap { client, reason, .. } => match reason {
            GapReason::Evicted => {
                format!("{client} had not acknowledged it, and gets a gap instead.")
            }
            GapReason::Overflowed => format!(
                "The broker does not keep it for {client}, which has not acknowledged as many as \
                 may be kept for it: it gets a gap instead."
            ),
            GapReason::Expired => {
                format!("The broker discards it for {client}, which will get a gap instead.")
            }
        },
        Note::AnswersAsked { clients, .. } => {
            let clients: Vec<String> = clients.iter().map(ToString::to_string).collect();
            match clients.as_slice() {
                [] => "The broker asks for answers, and there is nobody to ask.".to_owned(),
                clients => format!("The broker asks {} for an answer.", words::listed(clients)),
            }
        }
        Note::AnswerReceived { client, .. } => {
            format!("The broker has the answer of {client} in time.")
        }
        Note::AnswersEnded { asked, in_time, .. } => {
            format!("The broker waits for no more answers: {in_time} of {asked} came in time.")
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
        Note::SessionExpired { client } => format!(
            "The session of {client} expires: the broker keeps nothing for it any more, and routes \
             nothing to it until it joins again."
        ),
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
        Note::AnswerSent { .. } => format!("{who} answers it."),
        // No other note belongs to the life of a message.
        _ => return None,
    })
}

/// The sentence about a position whose message has become a gap.
pub fn of_gap(note: &Note, who: &str) -> String {
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
pub fn answered(answer: ResumeOutcome) -> String {
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
        ResumeOutcome::NewEpoch { epoch, position: Position::START } => {
            format!("epoch {epoch} has begun, all of it follows")
        }
        ResumeOutcome::NewEpoch { epoch, position } => {
            format!("epoch {epoch} has begun, all after its position {position} follows")
        }
    }
}

/// The phrase for positions that are lost.
fn lost_between(from: Position, to: Position) -> String {
    match from == to {
        true => format!("position {from} is lost"),
        false => format!("positions {from} to {to} are lost"),
    }
}

/// Names a session by its process and number.
pub fn numbered(session: &SessionId) -> String {
    format!("session {} of {}", session.number, session.process)
}

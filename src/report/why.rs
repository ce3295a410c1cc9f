//! The life of one message in sentences: from its publication to its end, packets included.
//!
//! Each sentence describes one event of the history, one packet, or the end of the trial. The life
//! of a message consists of:
//! - the events before its publication that explain the state it meets,
//! - the events that name the message or its position in the queue,
//! - the packets that carry its last byte,
//! - the events meanwhile that affect its publisher, its subscribers or the broker.
//!
//! Its outcome and cause come from the verdict; nothing is judged here.

mod connections;
mod events;
mod names;
mod notes;
mod packets;
mod positions;
mod preconditions;
mod selection;
mod waits;

use crate::history::{EventKind, History, Packet, ProcessId};
use crate::message::{Contender, Message, MessageId, Note};
use crate::scenario::Scenario;
use crate::terms::{Cause, Outcome};
use crate::time::Instant;
use crate::verdict::Followed;

use self::selection::Selection;
use super::measure::{left, wrap};
use super::style::{Ink, Style};
use super::words;

/// One sentence, and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The time of the source.
    pub at: Instant,
    /// The source.
    pub of: SentenceOrigin,
    /// The text.
    pub text: String,
}

/// The source of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SentenceOrigin {
    /// An event of the history, by its index.
    Event(usize),
    /// A packet of the capture, by its index.
    Packet(usize),
    /// The end of the trial.
    End,
}

/// The record of one trial, and the verdict on one message.
#[derive(Clone, Copy)]
pub struct WhyEvidence<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The link and the mode of the trial.
    pub contender: Contender,
    /// The events.
    pub history: &'a History,
    /// The captured packets, in order.
    pub packets: &'a [Packet],
    /// The outcome of the message for each subscriber.
    pub followed: &'a [Followed],
}

impl WhyEvidence<'_> {
    /// Whether the source is the drop of a datagram. Its sentence comes after that of its packet.
    fn is_drop(&self, source: SentenceOrigin) -> bool {
        let SentenceOrigin::Event(index) = source else { return false };
        matches!(self.history.events[index].kind, EventKind::Dropped { .. })
    }

    /// Whether the source decides the cause of a miss: a packet with a copy, the drop of one, or the
    /// end of the connection at which a copy should have arrived.
    fn is_about_copy(&self, source: SentenceOrigin, followed: &Followed) -> bool {
        let WhyEvidence { history, packets, .. } = *self;
        let is_receiver = |process: ProcessId| match followed.cause {
            Some(Cause::LostBeforeBroker) => process == ProcessId::BROKER,
            Some(Cause::DroppedInNetwork | Cause::SentIntoDeadLink | Cause::DiedInSocket) => {
                process != ProcessId::BROKER && history.process(process).client == followed.client
            }
            _ => false,
        };
        let receiver = match source {
            SentenceOrigin::Packet(index) => packets[index].to,
            SentenceOrigin::Event(index) => match &history.events[index].kind {
                EventKind::Dropped { flow, .. } => history.process_at(flow.to),
                EventKind::Ended(_) => Some(history.events[index].process),
                _ => None,
            },
            SentenceOrigin::End => None,
        };
        receiver.is_some_and(is_receiver)
    }
}

/// Returns the life of a message; `None` if it was never published.
pub fn life(evidence: &WhyEvidence<'_>, id: &MessageId) -> Option<Vec<Sentence>> {
    let events = &evidence.history.events;
    let (first, message) =
        events.iter().enumerate().find_map(|(index, event)| match &event.kind {
            EventKind::Note(Note::Published { message }) if message.id == *id => {
                Some((index, message.clone()))
            }
            _ => None,
        })?;
    let selection = Selection::of(evidence, &message, first);
    let told = (first..events.len()).filter(|index| selection.is_told(*index));
    let told = selection.preconditions.iter().copied().chain(told);
    let mut life: Vec<Sentence> = told
        .map(|index| Sentence {
            at: events[index].at,
            of: SentenceOrigin::Event(index),
            text: events::sentence(index, evidence, &selection),
        })
        .collect();
    life.extend(packets::sentences(evidence, &selection.copies));
    life.sort_by_key(|sentence| (sentence.at, evidence.is_drop(sentence.of), sentence.of));
    life.retain(|sentence| {
        sentence.at <= selection.until || matches!(sentence.of, SentenceOrigin::Packet(_))
    });
    for followed in evidence.followed {
        conclude(&mut life, evidence, followed, &message);
    }
    Some(life)
}

/// Inserts the message's outcome for a subscriber, after the last sentence that it follows from.
fn conclude(
    life: &mut Vec<Sentence>,
    evidence: &WhyEvidence<'_>,
    followed: &Followed,
    message: &Message,
) {
    let history = evidence.history;
    let text = conclusion(followed, message);
    if followed.cause == Some(Cause::Unsettled) {
        let end = |text| Sentence { at: history.ended_at, of: SentenceOrigin::End, text };
        life.push(end(waits::at_the_end(evidence, message, followed)));
        life.push(end(text));
        return;
    }
    let at = followed.at;
    let is_handled = |sentence: &Sentence| {
        let SentenceOrigin::Event(index) = sentence.of else { return false };
        let event = &history.events[index];
        let is_own = history.process(event.process).client == followed.client;
        sentence.at == at && is_own && matches!(event.kind, EventKind::Note(Note::Handled { .. }))
    };
    // A handled message stands after the event that handled it. A miss follows from everything up
    // to and including its instant, packets included, and from what became of the copies on their
    // way: it stands after the instant of the last of these.
    let handled = life.iter().position(is_handled).filter(|_| followed.cause.is_none());
    let place = handled.or_else(|| {
        let copies = life.iter().filter(|one| evidence.is_about_copy(one.of, followed));
        let last = copies.map(|one| one.at).fold(at, Instant::max);
        life.iter().rposition(|one| one.at <= last)
    });
    if let Some(place) = place {
        let Sentence { at, of, .. } = life[place];
        life.insert(place + 1, Sentence { at, of, text });
    }
}

/// Returns the sentence on the message's outcome for a subscriber.
fn conclusion(followed: &Followed, message: &Message) -> String {
    let Followed { client, outcome, .. } = followed;
    let id = &message.id;
    match (outcome, followed.cause) {
        (Outcome::Live, _) => format!("So {client} has {id} live."),
        (Outcome::CaughtUp, _) => format!("So {client} has caught up on {id}."),
        (Outcome::Missed, None) => format!("So {client} has missed {id}."),
        (Outcome::Missed, Some(why)) => {
            format!("So {client} has missed {id}: {} [{why}].", words::cause(why))
        }
    }
}

/// Returns the life as text, each line ended by a newline. An empty life is that of a message that
/// was never published in this trial.
pub fn text(life: &[Sentence], heading: &str, style: &Style) -> String {
    let mut lines = vec![style.paint(Ink::Heading, heading), String::new()];
    if life.is_empty() {
        lines.push("Nobody publishes it here.".to_owned());
    }
    let times: Vec<String> = life.iter().map(|sentence| sentence.at.to_string()).collect();
    let columns = times.iter().map(String::len).max().unwrap_or(0) + 2;
    for (at, (time, sentence)) in times.iter().zip(life).enumerate() {
        // Each time is shown once.
        let time = if at > 0 && times[at - 1] == *time { "" } else { time };
        lines.extend(wrap(&sentence.text, &left(time, columns), &" ".repeat(columns)));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

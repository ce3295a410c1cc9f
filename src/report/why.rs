//! The life of one message in sentences: from its publication to its end, packets included.
//!
//! Each sentence describes one event of the history, one packet, the end of the trial or the
//! verdict. The life of a message consists of:
//! - the events before its publication that explain the state it meets,
//! - the events that name the message or its position in the queue,
//! - the packets that carry it, or a part of it, and those that reset their connections,
//! - the events meanwhile that affect its publisher, its subscribers or the broker.
//!
//! Its outcome and cause come from the verdict and stand last; nothing is judged here.

mod arrivals;
mod conclusions;
mod connections;
mod ends;
mod events;
mod names;
mod notes;
mod packets;
mod positions;
mod preconditions;
mod resets;
mod selection;
mod waits;

use crate::history::{EventKind, History, Packet};
use crate::message::{Contender, MessageId, Note};
use crate::scenario::Scenario;
use crate::time::Instant;
use crate::verdict::Followed;

use self::selection::Selection;
use super::measure::{left, wrap};
use super::style::{Ink, Style};

/// One sentence, and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The time of the source; of a verdict, that of the outcome.
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
    /// The verdict on the message for one subscriber.
    Verdict,
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
    life.extend(packets::sentences(evidence, &selection));
    life.sort_by_key(|sentence| (sentence.at, evidence.is_drop(sentence.of), sentence.of));
    life.extend(conclusions::at_the_end(evidence, &message));
    life.extend(conclusions::of(evidence, &message));
    Some(life)
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
        // Each time is shown once. A conclusion follows from all that stands before it.
        let is_shown = at > 0 && times[at - 1] == *time || sentence.of == SentenceOrigin::Verdict;
        let time = if is_shown { "" } else { time };
        lines.extend(wrap(&sentence.text, &left(time, columns), &" ".repeat(columns)));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

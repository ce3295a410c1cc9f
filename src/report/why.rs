//! The life of one message in sentences: from its hand-over to its end, packets included.
//!
//! Each sentence is one event of the history, one packet, or the end of the trial, and says no
//! more than that. Which of them belong to the life is decided here: what names the message or
//! its place, the packets that carry its last byte, and what happened meanwhile to those whom it
//! concerns. What became of it, and why, is the verdict's word.

mod packets;
mod places;
mod preconditions;
mod selection;
mod waits;
mod words;

use crate::history::{EventKind, History, Packet};
use crate::message::{Contender, Message, MessageId, Note};
use crate::scenario::Scenario;
use crate::terms::Cause;
use crate::time::Instant;
use crate::verdict::Followed;

use self::selection::Cast;
use super::measure::{left, wrap};
use super::style::{Ink, Style};

/// One sentence, and what it is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// When that happened.
    pub at: Instant,
    /// What it is made from.
    pub of: Origin,
    /// The sentence.
    pub text: String,
}

/// What a sentence is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// An event of the history, by its index.
    Event(usize),
    /// A packet of the capture, by its index.
    Packet(usize),
    /// The end of the trial.
    End,
}

/// What a trial left behind, and what the verdict says of one message.
#[derive(Clone, Copy)]
pub struct WhyEvidence<'a> {
    /// What was to happen.
    pub scenario: &'a Scenario,
    /// Over which link, and in which mode.
    pub contender: Contender,
    /// What happened.
    pub history: &'a History,
    /// The packets, in order.
    pub packets: &'a [Packet],
    /// What became of the message, a subscriber.
    pub followed: &'a [Followed],
}

impl WhyEvidence<'_> {
    /// Whether this is the end of a datagram, which comes after its packet.
    fn is_drop(&self, source: Origin) -> bool {
        let Origin::Event(index) = source else { return false };
        matches!(self.history.events[index].what, EventKind::Dropped { .. })
    }
}

/// The life of a message; `None` if nobody handed it over.
pub fn life(evidence: &WhyEvidence<'_>, id: &MessageId) -> Option<Vec<Sentence>> {
    let events = &evidence.history.events;
    let (first, message) =
        events.iter().enumerate().find_map(|(index, event)| match &event.what {
            EventKind::Note(Note::Published { message }) if message.id == *id => {
                Some((index, message.clone()))
            }
            _ => None,
        })?;
    let cast = Cast::of(evidence, &message, first);
    let mut life: Vec<Sentence> = cast.standing.iter().map(|&at| cast.event(at)).collect();
    life.extend((first..events.len()).filter_map(|index| cast.told(index)));
    life.extend(packets::sentences(evidence, &cast.copies));
    life.sort_by_key(|sentence| (sentence.at, evidence.is_drop(sentence.of), sentence.of));
    life.retain(|sentence| sentence.at <= cast.until || matches!(sentence.of, Origin::Packet(_)));
    for followed in evidence.followed {
        conclude(&mut life, evidence, followed, &message);
    }
    Some(life)
}

/// Says of a subscriber what became of the message: of that which happened last by then.
fn conclude(
    life: &mut Vec<Sentence>,
    evidence: &WhyEvidence<'_>,
    followed: &Followed,
    message: &Message,
) {
    let history = evidence.history;
    let text = words::conclusion(followed, message);
    if followed.cause == Some(Cause::Unsettled) {
        let end = |text| Sentence { at: history.ended_at, of: Origin::End, text };
        life.push(end(waits::at_the_end(evidence, message, followed)));
        life.push(end(text));
        return;
    }
    let at = followed.at;
    let is_handled = |sentence: &Sentence| {
        let Origin::Event(index) = sentence.of else { return false };
        let event = &history.events[index];
        let is_own = history.process(event.process).client == followed.client;
        sentence.at == at && is_own && matches!(event.what, EventKind::Note(Note::Handled { .. }))
    };
    // A miss is what is left of its whole instant, packets included.
    let handled = life.iter().position(is_handled).filter(|_| followed.cause.is_none());
    let place = handled.or_else(|| life.iter().rposition(|sentence| sentence.at <= at));
    if let Some(place) = place {
        let Sentence { at, of, .. } = life[place];
        life.insert(place + 1, Sentence { at, of, text });
    }
}

/// The life as text, each line ended by a newline. An empty one is that of a message that nobody
/// handed over in this trial.
pub fn text(life: &[Sentence], heading: &str, style: &Style) -> String {
    let mut lines = vec![style.paint(Ink::Heading, heading), String::new()];
    if life.is_empty() {
        lines.push("Nobody hands it over here.".to_owned());
    }
    let times: Vec<String> = life.iter().map(|sentence| sentence.at.to_string()).collect();
    let columns = times.iter().map(String::len).max().unwrap_or(0) + 2;
    for (at, (time, sentence)) in times.iter().zip(life).enumerate() {
        // A moment is named once.
        let time = if at > 0 && times[at - 1] == *time { "" } else { time };
        lines.extend(wrap(&sentence.text, &left(time, columns), &" ".repeat(columns)));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

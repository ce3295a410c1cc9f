//! What a trial cost beyond its counters, from its events: the payloads among its bytes, and how long
//! publishers waited for an answer.
//!
//! It judges no message: a payload counts for each copy, whatever became of that copy in the end.

use crate::history::{Cost, EventKind, History};
use crate::message::Framing;
use crate::time::Duration;

use super::facts::{Facts, Moment};

/// Returns the cost of a trial, with what follows from its events.
pub fn of(facts: &Facts<'_>, history: &History) -> Cost {
    let answers = answers(facts, history);
    Cost {
        payload_bytes: payload_bytes(facts, history),
        median_answer: answers.get(answers.len().saturating_sub(1) / 2).copied(),
        worst_answer: answers.last().copied(),
        ..history.cost
    }
}

/// Returns the bytes of the payloads that the network carried: those of each copy of a message that
/// arrived whole at the other host over a stream, or went out as a datagram and was not lost. A
/// datagram that is under way at the end counts. A payload of bytes has those, however many its base64
/// takes.
fn payload_bytes(facts: &Facts<'_>, history: &History) -> u64 {
    let framing = facts.contender.link.semantics().framing;
    let events = history.events.iter().enumerate();
    let carried = events.filter_map(|(order, event)| {
        let EventKind::Carried { id, flow, end, .. } = &event.kind else { return None };
        let pushed = Moment { at: event.at, order };
        let has_arrived = match framing {
            Framing::Stream => {
                let receiver = facts.connections.receiving(**flow, pushed);
                receiver.is_some_and(|receiver| receiver.arrived >= *end)
            }
            Framing::Datagrams => facts.connections.drop_of(**flow, *end).is_none(),
        };
        let message = facts.messages.find(id)?.message.filter(|_| has_arrived)?;
        Some(message.payload_bytes() as u64)
    });
    carried.sum()
}

/// Returns how long each publisher waited for an answer, ascending: from publish to the first
/// acceptance or refusal of the message that came back. If the broker sent none at all, the answers
/// are the responses to the posts that carried messages, over links that post.
fn answers(facts: &Facts<'_>, history: &History) -> Vec<Duration> {
    let messages = facts.messages.indices().map(|index| facts.messages.get(index));
    let waits = messages.filter_map(|message| {
        let ((published, _), (answered, _)) = (message.published?, message.answered?);
        Some(answered.at.since(published.at))
    });
    let mut waits: Vec<Duration> = waits.collect();
    if waits.is_empty() {
        waits.clone_from(&history.responses);
    }
    waits.sort_unstable();
    waits
}

//! The payloads among a trial's bytes, and how long publishers waited.

use crate::history::{Cost, EventKind, Flow};
use crate::message::{Encoding, Link, MessageId, Note};
use crate::time::Duration;

use super::trial::{Trial, When};

/// Returns the counters of the trial, and what its events add.
pub fn cost(trial: Trial<'_>) -> Cost {
    let answers = answers(trial);
    Cost {
        payload_bytes: payload_bytes(trial),
        median_answer: answers.get(answers.len().saturating_sub(1) / 2).copied(),
        worst_answer: answers.iter().max().copied(),
        ..trial.history.cost
    }
}

/// Returns the bytes of payloads, once for each copy that was carried and not lost.
fn payload_bytes(trial: Trial<'_>) -> u64 {
    let mut sum = 0;
    for (when, _, what) in trial.events() {
        let EventKind::Carried { id, flow, end, .. } = what else { continue };
        if !is_lost(trial, when, **flow, *end) {
            sum += payload_length(trial, id);
        }
    }
    sum
}

/// Whether a datagram was dropped, or the other end of a stream did not get all bytes up to this.
fn is_lost(trial: Trial<'_>, when: When, flow: Flow, end: u64) -> bool {
    if trial.contender.link == Link::Udp {
        return trial.events().any(|(_, _, what)| {
            matches!(what, EventKind::Dropped { flow: of, datagram, .. }
                if **of == flow && *datagram == end)
        });
    }
    trial.stats(flow.to, flow.from, when).is_none_or(|of_end| of_end.stats.arrived < end)
}

/// Returns the length of a message's payload: in base64, four characters are three bytes, and an `=`
/// is one less; else that of its JSON text. 0 if nobody published it.
fn payload_length(trial: Trial<'_>, id: &MessageId) -> u64 {
    let published = trial.notes().find_map(|(_, _, note)| match note {
        Note::Published { message } if message.id == *id => Some(message),
        _ => None,
    });
    let Some(message) = published else { return 0 };
    let text = message.payload.as_str();
    let length = match message.head.encoding {
        Encoding::Json => text.len(),
        Encoding::Base64 => {
            let base64 = text.trim_matches('"');
            base64.len() / 4 * 3 - base64.matches('=').count()
        }
    };
    length as u64
}

/// Returns the times from publish to the first answer of the broker; if there is none at all, those
/// to the responses over HTTP.
fn answers(trial: Trial<'_>) -> Vec<Duration> {
    let mut waits = Vec::new();
    for id in trial.messages() {
        let is_published =
            |note: &Note| matches!(note, Note::Published { message } if message.id == *id);
        let is_answered = |note: &Note| match note {
            Note::AcceptedReceived { id: of } | Note::RefusedReceived { id: of } => of == id,
            _ => false,
        };
        if let (Some(published), Some(answered)) =
            (trial.first(is_published), trial.first(is_answered))
        {
            waits.push(trial.at(answered).since(trial.at(published)));
        }
    }
    if waits.is_empty() {
        waits.extend(&trial.history.responses);
    }
    waits.sort();
    waits
}

//! The conclusions of a story: the message's outcome for each subscriber that wanted it. They stand
//! after everything else, in the order of the report's rows.

use crate::message::{Message, MessageId};
use crate::report::words;
use crate::terms::{Cause, Outcome};
use crate::verdict::Followed;

use super::waits;
use super::{Sentence, SentenceOrigin, WhyEvidence};

/// Returns the conclusions about a message; the one that nobody wanted it, if that is so.
pub fn of(evidence: &WhyEvidence<'_>, message: &Message) -> Vec<Sentence> {
    let conclusion = |followed: &Followed| Sentence {
        at: followed.at,
        of: SentenceOrigin::Verdict,
        text: conclusion(followed, &message.id),
    };
    if evidence.followed.is_empty() {
        let (at, of) = (evidence.history.ended_at, SentenceOrigin::Verdict);
        return vec![Sentence { at, of, text: format!("So nobody wanted {}.", message.id) }];
    }
    evidence.followed.iter().map(conclusion).collect()
}

/// Returns what the message waited for when the trial ended, for each subscriber for which that is
/// open.
pub fn at_the_end(evidence: &WhyEvidence<'_>, message: &Message) -> Vec<Sentence> {
    let is_open = |one: &&Followed| match one.outcome {
        // Nobody waits for it, but its publisher may still keep it.
        None => waits::is_at_publisher(evidence, &message.id),
        Some(_) => one.cause == Some(Cause::Unsettled),
    };
    let open = evidence.followed.iter().filter(is_open);
    let mut sentences: Vec<Sentence> = Vec::new();
    for followed in open {
        let text = waits::at_the_end(evidence, message, followed);
        // Where the message has not reached the broker, that is said once for all subscribers.
        if sentences.iter().all(|one| one.text != text) {
            let at = evidence.history.ended_at;
            sentences.push(Sentence { at, of: SentenceOrigin::End, text });
        }
    }
    sentences
}

/// Returns the sentence on the message's outcome for a subscriber.
fn conclusion(followed: &Followed, id: &MessageId) -> String {
    let Followed { client, outcome, .. } = followed;
    match (outcome, followed.cause) {
        (None, _) => {
            format!("So {client} does not want {id}: its subscription did not stand then.")
        }
        (Some(Outcome::Live), _) => format!("So {client} has {id} live."),
        (Some(Outcome::CaughtUp), _) => format!("So {client} has caught up on {id}."),
        (Some(Outcome::Missed), None) => format!("So {client} has missed {id}."),
        (Some(Outcome::Missed), Some(why @ Cause::Unsettled)) => {
            format!("So {client} has not got {id}: {} [{why}].", words::cause(why))
        }
        (Some(Outcome::Missed), Some(why)) => {
            format!("So {client} has missed {id}: {} [{why}].", words::cause(why))
        }
    }
}

//! Sequencing and deduplication of one publisher's messages at the broker (catch-up only).
//!
//! Messages are taken in sequence. Early ones wait, up to a limit. A copy gets the answer that the
//! original got. Each message names the one before it that the publisher still keeps; the broker
//! waits for nothing in between, since a crash empties an outbox and a dropped message leaves a
//! hole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::limits::MOST_REFUSED;
use crate::message::Message;

/// Progress of the broker through the messages of one publisher.
#[derive(Clone, Debug, Default)]
pub struct PublisherSequence {
    /// The last sequence that was accepted or refused.
    done: u64,
    refused: BTreeSet<u64>,
    early: BTreeMap<u64, Early>,
}

#[derive(Clone, Debug)]
struct Early {
    message: Arc<Message>,
    after: Option<u64>,
}

/// Verdict on a message that arrived.
#[derive(Clone, Debug, PartialEq)]
pub enum SequenceArrival {
    /// It is next: accept or refuse it, then call [`PublisherSequence::next`].
    Next,
    /// It was accepted before.
    AcceptedBefore,
    /// It was refused before.
    RefusedBefore,
    /// It is early, and held until the one before it comes.
    Held,
    /// It is early, and there is no room to hold it.
    Dropped,
}

impl PublisherSequence {
    /// Registers a message that arrived; at most `most` early ones are held.
    pub fn arrive(
        &mut self,
        message: &Arc<Message>,
        after: Option<u64>,
        most: usize,
    ) -> SequenceArrival {
        let sequence = message.id.sequence;
        if sequence <= self.done {
            let refused = self.refused.contains(&sequence);
            return if refused {
                SequenceArrival::RefusedBefore
            } else {
                SequenceArrival::AcceptedBefore
            };
        }
        if after.is_none_or(|after| after <= self.done) {
            self.early.remove(&sequence);
            return SequenceArrival::Next;
        }
        if self.early.len() >= most && !self.early.contains_key(&sequence) {
            return SequenceArrival::Dropped;
        }
        self.early.insert(sequence, Early { message: message.clone(), after });
        SequenceArrival::Held
    }

    /// Records that the message with this sequence was accepted.
    pub fn accepted(&mut self, sequence: u64) {
        assert!(sequence > self.done, "sequence {sequence} is accepted once");
        self.done = sequence;
    }

    /// Records that the message with this sequence was refused.
    pub fn refused(&mut self, sequence: u64) {
        self.accepted(sequence);
        self.refused.insert(sequence);
        if self.refused.len() > MOST_REFUSED {
            self.refused.pop_first();
        }
    }

    /// Removes and returns the early message that is next now, if there is one.
    pub fn next(&mut self) -> Option<Arc<Message>> {
        self.early.retain(|sequence, _| *sequence > self.done);
        let (sequence, early) = self.early.first_key_value()?;
        let sequence = *sequence;
        early.after.is_none_or(|after| after <= self.done).then(|| {
            let early = self.early.remove(&sequence);
            early.expect("it was there").message
        })
    }

    /// Returns the number of early messages held, and their bytes.
    pub fn held(&self) -> (usize, usize) {
        (self.early.len(), self.early.values().map(|early| early.message.size()).sum())
    }
}

//! Replaces the broker's answers to joins, in its notes and on the wire alike.

use std::collections::BTreeMap;

use crate::core::{BrokerOutput, ConnectionId};
use crate::message::{Frame, Name, Note, ResumeOutcome};

/// Replaced answers to joins.
#[derive(Default)]
pub struct Retold {
    /// The queue and the replaced answer of the last note, until its frame is sent.
    decided: Option<(Name, ResumeOutcome)>,
    /// The answers sent, by connection and queue, since one may be sent again.
    told: BTreeMap<(ConnectionId, Name), ResumeOutcome>,
}

impl Retold {
    /// Replaces the answer in an output of the broker. `instead` maps client, queue and the
    /// broker's answer to the answer to send.
    pub fn retell(
        &mut self,
        output: &mut BrokerOutput,
        instead: impl FnOnce(&Name, &Name, ResumeOutcome) -> ResumeOutcome,
    ) {
        match output {
            BrokerOutput::Note(Note::Attached { queue, client, answer, .. }) => {
                **answer = instead(client, queue, **answer);
                self.decided = Some((queue.clone(), **answer));
            }
            BrokerOutput::Send {
                connection,
                frame: Frame::Joined { queue, answer: Some(answer), .. },
            } => {
                let key = (*connection, queue.clone());
                if let Some((_, decided)) = self.decided.take_if(|(of, _)| of == queue) {
                    self.told.insert(key.clone(), decided);
                }
                *answer = self.told.get(&key).copied().unwrap_or(*answer);
            }
            _ => {}
        }
    }
}

//! Another answer to a join than the broker's own, in its record and on the wire alike.

use std::collections::BTreeMap;

use crate::core::{BrokerOutput, ConnectionId};
use crate::message::{Frame, Name, Note, ResumeOutcome};

/// The answers that sessions were told instead.
#[derive(Default)]
pub struct Retold {
    /// What was decided last, and is still to be sent.
    decided: Option<(Name, ResumeOutcome)>,
    /// By connection and queue: an answer may be sent again.
    told: BTreeMap<(ConnectionId, Name), ResumeOutcome>,
}

impl Retold {
    /// An order on its way from the broker. `instead` says what a client is told for a queue, of
    /// which the broker wanted to say something else.
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
                peer,
                frame: Frame::Joined { queue, answer: Some(answer), .. },
            } => {
                let key = (*peer, queue.clone());
                if let Some((_, decided)) = self.decided.take_if(|(of, _)| of == queue) {
                    self.told.insert(key.clone(), decided);
                }
                *answer = self.told.get(&key).copied().unwrap_or(*answer);
            }
            _ => {}
        }
    }
}

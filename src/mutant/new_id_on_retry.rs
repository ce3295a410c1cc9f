//! Mutant: a publisher gives a message that it sends again a new id.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Client, ClientInput, ClientOutput, Interceptor, Machine};
use crate::message::{Frame, MessageId, Note};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "new-id-on-retry",
    about: "A publisher that sends a message again gives it a new id, so that nobody can see that \
            it is a copy.",
    seen: "In retries that call the sending function once more.",
    anomaly: Anomaly::NotWanted,
    change: Change::Client(|| Box::new(NewIdOnRetry::default())),
};

#[derive(Default)]
struct NewIdOnRetry {
    /// The last number that was given out.
    given: u64,
    /// The newest number of each message, by its number at the correct client.
    numbers: BTreeMap<u64, u64>,
    /// The messages that were sent, by their number at the correct client.
    sent: BTreeSet<u64>,
}

impl NewIdOnRetry {
    fn give(&mut self, own: u64) {
        self.given += 1;
        self.numbers.insert(own, self.given);
    }

    fn number(&self, own: u64) -> u64 {
        self.numbers.get(&own).copied().unwrap_or(own)
    }

    fn renumber(&self, id: &mut MessageId) {
        id.sequence = self.number(id.sequence);
    }
}

impl Interceptor<Client> for NewIdOnRetry {
    fn input(
        &mut self,
        now: Instant,
        mut input: ClientInput,
        client: &mut Client,
        _: &mut VecDeque<ClientOutput>,
    ) {
        if let ClientInput::Received { frame: Frame::Accepted { id } | Frame::Refused { id } } =
            &mut input
        {
            let own = self.numbers.iter().find(|(_, number)| **number == id.sequence);
            id.sequence = own.map_or(0, |(own, _)| *own);
        }
        client.handle(now, input);
    }

    fn output(
        &mut self,
        _: Instant,
        mut output: ClientOutput,
        _: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        match &mut output {
            ClientOutput::Note(Note::Published { message }) => {
                self.give(message.id.sequence);
                self.renumber(&mut Arc::make_mut(message).id);
            }
            ClientOutput::Note(Note::Sent { id, .. }) => {
                if !self.sent.insert(id.sequence) {
                    self.give(id.sequence);
                }
                self.renumber(id);
            }
            ClientOutput::Send { frame: Frame::Publish { message, after, .. } } => {
                self.renumber(&mut Arc::make_mut(message).id);
                *after = after.map(|own| self.number(own));
            }
            ClientOutput::Note(
                Note::Unsent { id, .. }
                | Note::AcceptedReceived { id }
                | Note::RefusedReceived { id }
                | Note::ConfirmTimedOut { id },
            ) => self.renumber(id),
            _ => {}
        }
        outputs.push_back(output);
    }
}

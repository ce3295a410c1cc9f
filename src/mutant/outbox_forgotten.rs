//! Mutant: a client forgets its outbox when it reconnects.

use std::collections::{BTreeSet, VecDeque};

use super::{Change, Mutant};
use crate::core::{Client, ClientInput, ClientOutput, Interceptor, Machine};
use crate::message::{Frame, MessageId, Note};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "outbox-forgotten",
    about: "A client keeps what it publishes with its session: when it reconnects, it forgets what \
            the broker has not accepted.",
    seen: "nats-io/nats.node pull request #320 and eclipse-paho/paho.mqtt.rust#218.",
    anomaly: Anomaly::Stalled,
    change: Change::Client(|| Box::new(OutboxForgotten::default())),
};

#[derive(Default)]
struct OutboxForgotten {
    /// Whether the client has had a session.
    was_welcomed: bool,
    /// The messages that were published and not answered.
    outbox: BTreeSet<MessageId>,
    /// The messages that were in the outbox when a session began.
    forgotten: BTreeSet<MessageId>,
}

impl Interceptor<Client> for OutboxForgotten {
    fn input(
        &mut self,
        now: Instant,
        input: ClientInput,
        client: &mut Client,
        _: &mut VecDeque<ClientOutput>,
    ) {
        let is_welcome = matches!(input, ClientInput::Received { frame: Frame::Welcome { .. } });
        client.handle(now, input);
        if is_welcome && std::mem::replace(&mut self.was_welcomed, true) {
            // The machine takes them for accepted, and nobody else hears of it.
            for id in std::mem::take(&mut self.outbox) {
                self.forgotten.insert(id.clone());
                let frame = Frame::Accepted { id };
                client.handle(now, ClientInput::Received { frame });
            }
        }
    }

    fn output(
        &mut self,
        _: Instant,
        output: ClientOutput,
        _: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        let is_forgotten = match &output {
            ClientOutput::Note(Note::Published { message }) => {
                self.outbox.insert(message.id.clone());
                false
            }
            ClientOutput::Note(
                Note::AcceptedReceived { id }
                | Note::RefusedReceived { id }
                | Note::Unsent { id, .. },
            ) => {
                self.outbox.remove(id);
                self.forgotten.contains(id)
            }
            ClientOutput::Note(Note::Sent { id, .. }) => self.forgotten.contains(id),
            ClientOutput::Send { frame: Frame::Publish { message, .. } } => {
                self.forgotten.contains(&message.id)
            }
            _ => false,
        };
        if !is_forgotten {
            outputs.push_back(output);
        }
    }
}

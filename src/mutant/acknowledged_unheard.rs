//! Mutant: a client acknowledges messages that it holds early, before the missing one has come.

use std::collections::{BTreeMap, VecDeque};

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Client, ClientInput, ClientOutput, Interceptor, Machine};
use crate::message::{Frame, MessageId, Name, Note, Position};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "acknowledged-unheard",
    about: "A client acknowledges a message that it holds until the one before it comes, and drops \
            it when the session ends.",
    seen: "In receivers that acknowledge what is in their buffer, not what was taken from it.",
    anomaly: Anomaly::SilentLoss,
    change: Change::Client(|| Box::new(AcknowledgedUnheard::default())),
};

#[derive(Default)]
struct AcknowledgedUnheard {
    /// Queue and position of each message that was received.
    positions: BTreeMap<MessageId, (Name, Position)>,
}

impl Interceptor<Client> for AcknowledgedUnheard {
    fn input(
        &mut self,
        now: Instant,
        input: ClientInput,
        client: &mut Client,
        _: &mut VecDeque<ClientOutput>,
    ) {
        if let ClientInput::Received { frame: Frame::Push { message, offset: Some(offset), .. } } =
            &input
        {
            let at = (message.queue.clone(), offset.position);
            self.positions.insert(message.id.clone(), at);
        }
        client.handle(now, input);
    }

    fn output(
        &mut self,
        _: Instant,
        output: ClientOutput,
        _: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        let early = match &output {
            ClientOutput::Note(Note::HeldEarly { id, .. }) => self.positions.get(id).cloned(),
            _ => None,
        };
        let id = match &output {
            ClientOutput::Note(Note::HeldEarly { id, .. }) => Some(id.clone()),
            _ => None,
        };
        outputs.push_back(output);
        if let Some((queue, position)) = early {
            outputs.push_back(ClientOutput::Note(Note::Ack { queue: queue.clone(), position, id }));
            outputs.push_back(ClientOutput::Send { frame: Frame::Ack { queue, position } });
        }
    }
}

//! Mutant: a client stores its position when it fetches messages, before it handles them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Client, ClientInput, ClientOutput, Interceptor, Machine};
use crate::message::{Frame, MessageId, Name, Note, Position};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "position-before-work",
    about: "A client stores its position for all that it has fetched, before it has worked on any \
            of it.",
    seen: "measure-sh/measure#3518.",
    anomaly: Anomaly::LostAfterAck,
    change: Change::Client(|| Box::new(PositionBeforeWork::default())),
};

#[derive(Default)]
struct PositionBeforeWork {
    /// Queue and position of each message that was received and not read yet.
    positions: BTreeMap<MessageId, (Name, Position)>,
    /// The positions that were acknowledged when their messages were read.
    stored: BTreeSet<(Name, Position)>,
}

impl Interceptor<Client> for PositionBeforeWork {
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
        match output {
            ClientOutput::Note(Note::Read { id, session, kind }) => {
                let offset = self.positions.remove(&id);
                outputs.push_back(ClientOutput::Note(Note::Read { id: id.clone(), session, kind }));
                if let Some((queue, position)) = offset {
                    self.stored.insert((queue.clone(), position));
                    let note = Note::Ack { queue: queue.clone(), position, id: Some(id) };
                    outputs.push_back(ClientOutput::Note(note));
                    outputs.push_back(ClientOutput::Send { frame: Frame::Ack { queue, position } });
                }
            }
            // Suppresses the acknowledgement of the correct client after the handler.
            ClientOutput::Note(Note::Ack { queue, position, .. })
            | ClientOutput::Send { frame: Frame::Ack { queue, position } }
                if self.stored.contains(&(queue.clone(), position)) => {}
            output => outputs.push_back(output),
        }
    }
}

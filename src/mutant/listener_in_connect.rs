//! Mutant: a client puts its listener on again each time that it connects.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Change, Mutant};
use crate::core::{Client, ClientInput, ClientOutput, Interceptor, Machine};
use crate::message::{Message, MessageId, Note, PushKind, SessionId};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "listener-in-connect",
    about: "A client puts its listener on in its `connect` handler: after n reconnections it \
            handles each message n + 1 times.",
    seen: "socketio/socket.io#758 and #997.",
    anomaly: Anomaly::Duplicate,
    change: Change::Client(|| Box::new(ListenerInConnect::default())),
};

#[derive(Default)]
struct ListenerInConnect {
    /// Listeners that are on: one for each session so far.
    listeners: u64,
    /// The session from which each message was read that was not handled yet.
    read: BTreeMap<MessageId, SessionId>,
    /// The message that is handled, and the number of listeners that were not called with it yet.
    running: Option<(Arc<Message>, PushKind, u64)>,
}

impl Interceptor<Client> for ListenerInConnect {
    fn input(
        &mut self,
        now: Instant,
        input: ClientInput,
        client: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        if input == ClientInput::HandlerReturned
            && let Some((message, kind, left)) = &mut self.running
            && *left > 0
            && let Some(session) = self.read.get(&message.id)
        {
            *left -= 1;
            let (id, kind) = (message.id.clone(), *kind);
            let handled = Note::Handled { id: id.clone(), kind, session: session.clone() };
            outputs.push_back(ClientOutput::Note(handled));
            outputs.push_back(ClientOutput::Note(Note::Handling { id, kind }));
            outputs.push_back(ClientOutput::CallHandler { message: message.clone(), kind });
            return;
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
        match &output {
            ClientOutput::Note(Note::Welcomed { .. }) => self.listeners += 1,
            ClientOutput::Note(Note::Read { id, session, .. }) => {
                self.read.insert(id.clone(), session.clone());
            }
            ClientOutput::Note(Note::Handled { id, .. }) => drop(self.read.remove(id)),
            ClientOutput::CallHandler { message, kind } => {
                let others = self.listeners.saturating_sub(1);
                self.running = Some((message.clone(), *kind, others));
            }
            _ => {}
        }
        outputs.push_back(output);
    }
}

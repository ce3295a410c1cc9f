//! Mutant: a client delivers the last message of a session after the session has ended.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Change, Mutant};
use crate::core::{Client, ClientInput, ClientOutput, Interceptor, Machine};
use crate::message::{Frame, Message, Note, PushKind, SessionId};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "ended-session-delivers",
    about: "A client takes messages from a session one late: when the session ends, its last \
            message is delivered after that, and comes again on the next.",
    seen: "centrifugal/centrifuge-go#150 and centrifuge-js#393.",
    anomaly: Anomaly::DeliveredAfterEnd,
    change: Change::Client(|| Box::new(EndedSessionDelivers::default())),
};

#[derive(Default)]
struct EndedSessionDelivers {
    /// The push that was received last and was not passed on yet.
    last: Option<(Arc<Message>, Frame, PushKind)>,
    /// Whether a handler call of the correct client runs.
    is_busy: bool,
    /// The handler call that runs for a session that has ended.
    late: Option<(Arc<Message>, PushKind, SessionId)>,
}

impl Interceptor<Client> for EndedSessionDelivers {
    fn input(
        &mut self,
        now: Instant,
        input: ClientInput,
        client: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        match input {
            ClientInput::Received { frame: frame @ Frame::Push { .. } } => {
                self.pass_on(now, client);
                if let Frame::Push { message, kind, .. } = &frame {
                    self.last = Some((message.clone(), frame.clone(), *kind));
                }
            }
            ClientInput::HandlerReturned if self.late.is_some() => {
                let (message, kind, session) = self.late.take().expect("it was looked at");
                let note = Note::Handled { id: message.id.clone(), kind, session };
                outputs.push_back(ClientOutput::Note(note));
            }
            ClientInput::HandlerReturned => {
                self.is_busy = false;
                client.handle(now, ClientInput::HandlerReturned);
            }
            ClientInput::Disconnected { .. } | ClientInput::GoAway => client.handle(now, input),
            input => {
                self.pass_on(now, client);
                client.handle(now, input);
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
        let ended = match &output {
            ClientOutput::Note(Note::Lost { session, .. }) => Some(session.clone()),
            _ => None,
        };
        self.is_busy |= matches!(output, ClientOutput::CallHandler { .. });
        outputs.push_back(output);
        if let Some(session) = ended
            && let Some((message, _, kind)) = self.last.take_if(|_| !self.is_busy)
        {
            let id = message.id.clone();
            let read = Note::Read { id: id.clone(), session: session.clone(), kind };
            outputs.push_back(ClientOutput::Note(read));
            outputs.push_back(ClientOutput::Note(Note::Handling { id, kind }));
            outputs.push_back(ClientOutput::CallHandler { message: message.clone(), kind });
            self.late = Some((message, kind, session));
        }
    }
}

impl EndedSessionDelivers {
    fn pass_on(&mut self, now: Instant, client: &mut Client) {
        if let Some((_, frame, _)) = self.last.take() {
            client.handle(now, ClientInput::Received { frame });
        }
    }
}

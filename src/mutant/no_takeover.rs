//! Mutant: a new session of a client does not end the older one.

use std::collections::{BTreeMap, VecDeque};

use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, ConnectionId, Interceptor, Machine};
use crate::message::{EndReason, Frame, Name, Note, SessionId};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "no-takeover",
    about: "A client that comes back before its old connection is found dead has two sessions, and \
            both are pushed to.",
    seen: "socketio/socket.io#4880; in solutions of the course's lab, where two tabs have one \
           client id.",
    anomaly: Anomaly::TwoSessions,
    change: Change::Broker(|| Box::new(NoTakeover::default())),
};

#[derive(Default)]
struct NoTakeover {
    /// Connections that should have been closed, with their clients and sessions.
    ghosts: BTreeMap<ConnectionId, (Name, SessionId)>,
    /// The connection that the broker has just closed for a newer session.
    replaced: Option<ConnectionId>,
    /// The note of the last push.
    pushed: Option<Note>,
}

impl Interceptor<Broker> for NoTakeover {
    fn input(
        &mut self,
        now: Instant,
        input: BrokerInput,
        broker: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerInput::Closed { connection, reason } = &input
            && let Some((client, session)) = self.ghosts.remove(connection)
        {
            let note = Note::SessionClosed { session, client, reason: *reason };
            outputs.push_back(BrokerOutput::Note(note));
        }
        broker.handle(now, input);
    }

    fn output(
        &mut self,
        _: Instant,
        output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        match output {
            BrokerOutput::Close { connection, reason: EndReason::Replaced } => {
                self.replaced = Some(connection)
            }
            BrokerOutput::Note(Note::SessionClosed {
                session,
                client,
                reason: EndReason::Replaced,
            }) => {
                let connection = self.replaced.take().expect("it was closed before");
                self.ghosts.insert(connection, (client, session));
            }
            BrokerOutput::Note(note @ Note::Pushed { .. }) => {
                self.pushed = Some(note.clone());
                outputs.push_back(BrokerOutput::Note(note));
            }
            BrokerOutput::Send { connection, frame: frame @ Frame::Push { .. } } => {
                let copies = self.push_to_ghosts(&frame);
                outputs.push_back(BrokerOutput::Send { connection, frame });
                outputs.extend(copies);
            }
            output => outputs.push_back(output),
        }
    }
}

impl NoTakeover {
    /// Returns the same push for every older session of the client.
    fn push_to_ghosts(&mut self, frame: &Frame) -> Vec<BrokerOutput> {
        let Some(Note::Pushed { id, client, kind, .. }) = self.pushed.take() else {
            return Vec::new();
        };
        let ghosts = self.ghosts.iter().filter(|(_, (of, _))| *of == client);
        let copies = ghosts.flat_map(|(connection, (client, session))| {
            let (id, client) = (id.clone(), client.clone());
            let note = Note::Pushed { id, session: session.clone(), client, kind };
            let send = BrokerOutput::Send { connection: *connection, frame: frame.clone() };
            [BrokerOutput::Note(note), send]
        });
        copies.collect()
    }
}

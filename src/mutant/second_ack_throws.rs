//! Mutant: a second acknowledgement of a message ends all deliveries to its session.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::clients_by_connection::ClientsByConnection;
use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, ConnectionId, Interceptor, Machine};
use crate::message::{Frame, Name, Note, Position};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "second-ack-throws",
    about: "A second acknowledgement of one message throws, and what delivers to that session dies \
            of it.",
    seen: "In solutions of the course's lab, where the whole server dies.",
    anomaly: Anomaly::Stalled,
    change: Change::Broker(|| Box::new(SecondAckThrows::default())),
};

#[derive(Default)]
struct SecondAckThrows {
    clients: ClientsByConnection,
    /// Queues and positions that each client has acknowledged.
    acknowledged: BTreeMap<Name, BTreeSet<(Name, Position)>>,
    /// Connections to which nothing is delivered any more.
    dead: BTreeSet<ConnectionId>,
    /// The note of the next push.
    pushed: Option<Note>,
}

impl Interceptor<Broker> for SecondAckThrows {
    fn input(
        &mut self,
        now: Instant,
        input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        self.clients.hear(&input);
        if let BrokerInput::Received { connection, frame: Frame::Ack { queue, position } } = &input
            && let Some(client) = self.clients.client(*connection)
        {
            let acknowledged = self.acknowledged.entry(client.clone()).or_default();
            if !acknowledged.insert((queue.clone(), *position)) {
                self.dead.insert(*connection);
            }
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
            BrokerOutput::Note(note @ Note::Pushed { .. }) => self.pushed = Some(note),
            BrokerOutput::Send { connection, frame: frame @ Frame::Push { .. } } => {
                let note = self.pushed.take().expect("it stands right before its frame");
                if !self.dead.contains(&connection) {
                    outputs.push_back(BrokerOutput::Note(note));
                    outputs.push_back(BrokerOutput::Send { connection, frame });
                }
            }
            output => outputs.push_back(output),
        }
    }
}

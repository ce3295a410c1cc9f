//! Mutant: the broker does not resume a client that had no message on its last session.

use std::collections::{BTreeSet, VecDeque};

use crate::terms::Anomaly;

use super::retold::Retold;
use super::{Change, Mutant};
use crate::core::{Broker, BrokerOutput, Interceptor};
use crate::message::{Name, Note, ResumeOutcome};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "zero-event-resume",
    about: "The broker refuses to resume a client that had no message on its last session.",
    seen: "socketio/socket.io#5538 and sockudo/sockudo#265.",
    anomaly: Anomaly::FalseAlarm,
    change: Change::Broker(|| Box::new(ZeroEventResume::default())),
};

#[derive(Default)]
struct ZeroEventResume {
    retold: Retold,
    /// Clients that had a message on their newest session.
    served: BTreeSet<Name>,
}

impl Interceptor<Broker> for ZeroEventResume {
    fn output(
        &mut self,
        _: Instant,
        mut output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerOutput::Note(Note::Pushed { client, .. }) = &output {
            self.served.insert(client.clone());
        }
        self.retold.retell(&mut output, |client, _, answer| match answer {
            ResumeOutcome::Resumed { epoch, position } if !self.served.remove(client) => {
                ResumeOutcome::NewEpoch { epoch, position }
            }
            answer => answer,
        });
        outputs.push_back(output);
    }
}

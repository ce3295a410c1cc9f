//! Mutant: the broker skips trimmed messages without announcing a gap.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::retold::Retold;
use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, Interceptor, Machine};
use crate::message::{Frame, ResumeOutcome};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "silent-trim",
    about: "The broker tells nobody of a gap: what its backlog has lost it passes over.",
    seen: "In streams that are read from an id which was trimmed, as Redis Streams' `MAXLEN` does.",
    anomaly: Anomaly::FalseComfort,
    change: Change::Broker(|| Box::new(SilentTrim::default())),
};

#[derive(Default)]
struct SilentTrim {
    retold: Retold,
}

impl Interceptor<Broker> for SilentTrim {
    fn output(
        &mut self,
        now: Instant,
        mut output: BrokerOutput,
        broker: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        self.retold.retell(&mut output, |_, _, answer| match answer {
            ResumeOutcome::Gap { epoch, to, .. } => ResumeOutcome::Resumed { epoch, position: to },
            answer => answer,
        });
        match output {
            BrokerOutput::Send { connection, frame: Frame::Gap { queue, to, .. } } => {
                let frame = Frame::Ack { queue, position: to };
                broker.handle(now, BrokerInput::Received { connection, frame });
            }
            output => outputs.push_back(output),
        }
    }
}

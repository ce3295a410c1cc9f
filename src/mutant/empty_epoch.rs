//! Mutant: a broker that has lost its memory answers that nothing was lost.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::retold::Retold;
use super::{Change, Mutant};
use crate::core::{Broker, BrokerOutput, Interceptor};
use crate::message::ResumeOutcome;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "empty-epoch",
    about: "A broker that has forgotten everything takes every epoch for its own, and says \
            `resumed`.",
    seen: "centrifugal/centrifuge-go#159.",
    anomaly: Anomaly::FalseComfort,
    change: Change::Broker(|| Box::new(EmptyEpoch::default())),
};

#[derive(Default)]
struct EmptyEpoch {
    retold: Retold,
}

impl Interceptor<Broker> for EmptyEpoch {
    fn output(
        &mut self,
        _: Instant,
        mut output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        self.retold.retell(&mut output, |_, _, answer| match answer {
            ResumeOutcome::NewEpoch { epoch, position } => {
                ResumeOutcome::Resumed { epoch, position }
            }
            answer => answer,
        });
        outputs.push_back(output);
    }
}

//! Mutant: the broker never sends a message a second time.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Broker, BrokerOutput, Interceptor};
use crate::message::{Frame, Note, PushKind};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "redelivers-never",
    about: "The broker keeps what is not acknowledged, and never sends it again.",
    seen: "In queues whose unacknowledged messages wait for a consumer to claim them, and none does.",
    anomaly: Anomaly::Stalled,
    change: Change::Broker(|| Box::new(RedeliversNever)),
};

struct RedeliversNever;

impl Interceptor<Broker> for RedeliversNever {
    fn output(
        &mut self,
        _: Instant,
        output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        let is_again = matches!(
            &output,
            BrokerOutput::Note(Note::Pushed { kind: PushKind::Again, .. })
                | BrokerOutput::Send { frame: Frame::Push { kind: PushKind::Again, .. }, .. }
        );
        if !is_again {
            outputs.push_back(output);
        }
    }
}

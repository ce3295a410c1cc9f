//! Mutant: the broker replaces a position that was trimmed by the newest one.

use std::collections::{BTreeMap, VecDeque};

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerMachine, BrokerOutput, Interceptor, Machine};
use crate::message::{Frame, Name, Note, Position};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "out-of-range-means-latest",
    about: "A client whose position was trimmed goes on from the newest message, and is told \
            nothing.",
    seen: "Kafka's default for `auto.offset.reset`.",
    anomaly: Anomaly::SilentLoss,
    change: Change::Broker(|| Box::new(OutOfRangeMeansLatest::default())),
};

#[derive(Default)]
struct OutOfRangeMeansLatest {
    /// The newest position of each queue.
    heads: BTreeMap<Name, Position>,
    /// The last position of each queue that was trimmed.
    trimmed: BTreeMap<Name, Position>,
}

impl Interceptor<Broker> for OutOfRangeMeansLatest {
    fn input(
        &mut self,
        now: Instant,
        mut input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerInput::Received {
            frame: Frame::Join { queue, known: Some(known), .. }, ..
        } = &mut input
            && known.epoch == broker.options().epoch
            && self.trimmed.get(queue).is_some_and(|trimmed| known.position < *trimmed)
        {
            known.position = self.heads[queue];
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
        match &output {
            BrokerOutput::Note(Note::Accepted { queue, position: Some(position), .. }) => {
                self.heads.insert(queue.clone(), *position);
            }
            BrokerOutput::Note(Note::Trimmed { queue, position, .. }) => {
                self.trimmed.insert(queue.clone(), *position);
            }
            _ => {}
        }
        outputs.push_back(output);
    }
}

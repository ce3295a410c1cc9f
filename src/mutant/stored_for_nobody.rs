//! Mutant: the broker ignores that a subscription asks for all messages from the start.

use std::collections::{BTreeSet, VecDeque};

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, Interceptor, Machine};
use crate::message::{Frame, Name, Note, StartAt};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "stored-for-nobody",
    about: "The broker stores a message for the subscriptions that it knows: who asks for all of \
            it from the start, and comes late, gets what is new.",
    seen: "In solutions of the course's lab: an event before the first subscribe.",
    anomaly: Anomaly::SilentLoss,
    change: Change::Broker(|| Box::new(StoredForNobody::default())),
};

#[derive(Default)]
struct StoredForNobody {
    /// Queues and rooms that were asked for from the start.
    from_start: BTreeSet<(Name, Name)>,
}

impl Interceptor<Broker> for StoredForNobody {
    fn input(
        &mut self,
        now: Instant,
        mut input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerInput::Received { frame: Frame::Join { queue, rooms, .. }, .. } = &mut input {
            for join in rooms.iter_mut().filter(|join| join.from == StartAt::Start) {
                self.from_start.insert((queue.clone(), join.room.clone()));
                join.from = StartAt::Now;
            }
        }
        broker.handle(now, input);
    }

    fn output(
        &mut self,
        _: Instant,
        mut output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        // The record shows the start that was asked for.
        if let BrokerOutput::Note(Note::Subscribed { queue, rooms, .. }) = &mut output {
            for join in rooms {
                if self.from_start.contains(&(queue.clone(), join.room.clone())) {
                    join.from = StartAt::Start;
                }
            }
        }
        outputs.push_back(output);
    }
}

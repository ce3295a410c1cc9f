//! Mutant: the broker takes every message that it pushes for acknowledged.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, Interceptor, Machine};
use crate::message::Frame;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "delete-before-ack",
    about: "The broker deletes what it pushes, and waits for no acknowledgement.",
    seen: "In solutions of the course's lab: catch-up that dequeues first.",
    anomaly: Anomaly::SilentLoss,
    change: Change::Broker(|| Box::new(DeleteBeforeAck)),
};

struct DeleteBeforeAck;

impl Interceptor<Broker> for DeleteBeforeAck {
    fn output(
        &mut self,
        now: Instant,
        output: BrokerOutput,
        broker: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        let deleted = match &output {
            BrokerOutput::Send {
                connection,
                frame: Frame::Push { message, offset: Some(offset), .. },
            } => Some((
                *connection,
                Frame::Ack { queue: message.queue.clone(), position: offset.position },
            )),
            _ => None,
        };
        outputs.push_back(output);
        if let Some((connection, frame)) = deleted {
            broker.handle(now, BrokerInput::Received { connection, frame });
        }
    }
}

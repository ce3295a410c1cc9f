//! Mutant: the broker ignores acknowledgements.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, Interceptor, Machine};
use crate::message::Frame;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "nothing-is-deleted",
    about: "Acknowledgements do not say which message they are for: the broker deletes nothing, \
            and a client that starts again gets all of it again.",
    seen: "In solutions of the course's lab.",
    anomaly: Anomaly::Duplicate,
    change: Change::Broker(|| Box::new(NothingIsDeleted)),
};

struct NothingIsDeleted;

impl Interceptor<Broker> for NothingIsDeleted {
    fn input(
        &mut self,
        now: Instant,
        input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        if !matches!(&input, BrokerInput::Received { frame: Frame::Ack { .. }, .. }) {
            broker.handle(now, input);
        }
    }
}

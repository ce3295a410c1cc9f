//! Mutant: the broker takes a position of an old epoch for one of the new epoch.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerMachine, BrokerOutput, Interceptor, Machine};
use crate::message::Frame;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "new-epoch-old-position",
    about: "The broker applies a position of the epoch before to the new one.",
    seen: "centrifugal/centrifuge-go#160.",
    anomaly: Anomaly::ForeignEpoch,
    change: Change::Broker(|| Box::new(NewEpochOldPosition)),
};

struct NewEpochOldPosition;

impl Interceptor<Broker> for NewEpochOldPosition {
    fn input(
        &mut self,
        now: Instant,
        mut input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerInput::Received { frame: Frame::Join { known: Some(known), .. }, .. } =
            &mut input
        {
            known.epoch = broker.options().epoch;
        }
        broker.handle(now, input);
    }
}

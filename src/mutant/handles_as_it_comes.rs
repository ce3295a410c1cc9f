//! Mutant: a client ignores which message was before another one.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Client, ClientInput, ClientOutput, Interceptor, Machine};
use crate::message::{Frame, Position};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "handles-as-it-comes",
    about: "A client calls its handler in the order in which messages arrive.",
    seen: "In every consumer that trusts the network with the order.",
    anomaly: Anomaly::OrderBroken,
    change: Change::Client(|| Box::new(HandlesAsItComes)),
};

struct HandlesAsItComes;

impl Interceptor<Client> for HandlesAsItComes {
    fn input(
        &mut self,
        now: Instant,
        mut input: ClientInput,
        client: &mut Client,
        _: &mut VecDeque<ClientOutput>,
    ) {
        if let ClientInput::Received { frame: Frame::Push { offset: Some(offset), .. } } =
            &mut input
        {
            offset.previous = Position::START;
        }
        client.handle(now, input);
    }
}

//! Mutant: a client reports the position of the message that came last, in order or not.

use std::collections::{BTreeMap, VecDeque};

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Client, ClientInput, ClientOutput, Interceptor, Machine};
use crate::message::{Cursor, Epoch, Frame, Name, Position};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "poisoned-position",
    about: "A client that comes back tells the position of the message that came last, although \
            one before it never came.",
    seen: "socketio/socket.io pull request #5539.",
    anomaly: Anomaly::SilentLoss,
    change: Change::Client(|| Box::new(PoisonedPosition::default())),
};

#[derive(Default)]
struct PoisonedPosition {
    /// The epoch of each queue, and the highest position that came.
    last: BTreeMap<Name, (Epoch, Position)>,
}

impl PoisonedPosition {
    fn poison(&self, queue: &Name, known: &mut Cursor) {
        if let Some((epoch, last)) = self.last.get(queue)
            && *epoch == known.epoch
        {
            known.position = known.position.max(*last);
        }
    }
}

impl Interceptor<Client> for PoisonedPosition {
    fn input(
        &mut self,
        now: Instant,
        input: ClientInput,
        client: &mut Client,
        _: &mut VecDeque<ClientOutput>,
    ) {
        match &input {
            ClientInput::Received { frame: Frame::Joined { queue, answer: Some(answer), .. } } => {
                self.last.insert(queue.clone(), (answer.epoch(), answer.position()));
            }
            ClientInput::Received { frame: Frame::Push { message, offset: Some(offset), .. } } => {
                if let Some((_, last)) = self.last.get_mut(&message.queue) {
                    *last = offset.position.max(*last);
                }
            }
            _ => {}
        }
        client.handle(now, input);
    }

    fn output(
        &mut self,
        _: Instant,
        mut output: ClientOutput,
        _: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        match &mut output {
            ClientOutput::Connect { known } => {
                known.iter_mut().for_each(|(queue, known)| self.poison(queue, known));
            }
            ClientOutput::Send { frame: Frame::Join { queue, known: Some(known), .. } } => {
                self.poison(queue, known);
            }
            _ => {}
        }
        outputs.push_back(output);
    }
}

//! Mutant: a client reports a position that is too high by one, and so misses a message.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Client, ClientOutput, Interceptor};
use crate::message::Frame;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "off-by-one",
    about: "A client that comes back tells the position that it wants next, and the broker sends \
            what comes after it.",
    seen: "In consumers that mix up the last position and the next.",
    anomaly: Anomaly::SilentLoss,
    change: Change::Client(|| Box::new(OffByOne)),
};

struct OffByOne;

impl Interceptor<Client> for OffByOne {
    fn output(
        &mut self,
        _: Instant,
        mut output: ClientOutput,
        _: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        match &mut output {
            ClientOutput::Connect { known } => {
                known.iter_mut().for_each(|(_, known)| known.position = known.position.next());
            }
            ClientOutput::Send { frame: Frame::Join { known: Some(known), .. } } => {
                known.position = known.position.next();
            }
            _ => {}
        }
        outputs.push_back(output);
    }
}

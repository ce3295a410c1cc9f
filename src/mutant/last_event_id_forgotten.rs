//! Mutant: a client forgets its position when a stream breaks before an event came on it.

use std::collections::VecDeque;

use super::{Change, Mutant};
use crate::core::{Client, ClientOutput, Interceptor};
use crate::message::{Frame, Note};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "last-event-id-forgotten",
    about: "A client keeps its position (`Last-Event-ID`) with the stream: when a stream breaks \
            before an event came on it, the next one begins without.",
    seen: "EventSource/eventsource#291 and athrvk/vayu#21.",
    anomaly: Anomaly::SilentLoss,
    change: Change::Client(|| Box::new(LastEventIdForgotten::default())),
};

#[derive(Default)]
struct LastEventIdForgotten {
    /// Whether a stream is open on which no message has come.
    is_empty: bool,
    /// Whether the id was forgotten, and no message has come since.
    has_forgotten: bool,
}

impl Interceptor<Client> for LastEventIdForgotten {
    fn output(
        &mut self,
        _: Instant,
        mut output: ClientOutput,
        _: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        match &mut output {
            ClientOutput::Note(Note::Welcomed { .. }) => self.is_empty = true,
            ClientOutput::Note(Note::Read { .. }) => *self = LastEventIdForgotten::default(),
            ClientOutput::Note(Note::Lost { .. }) => {
                self.has_forgotten |= std::mem::take(&mut self.is_empty);
            }
            ClientOutput::Connect { known } if self.has_forgotten => known.clear(),
            ClientOutput::Send { frame: Frame::Join { known, .. } } if self.has_forgotten => {
                *known = None;
            }
            _ => {}
        }
        outputs.push_back(output);
    }
}

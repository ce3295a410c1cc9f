//! Mutant: a client drops a copy without acknowledging it again.

use std::collections::VecDeque;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Client, ClientOutput, Interceptor};
use crate::message::{Frame, MessageId, Name, Note, Position};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "copy-unanswered",
    about: "A client drops a copy without acknowledging it again: the broker waits for ever for an \
            answer that was lost.",
    seen: "In receivers that look for copies before they acknowledge.",
    anomaly: Anomaly::Stalled,
    change: Change::Client(|| Box::new(CopyUnanswered::default())),
};

#[derive(Default)]
struct CopyUnanswered {
    /// The id of the copy that was dropped last.
    dropped: Option<MessageId>,
    /// The acknowledgement to suppress.
    kept_back: Option<(Name, Position)>,
}

impl Interceptor<Client> for CopyUnanswered {
    fn output(
        &mut self,
        _: Instant,
        output: ClientOutput,
        _: &mut Client,
        outputs: &mut VecDeque<ClientOutput>,
    ) {
        match output {
            ClientOutput::Note(Note::DroppedCopy { id, session }) => {
                self.dropped = Some(id.clone());
                outputs.push_back(ClientOutput::Note(Note::DroppedCopy { id, session }));
            }
            ClientOutput::Note(Note::Ack { queue, position, id })
                if id.is_some() && id == self.dropped =>
            {
                (self.dropped, self.kept_back) = (None, Some((queue, position)));
            }
            ClientOutput::Send { frame: Frame::Ack { queue, position } }
                if self.kept_back == Some((queue.clone(), position)) =>
            {
                self.kept_back = None;
            }
            output => outputs.push_back(output),
        }
    }
}

//! Mutant: the broker replays on every resume what it has replayed before.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::core::{Broker, BrokerOutput, Interceptor};
use crate::message::{
    Confirm, Frame, Message, Name, Note, Offset, PushKind, ResumeOutcome, SessionId,
};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "second-resume-replays",
    about: "A second resume replays what the first one had replayed.",
    seen: "socketio/socket.io#5419.",
    anomaly: Anomaly::Duplicate,
    change: Change::Broker(|| Box::new(SecondResumeReplays::default())),
};

#[derive(Default)]
struct SecondResumeReplays {
    /// The messages that were replayed to each client.
    replayed: BTreeMap<Name, Vec<(Arc<Message>, Offset)>>,
    /// The client that the last push is for.
    pushed: Option<Name>,
    /// The client that has just resumed, and its session.
    resumed: Option<(Name, SessionId)>,
}

impl Interceptor<Broker> for SecondResumeReplays {
    fn output(
        &mut self,
        _: Instant,
        output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        let mut again = Vec::new();
        match &output {
            BrokerOutput::Note(Note::Attached { client, session, answer, .. })
                if matches!(**answer, ResumeOutcome::Resumed { .. }) =>
            {
                self.resumed = Some((client.clone(), session.clone()));
            }
            BrokerOutput::Note(Note::Pushed { client, .. }) => self.pushed = Some(client.clone()),
            BrokerOutput::Send {
                frame: Frame::Push { message, offset: Some(offset), kind: PushKind::Replay, .. },
                ..
            } => {
                let client = self.pushed.take().expect("a push is noted right before its frame");
                self.replayed.entry(client).or_default().push((message.clone(), *offset));
            }
            BrokerOutput::Send { connection, frame: Frame::Joined { .. } } => {
                for (message, offset) in self.replayed_before() {
                    let (client, session) =
                        self.resumed.clone().expect("something is outstanding for it");
                    let (id, kind) = (message.id.clone(), PushKind::Again);
                    again.push(BrokerOutput::Note(Note::Pushed { id, session, client, kind }));
                    let (offset, confirm) = (Some(offset), Confirm::Unwanted);
                    let frame = Frame::Push { message, offset, kind, confirm };
                    again.push(BrokerOutput::Send { connection: *connection, frame });
                }
                self.resumed = None;
            }
            _ => {}
        }
        outputs.push_back(output);
        outputs.extend(again);
    }
}

impl SecondResumeReplays {
    /// Returns the messages that the client that has just resumed gets once more.
    fn replayed_before(&self) -> Vec<(Arc<Message>, Offset)> {
        let resumed = self.resumed.as_ref();
        let replayed = resumed.and_then(|(client, _)| self.replayed.get(client));
        replayed.cloned().unwrap_or_default()
    }
}

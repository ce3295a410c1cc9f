//! Mutant: the broker reads positions from a replica, which may be behind.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::retold::Retold;
use super::{Change, Mutant};
use crate::core::{Broker, BrokerOutput, Interceptor};
use crate::message::{
    Confirm, Epoch, Frame, Message, Name, Note, Offset, Position, PushKind, ResumeOutcome,
    SessionId,
};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "stale-replica",
    about: "Every second resume reads the position from a replica that has the one of the session \
            before, and replays from there.",
    seen: "In stores that are read from a follower.",
    anomaly: Anomaly::PositionMovedBack,
    change: Change::Broker(|| Box::new(StaleReplica::default())),
};

#[derive(Default)]
struct StaleReplica {
    retold: Retold,
    /// The log of each subscription, by client and queue.
    logs: BTreeMap<(Name, Name), SubscriptionLog>,
    /// The client that the last push is for.
    pushed: Option<Name>,
    /// The client that has just attached, the position that it was told if it resumed, and its
    /// session.
    sent_back: Option<(Name, Position, SessionId)>,
}

/// The pushes of a subscription, and the positions at which its sessions began.
#[derive(Default)]
struct SubscriptionLog {
    pushed: BTreeMap<Position, (Arc<Message>, Offset)>,
    begun: Vec<(Epoch, Position)>,
}

impl SubscriptionLog {
    /// Returns the position at which a session begins: for every third session, that of the one
    /// before the last.
    fn begin(&mut self, epoch: Epoch, position: Position) -> Position {
        let older = match self.begun.as_slice() {
            [.., (of, older), _] if self.begun.len() % 3 == 2 && *of == epoch => Some(*older),
            _ => None,
        };
        self.begun.push((epoch, position));
        older.unwrap_or(position)
    }
}

impl Interceptor<Broker> for StaleReplica {
    fn output(
        &mut self,
        _: Instant,
        mut output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerOutput::Note(Note::Attached { client, session, .. }) = &output {
            self.sent_back = Some((client.clone(), Position::MAX, session.clone()));
        }
        let (logs, sent_back) = (&mut self.logs, &mut self.sent_back);
        self.retold.retell(&mut output, |client, queue, answer| {
            let log = logs.entry((client.clone(), queue.clone())).or_default();
            let position = log.begin(answer.epoch(), answer.position());
            if let (ResumeOutcome::Resumed { epoch, .. }, Some((_, from, _))) = (answer, sent_back)
            {
                *from = position;
                return ResumeOutcome::Resumed { epoch, position };
            }
            answer
        });
        let mut again = Vec::new();
        match &output {
            BrokerOutput::Note(Note::Pushed { client, .. }) => self.pushed = Some(client.clone()),
            BrokerOutput::Send {
                frame: Frame::Push { message, offset: Some(offset), .. }, ..
            } => {
                let client = self.pushed.take().expect("a push is noted right before its frame");
                let log = self.logs.entry((client, message.queue.clone())).or_default();
                log.pushed.insert(offset.position, (message.clone(), *offset));
            }
            BrokerOutput::Send { connection, frame: Frame::Joined { queue, .. } } => {
                if let Some((client, from, session)) = self.sent_back.take() {
                    let log = self.logs.entry((client.clone(), queue.clone())).or_default();
                    for (message, offset) in log.pushed.range(from.next()..).map(|(_, one)| one) {
                        let (id, kind) = (message.id.clone(), PushKind::Again);
                        let (session, client) = (session.clone(), client.clone());
                        again.push(BrokerOutput::Note(Note::Pushed { id, session, client, kind }));
                        let (message, offset) = (message.clone(), Some(*offset));
                        let confirm = Confirm::Unwanted;
                        let frame = Frame::Push { message, offset, kind, confirm };
                        again.push(BrokerOutput::Send { connection: *connection, frame });
                    }
                }
            }
            _ => {}
        }
        outputs.push_back(output);
        outputs.extend(again);
    }
}

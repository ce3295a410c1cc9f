//! Mutant: after a reconnection live messages are sent at once, and the replay after them.

use std::collections::{BTreeMap, VecDeque};

use super::{Change, Mutant};
use crate::core::{Broker, BrokerInput, BrokerOutput, ConnectionId, Interceptor, Machine};
use crate::message::{Frame, Note, Position, PushKind};
use crate::terms::Anomaly;
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "live-overtakes-replay",
    about: "On a new session live messages go out at once, and the replay after the first of them.",
    seen: "The shape of the Socket.IO tutorial, steps 7 and 8; in solutions of the course's lab, \
           where `getAll` races live events.",
    anomaly: Anomaly::OrderBroken,
    change: Change::Broker(|| Box::new(LiveOvertakesReplay::default())),
};

#[derive(Default)]
struct LiveOvertakesReplay {
    /// The replayed pushes that wait, by connection.
    waiting: BTreeMap<ConnectionId, Vec<BrokerOutput>>,
    /// The note of the next push.
    pushed: Option<Note>,
}

impl Interceptor<Broker> for LiveOvertakesReplay {
    fn input(
        &mut self,
        now: Instant,
        input: BrokerInput,
        broker: &mut Broker,
        _: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerInput::Closed { connection, .. } = &input {
            self.waiting.remove(connection);
        }
        broker.handle(now, input);
    }

    fn output(
        &mut self,
        _: Instant,
        output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        match output {
            BrokerOutput::Note(note @ Note::Pushed { .. }) => self.pushed = Some(note),
            BrokerOutput::Send { connection, frame: mut frame @ Frame::Push { .. } } => {
                let is_replay = is_replay(&mut frame);
                let note = self.pushed.take().expect("it stands right before its frame");
                let push = [BrokerOutput::Note(note), BrokerOutput::Send { connection, frame }];
                if is_replay {
                    self.waiting.entry(connection).or_default().extend(push);
                } else {
                    outputs.extend(push);
                    outputs.extend(self.waiting.remove(&connection).into_iter().flatten());
                }
            }
            // No live message came before this ping: the replay is sent now.
            BrokerOutput::Send { connection, frame: Frame::Ping } => {
                outputs.extend(self.waiting.remove(&connection).into_iter().flatten());
                outputs.push_back(BrokerOutput::Send { connection, frame: Frame::Ping });
            }
            output => outputs.push_back(output),
        }
    }
}

/// Whether a message was accepted before its session attached. It also removes the position before
/// it from the push, so that the client notices no disorder.
fn is_replay(frame: &mut Frame) -> bool {
    let Frame::Push { offset, kind, .. } = frame else { return false };
    if let Some(offset) = offset {
        offset.previous = Position::START;
    }
    *kind != PushKind::Live
}

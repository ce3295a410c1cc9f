//! Mutant: the broker refuses to resume from an old position, though all since was for other rooms.

use std::collections::{BTreeMap, VecDeque};

use crate::terms::Anomaly;

use super::retold::Retold;
use super::{Change, Mutant};
use crate::core::{Broker, BrokerOutput, Interceptor};
use crate::message::{Name, Note, Position, ResumeOutcome};
use crate::time::Instant;

pub const MUTANT: Mutant = Mutant {
    name: "quiet-room-trim",
    about: "The broker refuses to resume from a position that is no longer among the newest ten, \
            though nothing since was for this client.",
    seen: "socketio/socket.io#5282.",
    anomaly: Anomaly::FalseAlarm,
    change: Change::Broker(|| Box::new(QuietRoomTrim::default())),
};

/// Number of newest positions from which a client can resume.
const KEPT: u64 = 10;

#[derive(Default)]
struct QuietRoomTrim {
    retold: Retold,
    /// The newest position of each queue.
    heads: BTreeMap<Name, Position>,
}

impl Interceptor<Broker> for QuietRoomTrim {
    fn output(
        &mut self,
        _: Instant,
        mut output: BrokerOutput,
        _: &mut Broker,
        outputs: &mut VecDeque<BrokerOutput>,
    ) {
        if let BrokerOutput::Note(Note::Accepted { queue, position: Some(position), .. }) = &output
        {
            self.heads.insert(queue.clone(), *position);
        }
        self.retold.retell(&mut output, |_, queue, answer| match answer {
            ResumeOutcome::Resumed { epoch, position } => {
                let head = self.heads.get(queue);
                let trimmed = head.map_or(Position::START, |head| head.back(KEPT));
                if position < trimmed {
                    ResumeOutcome::Gap { epoch, position, from: position.next(), to: trimmed }
                } else {
                    answer
                }
            }
            answer => answer,
        });
        outputs.push_back(output);
    }
}

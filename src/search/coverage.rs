//! What a storm exercised: a property that never met its trouble proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::history::{History, PowerState, Said, What};
use crate::message::{Answer, EndReason, Note, PushKind, SessionId};

/// One kind of trouble that a trial may have met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exercise {
    /// A client came back to a session.
    Reconnect,
    /// A message was sent again that had been out before.
    Redelivery,
    /// A message was sent because it had been accepted before the session joined.
    Replay,
    /// A client was told of a gap.
    Gap,
    /// The backlog's limits dropped a message.
    Eviction,
    /// The broker began a new epoch.
    Epoch,
    /// A client dropped a copy.
    Duplicate,
    /// A heartbeat found a dead session.
    HalfOpen,
    /// A newer session replaced one that seemed alive.
    Takeover,
    /// A client crashed.
    ClientCrash,
}

impl Exercise {
    /// All of them, in the order of the report.
    pub const ALL: [Exercise; 10] = [
        Exercise::Reconnect,
        Exercise::Redelivery,
        Exercise::Replay,
        Exercise::Gap,
        Exercise::Eviction,
        Exercise::Epoch,
        Exercise::Duplicate,
        Exercise::HalfOpen,
        Exercise::Takeover,
        Exercise::ClientCrash,
    ];

    /// What it is called when there are several.
    pub const fn plural(self) -> &'static str {
        match self {
            Exercise::Reconnect => "reconnects",
            Exercise::Redelivery => "redeliveries",
            Exercise::Replay => "replays",
            Exercise::Gap => "gaps",
            Exercise::Eviction => "evictions",
            Exercise::Epoch => "epochs",
            Exercise::Duplicate => "duplicates dropped",
            Exercise::HalfOpen => "half-open detections",
            Exercise::Takeover => "takeovers",
            Exercise::ClientCrash => "client crashes",
        }
    }
}

/// How often each kind was met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage(BTreeMap<Exercise, u64>);

impl Coverage {
    /// What the history of one trial met.
    pub fn of(history: &History) -> Coverage {
        let mut coverage = Coverage::default();
        let mut had_session = BTreeSet::new();
        let mut closed: BTreeSet<&SessionId> = BTreeSet::new();
        for event in &history.events {
            let met = match &event.what {
                What::Power(PowerState::Killed | PowerState::PowerLost) if event.process > 0 => {
                    Exercise::ClientCrash
                }
                What::Power(PowerState::Killed | PowerState::PowerLost) => Exercise::Epoch,
                What::Note(Note::Welcomed { .. }) if !had_session.insert((event.process, None)) => {
                    Exercise::Reconnect
                }
                What::Said(Said::Joined { queue, room })
                    if !had_session.insert((event.process, Some((queue, room)))) =>
                {
                    Exercise::Reconnect
                }
                What::Note(Note::Pushed { kind: PushKind::Again, .. }) => Exercise::Redelivery,
                What::Note(Note::Pushed { kind: PushKind::Replay, .. }) => Exercise::Replay,
                What::Note(Note::ToldGap { .. }) => Exercise::Gap,
                What::Note(Note::ToldAnswer { answer: Answer::Gap { .. }, .. }) => Exercise::Gap,
                What::Note(Note::Evicted { .. }) => Exercise::Eviction,
                What::Note(Note::DroppedCopy { .. }) => Exercise::Duplicate,
                What::Note(
                    Note::SessionClosed { session, reason, .. } | Note::Lost { session, reason },
                ) => match reason {
                    EndReason::Heartbeat => Exercise::HalfOpen,
                    EndReason::Replaced if closed.insert(session) => Exercise::Takeover,
                    _ => continue,
                },
                _ => continue,
            };
            *coverage.0.entry(met).or_default() += 1;
        }
        coverage
    }

    /// How often this kind was met.
    pub fn count(&self, exercise: Exercise) -> u64 {
        self.0.get(&exercise).copied().unwrap_or_default()
    }

    /// Each kind with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Exercise, u64)> + '_ {
        Exercise::ALL.into_iter().map(|exercise| (exercise, self.count(exercise)))
    }
}

impl AddAssign<&Coverage> for Coverage {
    fn add_assign(&mut self, other: &Coverage) {
        for (exercise, count) in &other.0 {
            let sum = self.0.entry(*exercise).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

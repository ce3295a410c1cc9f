//! What a storm exercised: a property that never met its trouble proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::history::{AppReport, EventKind, History, PowerState, ProcessId};
use crate::message::{EndReason, Name, Note, PushKind, ResumeOutcome, SessionId};
use crate::terms::Exercise;

impl Exercise {
    /// What it is called when there is one.
    pub const fn singular(self) -> &'static str {
        match self {
            Exercise::Reconnect => "reconnect",
            Exercise::Redelivery => "redelivery",
            Exercise::Replay => "replay",
            Exercise::Gap => "gap",
            Exercise::Eviction => "eviction",
            Exercise::Epoch => "epoch",
            Exercise::Duplicate => "duplicate dropped",
            Exercise::HalfOpen => "half-open detection",
            Exercise::Takeover => "takeover",
            Exercise::ClientCrash => "client crash",
        }
    }

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
        let mut tally = Tally::default();
        for event in &history.events {
            match &event.what {
                EventKind::Power(PowerState::Killed | PowerState::PowerLost) => {
                    tally.crashed(event.process);
                }
                EventKind::AppReport(AppReport::Joined { queue, room }) => {
                    tally.joined(event.process, queue, room);
                }
                EventKind::Note(note) => tally.note(event.process, note),
                _ => {}
            }
        }
        tally.coverage
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

/// Counts as things happen. What a note says may depend on those before it: only a session after
/// the first is a reconnection, and both sides note that a session was replaced.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    coverage: Coverage,
    had_session: BTreeSet<ProcessId>,
    /// Where programs of which nothing else is known were subscribed.
    had_joined: BTreeSet<(ProcessId, Name, Name)>,
    replaced: BTreeSet<SessionId>,
}

impl Tally {
    /// A process noted something; 0 is the broker.
    pub fn note(&mut self, process: ProcessId, note: &Note) {
        let met = match note {
            Note::Welcomed { .. } if !self.had_session.insert(process) => Exercise::Reconnect,
            Note::Pushed { kind: PushKind::Again, .. } => Exercise::Redelivery,
            Note::Pushed { kind: PushKind::Replay, .. } => Exercise::Replay,
            Note::GapReceived { .. }
            | Note::ResumeReceived { answer: ResumeOutcome::Gap { .. }, .. } => Exercise::Gap,
            Note::BecameGap { .. } => Exercise::Eviction,
            Note::DroppedCopy { .. } => Exercise::Duplicate,
            Note::SessionClosed { session, reason, .. } | Note::Lost { session, reason } => {
                match reason {
                    EndReason::Heartbeat => Exercise::HalfOpen,
                    EndReason::Replaced if self.replaced.insert(session.clone()) => {
                        Exercise::Takeover
                    }
                    _ => return,
                }
            }
            _ => return,
        };
        self.count(met);
    }

    /// A program of which nothing else is known is subscribed; again, if it was before.
    pub fn joined(&mut self, process: ProcessId, queue: &Name, room: &Name) {
        if !self.had_joined.insert((process, queue.clone(), room.clone())) {
            self.count(Exercise::Reconnect);
        }
    }

    /// A process died; 0 is the broker, whose epoch is over.
    pub fn crashed(&mut self, process: ProcessId) {
        self.count(if process != ProcessId::BROKER {
            Exercise::ClientCrash
        } else {
            Exercise::Epoch
        });
    }

    /// What was counted so far.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    fn count(&mut self, met: Exercise) {
        *self.coverage.0.entry(met).or_default() += 1;
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

//! Counts what a storm exercised: a property whose trouble never occurred was not tested.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::history::{AppReport, EventKind, History, PowerState, ProcessId};
use crate::message::{EndReason, GapReason, Name, Note, PushKind, ResumeOutcome, SessionId};
use crate::report;
use crate::terms::Exercise;

impl Exercise {
    /// Returns the name for a count of one.
    pub const fn singular(self) -> &'static str {
        match self {
            Exercise::Reconnect => "reconnect",
            Exercise::Redelivery => "redelivery",
            Exercise::Replay => "replay",
            Exercise::Gap => "gap",
            Exercise::Eviction => "eviction",
            Exercise::Overflow => "overflow",
            Exercise::Expiry => "expiry",
            Exercise::Epoch => "epoch",
            Exercise::Duplicate => "duplicate dropped",
            Exercise::HalfOpen => "half-open detection",
            Exercise::Takeover => "takeover",
            Exercise::ClientCrash => "client crash",
        }
    }

    /// Returns the name for any other count.
    pub const fn plural(self) -> &'static str {
        match self {
            Exercise::Reconnect => "reconnects",
            Exercise::Redelivery => "redeliveries",
            Exercise::Replay => "replays",
            Exercise::Gap => "gaps",
            Exercise::Eviction => "evictions",
            Exercise::Overflow => "overflows",
            Exercise::Expiry => "expiries",
            Exercise::Epoch => "epochs",
            Exercise::Duplicate => "duplicates dropped",
            Exercise::HalfOpen => "half-open detections",
            Exercise::Takeover => "takeovers",
            Exercise::ClientCrash => "client crashes",
        }
    }
}

/// Counts how often each kind of exercise was met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Coverage(BTreeMap<Exercise, u64>);

impl Coverage {
    /// Counts what the history of one trial met.
    pub fn of(history: &History) -> Coverage {
        let mut tally = Tally::default();
        for event in &history.events {
            match &event.kind {
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

    /// Returns how often this kind was met.
    pub fn count(&self, exercise: Exercise) -> u64 {
        self.0.get(&exercise).copied().unwrap_or_default()
    }

    /// Returns sentences on what the runs exercised, and what none of them did, each line ended
    /// by a newline.
    pub fn text(&self) -> String {
        let (met, never): (Vec<_>, Vec<_>) = self.iter().partition(|(_, count)| *count > 0);
        let met: Vec<String> = met
            .into_iter()
            .map(|(exercise, count)| {
                let noun = if count == 1 { exercise.singular() } else { exercise.plural() };
                format!("{} {noun}", report::count(count))
            })
            .collect();
        let never: Vec<String> = never
            .into_iter()
            .map(|(exercise, _): (Exercise, u64)| exercise.plural().to_owned())
            .collect();
        let mut lines = Vec::new();
        for (begin, list) in [("The runs brought", met), ("They never brought", never)] {
            if !list.is_empty() {
                let text = format!("{begin} {}.", report::listed(&list));
                lines.extend(report::wrap_to(report::COLUMNS, &text, "", ""));
            }
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    /// Iterates over all kinds, each with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Exercise, u64)> + '_ {
        Exercise::ALL.into_iter().map(|exercise| (exercise, self.count(exercise)))
    }
}

/// Counts exercises as they happen.
///
/// Some notes depend on earlier ones: only the sessions after a client's first are reconnects, and
/// a replaced session counts once although both sides note it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    coverage: Coverage,
    had_session: BTreeSet<ProcessId>,
    /// Subscriptions that user-supplied programs have reported so far.
    had_joined: BTreeSet<(ProcessId, Name, Name)>,
    replaced: BTreeSet<SessionId>,
}

impl Tally {
    /// Counts a note of a process; the broker is one, too.
    pub fn note(&mut self, process: ProcessId, note: &Note) {
        let met = match note {
            Note::Welcomed { .. } if !self.had_session.insert(process) => Exercise::Reconnect,
            Note::Pushed { kind: PushKind::Again, .. } => Exercise::Redelivery,
            Note::Pushed { kind: PushKind::Replay, .. } => Exercise::Replay,
            Note::GapReceived { .. }
            | Note::ResumeReceived { answer: ResumeOutcome::Gap { .. }, .. } => Exercise::Gap,
            Note::BecameGap { reason: GapReason::Evicted, .. } => Exercise::Eviction,
            Note::BecameGap { reason: GapReason::Overflowed, .. } => Exercise::Overflow,
            Note::SessionExpired { .. } => Exercise::Expiry,
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

    /// Records a subscription that a user-supplied program reports. The same one again counts as a
    /// reconnect.
    pub fn joined(&mut self, process: ProcessId, queue: &Name, room: &Name) {
        if !self.had_joined.insert((process, queue.clone(), room.clone())) {
            self.count(Exercise::Reconnect);
        }
    }

    /// Counts the death of a process. That of the broker ends an epoch.
    pub fn crashed(&mut self, process: ProcessId) {
        self.count(if process != ProcessId::BROKER {
            Exercise::ClientCrash
        } else {
            Exercise::Epoch
        });
    }

    /// Returns the counts so far.
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

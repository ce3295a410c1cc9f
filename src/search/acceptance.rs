//! Judges publishers: whether the broker accepted in the end what they published, and how many of
//! their messages waited when they lost a session.

use std::collections::{BTreeMap, BTreeSet};

use super::storm::quiet_period;
use crate::history::{AppReport, ConnectionStats, Event, EventKind, History, PowerState};
use crate::history::{ProcessId, TransportKind};
use crate::message::{EndReason, MessageId, Mode, Name, Note};
use crate::scenario::Scenario;
use crate::time::Instant;
use crate::verdict::Violated;

/// The fates of the messages of all publishers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherJudgement {
    /// Number of messages that were not accepted yet when their publisher lost its session.
    pub interrupted: u64,
    /// The first message that was never accepted, although there was time enough.
    pub violated: Option<Violated>,
}

/// Judges machines from the notes of a trial. In fire-and-forget mode nothing is kept until it is
/// accepted, and nothing is judged.
pub fn of_machines(scenario: &Scenario, mode: Mode, history: &History) -> PublisherJudgement {
    match mode {
        Mode::FireAndForget => PublisherJudgement::default(),
        Mode::CatchUp => judge(scenario, history, Sessions::Noted),
    }
}

/// Judges user-supplied programs from what their applications reported.
pub fn of_programs(scenario: &Scenario, history: &History) -> PublisherJudgement {
    judge(scenario, history, Sessions::Seen)
}

/// The signs by which the end of a session is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sessions {
    /// Clients note it.
    Noted,
    /// A connection ended over which something had come, or the program subscribes again.
    Seen,
}

fn judge(scenario: &Scenario, history: &History, sessions: Sessions) -> PublisherJudgement {
    let mut outboxes = Outboxes { sessions, processes: BTreeMap::new() };
    history.events.iter().for_each(|event| outboxes.read(event));
    let faults_end = scenario.faults.iter().map(|fault| fault.until).max();
    let faults_end = faults_end.unwrap_or(Instant::ZERO);
    let patience = quiet_period(scenario);
    // A trial is stopped early only when nothing is under way any more.
    let was_stopped = history.ended_at.since(Instant::ZERO) < scenario.run_for;
    let all = outboxes.processes.values();
    let forgotten = all
        .clone()
        .flat_map(|process| &process.waiting)
        .filter(|(_, at)| was_stopped || history.ended_at >= faults_end.max(**at) + patience);
    let first = forgotten.min_by_key(|(id, at)| (**at, *id));
    let violated = first.map(|(id, at)| Violated {
        client: id.publisher.to_string(),
        evidence: format!("{id}, published at {at}, was never accepted"),
    });
    let interrupted = all.map(|process| process.interrupted.len() as u64).sum();
    PublisherJudgement { interrupted, violated }
}

/// The messages of all publishers that were not accepted so far.
struct Outboxes<'h> {
    sessions: Sessions,
    processes: BTreeMap<ProcessId, Outbox<'h>>,
}

/// The outbox of one process.
#[derive(Default)]
struct Outbox<'h> {
    /// The messages that the broker has not accepted, with the instants at which they were
    /// published.
    waiting: BTreeMap<&'h MessageId, Instant>,
    /// Those that waited when a session was lost, accepted since or not.
    interrupted: BTreeSet<&'h MessageId>,
    /// Whether a session is open, as far as clients note it.
    has_session: bool,
    /// The rooms that the program has said it is subscribed to.
    joined: BTreeSet<(&'h Name, &'h Name)>,
}

impl<'h> Outboxes<'h> {
    fn read(&mut self, event: &'h Event) {
        let sessions = self.sessions;
        let outbox = self.processes.entry(event.process).or_default();
        match &event.kind {
            EventKind::Power(PowerState::Killed | PowerState::PowerLost) => outbox.forget(),
            EventKind::Note(Note::Published { message }) if !message.is_volatile() => {
                outbox.waiting.insert(&message.id, event.at);
            }
            EventKind::Note(Note::Welcomed { .. }) => outbox.has_session = true,
            EventKind::Note(Note::Lost { reason, .. }) => {
                if std::mem::take(&mut outbox.has_session) {
                    outbox.interrupt();
                }
                // Its process stays offline, since another one of its name has taken over.
                if *reason == EndReason::Replaced {
                    outbox.forget();
                }
            }
            EventKind::Ended(stats) if sessions == Sessions::Seen && was_of_use(stats) => {
                outbox.interrupt();
            }
            EventKind::AppReport(AppReport::Joined { queue, room })
                if !outbox.joined.insert((queue, room)) =>
            {
                outbox.interrupt();
            }
            // The broker's note names no process.
            EventKind::Note(Note::Accepted { id, .. } | Note::Refused { id })
            | EventKind::AppReport(AppReport::Accepted { id } | AppReport::Refused { id }) => {
                for outbox in self.processes.values_mut() {
                    outbox.waiting.remove(id);
                }
            }
            _ => {}
        }
    }
}

impl Outbox<'_> {
    /// The session is lost.
    fn interrupt(&mut self) {
        self.interrupted.extend(self.waiting.keys());
    }

    /// The process has died, and its outbox with it: nobody promised more.
    fn forget(&mut self) {
        for id in std::mem::take(&mut self.waiting).keys() {
            self.interrupted.remove(id);
        }
    }
}

/// Whether a connection that has ended had been one: its peer had said something, or it was one of
/// datagrams, of which nothing is counted.
fn was_of_use(stats: &ConnectionStats) -> bool {
    let is_used = match stats.transport {
        TransportKind::Stream => stats.arrived > 0,
        TransportKind::Datagram => true,
    };
    is_used && stats.reason.is_some()
}

//! Tracks which flows middleboxes had forgotten, and when. Never what was carried in them.

use crate::history::{EventKind, Flow, History, ProcessId};
use crate::scenario::Scenario;
use crate::time::Instant;

use super::{BROKER, Map, Moment, Seen, SessionIndex};

/// The flows that middleboxes forgot, and the flow that each session used last.
pub struct Flows<'a> {
    history: &'a History,
    /// The end of each fault, by its index.
    ends: Vec<Instant>,
    forgotten: Map<Flow, Vec<Span>>,
    /// The beginning of the first time that a fault's middlebox had forgotten a flow of a process.
    first: Map<(usize, ProcessId), Instant>,
    /// The flows that carried the broker's copies of each session, from the copy on that was the
    /// first one after another flow.
    used: Map<SessionIndex, Vec<(Moment, Flow)>>,
}

/// A time in which the middlebox of a fault had forgotten a flow, unless the fault ended before it
/// was renewed.
struct Span {
    fault: usize,
    since: Instant,
    renewed: Instant,
}

impl<'a> Flows<'a> {
    /// Creates an empty index of a trial.
    pub fn of(scenario: &Scenario, history: &'a History) -> Flows<'a> {
        let ends = scenario.faults.iter().map(|fault| fault.until).collect();
        let (forgotten, first, used) = (Map::default(), Map::default(), Map::default());
        Flows { history, ends, forgotten, first, used }
    }

    /// Records what an event says about flows.
    pub fn see(&mut self, seen: &Seen, what: &EventKind) {
        match (what, seen.session) {
            (EventKind::Carried { flow, .. }, Some(session)) if seen.process == BROKER => {
                let used = self.used.entry(session).or_default();
                if used.last().is_none_or(|(_, last)| *last != **flow) {
                    used.push((seen.moment, **flow));
                }
            }
            (EventKind::FlowForgotten { fault, flow, since }, _) => {
                let span = Span { fault: *fault, since: *since, renewed: Instant::NEVER };
                self.forgotten.entry(flow.pair()).or_default().push(span);
                for process in [flow.from, flow.to].map(|end| self.history.process_at(end)) {
                    let Some(process) = process else { continue };
                    self.first.entry((*fault, process)).or_insert(*since);
                }
            }
            (EventKind::FlowRenewed { fault, flow }, _) => {
                let spans = self.forgotten.get_mut(&flow.pair());
                for span in spans.into_iter().flatten().filter(|span| span.fault == *fault) {
                    span.renewed = span.renewed.min(seen.moment.at);
                }
            }
            _ => {}
        }
    }

    /// Whether a middlebox had forgotten a flow at an instant.
    pub fn is_forgotten(&self, flow: Flow, at: Instant) -> bool {
        let mut spans = self.forgotten.get(&flow.pair()).into_iter().flatten();
        spans.any(|span| {
            let is_over = self.ends.get(span.fault).is_some_and(|end| *end <= at);
            span.since <= at && at < span.renewed && !is_over
        })
    }

    /// Returns the instant at which a fault's middlebox first had forgotten a flow of a process.
    pub fn first_forgotten(&self, fault: usize, process: ProcessId) -> Option<Instant> {
        self.first.get(&(fault, process)).copied()
    }

    /// Returns the flow that carried the last copy of a session before a moment.
    pub fn last_used(&self, session: SessionIndex, before: Moment) -> Option<Flow> {
        let used = self.used.get(&session)?;
        let count = used.partition_point(|(moment, _)| moment.is_before(before));
        used[..count].last().map(|(_, flow)| *flow)
    }
}

//! The recorder of one process. It is cheap to clone. All recorders of a trial append to one log.

use std::sync::{Arc, Mutex, MutexGuard};

use super::event::{Event, EventKind, ProcessId};
use crate::message::Name;
use crate::time::{Duration, Instant};

/// Appends one process's events to the trial's shared log.
#[derive(Clone, Debug)]
pub struct Recorder {
    process: ProcessId,
    name: Name,
    counters: Arc<Mutex<Counters>>,
    /// The events of all processes of the trial. They are most of the memory of a long trial, so
    /// they are one list that grows in place, and not many that would be joined.
    log: Arc<Mutex<Vec<Event>>>,
    watch: Watch,
}

/// A function that sees each event as it is recorded: the process, the time, the event.
pub type Watch = fn(&Name, Instant, &EventKind);

#[derive(Debug, Default)]
struct Counters {
    /// Number of events that the process has written.
    events: u32,
    peak: Holdings,
    /// The holdings at the end of the last instant in which they changed.
    current: (Instant, Holdings),
    requests: HeldRequests,
    /// The time from publish to response of each message that was posted over HTTP.
    responses: Vec<Duration>,
}

/// The requests whose answer the process keeps back.
#[derive(Debug, Default)]
struct HeldRequests {
    /// Their number since the moment of the last change.
    now: u64,
    since: Instant,
    /// The sum of their times up to that moment.
    held_for: Duration,
}

impl HeldRequests {
    /// Returns the sum of their times up to a moment.
    fn until(&self, at: Instant) -> Duration {
        self.held_for + at.since(self.since) * self.now
    }

    fn change(&mut self, at: Instant, now: u64) {
        *self = HeldRequests { now, since: at, held_for: self.until(at) };
    }
}

/// Number of messages held, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Holdings {
    messages: u64,
    bytes: u64,
}

impl Holdings {
    /// Returns the larger number of messages and the larger number of bytes.
    fn most(self, other: Holdings) -> Holdings {
        Holdings { messages: self.messages.max(other.messages), bytes: self.bytes.max(other.bytes) }
    }
}

impl Recorder {
    /// Creates the recorders of a trial, in the order of
    /// [`History::processes`](super::History::processes).
    pub fn one_each(names: &[Name]) -> Vec<Recorder> {
        Recorder::one_each_watched(names, |_, _, _| {})
    }

    /// Creates the recorders of a trial whose events are also shown to a function.
    pub fn one_each_watched(names: &[Name], watch: Watch) -> Vec<Recorder> {
        let log = Arc::<Mutex<Vec<Event>>>::default();
        let recorder = |(process, name): (u32, &Name)| {
            let (name, counters, log) = (name.clone(), Arc::default(), log.clone());
            Recorder { process: ProcessId(process), name, counters, log, watch }
        };
        (0..).zip(names).map(recorder).collect()
    }

    /// Returns the process that it writes for.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Returns the name of that process.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Records one event.
    pub fn record(&self, at: Instant, kind: EventKind) {
        (self.watch)(&self.name, at, &kind);
        let mut counters = self.counters();
        let sequence = counters.events;
        counters.events = sequence.checked_add(1).expect("a process has fewer than 2^32 events");
        self.log().push(Event { at, process: self.process, sequence, kind });
    }

    /// Updates the peak with the messages and bytes that the process holds now.
    pub fn holds(&self, messages: u64, bytes: u64) {
        let mut counters = self.counters();
        counters.peak = counters.peak.most(Holdings { messages, bytes });
    }

    /// Updates the peak with the messages and bytes that the process holds after the instant `now`.
    ///
    /// Only the last value of an instant counts, so that transient holdings are no peaks.
    pub fn holds_after(&self, now: Instant, messages: u64, bytes: u64) {
        let mut counters = self.counters();
        let (at, current) = counters.current;
        if at < now {
            counters.peak = counters.peak.most(current);
        }
        counters.current = (now, Holdings { messages, bytes });
    }

    /// Returns the most messages and the most bytes that the process has held.
    pub fn peak(&self) -> (u64, u64) {
        let counters = self.counters();
        let peak = counters.peak.most(counters.current.1);
        (peak.messages, peak.bytes)
    }

    /// Notes that the process begins to keep back the answer to a request.
    pub fn holds_request(&self, now: Instant) {
        let requests = &mut self.counters().requests;
        requests.change(now, requests.now + 1);
    }

    /// Notes that it no longer keeps it back.
    pub fn releases_request(&self, now: Instant) {
        let requests = &mut self.counters().requests;
        requests.change(now, requests.now.saturating_sub(1));
    }

    /// Returns the sum of the times for which it kept back answers, up to a moment.
    pub fn requests_held_for(&self, at: Instant) -> Duration {
        self.counters().requests.until(at)
    }

    /// Notes that the response to a post came, so long after a message in it was published.
    pub fn got_response(&self, after: Duration) {
        self.counters().responses.push(after);
    }

    /// Removes and returns the times from publish to response of several recorders, ascending.
    pub fn responses(recorders: &[Recorder]) -> Vec<Duration> {
        let each = recorders.iter().map(|one| std::mem::take(&mut one.counters().responses));
        let mut all = each.collect::<Vec<_>>().concat();
        all.sort_unstable();
        all
    }

    /// Shows the events of all recorders of the trial, in the order of writing.
    pub fn show<T>(&self, to: impl FnOnce(&[Event]) -> T) -> T {
        to(&self.log())
    }

    /// Removes and returns the events of all recorders of the trial, in the order of writing.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.log())
    }

    /// Puts events back that were taken, in front of those that have been written since.
    pub(super) fn put_back(&self, mut events: Vec<Event>) {
        let mut log = self.log();
        events.append(&mut log);
        *log = events;
    }

    /// Returns the number of events in the log of all recorders of the trial.
    pub fn events(&self) -> usize {
        self.log().len()
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().expect("a trial has one thread")
    }

    fn log(&self) -> MutexGuard<'_, Vec<Event>> {
        self.log.lock().expect("a trial has one thread")
    }
}

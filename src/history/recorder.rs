//! The pen of one process. Cheap to clone; one trial has one a process, and all write one log.
//!
//! What it writes is the trial's log too, for whoever listens to `tracing`: lives, sessions and
//! faults as `info`, messages as `debug`, bytes and packets as `trace`.

use std::sync::{Arc, Mutex, MutexGuard};

use super::event::{AppReport, Event, EventKind, ProcessId};
use crate::message::{Name, Note};
use crate::time::Instant;

/// Appends events of one process.
#[derive(Clone, Debug)]
pub struct Recorder {
    process: ProcessId,
    name: Name,
    page: Arc<Mutex<Page>>,
    /// The events of all processes of the trial: most of the memory of a long one, so it is one
    /// list that grows in place, and not many that would be joined.
    log: Arc<Mutex<Vec<Event>>>,
}

#[derive(Debug, Default)]
struct Page {
    /// How many events the process has written.
    events: u64,
    peak: Holdings,
    /// What was held after the last instant in which that changed.
    standing: (Instant, Holdings),
}

/// Messages held, and their bytes; of two, the most of each is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Holdings {
    messages: u64,
    bytes: u64,
}

impl Holdings {
    fn most(self, other: Holdings) -> Holdings {
        Holdings { messages: self.messages.max(other.messages), bytes: self.bytes.max(other.bytes) }
    }
}

impl Recorder {
    /// The pens of a trial, by the index of their process in
    /// [`History::processes`](super::History::processes).
    pub fn one_each(names: &[Name]) -> Vec<Recorder> {
        let log = Arc::<Mutex<Vec<Event>>>::default();
        let pen = |(process, name): (u32, &Name)| {
            let (name, page, log) = (name.clone(), Arc::default(), log.clone());
            Recorder { process: ProcessId(process), name, page, log }
        };
        (0..).zip(names).map(pen).collect()
    }

    /// The process that it writes for.
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Records one event.
    pub fn record(&self, at: Instant, what: EventKind) {
        self.print(at, &what);
        let mut page = self.page();
        let sequence = page.events;
        page.events += 1;
        self.log().push(Event { at, process: self.process, sequence, what });
    }

    /// Says how much the process holds now; the most is kept.
    pub fn holds(&self, messages: u64, bytes: u64) {
        let mut page = self.page();
        page.peak = page.peak.most(Holdings { messages, bytes });
    }

    /// Says how much the process holds after `now`: within one instant the last word counts. What
    /// is put down and taken up again in the same instant was never held.
    pub fn holds_after(&self, now: Instant, messages: u64, bytes: u64) {
        let mut page = self.page();
        let (at, standing) = page.standing;
        if at < now {
            page.peak = page.peak.most(standing);
        }
        page.standing = (now, Holdings { messages, bytes });
    }

    /// The most messages and bytes that the process ever held.
    pub fn peak(&self) -> (u64, u64) {
        let page = self.page();
        let peak = page.peak.most(page.standing.1);
        (peak.messages, peak.bytes)
    }

    /// For whoever listens.
    fn print(&self, at: Instant, what: &EventKind) {
        if !tracing::enabled!(tracing::Level::INFO) {
            return;
        }
        let line = || {
            let what = serde_json::to_string(what).expect("an event is plain data");
            format!("{:>9} {:<12} {what}", at.to_string(), self.name)
        };
        match weight(what) {
            Weight::Life => tracing::info!("{}", line()),
            Weight::Message => tracing::debug!("{}", line()),
            Weight::Byte => tracing::trace!("{}", line()),
        }
    }

    /// Takes the events of all pens of the trial out, in the order in which they were written.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.log())
    }

    /// Puts events back that were taken out, before those that have been written since.
    pub(super) fn put_back(&self, mut events: Vec<Event>) {
        let mut log = self.log();
        events.append(&mut log);
        *log = events;
    }

    /// How many events all pens of the trial have written.
    pub fn events(&self) -> usize {
        self.log().len()
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().expect("a trial has one thread")
    }

    fn log(&self) -> MutexGuard<'_, Vec<Event>> {
        self.log.lock().expect("a trial has one thread")
    }
}

/// How much an event weighs for a reader of the log.
enum Weight {
    Life,
    Message,
    Byte,
}

fn weight(what: &EventKind) -> Weight {
    match what {
        EventKind::Power(_)
        | EventKind::FaultBegan { .. }
        | EventKind::FaultEnded { .. }
        | EventKind::HandlerGone { .. }
        | EventKind::HandlerBack { .. }
        | EventKind::Interrupted { .. }
        | EventKind::AppReport(
            AppReport::Joined { .. } | AppReport::Left { .. } | AppReport::Gap,
        )
        | EventKind::Note(
            Note::SessionOpened { .. }
            | Note::SessionClosed { .. }
            | Note::ConnectionClosed { .. }
            | Note::Welcomed { .. }
            | Note::Lost { .. }
            | Note::ResumeReceived { .. }
            | Note::GapReceived { .. },
        ) => Weight::Life,
        EventKind::CloseCode { .. }
        | EventKind::Carried { .. }
        | EventKind::Dropped { .. }
        | EventKind::Ended(_) => Weight::Byte,
        EventKind::AppReport(_) | EventKind::Note(_) => Weight::Message,
    }
}

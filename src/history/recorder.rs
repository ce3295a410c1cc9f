//! The pen of one process. Cheap to clone; one trial has one a process, and all write one log.

use std::sync::{Arc, Mutex, MutexGuard};

use super::event::{Event, What};
use crate::time::Instant;

/// Appends events of one process.
#[derive(Clone, Debug)]
pub struct Recorder {
    process: u32,
    page: Arc<Mutex<Page>>,
    /// The events of all processes of the trial: most of the memory of a long one, so it is one
    /// list that grows in place, and not many that would be joined.
    log: Arc<Mutex<Vec<Event>>>,
}

#[derive(Debug, Default)]
struct Page {
    /// How many events the process has written.
    events: u64,
    peak_messages: u64,
    peak_bytes: u64,
}

impl Recorder {
    /// The pens of a trial, by the index of their process in
    /// [`History::processes`](super::History::processes).
    pub fn one_each(processes: u32) -> Vec<Recorder> {
        let log = Arc::<Mutex<Vec<Event>>>::default();
        let pen = |process| Recorder { process, page: Arc::default(), log: log.clone() };
        (0..processes).map(pen).collect()
    }

    /// The process that it writes for.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Records one event.
    pub fn record(&self, at: Instant, what: What) {
        let mut page = self.page();
        let sequence = page.events;
        page.events += 1;
        self.log().push(Event { at, process: self.process, sequence, what });
    }

    /// Says how much the process holds now; the most is kept.
    pub fn holds(&self, messages: u64, bytes: u64) {
        let mut page = self.page();
        page.peak_messages = page.peak_messages.max(messages);
        page.peak_bytes = page.peak_bytes.max(bytes);
    }

    /// The most messages and bytes that the process ever held.
    pub fn peak(&self) -> (u64, u64) {
        let page = self.page();
        (page.peak_messages, page.peak_bytes)
    }

    /// Takes the events of all pens of the trial out, in the order in which they were written.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.log())
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        self.page.lock().expect("a trial has one thread")
    }

    fn log(&self) -> MutexGuard<'_, Vec<Event>> {
        self.log.lock().expect("a trial has one thread")
    }
}

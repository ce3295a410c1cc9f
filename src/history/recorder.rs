//! The pen of one process. Cheap to clone; one trial has one a process.

use std::sync::{Arc, Mutex};

use super::event::{Event, What};
use crate::time::Instant;

/// Appends events of one process.
#[derive(Clone, Debug)]
pub struct Recorder {
    process: u32,
    page: Arc<Mutex<Page>>,
}

#[derive(Debug, Default)]
struct Page {
    events: Vec<Event>,
    peak_messages: u64,
    peak_bytes: u64,
}

impl Recorder {
    /// The pen of the process with this index in [`History::processes`](super::History::processes).
    pub fn new(process: u32) -> Recorder {
        Recorder { process, page: Arc::default() }
    }

    /// The process that it writes for.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Records one event.
    pub fn record(&self, at: Instant, what: What) {
        let mut page = self.page();
        let sequence = page.events.len() as u64;
        page.events.push(Event { at, process: self.process, sequence, what });
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

    /// Takes all events out.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.page().events)
    }

    fn page(&self) -> std::sync::MutexGuard<'_, Page> {
        self.page.lock().expect("a trial has one thread")
    }
}

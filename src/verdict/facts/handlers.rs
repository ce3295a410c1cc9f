//! Tracks which handlers were missing when the trial ended. Never what they would have done.

use crate::history::{EventKind, ProcessId};
use crate::message::Name;

use super::{Map, Moment, Seen};

/// The last change of each handler that was ever taken away.
#[derive(Default)]
pub struct Handlers<'a> {
    last: Map<(ProcessId, &'a Name, &'a Name), Change>,
}

/// The last change of one handler.
enum Change {
    Gone,
    Back(Moment),
}

impl<'a> Handlers<'a> {
    /// Records what an event says about handlers.
    pub fn see(&mut self, seen: &Seen, what: &'a EventKind) {
        match what {
            EventKind::HandlerGone { queue, event } => {
                self.last.insert((seen.process, queue, event), Change::Gone);
            }
            EventKind::HandlerBack { queue, event } => {
                self.last.insert((seen.process, queue, event), Change::Back(seen.moment));
            }
            _ => {}
        }
    }

    /// Whether a process has no handler for an event of a queue at the end of the trial.
    /// `found_none` is the last moment at which a message found none.
    pub fn is_absent(
        &self,
        process: ProcessId,
        (queue, event): (&'a Name, &'a Name),
        found_none: Option<Moment>,
    ) -> bool {
        match self.last.get(&(process, queue, event)) {
            Some(Change::Gone) => true,
            Some(Change::Back(back)) => found_none.is_some_and(|found| back.is_before(found)),
            None => found_none.is_some(),
        }
    }
}

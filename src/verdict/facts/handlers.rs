//! Which handlers were missing when the trial ended. Never what they would have done.

use crate::history::{EventKind, ProcessId};
use crate::message::Name;

use super::hash::Map;
use super::{Moment, Seen};

/// The last change of each handler that was ever taken away.
#[derive(Default)]
pub struct Handlers<'a> {
    last: Map<(ProcessId, &'a Name, &'a Name), Change>,
}

enum Change {
    Gone,
    Back(Moment),
}

impl<'a> Handlers<'a> {
    /// Keeps what an event says.
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

    /// Whether a process has no handler at the end for an event of a queue, given when a message
    /// last found none.
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

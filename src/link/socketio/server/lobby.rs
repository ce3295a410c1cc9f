//! Sessions that were opened and have connected to nothing yet: the library ends them in the end,
//! and says nothing of it.

use std::collections::{BTreeMap, VecDeque};

use crate::link::limits::NAMESPACE_WITHIN;
use crate::time::Instant;

/// Who waits, by Engine.IO's id.
#[derive(Debug, Default)]
pub struct Lobby {
    since: BTreeMap<String, Instant>,
    /// In the order in which they came; some have left.
    came: VecDeque<String>,
}

impl Lobby {
    /// A session was opened.
    pub fn enter(&mut self, now: Instant, sid: String) {
        self.since.insert(sid.clone(), now);
        self.came.push_back(sid);
    }

    /// A session is not here any more; since when it was, if it was.
    pub fn leave(&mut self, sid: &str) -> Option<Instant> {
        let since = self.since.remove(sid);
        while self.came.front().is_some_and(|sid| !self.since.contains_key(sid)) {
            self.came.pop_front();
        }
        since
    }

    /// Who came first, and until when it may stay.
    pub fn first(&self) -> Option<(&str, Instant)> {
        let sid = self.came.front()?;
        Some((sid, *self.since.get(sid)? + NAMESPACE_WITHIN))
    }
}

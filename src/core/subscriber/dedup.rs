//! The dedup window: ids that were read, so that copies are dropped.

use std::collections::{BTreeMap, VecDeque};

use crate::message::{Epoch, MessageId, Position};

/// The ids read last, and what is known of each.
#[derive(Clone, Debug)]
pub struct Window {
    most: usize,
    order: VecDeque<MessageId>,
    seen: BTreeMap<MessageId, Seen>,
}

#[derive(Clone, Debug)]
enum Seen {
    /// Its handler has not returned; these copies are acknowledged when it has.
    Pending(Vec<(Epoch, Position)>),
    /// Its handler has returned.
    Handled,
}

/// What a message is to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBefore {
    /// It was not read within the window.
    First,
    /// It was read, its handler has not returned.
    Pending,
    /// It was handled.
    Handled,
}

impl Window {
    /// A window of at most so many ids.
    pub fn new(most: usize) -> Self {
        Window { most, order: VecDeque::new(), seen: BTreeMap::new() }
    }

    /// A message was read at a place. From now on it counts as seen.
    pub fn read(&mut self, id: &MessageId, at: (Epoch, Position)) -> SeenBefore {
        match self.seen.get_mut(id) {
            Some(Seen::Pending(copies)) => {
                if !copies.contains(&at) {
                    copies.push(at);
                }
                SeenBefore::Pending
            }
            Some(Seen::Handled) => SeenBefore::Handled,
            None => {
                self.insert(id);
                SeenBefore::First
            }
        }
    }

    /// The handler of a message has returned. Gives the copies that waited for that.
    pub fn handled(&mut self, id: &MessageId) -> Vec<(Epoch, Position)> {
        let Some(seen) = self.seen.get_mut(id) else { return Vec::new() };
        match std::mem::replace(seen, Seen::Handled) {
            Seen::Pending(copies) => copies,
            Seen::Handled => Vec::new(),
        }
    }

    fn insert(&mut self, id: &MessageId) {
        if self.most == 0 {
            return;
        }
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(id.clone());
        self.seen.insert(id.clone(), Seen::Pending(Vec::new()));
    }
}

//! The dedup window: the ids of messages that were read, by which copies are recognized.

use std::collections::{BTreeMap, VecDeque};

use crate::message::{Epoch, MessageId, Position};

/// The ids that were read last, and the state of each.
#[derive(Clone, Debug)]
pub struct Window {
    most: usize,
    order: VecDeque<MessageId>,
    seen: BTreeMap<MessageId, Seen>,
}

#[derive(Clone, Debug)]
enum Seen {
    /// Its handler has not returned. The copies at these positions are acknowledged when it has.
    Pending(Vec<(Epoch, Position)>),
    /// Its handler has returned.
    Handled,
}

/// Result of looking a message up in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBefore {
    /// It was not read within the window.
    First,
    /// It was read, and its handler has not returned.
    Pending,
    /// It was read, and its handler has returned.
    Handled,
}

impl Window {
    /// Creates a window of at most `most` ids.
    pub fn new(most: usize) -> Self {
        Window { most, order: VecDeque::new(), seen: BTreeMap::new() }
    }

    /// Looks up a message that is read at a position, and adds it if it is new.
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

    /// Takes note that the handler of a message has returned, and returns the positions of the
    /// copies that waited for that.
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

//! Calling handlers: one message of the inbox at a time, and its acknowledgement.

use std::collections::BTreeSet;

use crate::core::io::ClientOutput;
use crate::message::{AckPolicy, Confirm, Epoch, Message, Name, Note, Position};

use super::{Item, Outputs, Subscriber, note};

impl Subscriber {
    /// Calls handlers, and reads held deliveries that are next and fit in the inbox now.
    pub fn deliver(&mut self, outputs: &mut Outputs) {
        self.call_handlers(outputs);
        while self.has_room() {
            let held = self.queues.iter().filter(|(_, queue)| queue.held() > 0);
            let names: Vec<Name> = held.map(|(name, _)| name.clone()).collect();
            let before = self.inbox.len();
            names.iter().for_each(|name| self.release(name, outputs));
            if self.inbox.len() == before {
                return;
            }
            self.call_handlers(outputs);
        }
    }

    /// Calls the handler of the first message that has one, if no handler runs.
    ///
    /// A message without a handler is dropped if it has no position. Else it waits, and so do the
    /// messages of its queue behind it.
    fn call_handlers(&mut self, outputs: &mut Outputs) {
        let mut blocked = BTreeSet::new();
        let mut index = 0;
        while self.running.is_none() && index < self.inbox.len() {
            let item = &mut self.inbox[index];
            let (queue, event) = (item.message.queue.clone(), item.message.event.clone());
            if blocked.contains(&queue) {
                index += 1;
                continue;
            }
            if self.without_handler.contains(&(queue.clone(), event)) {
                if !std::mem::replace(&mut item.is_noted, true) {
                    note(outputs, Note::NoHandler { id: item.message.id.clone() });
                }
                if item.at.is_some() {
                    // It waits, and so do the messages behind it in this subscription.
                    blocked.insert(queue);
                    index += 1;
                } else {
                    self.inbox.remove(index);
                }
                continue;
            }
            let item = self.inbox.remove(index).expect("it is there");
            let (message, kind) = (item.message.clone(), item.kind);
            note(outputs, Note::Handling { id: message.id.clone(), kind });
            outputs.push_back(ClientOutput::CallHandler { message, kind });
            self.running = Some(item);
        }
    }

    /// Processes the return of the running handler.
    pub fn handler_returned(&mut self, outputs: &mut Outputs) {
        let Some(item) = self.running.take() else { return };
        let Item { message, kind, session, at, confirm, .. } = item;
        let id = message.id.clone();
        note(outputs, Note::Handled { id: id.clone(), kind, session: session.clone() });
        let waiting = self.window.handled(&message.id);
        if self.limits.ack == AckPolicy::AfterHandler {
            if confirm == Confirm::Wanted {
                self.answers.push((session, id));
            }
            for at in at.into_iter().chain(waiting) {
                self.acknowledge(&message, at, outputs);
            }
        }
    }

    /// Removes the handler for an event.
    pub fn remove_handler(&mut self, queue: Name, event: Name) {
        self.without_handler.insert((queue, event));
    }

    /// Installs the handler for an event again.
    pub fn install_handler(&mut self, queue: &Name, event: &Name) {
        self.without_handler.remove(&(queue.clone(), event.clone()));
    }

    /// Acknowledges a message at a position, unless that is of an epoch that is over.
    pub(super) fn acknowledge(
        &mut self,
        message: &Message,
        at: (Epoch, Position),
        outputs: &mut Outputs,
    ) {
        let (epoch, position) = at;
        let Some(queue) = self.queues.get_mut(&message.queue) else { return };
        if queue.epoch() != epoch {
            return;
        }
        queue.acknowledged(position);
        let (name, id) = (message.queue.clone(), Some(message.id.clone()));
        note(outputs, Note::Ack { queue: name.clone(), position, id });
        self.acks.push((name, epoch, position));
    }
}

//! Receiving: puts deliveries in order, drops what was read before, and fills the inbox.

use std::sync::Arc;

use crate::message::{
    AckPolicy, Confirm, Dedup, Epoch, Message, Name, Note, Offset, Position, PushKind, SessionId,
};

use super::dedup::SeenBefore;
use super::queue::{InQueue, Order};
use super::{HeldDelivery, Item, Outputs, Subscriber, note};

impl Subscriber {
    /// Processes a message or gap that arrived; in catch-up mode it has an offset.
    pub fn receive(&mut self, held: HeldDelivery, offset: Option<Offset>, outputs: &mut Outputs) {
        let Some(offset) = offset else { return self.receive_without_offset(held, outputs) };
        let name = held.queue().clone();
        let queue = self.queues.entry(name.clone()).or_default();
        match queue.order(offset) {
            Order::Early => self.hold(held, offset, outputs),
            Order::Next | Order::Copy => {
                self.take(held, offset, outputs);
                self.release(&name, outputs);
            }
        }
    }

    /// Puts a message without a position into the inbox; it will not be acknowledged, but
    /// may be answered.
    fn receive_without_offset(&mut self, held: HeldDelivery, outputs: &mut Outputs) {
        let HeldDelivery::Push { message, kind, session, confirm } = held else { return };
        let id = message.id.clone();
        if !self.has_room() {
            return note(outputs, Note::InboxFull { id, session });
        }
        note(outputs, Note::Read { id: id.clone(), session: session.clone(), kind });
        if confirm == Confirm::Wanted && self.limits.ack == AckPolicy::BeforeHandler {
            self.answers.push((session.clone(), id));
        }
        self.inbox.push_back(Item { message, kind, session, at: None, confirm, is_noted: false });
    }

    /// Holds an early delivery until the one before it comes, if there is room.
    fn hold(&mut self, held: HeldDelivery, offset: Offset, outputs: &mut Outputs) {
        let queue = self.queues.entry(held.queue().clone()).or_default();
        let (is_full, is_copy) = (queue.held() >= self.limits.early, queue.holds(offset));
        if let HeldDelivery::Push { message, session, .. } = &held {
            let (id, session) = (message.id.clone(), session.clone());
            note(
                outputs,
                match (is_copy, is_full) {
                    (true, _) => Note::DroppedCopy { id, session },
                    (false, true) => Note::InboxFull { id, session },
                    (false, false) => Note::HeldEarly { id, session },
                },
            );
        }
        if !is_full && !is_copy {
            queue.hold(held, offset);
        }
    }

    /// Reads held deliveries of a queue that are next now, as far as the inbox has room.
    pub(super) fn release(&mut self, name: &Name, outputs: &mut Outputs) {
        while self.has_room()
            && let Some((held, offset)) = self.queues.get_mut(name).and_then(InQueue::next_in_order)
        {
            self.take(held, offset, outputs);
        }
    }

    /// Reads a delivery that is in order, or a copy of one that was.
    fn take(&mut self, held: HeldDelivery, offset: Offset, outputs: &mut Outputs) {
        match held {
            HeldDelivery::Push { message, kind, session, .. } => {
                self.take_push(message, kind, session, offset, outputs);
            }
            HeldDelivery::Gap { queue, from } => self.take_gap(&queue, from, offset, outputs),
        }
    }

    fn take_push(
        &mut self,
        message: Arc<Message>,
        kind: PushKind,
        session: SessionId,
        offset: Offset,
        outputs: &mut Outputs,
    ) {
        let id = message.id.clone();
        if !self.has_room() {
            return note(outputs, Note::InboxFull { id, session });
        }
        let queue = self.queues.get_mut(&message.queue).expect("it was ordered");
        let at = (queue.epoch(), offset.position);
        queue.read(offset);
        if self.limits.dedup == Dedup::On {
            match self.window.read(&id, at) {
                SeenBefore::First => {}
                copy => {
                    note(outputs, Note::DroppedCopy { id, session });
                    return self.acknowledge_copy(&message, at, copy, outputs);
                }
            }
        }
        note(outputs, Note::Read { id, session: session.clone(), kind });
        if self.limits.ack == AckPolicy::BeforeHandler {
            self.acknowledge(&message, at, outputs);
        }
        let (at, confirm) = (Some(at), Confirm::Unwanted);
        self.inbox.push_back(Item { message, kind, session, at, confirm, is_noted: false });
    }

    fn take_gap(&mut self, name: &Name, from: Position, offset: Offset, outputs: &mut Outputs) {
        let queue = self.queues.get_mut(name).expect("it was ordered");
        let epoch = queue.epoch();
        if queue.order(offset) == Order::Next {
            // Messages that the client has read already are not lost to it.
            let (to, from) = (offset.position, from.max(queue.read_up_to().next()));
            note(outputs, Note::GapReceived { queue: name.clone(), from, to });
        }
        queue.read(offset);
        queue.acknowledged(offset.position);
        note(outputs, Note::Ack { queue: name.clone(), position: offset.position, id: None });
        self.acks.push((name.clone(), epoch, offset.position));
    }

    /// Acknowledges a copy that was dropped, unless its original is still to be acknowledged; then
    /// both are when the handler returns.
    fn acknowledge_copy(
        &mut self,
        message: &Message,
        at: (Epoch, Position),
        copy: SeenBefore,
        outputs: &mut Outputs,
    ) {
        match self.limits.ack {
            AckPolicy::AfterHandler if copy == SeenBefore::Pending => {}
            AckPolicy::AfterHandler | AckPolicy::BeforeHandler => {
                self.acknowledge(message, at, outputs);
            }
            AckPolicy::Never => {}
        }
    }
}

//! The steps of a message from publish to acknowledgement. After each step the message may go no
//! further, and another one may take the next.

use std::sync::Arc;

use crate::history::{EventKind, Flow, LossReason};
use crate::message::{
    Draft, DropReason, Durability, Echo, Encoding, Link, Message, MessageId, Mode, Name, Note,
    Payload, Position, PushKind, Target, payload_of,
};

use super::scenario::ROOMS;
use super::{BROKER, DRIVER, Flight, GAP_REASONS, Generator, KINDS, Kept};

impl Generator {
    /// Publishes a message, sends it, and has it accepted and pushed. Each step may be its last.
    pub(super) fn publish(&mut self) {
        if self.dice.percent(8) {
            return self.publish_own();
        }
        let publisher = self.dice.pick(&[DRIVER, DRIVER, DRIVER, self.processes.len() as u32 - 1]);
        self.published[publisher as usize] += 1;
        let sequence = self.published[publisher as usize];
        let id = MessageId { publisher: self.client(publisher), sequence };
        let target = self.target();
        let is_volatile = target.keep == Durability::Volatile;
        let (queue, event) = (self.queue(), self.event());
        self.publish_note(publisher, (id.clone(), queue.clone(), event), target);
        if self.dice.percent(60) {
            self.send(publisher, &id);
        }
        match self.dice.below(100) {
            0..6 => return,
            6..10 => return self.unsend(publisher, &id),
            10..14 => return self.refuse(publisher, &id),
            _ => {}
        }
        let keep = if is_volatile { Durability::Volatile } else { Durability::Kept };
        self.accept(publisher, (&id, &queue), keep);
    }

    /// Has the broker publish a message of its own, which has no way to it.
    fn publish_own(&mut self) {
        self.published[BROKER as usize] += 1;
        let sequence = self.published[BROKER as usize];
        let id = MessageId { publisher: "broker".into(), sequence };
        let target = Target { echo: Echo::Everyone, ..self.target() };
        let keep = target.keep;
        let (queue, event) = (self.queue(), self.event());
        self.publish_note(BROKER, (id.clone(), queue.clone(), event), target);
        match self.dice.percent(8) {
            true => self.refuse(BROKER, &id),
            false => self.accept(BROKER, (&id, &queue), keep),
        }
    }

    pub(super) fn publish_note(
        &mut self,
        publisher: u32,
        (id, queue, event): (MessageId, Name, Name),
        target: Target,
    ) {
        let mut draft = Draft { target, ..Draft::new(queue, event, Payload::null()) };
        if self.dice.percent(20) {
            let length = self.dice.below(5) as usize;
            draft.payload = payload_of(&[7; 4][..length]);
            draft.head.encoding = Encoding::Base64;
        }
        let message = Message::new(id, draft);
        self.note(publisher, Note::Published { message: Arc::new(message) });
    }

    pub(super) fn target(&mut self) -> Target {
        let mut target = Target::default();
        if self.dice.percent(10) {
            target.to = vec![self.dice.pick(&ROOMS).into()];
        }
        if self.dice.percent(10) {
            target.to = ROOMS.map(Into::into).to_vec();
        }
        if self.dice.percent(8) {
            target.except = vec![self.dice.pick(&ROOMS).into()];
        }
        if self.dice.percent(10) {
            target.echo = Echo::NotSender;
        }
        if self.dice.percent(10) {
            target.keep = Durability::Volatile;
        }
        target
    }

    pub(super) fn send(&mut self, publisher: u32, id: &MessageId) {
        let session = self.session(publisher);
        self.note(publisher, Note::Sent { id: id.clone(), session: session.clone() });
        if self.dice.percent(85) {
            let (flow, end) = self.carry(self.inward(publisher));
            let id = id.clone();
            self.push_event(publisher, EventKind::Carried { id, session, flow: flow.into(), end });
            if self.contender.link == Link::Udp && self.dice.percent(20) {
                self.drop_datagram(BROKER, flow, end);
            }
        }
    }

    pub(super) fn unsend(&mut self, publisher: u32, id: &MessageId) {
        let reason = self.dice.pick(&[
            DropReason::NoConnection,
            DropReason::OutboxFull,
            DropReason::RequestFailed,
            DropReason::ConfirmTimedOut,
            DropReason::TransportBusy,
            DropReason::TooLong,
        ]);
        self.note(publisher, Note::Unsent { id: id.clone(), reason });
    }

    pub(super) fn refuse(&mut self, publisher: u32, id: &MessageId) {
        self.note(BROKER, Note::Refused { id: id.clone() });
        if self.dice.percent(70) {
            self.note(publisher, Note::RefusedReceived { id: id.clone() });
        }
    }

    pub(super) fn accept(
        &mut self,
        publisher: u32,
        (id, queue): (&MessageId, &Name),
        keep: Durability,
    ) {
        let mut position = None;
        if self.contender.mode == Mode::CatchUp && keep == Durability::Kept {
            self.position = self.position.next();
            position = Some(self.position);
        }
        let kept = Kept { id: id.clone(), queue: queue.clone(), position };
        let (id, queue) = (id.clone(), queue.clone());
        self.note(BROKER, Note::Accepted { id: id.clone(), queue, position });
        self.accepted.push(kept.clone());
        if self.contender.mode == Mode::CatchUp && publisher != BROKER && self.dice.percent(75) {
            self.note(publisher, Note::AcceptedReceived { id });
        }
        for process in self.connected.clone() {
            if process != DRIVER && self.dice.percent(85) {
                self.push(process, &kept, PushKind::Live);
            }
        }
    }

    pub(super) fn push(&mut self, process: u32, kept: &Kept, kind: PushKind) {
        let (id, kept) = (kept.id.clone(), kept.clone());
        let (session, client) = (self.session(process), self.client(process));
        let (of, to, whose) = (id.clone(), session.clone(), client.clone());
        self.note(BROKER, Note::Pushed { id: of, session: to, client: whose, kind });
        if self.dice.percent(4) {
            return self.note(BROKER, Note::SendQueueFull { id, session, client });
        }
        match self.dice.below(200) {
            0..4 => return self.note(BROKER, Note::TransportBusy { id, session, client }),
            4..6 => return self.note(BROKER, Note::TooLong { id, session, client }),
            _ => {}
        }
        let mut flight = Flight { id, session, process, kind, place: None, kept };
        if self.dice.percent(88) {
            let (flow, end) = self.carry(self.outward(process));
            flight.place = Some((flow, end));
            let (id, session) = (flight.id.clone(), flight.session.clone());
            self.push_event(BROKER, EventKind::Carried { id, session, flow: flow.into(), end });
        }
        if self.dice.percent(3) {
            let (id, session) = (flight.id, flight.session);
            return self.note(BROKER, Note::Overwritten { id, session, client });
        }
        self.flying.push(flight);
    }

    /// Pushes an accepted message once more, as any kind of push.
    pub(super) fn push_again(&mut self) {
        if self.accepted.is_empty() || self.connected.is_empty() {
            return;
        }
        let process = self.dice.pick(&self.connected.clone());
        let kept = self.dice.pick(&self.accepted.clone());
        let kind = self.dice.pick(&KINDS);
        self.push(process, &kept, kind);
    }

    /// Ends the delivery path of a copy that is under way: it is lost, dropped, or comes into an
    /// inbox.
    pub(super) fn arrive(&mut self) {
        if self.flying.is_empty() {
            return;
        }
        let index = self.dice.below(self.flying.len() as u64) as usize;
        let flight = self.flying.swap_remove(index);
        let Flight { id, session, process, kind, place, .. } = flight.clone();
        let is_udp = self.contender.link == Link::Udp;
        if let (Some((flow, datagram)), true) = (place, is_udp && self.dice.percent(45)) {
            return self.drop_datagram(process, flow, datagram);
        }
        match self.dice.below(100) {
            0..4 => return,
            4..8 => return self.note(process, Note::InboxFull { id, session }),
            8..14 => {
                self.note(process, Note::HeldEarly { id: id.clone(), session: session.clone() })
            }
            _ => {}
        }
        if self.dice.percent(92) {
            self.note(process, Note::Read { id: id.clone(), session: session.clone(), kind });
        }
        if self.dice.percent(4) {
            return self.note(process, Note::DroppedCopy { id, session });
        }
        self.inbox.push(flight);
    }

    fn drop_datagram(&mut self, process: u32, flow: Flow, datagram: u64) {
        let reason = self.dice.pick(&[
            LossReason::Lost,
            LossReason::Corrupted,
            LossReason::CrowdedOut,
            LossReason::Cut,
            LossReason::Forgotten,
            LossReason::NobodyHome,
            LossReason::NoSocket,
            LossReason::BufferFull,
        ]);
        self.push_event(process, EventKind::Dropped { flow: Box::new(flow), datagram, reason });
    }

    /// Passes a message of an inbox to its handler: mostly the next one.
    pub(super) fn work(&mut self) {
        if self.inbox.is_empty() {
            return;
        }
        let index = self.dice.pick(&[0, 0, 0, self.inbox.len() - 1]);
        let flight = self.inbox.remove(index);
        let Flight { id, session, process, kind, .. } = flight.clone();
        if self.dice.percent(5) {
            return self.note(process, Note::NoHandler { id });
        }
        let is_early = self.dice.percent(20);
        if is_early {
            self.acknowledge(&flight);
        }
        self.note(process, Note::Handling { id: id.clone(), kind });
        self.pass_time();
        match self.dice.below(100) {
            0..6 => {
                self.note_interrupted(process, id);
                return self.die(process);
            }
            6..9 => return,
            _ => {}
        }
        self.note(process, Note::Handled { id: id.clone(), kind, session: session.clone() });
        if self.dice.percent(3) {
            self.note(process, Note::Handled { id, kind: PushKind::Again, session });
        }
        if !is_early && self.dice.percent(85) {
            self.acknowledge(&flight);
        }
    }

    pub(super) fn acknowledge(&mut self, flight: &Flight) {
        let Kept { id, queue, position } = flight.kept.clone();
        let (Some(position), Mode::CatchUp) = (position, self.contender.mode) else { return };
        self.note(flight.process, Note::Ack { queue: queue.clone(), position, id: Some(id) });
        if self.dice.percent(90) {
            let client = self.client(flight.process);
            self.note(BROKER, Note::Acknowledged { queue, position, client });
        }
        if let Some((_, known)) = &mut self.known[flight.process as usize] {
            *known = position.max(*known);
        }
    }

    pub(super) fn evict(&mut self) {
        if self.accepted.is_empty() {
            return;
        }
        let Kept { id, queue, position } = self.dice.pick(&self.accepted.clone());
        let Some(position) = position else { return };
        self.note(BROKER, Note::Trimmed { id: id.clone(), queue: queue.clone(), position });
        if self.dice.percent(70) {
            let process = self.listener();
            let (client, of) = (self.client(process), queue.clone());
            let reason = self.dice.pick(&GAP_REASONS);
            self.note(BROKER, Note::BecameGap { id, queue: of, position, client, reason });
            if self.dice.percent(40) {
                let (from, to) = (position, position);
                self.note(process, Note::GapReceived { queue, from, to });
            }
        }
    }

    pub(super) fn tell_a_gap(&mut self) {
        let process = self.listener();
        let from = Position(self.dice.below(self.position.0 + 2));
        let to = Position(from.0 + self.dice.below(3));
        let queue = self.queue();
        self.note(process, Note::GapReceived { queue, from, to });
    }

    pub(super) fn take_a_handler(&mut self) {
        let (process, queue, event) = (self.listener(), self.queue(), self.event());
        let what = match self.dice.percent(60) {
            true => EventKind::HandlerGone { queue, event },
            false => EventKind::HandlerBack { queue, event },
        };
        self.push_event(process, what);
    }
}

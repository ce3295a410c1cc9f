//! Events that need not make any sense.

use crate::history::EventKind;
use crate::message::{Epoch, MessageId, Mode, Note, Position, SessionId};

use super::{BROKER, DRIVER, GAP_REASONS, Generator, KINDS, REASONS};

impl Generator {
    /// Adds an event that need not make any sense.
    pub(super) fn do_anything(&mut self) {
        let process = self.listener();
        let id = self.any_id();
        let number = 1 + self.dice.below(self.sessions[process as usize].max(1));
        let session = SessionId { number, ..self.session(process) };
        let client = self.client(process);
        let kind = self.dice.pick(&KINDS);
        let reason = self.dice.pick(&REASONS);
        let position = Position(self.dice.below(5));
        let queue = self.queue();
        match self.dice.below(34) {
            0 => self.note(process, Note::Read { id, session, kind }),
            1 => self.note(process, Note::Handled { id, session, kind }),
            2 => self.note(process, Note::Handling { id, kind }),
            3 => self.note(process, Note::Ack { queue, position, id: Some(id) }),
            4 => self.note(BROKER, Note::Acknowledged { queue, position, client }),
            5 => self.note(process, Note::DroppedCopy { id, session }),
            6 => self.note(process, Note::InboxFull { id, session }),
            7 => self.note(process, Note::HeldEarly { id, session }),
            8 => self.note(process, Note::NoHandler { id }),
            9 => self.note(BROKER, Note::SendQueueFull { id, session, client }),
            10 => self.note(BROKER, Note::Overwritten { id, session, client }),
            11 => self.note(BROKER, Note::Pushed { id, session, client, kind }),
            12 => self.note(BROKER, Note::Refused { id }),
            13 => {
                let reason = self.dice.pick(&GAP_REASONS);
                self.note(BROKER, Note::BecameGap { id, queue, position, client, reason });
            }
            14 => match self.dice.percent(50) {
                true => self.note(BROKER, Note::Trimmed { id, queue, position }),
                false => self.note(BROKER, Note::SessionExpired { client }),
            },
            15 => self.note(process, Note::Lost { session, reason }),
            16 => self.note(BROKER, Note::SessionClosed { session, client, reason }),
            17 => self.note(process, Note::Welcomed { session }),
            18 => self.note(BROKER, Note::SessionOpened { session, client }),
            19 => self.note(process, Note::RequestFailed { session, reason }),
            20 => self.note(DRIVER, Note::AcceptedReceived { id }),
            21 => {
                let place = self.dice.pick(&[None, Some(position)]);
                let place = place.filter(|_| self.contender.mode == Mode::CatchUp);
                self.note(BROKER, Note::Accepted { id, queue, position: place });
            }
            22 => {
                let epoch = Epoch(1 + self.dice.below(3));
                let answer = self.any_answer(epoch, position);
                self.attach(process, answer);
            }
            23 => self.push_event(process, EventKind::Interrupted { id }),
            24 => self.unsend(DRIVER, &id),
            25 => self.send(DRIVER, &id),
            26 => self.note(DRIVER, Note::RefusedReceived { id }),
            27 => {
                let (publisher, target) = (self.anybody(), self.target());
                let event = self.event();
                self.publish_note(publisher, (id, queue, event), target);
            }
            28 => self.note(BROKER, Note::TransportBusy { id, session, client }),
            29 => self.note(BROKER, Note::TooLong { id, session, client }),
            30 => {
                let clients = vec![client; self.dice.below(4) as usize];
                self.note(BROKER, Note::AnswersAsked { id, clients });
            }
            31 => self.note(BROKER, Note::AnswerReceived { id, client }),
            _ => {
                let epoch = Epoch(1 + self.dice.below(3));
                let answer = self.any_answer(epoch, position);
                self.note(process, Note::ResumeReceived { queue, answer });
            }
        }
    }

    pub(super) fn any_id(&mut self) -> MessageId {
        let sequence = 1 + self.dice.below(self.published[DRIVER as usize] + 1);
        MessageId { publisher: self.client(DRIVER), sequence }
    }
}

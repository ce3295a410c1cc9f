//! The publishing half of a client: sends each message at once, or in catch-up mode keeps it in an
//! outbox until the broker has answered.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::message::{
    Confirm, DropReason, Frame, LinkSemantics, Message, MessageId, Mode, Note, OfflineBuffer,
    Reliability, SessionId,
};
use crate::time::{Duration, Instant};

use super::io::ClientOutput;
use super::limits::MOST_OUT_LOSSY;
use super::resends::Resends;

/// The publishing state of a client.
#[derive(Clone, Debug)]
pub struct Publisher {
    mode: Mode,
    link: LinkSemantics,
    outbox: VecDeque<Kept>,
    /// Index of the first message that was not sent on this session.
    cursor: usize,
    /// Sequences sent on this session over a lossy link, in the order in which they are due again.
    sent: Resends<u64>,
    /// Messages that the link's library buffers until there is a session. They are not kept beyond
    /// that.
    buffer: VecDeque<Kept>,
}

#[derive(Clone, Debug)]
struct Kept {
    message: Arc<Message>,
    confirm: Confirm,
}

type Outputs = VecDeque<ClientOutput>;

impl Publisher {
    /// Creates a publisher without messages.
    pub fn new(mode: Mode, link: LinkSemantics) -> Self {
        let (outbox, sent, buffer) = (VecDeque::new(), Resends::new(), VecDeque::new());
        Publisher { mode, link, outbox, cursor: 0, sent, buffer }
    }

    /// Returns the number of messages in outbox and buffer.
    pub fn holds(&self) -> usize {
        self.outbox.len() + self.buffer.len()
    }

    /// Takes a message from the application; `session` is the open one, if there is one.
    ///
    /// A message that the outbox keeps is sent by [`Publisher::send_due`]. Another is sent at once,
    /// or without a session buffered or dropped. `most` limits outbox and buffer, each.
    pub fn publish(
        &mut self,
        message: Arc<Message>,
        confirm: Confirm,
        session: Option<SessionId>,
        most: usize,
        outputs: &mut Outputs,
    ) {
        let id = message.id.clone();
        if !self.link.carries(&message) {
            return note(outputs, Note::Unsent { id, reason: DropReason::TooLong });
        }
        if self.keeps(&message) {
            if self.outbox.len() >= most {
                return note(outputs, Note::Unsent { id, reason: DropReason::OutboxFull });
            }
            self.outbox.push_back(Kept { message, confirm });
            return;
        }
        match session {
            Some(session) => {
                note(outputs, Note::Sent { id, session });
                let frame = Frame::Publish { message, after: None, confirm };
                outputs.push_back(ClientOutput::Send { frame });
            }
            None if self.link.offline_buffer == OfflineBuffer::Buffered
                && !message.is_volatile() =>
            {
                if self.buffer.len() >= most {
                    return note(outputs, Note::Unsent { id, reason: DropReason::OutboxFull });
                }
                self.buffer.push_back(Kept { message, confirm });
            }
            None => note(outputs, Note::Unsent { id, reason: DropReason::NoConnection }),
        }
    }

    /// Begins a new session, on which the whole outbox is to be sent again.
    pub fn start_session(&mut self) {
        self.cursor = 0;
        self.sent = Resends::new();
    }

    /// Sends the messages that were not sent on this session; over a lossy link at most
    /// [`MOST_OUT_LOSSY`] are out at a time, and each is due again after `timeout`.
    pub fn send_due(
        &mut self,
        now: Instant,
        timeout: Duration,
        session: &SessionId,
        outputs: &mut Outputs,
    ) {
        for Kept { message, confirm } in self.buffer.drain(..) {
            note(outputs, Note::Sent { id: message.id.clone(), session: session.clone() });
            let frame = Frame::Publish { message, after: None, confirm };
            outputs.push_back(ClientOutput::Send { frame });
        }
        let most = match self.link.reliability {
            Reliability::Reliable => usize::MAX,
            Reliability::Lossy => MOST_OUT_LOSSY,
        };
        while self.cursor < self.outbox.len() && self.cursor < most {
            self.send(self.cursor, session, outputs);
            if self.link.reliability == Reliability::Lossy {
                self.sent.sent(now, timeout, self.outbox[self.cursor].message.id.sequence);
            }
            self.cursor += 1;
        }
    }

    /// Returns the time at which a message must be sent again on this session (lossy links only).
    pub fn resend_at(&self) -> Option<Instant> {
        self.sent.first().map(|(at, _)| at)
    }

    /// Sends the messages again that have waited for their answer for too long. `timeout` is the
    /// first wait of each.
    pub fn send_again(
        &mut self,
        now: Instant,
        timeout: Duration,
        session: &SessionId,
        outputs: &mut Outputs,
    ) {
        while let Some((at, sequence)) = self.sent.first()
            && at <= now
        {
            match self.index_of(sequence) {
                Some(index) => {
                    self.sent.again(now, timeout);
                    self.send(index, session, outputs);
                }
                None => self.sent.drop_first(),
            }
        }
    }

    /// Takes a message out of the buffer for the next session: the application has waited long
    /// enough for an answer. Returns whether it was there.
    pub fn withdraw(&mut self, id: &MessageId) -> bool {
        let before = self.buffer.len();
        self.buffer.retain(|kept| kept.message.id != *id);
        self.buffer.len() < before
    }

    /// Drops a message that no frame can carry.
    pub fn too_long(&mut self, id: MessageId, outputs: &mut Outputs) {
        self.answered(&id);
        note(outputs, Note::Unsent { id, reason: DropReason::TooLong });
    }

    /// Whether the outbox keeps a message until it is answered.
    pub fn keeps(&self, message: &Message) -> bool {
        self.mode == Mode::CatchUp && !message.is_volatile()
    }

    /// Sends a message again that may not have arrived, unless it was answered meanwhile.
    pub fn undelivered(&mut self, id: &MessageId, session: &SessionId, outputs: &mut Outputs) {
        if let Some(index) = self.index_of(id.sequence) {
            self.send(index, session, outputs);
        }
    }

    /// Removes a message from the outbox that the broker has accepted or refused.
    pub fn answered(&mut self, id: &MessageId) {
        if let Some(index) = self.index_of(id.sequence) {
            self.outbox.remove(index);
            self.cursor -= usize::from(index < self.cursor);
        }
        while let Some((_, sequence)) = self.sent.first()
            && self.index_of(sequence).is_none()
        {
            self.sent.drop_first();
        }
    }

    fn send(&self, index: usize, session: &SessionId, outputs: &mut Outputs) {
        let Kept { message, confirm } = &self.outbox[index];
        let before = index.checked_sub(1).map(|before| &self.outbox[before]);
        let after = before.map(|kept| kept.message.id.sequence);
        note(outputs, Note::Sent { id: message.id.clone(), session: session.clone() });
        let frame = Frame::Publish { message: message.clone(), after, confirm: *confirm };
        outputs.push_back(ClientOutput::Send { frame });
    }

    fn index_of(&self, sequence: u64) -> Option<usize> {
        let index = self.outbox.partition_point(|kept| kept.message.id.sequence < sequence);
        let kept = self.outbox.get(index)?;
        (kept.message.id.sequence == sequence).then_some(index)
    }
}

fn note(outputs: &mut Outputs, note: Note) {
    outputs.push_back(ClientOutput::Note(note));
}

//! Publishing: sends each message, repeats it until it is answered, and notes the answer.

use std::sync::Arc;

use crate::message::{Confirm, Draft, DropReason, Message, MessageId, Mode, Note};
use crate::time::{Duration, Instant};

use super::{Client, ClientOutput, State, Timer};

/// The broker's answer to a publish.
pub(super) enum PublishAnswer {
    Accepted,
    Refused,
}

impl Client {
    pub(super) fn publish(&mut self, now: Instant, draft: Draft, within: Option<Duration>) {
        self.options.numbering.message += 1;
        let id = MessageId {
            publisher: self.options.client.clone(),
            sequence: self.options.numbering.message,
        };
        let confirm = match within {
            Some(within) => {
                self.timers.set(Timer::Confirm(id.clone()), now + within);
                Confirm::Wanted
            }
            None => Confirm::Unwanted,
        };
        let message = Arc::new(Message::new(id, draft));
        self.note(Note::Published { message: message.clone() });
        let session = (self.state == State::Open).then(|| self.session());
        let most = self.options.limits.outbox;
        self.publisher.publish(message, confirm, session, most, &mut self.outputs);
        self.send_publishes(now);
    }

    pub(super) fn send_publishes(&mut self, now: Instant) {
        if self.state == State::Open {
            let session = self.session();
            let timeout = self.options.limits.ack_timeout;
            self.publisher.send_due(now, timeout, &session, &mut self.outputs);
            self.watch_publishes();
        }
    }

    pub(super) fn publish_answered(
        &mut self,
        now: Instant,
        id: &MessageId,
        verdict: PublishAnswer,
    ) {
        self.publisher.answered(id);
        self.timers.clear(&Timer::Confirm(id.clone()));
        let id = id.clone();
        self.note(match verdict {
            PublishAnswer::Accepted => Note::AcceptedReceived { id },
            PublishAnswer::Refused => Note::RefusedReceived { id },
        });
        self.send_publishes(now);
    }

    /// Ends the application's wait for an answer. A message that only the link's library buffers is
    /// taken back, as Socket.IO's client does with an emit whose acknowledgement timed out.
    pub(super) fn confirm_timed_out(&mut self, id: MessageId) {
        self.note(Note::ConfirmTimedOut { id: id.clone() });
        if self.publisher.withdraw(&id) {
            self.note(Note::Unsent { id, reason: DropReason::ConfirmTimedOut });
        } else if self.options.mode == Mode::FireAndForget {
            self.outputs.push_back(ClientOutput::Withdraw { id });
        }
    }

    pub(super) fn watch_publishes(&mut self) {
        match self.publisher.resend_at() {
            Some(at) => self.timers.set(Timer::Republish, at),
            None => self.timers.clear(&Timer::Republish),
        }
    }
}

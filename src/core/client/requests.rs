//! Joins and leaves: each is repeated until it is answered.

use crate::message::{Frame, Name, StartAt, resend_wait};
use crate::time::Instant;

use super::{Client, State, Timer};

impl Client {
    pub(super) fn join(&mut self, now: Instant, queue: Name, room: Name, from: StartAt) {
        let frame = self.subscriber.join(queue, room, from);
        if self.state == State::Open {
            self.request(now, frame);
        }
    }

    pub(super) fn leave(&mut self, now: Instant, queue: Name, room: Name) {
        self.subscriber.leave(&queue, &room);
        if self.state == State::Open {
            self.request(now, Frame::Leave { request: 0, queue, rooms: vec![room] });
        }
    }

    /// Sends a join or leave under the next request number, and repeats it until it is answered.
    pub(super) fn request(&mut self, now: Instant, mut frame: Frame) {
        self.last_request += 1;
        if let Frame::Join { request, .. } | Frame::Leave { request, .. } = &mut frame {
            *request = self.last_request;
        }
        self.requests.push_back((self.last_request, frame.clone()));
        if !self.timers.is_set(&Timer::Repeat) {
            self.watch_answer(now, 1);
        }
        self.send(frame);
    }

    /// Processes the answer to a request. Returns whether the request was unanswered until now: an
    /// answer may come twice.
    pub(super) fn answered(&mut self, now: Instant, request: u64) -> bool {
        let at = self.requests.iter().position(|(waiting, _)| *waiting == request);
        let answered = at.and_then(|at| self.requests.remove(at));
        if let Some((_, frame)) = &answered {
            self.subscriber.recorded(frame);
        }
        if self.requests.is_empty() {
            self.timers.clear(&Timer::Repeat);
        } else {
            self.watch_answer(now, 1);
        }
        answered.is_some()
    }

    /// Sets the timer after which what was sent for the `sent`th time is sent again.
    pub(super) fn watch_answer(&mut self, now: Instant, sent: u32) {
        self.sent = sent;
        self.timers.set(Timer::Repeat, now + resend_wait(self.options.limits.ack_timeout, sent));
    }
}

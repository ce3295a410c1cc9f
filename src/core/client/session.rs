//! The client's session with the broker: connecting, hello, heartbeat, reconnecting with backoff.

use crate::hash::{GOLDEN, mix};
use crate::message::{
    DropReason, EndReason, Frame, Heartbeat, Liveness, Note, OnReplaced, Resubscribe, SessionId,
};
use crate::time::{Duration, Instant};

use super::super::limits::LEAST_RETRY;
use super::{Client, ClientOptions, ClientOutput, State, Timer};

impl Client {
    pub(super) fn come(&mut self, now: Instant) {
        if self.state == State::Away || self.state == State::SentAway {
            self.waits = 0;
            self.attempt(now);
        }
    }

    pub(super) fn attempt(&mut self, now: Instant) {
        self.options.numbering.session += 1;
        self.state = State::Connecting;
        self.timers.set(Timer::ConnectTimeout, now + self.options.limits.connect_timeout);
        let known = self.subscriber.known();
        self.outputs.push_back(ClientOutput::Connect { known });
    }

    pub(super) fn connected(&mut self, now: Instant) {
        if self.state == State::Connecting {
            self.state = State::Greeting;
            self.hello(now, 1);
        }
    }

    /// Sends the hello for the `sent`th time on this connection.
    pub(super) fn hello(&mut self, now: Instant, sent: u32) {
        let ClientOptions { client, will, .. } = &self.options;
        let (client, will) = (client.clone(), will.clone());
        self.send(Frame::Hello { client, session: self.session(), will });
        self.watch_answer(now, sent);
    }

    pub(super) fn welcomed(&mut self, now: Instant, session: &SessionId, heartbeat: Heartbeat) {
        if self.state != State::Greeting || *session != self.session() {
            return;
        }
        self.state = State::Open;
        self.waits = 0;
        self.heartbeat = heartbeat;
        self.timers.clear(&Timer::ConnectTimeout);
        self.timers.clear(&Timer::Repeat);
        self.watch_heartbeat(now);
        self.outputs.push_back(ClientOutput::Note(Note::Welcomed { session: session.clone() }));
        self.last_request = 0;
        let is_first = !std::mem::replace(&mut self.was_welcomed, true);
        if is_first || self.options.limits.resubscribe == Resubscribe::Always {
            for frame in self.subscriber.joins() {
                self.request(now, frame);
            }
        }
        for frame in self.subscriber.leaves() {
            self.request(now, frame);
        }
        self.publisher.start_session();
        self.send_publishes(now);
    }

    pub(super) fn go_away(&mut self) {
        if self.has_connection() {
            if self.state == State::Open && self.options.will.is_some() {
                // The end of a connection alone does not say that it is meant.
                self.send(Frame::Bye { reason: EndReason::Left });
            }
            self.outputs.push_back(ClientOutput::Close { reason: EndReason::Left });
            self.note(Note::Lost { session: self.session(), reason: EndReason::Left });
        }
        self.leave_session();
        self.state = State::Away;
    }

    /// Closes the connection from this side.
    pub(super) fn close(&mut self, now: Instant, reason: EndReason) {
        if self.has_connection() {
            self.outputs.push_back(ClientOutput::Close { reason });
            self.ended(now, reason);
        }
    }

    /// Processes the end of the connection: waits and tries again, unless another session of the
    /// client took over or the broker's application ended this one.
    pub(super) fn ended(&mut self, now: Instant, reason: EndReason) {
        if !self.has_connection() {
            return;
        }
        self.note(Note::Lost { session: self.session(), reason });
        self.leave_session();
        let stays_away = match reason {
            EndReason::Replaced => self.options.limits.on_replaced == OnReplaced::StayAway,
            // As Socket.IO's client after `io server disconnect`.
            EndReason::ServerDisconnect => true,
            _ => false,
        };
        if stays_away {
            self.state = State::SentAway;
            return;
        }
        self.state = State::Waiting;
        self.timers.set(Timer::Attempt, now + self.wait());
        self.waits += 1;
    }

    /// Processes frames that may not have arrived, while the session goes on.
    ///
    /// | frame | action |
    /// | --- | --- |
    /// | publish of a message in the outbox | sent again |
    /// | publish of another message | lost, and noted as such |
    /// | acknowledgement, answer | sent again |
    /// | hello, join, leave | none: they are repeated until they are answered |
    pub(super) fn undelivered(&mut self, frames: Vec<Frame>, reason: EndReason) {
        if !self.has_connection() {
            return;
        }
        let session = self.session();
        self.note(Note::RequestFailed { session: session.clone(), reason });
        for frame in frames {
            match frame {
                Frame::Publish { message, .. } if self.publisher.keeps(&message) => {
                    self.publisher.undelivered(&message.id, &session, &mut self.outputs);
                }
                Frame::Publish { message, .. } => {
                    let (id, reason) = (message.id.clone(), DropReason::RequestFailed);
                    self.note(Note::Unsent { id, reason });
                }
                Frame::Ack { .. } | Frame::Answer { .. } if self.state == State::Open => {
                    self.send(frame)
                }
                _ => {}
            }
        }
    }

    /// Sets the wait before each attempt, as the broker asks with the `retry` of an event stream: at
    /// least [`LEAST_RETRY`], and at most the longest wait. It is neither doubled nor varied (WHATWG HTML
    /// §9.2.3).
    pub(super) fn wait_always(&mut self, after: Duration) {
        let most = self.options.limits.backoff_most;
        self.retry = Some(after.max(LEAST_RETRY).min(most));
    }

    fn leave_session(&mut self) {
        for timer in
            [Timer::Attempt, Timer::ConnectTimeout, Timer::Repeat, Timer::Silence, Timer::Republish]
        {
            self.timers.clear(&timer);
        }
        self.requests.clear();
        self.subscriber.end_session();
    }

    /// Returns the wait before the next attempt.
    ///
    /// It doubles with each attempt since the last session, as that of Socket.IO's client does. It
    /// is varied at random by up to half of it in either direction (its `randomizationFactor` of
    /// 0.5), and never exceeds `backoff_most`.
    fn wait(&self) -> Duration {
        if let Some(retry) = self.retry {
            return retry;
        }
        let limits = &self.options.limits;
        let doublings = self.waits.min(16);
        let base = limits.backoff_first * (1 << doublings);
        let seed = self.options.jitter_seed ^ self.options.numbering.session;
        let draw = mix(seed.wrapping_add(GOLDEN)) % 1_000;
        let jittered = base.as_micros() / 2 + base.as_micros() / 1_000 * draw;
        // Whole milliseconds, the resolution of timers.
        Duration::from_millis((jittered / 1_000).max(1)).min(limits.backoff_most)
    }

    pub(super) fn watch_heartbeat(&mut self, now: Instant) {
        if self.options.link.liveness != Liveness::Pings {
            return;
        }
        let patience = self.heartbeat.every + self.heartbeat.timeout;
        self.timers.set(Timer::Silence, now + patience);
    }

    fn has_connection(&self) -> bool {
        matches!(self.state, State::Connecting | State::Greeting | State::Open)
    }

    pub(super) fn session(&self) -> SessionId {
        SessionId { process: self.options.process.clone(), number: self.options.numbering.session }
    }
}

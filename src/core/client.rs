//! A client: one process's session with the broker, its publisher and its subscriber.
//!
//! This file dispatches the client's inputs. The session, its requests and its publishes are in the
//! folder; `publisher` and `subscriber` keep what is published and received.

mod publish;
mod requests;
mod session;

use std::collections::VecDeque;

use crate::message::{EndReason, Frame, Heartbeat, MessageId, Note};
use crate::time::{Duration, Instant};

use super::io::{ClientInput, ClientMachine, ClientOptions, ClientOutput, Machine, Numbering};
use super::publisher::Publisher;
use super::subscriber::{HeldDelivery, Subscriber};
use super::timers::Timers;
use publish::PublishAnswer;

/// The client's state.
#[derive(Clone, Debug)]
pub struct Client {
    options: ClientOptions,
    state: State,
    /// Number of waits for an attempt since the last session.
    waits: u32,
    /// The wait before each attempt, if the broker has asked for one.
    retry: Option<Duration>,
    heartbeat: Heartbeat,
    publisher: Publisher,
    subscriber: Subscriber,
    timers: Timers<Timer>,
    outputs: VecDeque<ClientOutput>,
    /// Unanswered requests of this session with their numbers, oldest first.
    requests: VecDeque<(u64, Frame)>,
    last_request: u64,
    /// The number of times that the hello or the open requests were sent since the last answer.
    sent: u32,
    /// Whether this process has had a session.
    was_welcomed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not connected, and not trying: not started, or offline on purpose.
    Away,
    /// Not connected; the next attempt waits for its timer.
    Waiting,
    /// The driver was asked for a connection.
    Connecting,
    /// The hello was sent, and is not answered.
    Greeting,
    /// The session is open.
    Open,
    /// A newer session of the same client took over, or the broker's application ended the session:
    /// this process stays offline.
    SentAway,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The next connection attempt is due.
    Attempt,
    /// The welcome is overdue.
    ConnectTimeout,
    /// The hello, or the unanswered requests, must be sent again.
    Repeat,
    /// The broker has been silent for too long: a ping is overdue.
    Silence,
    /// Unanswered publishes must be sent again.
    Republish,
    /// The answer that the application waits for is overdue.
    Confirm(MessageId),
}

impl Client {
    /// Creates a client that is not connected.
    pub fn new(options: ClientOptions) -> Self {
        Client {
            state: State::Away,
            waits: 0,
            retry: None,
            heartbeat: Heartbeat::default(),
            publisher: Publisher::new(options.mode, options.link),
            subscriber: Subscriber::new(options.limits.clone()),
            timers: Timers::new(),
            outputs: VecDeque::new(),
            requests: VecDeque::new(),
            last_request: 0,
            sent: 0,
            was_welcomed: false,
            options,
        }
    }

    fn received(&mut self, now: Instant, frame: Frame) {
        match frame {
            Frame::Welcome { session, heartbeat } => self.welcomed(now, &session, heartbeat),
            Frame::Bye { reason } => self.close(now, reason),
            _ if self.state != State::Open => {}
            Frame::Joined { request, queue, answer } => {
                if self.answered(now, request)
                    && let Some(answer) = answer
                {
                    self.subscriber.answered(&queue, answer, &mut self.outputs);
                }
            }
            Frame::Left { request } => drop(self.answered(now, request)),
            Frame::Accepted { id } => self.publish_answered(now, &id, PublishAnswer::Accepted),
            Frame::Refused { id } => self.publish_answered(now, &id, PublishAnswer::Refused),
            Frame::Push { message, offset, kind, confirm } => {
                let session = self.session();
                let held = HeldDelivery::Push { message, kind, session, confirm };
                self.subscriber.receive(held, offset, &mut self.outputs);
            }
            Frame::Gap { queue, from, to, after } => {
                let offset = crate::message::Offset { position: to, previous: after };
                self.subscriber.receive(
                    HeldDelivery::Gap { queue, from },
                    Some(offset),
                    &mut self.outputs,
                );
            }
            Frame::Ping => {
                self.watch_heartbeat(now);
                self.send(Frame::Pong);
            }
            Frame::Hello { .. }
            | Frame::Join { .. }
            | Frame::Leave { .. }
            | Frame::Publish { .. }
            | Frame::Ack { .. }
            | Frame::Answer { .. }
            | Frame::Pong => self.close(now, EndReason::Unexpected),
        }
    }

    fn elapsed(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::Attempt => self.attempt(now),
            Timer::ConnectTimeout => self.close(now, EndReason::ConnectTimeout),
            Timer::Silence => self.close(now, EndReason::Heartbeat),
            Timer::Repeat if self.state == State::Greeting => self.hello(now, self.sent + 1),
            Timer::Repeat => {
                for (_, frame) in self.requests.clone() {
                    self.send(frame);
                }
                self.watch_answer(now, self.sent + 1);
            }
            Timer::Republish => {
                let session = self.session();
                let timeout = self.options.limits.ack_timeout;
                self.publisher.send_again(now, timeout, &session, &mut self.outputs);
                self.watch_publishes();
            }
            Timer::Confirm(id) => self.confirm_timed_out(id),
        }
    }

    fn send_acks(&mut self) {
        if self.state != State::Open {
            return self.subscriber.drop_acks();
        }
        for (queue, position) in self.subscriber.take_acks() {
            self.send(Frame::Ack { queue, position });
        }
        let session = self.session();
        for id in self.subscriber.take_answers(&session) {
            self.note(Note::AnswerSent { id: id.clone() });
            self.send(Frame::Answer { id });
        }
    }

    fn send(&mut self, frame: Frame) {
        self.outputs.push_back(ClientOutput::Send { frame });
    }

    fn note(&mut self, note: Note) {
        self.outputs.push_back(ClientOutput::Note(note));
    }
}

impl Machine for Client {
    type Input = ClientInput;
    type Output = ClientOutput;

    fn handle(&mut self, now: Instant, input: ClientInput) {
        match input {
            ClientInput::Started | ClientInput::ComeBack => self.come(now),
            ClientInput::Connected => self.connected(now),
            ClientInput::Disconnected { reason } => self.ended(now, reason),
            ClientInput::Undelivered { frames, reason } => self.undelivered(frames, reason),
            ClientInput::Malformed { reason } => self.close(now, reason),
            ClientInput::TooLong { id } => self.publisher.too_long(id, &mut self.outputs),
            ClientInput::Retry { after } => self.wait_always(after),
            ClientInput::Received { frame } => self.received(now, frame),
            ClientInput::Publish { draft, confirm_within } => {
                self.publish(now, draft, confirm_within)
            }
            ClientInput::HandlerReturned => self.subscriber.handler_returned(&mut self.outputs),
            ClientInput::HandlerRemoved { queue, event } => {
                self.subscriber.remove_handler(queue, event);
            }
            ClientInput::HandlerInstalled { queue, event } => {
                self.subscriber.install_handler(&queue, &event);
            }
            ClientInput::Join { queue, room, from } => self.join(now, queue, room, from),
            ClientInput::Leave { queue, room } => self.leave(now, queue, room),
            ClientInput::GoAway => self.go_away(),
            ClientInput::Elapsed => {
                while let Some(timer) = self.timers.pop_due(now) {
                    self.elapsed(now, timer);
                }
            }
        }
        self.subscriber.deliver(&mut self.outputs);
        self.send_acks();
    }

    fn poll(&mut self) -> Option<ClientOutput> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
}

impl ClientMachine for Client {
    fn wants_to_read(&self) -> bool {
        self.subscriber.has_room()
    }

    fn numbering(&self) -> Numbering {
        self.options.numbering
    }

    fn holds(&self) -> usize {
        self.publisher.holds() + self.subscriber.holds()
    }
}

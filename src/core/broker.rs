//! The broker: keeps connections, sessions, queues and rooms, and routes messages. In catch-up mode
//! it also keeps a backlog, and the outstanding messages of each subscription.
//!
//! This file dispatches the broker's inputs. The submodules have the
//! parts: sessions and their expiry, joining, publishing, delivering, answers, and the view that
//! reports print.

mod answers;
mod deliver;
mod expiry;
mod join;
mod members;
mod presence;
mod publish;
mod queue;
mod session;
mod view;

use std::collections::{BTreeMap, VecDeque};

use crate::message::{EndReason, Frame, Message, MessageId, Mode, Name, Note, SessionId};
use crate::time::Instant;

use super::io::{BrokerInput, BrokerMachine, BrokerOptions, BrokerOutput, ConnectionId, Machine};
use super::limits::HELLO_WITHIN;
use super::publisher_sequence::PublisherSequence;
use super::rooms::RoomsChange;
use super::timers::Timers;
use super::view::BrokerView;
use answers::Answers;
use queue::Queue;
use session::Session;

/// The broker's state.
#[derive(Clone, Debug)]
pub struct Broker {
    options: BrokerOptions,
    connections: BTreeMap<ConnectionId, ConnectionState>,
    clients: BTreeMap<Name, ClientRecord>,
    queues: BTreeMap<Name, Queue>,
    /// Number of messages that its own application has published in this epoch.
    published: u64,
    answers: Answers,
    timers: Timers<Timer>,
    outputs: VecDeque<BrokerOutput>,
}

/// One connection, and its session once a hello was accepted.
#[derive(Clone, Debug, Default)]
struct ConnectionState {
    session: Option<Session>,
    /// Bytes that wait beyond the socket: as the driver last reported, plus the sizes of the
    /// messages pushed since.
    queued: usize,
}

/// State kept for a client since its first hello.
#[derive(Clone, Debug, Default)]
struct ClientRecord {
    /// The connection of its open session.
    connection: Option<ConnectionId>,
    /// The newest session of each of its processes.
    newest: BTreeMap<Name, u64>,
    /// Sequencing of its messages (catch-up only).
    publisher_sequence: PublisherSequence,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The hello is overdue.
    Hello(ConnectionId),
    /// A ping is due, for the first time or repeated.
    Ping(ConnectionId),
    /// The pong, or the next request, is overdue.
    Silence(ConnectionId),
    /// An unacknowledged delivery of a queue to a client must be sent again (lossy links).
    Redeliver(Name, Name),
    /// The oldest message of a queue has reached the age limit.
    Expire(Name),
    /// A client has been without a session for too long.
    SessionExpiry(Name),
    /// The time for answers to a message of the broker has passed.
    Answers(MessageId),
}

impl Broker {
    /// Creates a broker without connections, queues and clients.
    pub fn new(options: BrokerOptions) -> Self {
        Broker {
            options,
            connections: BTreeMap::new(),
            clients: BTreeMap::new(),
            queues: BTreeMap::new(),
            published: 0,
            answers: Answers::default(),
            timers: Timers::new(),
            outputs: VecDeque::new(),
        }
    }

    fn received(&mut self, now: Instant, connection: ConnectionId, frame: Frame) {
        match frame {
            Frame::Hello { client, session, will } => {
                self.hello(now, connection, session::Hello { client, session, will });
            }
            _ if self.session(connection).is_none() => {
                self.close(now, connection, EndReason::UnknownSession)
            }
            Frame::Join { request, queue, rooms, known } => {
                self.join(now, connection, join::QueueJoin { request, queue, rooms, known });
            }
            Frame::Leave { request, queue, rooms } => {
                self.leave(connection, request, &queue, &rooms)
            }
            Frame::Publish { message, after, confirm } => {
                self.publish(now, connection, publish::IncomingPublish { message, after, confirm });
            }
            Frame::Ack { queue, position } => self.acknowledge(now, connection, &queue, position),
            Frame::Answer { id } => {
                let client = self.open_session(connection).1.clone();
                self.take_answer(&id, &client);
            }
            Frame::Pong => self.pong(now, connection),
            Frame::Bye { .. } => {
                self.order(BrokerOutput::Close { connection, reason: EndReason::Left });
                self.end_session(now, connection, EndReason::Left);
            }
            Frame::Welcome { .. }
            | Frame::Joined { .. }
            | Frame::Left { .. }
            | Frame::Accepted { .. }
            | Frame::Refused { .. }
            | Frame::Push { .. }
            | Frame::Gap { .. }
            | Frame::Ping => self.close(now, connection, EndReason::Unexpected),
        }
    }

    fn elapsed(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::Hello(connection) => self.close(now, connection, EndReason::ConnectTimeout),
            Timer::Ping(connection) => self.ping(now, connection),
            Timer::Silence(connection) => self.close(now, connection, EndReason::Heartbeat),
            Timer::Redeliver(queue, client) => self.redeliver(now, &queue, &client),
            Timer::Expire(queue) => self.expire(now, &queue),
            Timer::SessionExpiry(client) => self.expire_session(&client),
            Timer::Answers(id) => self.end_answers(&id),
        }
    }

    fn session(&self, connection: ConnectionId) -> Option<&Session> {
        self.connections.get(&connection)?.session.as_ref()
    }

    /// Returns the session and client of a connection that is known to have a session.
    fn open_session(&self, connection: ConnectionId) -> (&SessionId, &Name) {
        let session = self.session(connection).expect("only open sessions are routed to");
        (&session.id, &session.client)
    }

    fn send(&mut self, connection: ConnectionId, frame: Frame) {
        self.order(BrokerOutput::Send { connection, frame });
    }

    fn note(&mut self, note: Note) {
        self.order(BrokerOutput::Note(note));
    }

    fn order(&mut self, output: BrokerOutput) {
        self.outputs.push_back(output);
    }
}

impl Machine for Broker {
    type Input = BrokerInput;
    type Output = BrokerOutput;

    fn handle(&mut self, now: Instant, input: BrokerInput) {
        match input {
            BrokerInput::Opened { connection } => {
                self.connections.insert(connection, ConnectionState::default());
                self.timers.set(Timer::Hello(connection), now + HELLO_WITHIN);
            }
            BrokerInput::Received { connection, frame } => {
                if self.connections.contains_key(&connection) {
                    self.received(now, connection, frame);
                }
            }
            BrokerInput::Malformed { connection, reason } => self.close(now, connection, reason),
            BrokerInput::RequestSeen { connection } => self.request_seen(now, connection),
            BrokerInput::Undelivered { connection, frames } => {
                self.undelivered(now, connection, frames)
            }
            BrokerInput::Closed { connection, reason } => self.end_session(now, connection, reason),
            BrokerInput::Publish { draft, confirm_within } => {
                self.publish_own(now, draft, confirm_within)
            }
            BrokerInput::Join { members, room } => self.join_members(&members, &room),
            BrokerInput::Leave { members, room } => self.leave_members(&members, &room),
            BrokerInput::Disconnect { members } => self.disconnect_members(now, &members),
            BrokerInput::Queued { connection, bytes } => self.queued(now, connection, bytes),
            BrokerInput::Elapsed => {
                while let Some(timer) = self.timers.pop_due(now) {
                    self.elapsed(now, timer);
                }
            }
        }
    }

    fn poll(&mut self) -> Option<BrokerOutput> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }
}

impl BrokerMachine for Broker {
    fn options(&self) -> &BrokerOptions {
        &self.options
    }

    fn holds(&self) -> (usize, usize) {
        let early = self.clients.values().map(|client| client.publisher_sequence.held());
        let queues = self.queues.values().map(Queue::holds);
        early.chain(queues).fold((0, 0), |sum, held| (sum.0 + held.0, sum.1 + held.1))
    }

    fn view(&self) -> Option<BrokerView> {
        Some(self.snapshot())
    }
}

/// Whether this client published the message and excluded itself from its receivers.
fn is_own_echo(message: &Message, client: &Name) -> bool {
    message.target.echo == crate::message::Echo::NotSender && is_from(&message.id, client)
}

fn is_from(id: &MessageId, client: &Name) -> bool {
    id.publisher == *client
}

//! The broker: knows who is connected, to which queues, joined to which rooms; routes messages;
//! in catch-up mode keeps a backlog and what each subscription is owed.
//!
//! This file is the machine's face and its dispatch; the parts stand in the folder: sessions,
//! joining, publishing, delivering, and the view that reports print.

mod deliver;
mod join;
mod publish;
mod queue;
mod session;
mod view;

use std::collections::{BTreeMap, VecDeque};

use crate::message::{
    BrokerLimits, EndReason, Epoch, Frame, Message, MessageId, Mode, Name, Note, SessionId,
};
use crate::time::Instant;

use super::limits::HELLO_WITHIN;
use super::machine::{BrokerMachine, Machine};
use super::publisher_sequence::PublisherSequence;
use super::timers::Timers;
use super::{LinkSemantics, Liveness};
use queue::Queue;
use session::Session;

pub use view::BrokerView;

/// One connection to the broker, numbered by the driver; never reused in one life of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// How a broker is set up.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// What it promises.
    pub mode: Mode,
    /// Whether its links lose frames.
    pub path: LinkSemantics,
    /// What it keeps.
    pub limits: BrokerLimits,
    /// Which life of the broker's memory this is.
    pub epoch: Epoch,
}

/// A fact that the broker is told.
#[derive(Clone, Debug, PartialEq)]
pub enum BrokerInput {
    /// A connection came in.
    Opened { peer: ConnectionId },
    /// A frame came on a connection.
    Received { peer: ConnectionId, frame: Frame },
    /// Bytes that are no frame came on a connection.
    Malformed { peer: ConnectionId, reason: EndReason },
    /// A request came on a connection: a sign of life.
    RequestSeen { peer: ConnectionId },
    /// Frames that were sent may not have arrived; the session goes on.
    Undelivered { peer: ConnectionId, frames: Vec<Frame> },
    /// A connection has ended.
    Closed { peer: ConnectionId, reason: EndReason },
    /// This many bytes wait for a connection beyond its socket now.
    Queued { peer: ConnectionId, bytes: usize },
    /// Time has passed.
    Elapsed,
}

/// An order that the broker gives.
#[derive(Clone, Debug, PartialEq)]
pub enum BrokerOutput {
    /// Send a frame.
    Send { peer: ConnectionId, frame: Frame },
    /// Say goodbye with the reason, and close.
    Close { peer: ConnectionId, reason: EndReason },
    /// Write this into the history. A `Pushed` stands right before its `Send`.
    Note(Note),
}

/// The broker's state.
#[derive(Clone, Debug)]
pub struct Broker {
    options: BrokerOptions,
    connections: BTreeMap<ConnectionId, Connection>,
    clients: BTreeMap<Name, ClientRecord>,
    queues: BTreeMap<Name, Queue>,
    timers: Timers<Timer>,
    outputs: VecDeque<BrokerOutput>,
}

/// One connection, which is a session once its hello was accepted.
#[derive(Clone, Debug, Default)]
struct Connection {
    session: Option<Session>,
    /// Bytes that wait beyond the socket, as the driver said last plus what was sent since.
    queued: usize,
}

/// A client that once said hello.
#[derive(Clone, Debug, Default)]
struct ClientRecord {
    /// Its open session.
    peer: Option<ConnectionId>,
    /// The newest session of each of its processes.
    newest: BTreeMap<Name, u64>,
    /// What it published (catch-up only).
    publisher_sequence: PublisherSequence,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// The hello must have come.
    Hello(ConnectionId),
    /// The next ping is due, for the first time or again.
    Ping(ConnectionId),
    /// The pong must have come.
    Pong(ConnectionId),
    /// Something that is out on a lossy link must be sent again.
    Redeliver(Name, Name),
    /// The oldest message of a queue has reached the age limit.
    Expire(Name),
}

impl Broker {
    /// A broker that knows nobody.
    pub fn new(options: BrokerOptions) -> Self {
        Broker {
            options,
            connections: BTreeMap::new(),
            clients: BTreeMap::new(),
            queues: BTreeMap::new(),
            timers: Timers::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Tells the broker a fact. Orders follow by [`Broker::poll`].
    pub fn handle(&mut self, now: Instant, input: BrokerInput) {
        match input {
            BrokerInput::Opened { peer } => {
                self.connections.insert(peer, Connection::default());
                self.timers.set(Timer::Hello(peer), now + HELLO_WITHIN);
            }
            BrokerInput::Received { peer, frame } => {
                if self.connections.contains_key(&peer) {
                    self.received(now, peer, frame);
                }
            }
            BrokerInput::Malformed { peer, reason } => self.close(peer, reason),
            BrokerInput::RequestSeen { peer } => self.heard(now, peer),
            BrokerInput::Undelivered { peer, frames } => self.undelivered(now, peer, frames),
            BrokerInput::Closed { peer, reason } => self.end_session(peer, reason),
            BrokerInput::Queued { peer, bytes } => self.queued(now, peer, bytes),
            BrokerInput::Elapsed => {
                while let Some(timer) = self.timers.pop_due(now) {
                    self.elapsed(now, timer);
                }
            }
        }
    }

    /// The next order; call it until there is none.
    pub fn poll(&mut self) -> Option<BrokerOutput> {
        self.outputs.pop_front()
    }

    /// When the broker wants to hear [`BrokerInput::Elapsed`].
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// How it was set up.
    pub fn options(&self) -> &BrokerOptions {
        &self.options
    }

    /// How many messages the broker holds, and their bytes: backlogs, what is kept beyond them
    /// for a living session, and early messages. What waits for a socket is the driver's.
    pub fn holds(&self) -> (usize, usize) {
        let early = self.clients.values().map(|client| client.publisher_sequence.held());
        let queues = self.queues.values().map(Queue::holds);
        early.chain(queues).fold((0, 0), |sum, held| (sum.0 + held.0, sum.1 + held.1))
    }

    fn received(&mut self, now: Instant, peer: ConnectionId, frame: Frame) {
        match frame {
            Frame::Hello { client, session } => self.hello(now, peer, client, session),
            _ if self.session(peer).is_none() => self.close(peer, EndReason::UnknownSession),
            Frame::Join { request, queue, rooms, known } => {
                self.join(now, peer, join::QueueJoin { request, queue, rooms, known });
            }
            Frame::Leave { request, queue, rooms } => self.leave(peer, request, &queue, &rooms),
            Frame::Publish { message, after, reply } => {
                self.publish(now, peer, publish::PublishOutcome { message, after, reply });
            }
            Frame::Ack { queue, position } => self.acknowledge(now, peer, &queue, position),
            Frame::Pong => self.pong(now, peer),
            Frame::Bye { .. } => {
                self.order(BrokerOutput::Close { peer, reason: EndReason::Left });
                self.end_session(peer, EndReason::Left);
            }
            Frame::Welcome { .. }
            | Frame::Joined { .. }
            | Frame::Left { .. }
            | Frame::Accepted { .. }
            | Frame::Refused { .. }
            | Frame::Push { .. }
            | Frame::Gap { .. }
            | Frame::Ping => self.close(peer, EndReason::Unexpected),
        }
    }

    fn elapsed(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::Hello(peer) => self.close(peer, EndReason::ConnectTimeout),
            Timer::Ping(peer) => self.ping(now, peer),
            Timer::Pong(peer) => self.close(peer, EndReason::Heartbeat),
            Timer::Redeliver(queue, client) => self.redeliver(now, &queue, &client),
            Timer::Expire(queue) => self.expire(now, &queue),
        }
    }

    fn session(&self, peer: ConnectionId) -> Option<&Session> {
        self.connections.get(&peer)?.session.as_ref()
    }

    /// The session of a connection that is known to have one.
    fn open_session(&self, peer: ConnectionId) -> (&SessionId, &Name) {
        let session = self.session(peer).expect("only open sessions are routed to");
        (&session.id, &session.client)
    }

    fn send(&mut self, peer: ConnectionId, frame: Frame) {
        self.order(BrokerOutput::Send { peer, frame });
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
        Broker::handle(self, now, input);
    }

    fn poll(&mut self) -> Option<BrokerOutput> {
        Broker::poll(self)
    }

    fn deadline(&self) -> Option<Instant> {
        Broker::deadline(self)
    }
}

impl BrokerMachine for Broker {
    fn options(&self) -> &BrokerOptions {
        Broker::options(self)
    }

    fn holds(&self) -> (usize, usize) {
        Broker::holds(self)
    }

    fn view(&self) -> Option<BrokerView> {
        Some(Broker::view(self))
    }
}

/// Whether the sender of a message is this client and does not want to hear itself.
fn is_own_echo(message: &Message, client: &Name) -> bool {
    message.target.echo == crate::message::Echo::NotSender && is_from(&message.id, client)
}

fn is_from(id: &MessageId, client: &Name) -> bool {
    id.publisher == *client
}

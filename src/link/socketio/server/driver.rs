//! The Socket.IO side of one session: converts packets to frames for the broker, and the broker's
//! frames to packets.
//!
//! This link's own client sends its name and its session's id, and numbers its requests and
//! messages. A third-party Socket.IO client need not: it is given a name, and its sessions,
//! requests and messages are numbered here. Nothing here decides what a frame does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use super::new_id;
use super::session::EngineSession;
use crate::core::{BrokerInput, ConnectionId};
use crate::link::socketio::event::{
    Assembler, BinaryAttachment, Json, MAIN, PacketKind, SocketIoPacket, json, parse,
};
use crate::link::socketio::mapping::{
    self, AckOutcome, Auth, BYE, Bye, GAP, Gap, JOIN, JOINED, JoinEvent, Joined, LEAVE, Leave,
    Meta, Refusal, SocketIoRoom, event_name, event_of, event_of_message, join_of, message_of,
    namespace_of, queue_of,
};
use crate::link::socketio::nmq::{self, Publication, SUBSCRIBE, TRIGGER};
use crate::link::socketio::packet::EnginePacket;
use crate::link::socketio::queue::Outgoing;
use crate::link::tap::CopyOf;
use crate::link::{BrokerDriver, PushError, PushOutcome, SendHalf, WaitingBytes};
use crate::message::{
    Confirm, EndReason, Epoch, Frame, Message, MessageId, Name, Offset, Payload, PushKind,
    RoomJoin, SessionId,
};
use crate::net::Net;

/// Numbers for third-party clients, which do not number themselves. They last as long as the
/// broker.
#[derive(Debug, Default)]
pub struct Counters {
    /// The number of sessions so far.
    sessions: u64,
    /// The last sequence of each client. The broker limits the number of clients.
    messages: BTreeMap<Name, u64>,
}

/// The sending side of a session, which also handles the client's packets. Cheap to clone.
#[derive(Clone)]
pub struct SessionHandle {
    /// The Engine.IO session that carries the packets.
    pub session: Arc<EngineSession>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    connection: ConnectionState,
    assembler: Assembler,
    /// The namespace whose CONNECT led to the hello, until that is answered.
    asked: Option<String>,
    /// The connected namespaces.
    namespaces: BTreeSet<String>,
    /// The session's client, once it has sent a hello.
    client: Option<Name>,
    /// Whether it is this link's own client, which ends its session when it leaves the main
    /// namespace.
    is_ours: bool,
    /// The number of the last request.
    counted: u64,
    /// The events that asked to join or leave and are not answered yet, by request.
    requests: BTreeMap<u64, (ReplyTo, Dialect)>,
    /// The events that published a message and are not answered yet.
    publishes: BTreeMap<MessageId, ReplyTo>,
    /// The queues whose messages are sent in `@nmq/q`'s form.
    nmq_queues: BTreeSet<Name>,
    /// The epoch of each queue.
    epochs: BTreeMap<Name, Epoch>,
    /// The frame that the acknowledgement of each push or gap stands for, by number, until it comes.
    pushed: BTreeMap<u64, Frame>,
    /// The next of these numbers. Node's server counts them by namespace, over all sessions.
    next_ack: u64,
}

/// The session's connection at the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ConnectionState {
    /// Not opened yet: the client has not connected to a namespace.
    #[default]
    Unknown,
    /// Open.
    Open(ConnectionId),
    /// Closed.
    Closed,
}

/// The event that an answer is for. Without a number, the client wants no answer.
struct ReplyTo {
    namespace: String,
    id: Option<u64>,
}

/// The form of the answers that a client expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Native,
    Nmq,
}

impl SessionHandle {
    /// Creates the driver of a session that has sent no packet yet.
    pub fn new(session: EngineSession) -> SessionHandle {
        SessionHandle { session: Arc::new(session), state: Arc::default() }
    }

    /// Returns the session's connection at the broker.
    pub fn connection(&self) -> Option<ConnectionId> {
        match self.state().connection {
            ConnectionState::Open(connection) => Some(connection),
            ConnectionState::Unknown | ConnectionState::Closed => None,
        }
    }

    /// Handles a Socket.IO packet (socket.io's `Client.ondecoded`).
    ///
    /// # Errors
    /// The session must end, because the packet is malformed, or not allowed in the state of its
    /// namespace, or has attachments that Node's server would take and this one does not.
    pub fn receive<N: Net>(
        &self,
        broker: &BrokerDriver<N>,
        counters: &Mutex<Counters>,
        packet: EnginePacket,
    ) -> Result<(), EndReason> {
        let assembled = self.state().assembler.next(packet);
        let Some(event) = assembled.map_err(|_| EndReason::Malformed)? else { return Ok(()) };
        let SocketIoPacket { namespace, what } = event;
        let is_connected = self.state().namespaces.contains(&namespace);
        match what {
            // A client that calls `connect()` twice sends CONNECT twice. Node's server connects
            // twice if both come at once, and else closes the session; here the second is ignored.
            PacketKind::Connect(_) if is_connected => {}
            PacketKind::Connect(auth) => self.connect(broker, counters, namespace, auth.as_ref()),
            PacketKind::Event { name, arguments, ack, attachment } if is_connected => {
                let Some(connection) = self.connection() else { return Ok(()) };
                let answer = ReplyTo { namespace, id: ack };
                let mut counters = counters.lock().expect("the lock is not poisoned");
                let frame =
                    self.state().frame(answer, &name, (arguments, attachment), &mut counters);
                drop(counters);
                broker.tell(match frame {
                    Some(frame) => BrokerInput::Received { connection, frame },
                    None => BrokerInput::Malformed { connection, reason: EndReason::Malformed },
                });
            }
            PacketKind::Ack { id, .. } if is_connected => {
                let pushed = self.state().pushed.remove(&id);
                if let (Some(connection), Some(frame)) = (self.connection(), pushed) {
                    broker.tell(BrokerInput::Received { connection, frame });
                }
            }
            PacketKind::Disconnect if is_connected => self.left(broker, &namespace),
            _ => return Err(EndReason::Unexpected),
        }
        Ok(())
    }

    /// Connects a client to a namespace, and joins the rooms that come with the CONNECT. The first
    /// time, the client's hello is passed to the broker.
    fn connect<N: Net>(
        &self,
        broker: &BrokerDriver<N>,
        counters: &Mutex<Counters>,
        namespace: String,
        auth: Option<&Json>,
    ) {
        let Some(auth) = auth.map_or_else(|| Some(Auth::default()), |auth| parse::<Auth>(auth))
        else {
            return self.refuse(namespace, EndReason::Malformed);
        };
        if self.connection().is_some() {
            self.welcome(namespace.clone());
        } else {
            self.state().asked = Some(namespace.clone());
            let connection = broker.open(Box::new(self.clone()));
            if broker.is_open(connection) {
                let (client, session) = hello(&auth, counters);
                let mut state = self.state();
                (state.client, state.is_ours) = (Some(client.clone()), auth.session.is_some());
                state.connection = ConnectionState::Open(connection);
                drop(state);
                let frame = Frame::Hello { client, session, will: auth.will.clone() };
                broker.tell(BrokerInput::Received { connection, frame });
            }
        }
        let Some(connection) = self.connection() else { return };
        if auth.join.rooms.is_some() {
            let (frame, _) = self.state().join(queue_of(&namespace), auth.join);
            broker.tell(BrokerInput::Received { connection, frame });
        }
    }

    /// Confirms that a namespace is connected.
    fn welcome(&self, namespace: String) {
        let sid = json(&serde_json::json!({ "sid": new_id() }));
        let mut state = self.state();
        state.namespaces.insert(namespace.clone());
        self.send(namespace, PacketKind::Connect(Some(sid)), None);
        self.session.connected();
    }

    /// Refuses a connection to a namespace, with a reason.
    fn refuse(&self, namespace: String, reason: EndReason) {
        let error = json(&Refusal { message: reason });
        self.send(namespace, PacketKind::ConnectError(error), None);
    }

    /// Handles a client that leaves a namespace. Its Engine.IO session goes on. Its connection at
    /// the broker ends with the last namespace, or, for this link's own client, with the main one.
    fn left<N: Net>(&self, broker: &BrokerDriver<N>, namespace: &str) {
        let mut state = self.state();
        state.namespaces.remove(namespace);
        if state.namespaces.is_empty() || state.is_ours && namespace == MAIN {
            drop(state);
            self.ended(broker, EndReason::Left);
        }
    }

    /// Ends the session's connection at the broker, which is told unless it has closed the
    /// connection itself. A session that never had a connection is recorded as rejected.
    pub fn ended<N: Net>(&self, broker: &BrokerDriver<N>, reason: EndReason) {
        let connection = self.state().reset();
        match connection {
            ConnectionState::Unknown => broker.reject(reason),
            ConnectionState::Open(connection) => {
                broker.tell(BrokerInput::Closed { connection, reason })
            }
            ConnectionState::Closed => {}
        }
    }

    /// Sends a packet of Socket.IO.
    fn send(&self, namespace: String, what: PacketKind, copy: Option<CopyOf>) {
        self.session.send(Outgoing::of(SocketIoPacket { namespace, what }, copy));
    }

    fn emit(&self, namespace: String, name: &str, arguments: Vec<Json>, ack: Option<u64>) {
        let (name, attachment) = (name.to_owned(), BinaryAttachment::None);
        self.send(namespace, PacketKind::Event { name, arguments, ack, attachment }, None);
    }

    /// Answers an event, if the client wants an answer.
    fn answer(&self, answer: ReplyTo, arguments: Vec<Json>) {
        if let Some(id) = answer.id {
            self.send(answer.namespace, PacketKind::Ack { id, arguments }, None);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the lock is not poisoned")
    }
}

impl SendHalf for SessionHandle {
    fn push(
        &mut self,
        frame: &Frame,
        session: Option<&SessionId>,
    ) -> Result<PushOutcome, PushError> {
        let mut state = self.state();
        match frame {
            Frame::Welcome { .. } => {
                if let Some(namespace) = state.asked.take() {
                    drop(state);
                    self.welcome(namespace);
                }
            }
            Frame::Joined { request, queue, answer } => {
                if let Some(answer) = answer {
                    state.epochs.insert(queue.clone(), answer.epoch());
                }
                let joined = || vec![json(&Joined { request: *request, answer: *answer })];
                match state.requests.remove(request) {
                    Some((to, Dialect::Native)) => self.answer(to, joined()),
                    Some((to, Dialect::Nmq)) => self.answer(to, nmq::subscribed(queue)),
                    None => self.emit(namespace_of(queue), JOINED, joined(), None),
                }
            }
            Frame::Left { request } => {
                if let Some((to, _)) = state.requests.remove(request) {
                    self.answer(to, Vec::new());
                }
            }
            Frame::Accepted { id } => {
                self.answer_publish(&mut state, id, AckOutcome::Accepted(id.clone()))
            }
            Frame::Refused { id } => {
                self.answer_publish(&mut state, id, AckOutcome::Refused(id.clone()))
            }
            Frame::Push { message, .. } if message.is_volatile() && !self.session.is_writable() => {
                return Err(PushError::Busy);
            }
            Frame::Push { message, offset, kind, confirm } => {
                let copy = session.map(|session| (message.id.clone(), session.clone()));
                self.push_message(&mut state, message, (*offset, *kind, *confirm), copy);
            }
            Frame::Gap { queue, from, to, after } => {
                let gap = vec![json(&Gap { from: *from, to: *to, after: *after })];
                let ack = state.number(Frame::Ack { queue: queue.clone(), position: *to });
                self.emit(namespace_of(queue), GAP, gap, Some(ack));
            }
            Frame::Bye { reason } => match state.asked.take() {
                Some(namespace) => self.refuse(namespace, *reason),
                None => {
                    if let Some(namespace) = state.namespaces.first() {
                        let bye = vec![json(&Bye { reason: *reason })];
                        self.emit(namespace.clone(), BYE, bye, None);
                    }
                }
            },
            // The heartbeat is Engine.IO's, and the other frames are those that clients send.
            _ => {}
        }
        Ok(PushOutcome::Later)
    }

    fn waiting(&self) -> WaitingBytes {
        self.session.waiting()
    }

    /// Disconnects every namespace; the client then closes the transport.
    fn close(&mut self) {
        let mut state = self.state();
        for namespace in std::mem::take(&mut state.namespaces) {
            self.send(namespace, PacketKind::Disconnect, None);
        }
        state.reset();
    }
}

impl SessionHandle {
    /// Pushes a message. If the client is to acknowledge or answer it, it has a number for that.
    fn push_message(
        &self,
        state: &mut State,
        message: &Message,
        (offset, kind, confirm): (Option<Offset>, PushKind, Confirm),
        copy: Option<CopyOf>,
    ) {
        let queue = &message.queue;
        let namespace = namespace_of(queue);
        if !state.namespaces.contains(&namespace) {
            // The client has left the namespace, so nothing is sent.
            return;
        }
        let name = match state.nmq_queues.contains(queue) {
            true => TRIGGER.to_owned(),
            false => event_name(&message.event),
        };
        let meta = Meta::of_push(message, offset, kind, state.epochs.get(queue).copied());
        let reply = match offset {
            Some(Offset { position, .. }) => Some(Frame::Ack { queue: queue.clone(), position }),
            None if confirm == Confirm::Wanted => Some(Frame::Answer { id: message.id.clone() }),
            None => None,
        };
        let ack = reply.map(|reply| state.number(reply));
        self.send(namespace, event_of_message(message, name, meta, ack), copy);
    }

    fn answer_publish(&self, state: &mut State, id: &MessageId, outcome: AckOutcome) {
        if let Some(to) = state.publishes.remove(id) {
            self.answer(to, vec![json(&outcome)]);
        }
    }
}

impl State {
    /// Forgets the client. Returns the connection that the session had.
    fn reset(&mut self) -> ConnectionState {
        let next_ack = self.next_ack;
        let connection = ConnectionState::Closed;
        std::mem::replace(self, State { connection, next_ack, ..State::default() }).connection
    }

    /// Assigns the number with which the client makes this reply.
    fn number(&mut self, reply: Frame) -> u64 {
        let number = self.next_ack;
        self.next_ack += 1;
        self.pushed.insert(number, reply);
        number
    }

    /// Converts an event to a frame; `None` if the event is malformed.
    fn frame(
        &mut self,
        to: ReplyTo,
        name: &str,
        (arguments, attachment): (Vec<Json>, BinaryAttachment),
        counters: &mut Counters,
    ) -> Option<Frame> {
        let queue = queue_of(&to.namespace);
        match name {
            JOIN | SUBSCRIBE => {
                let dialect = if name == JOIN { Dialect::Native } else { Dialect::Nmq };
                if dialect == Dialect::Nmq {
                    self.nmq_queues.insert(queue.clone());
                }
                let (frame, request) = self.join(queue, join_of(&arguments)?);
                self.requests.insert(request, (to, dialect));
                Some(frame)
            }
            LEAVE => {
                let Leave { request, rooms } = self.leave_of(&arguments)?;
                self.requests.insert(request, (to, Dialect::Native));
                Some(Frame::Leave { request, queue, rooms })
            }
            name => {
                let published = nmq::publication(&to.namespace, name, &arguments);
                let (queue, event, said) = match published {
                    Some(Publication { queue, event, payload }) => {
                        (queue, event, (payload, Meta::default()))
                    }
                    None => (queue, event_of(name)?, message_of(arguments, attachment)),
                };
                let wants = if to.id.is_some() { Confirm::Wanted } else { Confirm::Unwanted };
                let frame = self.publish(queue, event, said, wants, counters);
                if let (Confirm::Wanted, Some(message)) = (wants, frame.message()) {
                    self.publishes.insert(message.id.clone(), to);
                }
                Some(frame)
            }
        }
    }

    fn join(&mut self, queue: Name, join: JoinEvent) -> (Frame, u64) {
        let request = self.count(join.request);
        let rooms: Vec<RoomJoin> =
            join.rooms.into_iter().flatten().map(SocketIoRoom::join).collect();
        (Frame::Join { request, queue, rooms, known: join.known }, request)
    }

    fn leave_of(&mut self, arguments: &[Json]) -> Option<Leave> {
        let first = arguments.first()?;
        if let Some(leave) = parse::<Leave>(first) {
            self.counted = self.counted.max(leave.request);
            return Some(leave);
        }
        let rooms = mapping::names(first)?;
        Some(Leave { request: self.count(None), rooms })
    }

    fn publish(
        &mut self,
        queue: Name,
        event: Name,
        (payload, meta): (Payload, Meta),
        confirm: Confirm,
        counters: &mut Counters,
    ) -> Frame {
        let after = meta.after;
        let client = self.client.clone().expect("a namespace is connected after a hello");
        let last = counters.messages.entry(client.clone()).or_default();
        let id = meta
            .id
            .clone()
            .unwrap_or_else(|| MessageId { publisher: client.clone(), sequence: *last + 1 });
        if id.publisher == client {
            *last = (*last).max(id.sequence);
        }
        let message = Message::new(id, meta.draft(queue, event, payload));
        Frame::Publish { message: Arc::new(message), after, confirm }
    }

    fn count(&mut self, request: Option<u64>) -> u64 {
        self.counted = request.unwrap_or(self.counted + 1);
        self.counted
    }
}

/// Returns the client and the session that a first CONNECT names, or new ones.
fn hello(auth: &Auth, counters: &Mutex<Counters>) -> (Name, SessionId) {
    let mut counters = counters.lock().expect("the lock is not poisoned");
    counters.sessions += 1;
    let number = counters.sessions;
    let client = auth.client.clone().unwrap_or_else(|| format!("guest-{number}").into());
    let session = auth.session.clone();
    let session = session.unwrap_or_else(|| SessionId { process: client.clone(), number });
    (client, session)
}

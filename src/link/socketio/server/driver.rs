//! The Socket.IO side of one session: packets as frames for the broker, and its frames as packets.
//!
//! A client of ours says who it is, which session this is, and numbers its requests and messages.
//! A stranger (any Socket.IO client) need not: it gets a name, and is counted for. Nothing here
//! decides what a frame does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use super::new_id;
use super::session::EngineSession;
use crate::core::{BrokerInput, ConnectionId};
use crate::link::socketio::event::{Json, MAIN, Saying, SocketIoPacket, json, parse};
use crate::link::socketio::mapping::{
    self, Auth, BYE, Bye, Fate, GAP, Gap, JOIN, JOINED, JoinEvent, Joined, LEAVE, Leave, Meta,
    Refusal, SocketIoRoom, event_name, event_of, join_of, message_of, namespace_of, queue_of,
};
use crate::link::socketio::nmq::{self, Publication, SUBSCRIBE, TRIGGER};
use crate::link::socketio::packet::EnginePacket;
use crate::link::socketio::queue::Outgoing;
use crate::link::tap::CopyOf;
use crate::link::{BrokerDriver, Full, PushOutcome, SendHalf, WaitingBytes};
use crate::message::{
    Confirm, EndReason, Epoch, Frame, Message, MessageId, Name, Offset, Payload, Position,
    PushKind, RoomJoin, SessionId,
};
use crate::net::Net;

/// What strangers do not count themselves, counted for the whole life of a broker.
#[derive(Debug, Default)]
pub struct Counters {
    /// Sessions of strangers.
    sessions: u64,
    /// The last message number of each client: the broker takes no more than so many names.
    messages: BTreeMap<Name, u64>,
}

/// The sending side of a session, and its ear. Cheap to clone.
#[derive(Clone)]
pub struct Driver {
    /// What carries its packets.
    pub session: Arc<EngineSession>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    standing: Standing,
    /// The namespace whose CONNECT said hello, until that is answered.
    asked: Option<String>,
    /// The namespaces that are connected.
    namespaces: BTreeSet<String>,
    /// Whose it is, once it has said hello.
    client: Option<Name>,
    /// Whether it is a client of ours: it leaves the main namespace when it goes.
    is_ours: bool,
    /// The last request that was counted for a stranger.
    counted: u64,
    /// Where the answers to joins and leaves go that came as events.
    requests: BTreeMap<u64, (Answer, Dialect)>,
    /// Where the answers to publishes go.
    publishes: BTreeMap<MessageId, Answer>,
    /// Queues whose messages are wanted in other words than ours.
    course: BTreeSet<Name>,
    /// The epoch of each queue.
    epochs: BTreeMap<Name, Epoch>,
    /// Pushes and gaps that are to be acknowledged, by number.
    pushed: BTreeMap<u64, (Name, Position)>,
    /// The next of these numbers. Node's server counts them by namespace, for all sessions.
    next_ack: u64,
}

/// What a session is to the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    /// Nothing yet: no namespace was asked for.
    #[default]
    Unknown,
    /// A connection.
    Open(ConnectionId),
    /// No connection any more.
    Closed,
}

/// Where the answer to an event goes, if it wants one.
struct Answer {
    namespace: String,
    id: Option<u64>,
}

/// In whose words a client is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Ours,
    Course,
}

impl Driver {
    /// A session that has said nothing.
    pub fn new(session: EngineSession) -> Driver {
        Driver { session: Arc::new(session), state: Arc::default() }
    }

    /// Its connection at the broker.
    pub fn peer(&self) -> Option<ConnectionId> {
        match self.state().standing {
            Standing::Open(peer) => Some(peer),
            Standing::Unknown | Standing::Closed => None,
        }
    }

    /// A packet of Socket.IO came (socket.io's `Client.ondecoded`).
    ///
    /// # Errors
    /// It ends the session: it is no packet, or not due in its namespace; or it announces bytes, for
    /// which Node's server would wait.
    pub fn hear<N: Net>(
        &self,
        hub: &BrokerDriver<N>,
        counters: &Mutex<Counters>,
        text: &str,
    ) -> Result<(), EndReason> {
        let event = SocketIoPacket::decode(text).map_err(|_| EndReason::Malformed)?;
        let SocketIoPacket { namespace, what } = event;
        let is_connected = self.state().namespaces.contains(&namespace);
        match what {
            // `connect()` called twice says CONNECT twice. Node's server connects twice if both come
            // at once, and closes the session if not; here the second is not heard.
            Saying::Connect(_) if is_connected => {}
            Saying::Connect(auth) => self.connect(hub, counters, namespace, auth.as_ref()),
            Saying::Event { name, arguments, ack } if is_connected => {
                let Some(peer) = self.peer() else { return Ok(()) };
                let answer = Answer { namespace, id: ack };
                let mut counters = counters.lock().expect("nobody panics with it");
                let frame = self.state().frame(answer, &name, arguments, &mut counters);
                drop(counters);
                hub.tell(match frame {
                    Some(frame) => BrokerInput::Received { peer, frame },
                    None => BrokerInput::Malformed { peer, reason: EndReason::Malformed },
                });
            }
            Saying::Ack { id, .. } if is_connected => {
                let pushed = self.state().pushed.remove(&id);
                if let (Some(peer), Some((queue, position))) = (self.peer(), pushed) {
                    let frame = Frame::Ack { queue, position };
                    hub.tell(BrokerInput::Received { peer, frame });
                }
            }
            Saying::Disconnect if is_connected => self.left(hub, &namespace),
            _ => return Err(EndReason::Unexpected),
        }
        Ok(())
    }

    /// A client wants into a namespace: the first time it says hello with that.
    fn connect<N: Net>(
        &self,
        hub: &BrokerDriver<N>,
        counters: &Mutex<Counters>,
        namespace: String,
        auth: Option<&Json>,
    ) {
        let Some(auth) = auth.map_or_else(|| Some(Auth::default()), |auth| parse::<Auth>(auth))
        else {
            return self.refuse(namespace, EndReason::Malformed);
        };
        if self.peer().is_some() {
            self.welcome(namespace.clone());
        } else {
            self.state().asked = Some(namespace.clone());
            let peer = hub.open(Box::new(self.clone()));
            if hub.is_open(peer) {
                let (client, session) = hello(&auth, counters);
                let mut state = self.state();
                (state.client, state.is_ours) = (Some(client.clone()), auth.session.is_some());
                state.standing = Standing::Open(peer);
                drop(state);
                let frame = Frame::Hello { client, session };
                hub.tell(BrokerInput::Received { peer, frame });
            }
        }
        let Some(peer) = self.peer() else { return };
        if auth.join.rooms.is_some() {
            let (frame, _) = self.state().join(queue_of(&namespace), auth.join);
            hub.tell(BrokerInput::Received { peer, frame });
        }
    }

    /// A namespace is connected.
    fn welcome(&self, namespace: String) {
        let sid = json(&serde_json::json!({ "sid": new_id() }));
        let mut state = self.state();
        state.namespaces.insert(namespace.clone());
        self.say(namespace, Saying::Connect(Some(sid)), None);
        self.session.connected();
    }

    /// A namespace is not connected, and why.
    fn refuse(&self, namespace: String, reason: EndReason) {
        let error = json(&Refusal { message: reason });
        self.say(namespace, Saying::ConnectError(error), None);
    }

    /// The client leaves a namespace. Its session goes on; that it is a client's ends with the
    /// last, or with the main one if it is a client of ours.
    fn left<N: Net>(&self, hub: &BrokerDriver<N>, namespace: &str) {
        let mut state = self.state();
        state.namespaces.remove(namespace);
        if state.namespaces.is_empty() || state.is_ours && namespace == MAIN {
            drop(state);
            self.ended(hub, EndReason::Left);
        }
    }

    /// The session is not a client's any more: the broker is told, if it does not know.
    pub fn ended<N: Net>(&self, hub: &BrokerDriver<N>, reason: EndReason) {
        let standing = self.state().reset();
        match standing {
            Standing::Unknown => hub.reject(reason),
            Standing::Open(peer) => hub.tell(BrokerInput::Closed { peer, reason }),
            Standing::Closed => {}
        }
    }

    /// Sends a packet of Socket.IO.
    fn say(&self, namespace: String, what: Saying, copy: Option<CopyOf>) {
        let packet = EnginePacket::Message(SocketIoPacket { namespace, what }.encode()).encode();
        self.session.send(Outgoing { packet, copy });
    }

    fn emit(&self, namespace: String, name: &str, arguments: Vec<Json>, ack: Option<u64>) {
        self.say(namespace, Saying::Event { name: name.to_owned(), arguments, ack }, None);
    }

    /// Answers an event, if it wants that.
    fn answer(&self, answer: Answer, arguments: Vec<Json>) {
        if let Some(id) = answer.id {
            self.say(answer.namespace, Saying::Ack { id, arguments }, None);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }
}

impl SendHalf for Driver {
    fn push(&mut self, frame: &Frame, session: Option<&SessionId>) -> Result<PushOutcome, Full> {
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
                    Some((to, Dialect::Ours)) => self.answer(to, joined()),
                    Some((to, Dialect::Course)) => self.answer(to, nmq::subscribed(queue)),
                    None => self.emit(namespace_of(queue), JOINED, joined(), None),
                }
            }
            Frame::Left { request } => {
                if let Some((to, _)) = state.requests.remove(request) {
                    self.answer(to, Vec::new());
                }
            }
            Frame::Accepted { id } => self.tell_fate(&mut state, id, Fate::Accepted(id.clone())),
            Frame::Refused { id } => self.tell_fate(&mut state, id, Fate::Refused(id.clone())),
            Frame::Push { message, place, kind } => {
                let copy = session.map(|session| (message.id.clone(), session.clone()));
                self.push_message(&mut state, message, (*place, *kind), copy);
            }
            Frame::Gap { queue, from, to, after } => {
                let gap = vec![json(&Gap { from: *from, to: *to, after: *after })];
                let ack = state.number(queue, *to);
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
            // Engine.IO has a heartbeat of its own; the rest is what clients say.
            _ => {}
        }
        Ok(PushOutcome::Later)
    }

    fn waiting(&self) -> WaitingBytes {
        self.session.waiting()
    }

    /// Leaves every namespace; the client then closes the transport.
    fn close(&mut self) {
        let mut state = self.state();
        for namespace in std::mem::take(&mut state.namespaces) {
            self.say(namespace, Saying::Disconnect, None);
        }
        state.reset();
    }
}

impl Driver {
    /// Pushes a message: in catch-up mode with a number, to be acknowledged.
    fn push_message(
        &self,
        state: &mut State,
        message: &Message,
        (place, kind): (Option<Offset>, PushKind),
        copy: Option<CopyOf>,
    ) {
        let queue = &message.queue;
        let namespace = namespace_of(queue);
        if !state.namespaces.contains(&namespace) {
            // Where nobody listens any more nothing is sent.
            return;
        }
        let name = match state.course.contains(queue) {
            true => TRIGGER.to_owned(),
            false => event_name(&message.event),
        };
        let meta = Meta::of_push(message, place, kind, state.epochs.get(queue).copied());
        let arguments = vec![json(&message.payload), json(&meta)];
        let ack = place.map(|place| state.number(queue, place.position));
        self.say(namespace, Saying::Event { name, arguments, ack }, copy);
    }

    fn tell_fate(&self, state: &mut State, id: &MessageId, fate: Fate) {
        if let Some(to) = state.publishes.remove(id) {
            self.answer(to, vec![json(&fate)]);
        }
    }
}

impl State {
    /// Forgets the client. Gives what the session was to the broker.
    fn reset(&mut self) -> Standing {
        let next_ack = self.next_ack;
        let standing = Standing::Closed;
        std::mem::replace(self, State { standing, next_ack, ..State::default() }).standing
    }

    /// The number under which a position is to be acknowledged.
    fn number(&mut self, queue: &Name, position: Position) -> u64 {
        let number = self.next_ack;
        self.next_ack += 1;
        self.pushed.insert(number, (queue.clone(), position));
        number
    }

    /// The frame that an event is; `None` if it is nothing that can be said.
    fn frame(
        &mut self,
        to: Answer,
        name: &str,
        arguments: Vec<Json>,
        counters: &mut Counters,
    ) -> Option<Frame> {
        let queue = queue_of(&to.namespace);
        match name {
            JOIN | SUBSCRIBE => {
                let dialect = if name == JOIN { Dialect::Ours } else { Dialect::Course };
                if dialect == Dialect::Course {
                    self.course.insert(queue.clone());
                }
                let (frame, request) = self.join(queue, join_of(&arguments)?);
                self.requests.insert(request, (to, dialect));
                Some(frame)
            }
            LEAVE => {
                let Leave { request, rooms } = self.leave_of(&arguments)?;
                self.requests.insert(request, (to, Dialect::Ours));
                Some(Frame::Leave { request, queue, rooms })
            }
            name => {
                let published = nmq::publication(&to.namespace, name, &arguments);
                let (queue, event, said) = match published {
                    Some(Publication { queue, event, payload }) => {
                        (queue, event, (payload, Meta::default()))
                    }
                    None => (queue, event_of(name)?, message_of(arguments)),
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
        reply: Confirm,
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
        let message = Message { id, queue, event, target: meta.target(), payload };
        Frame::Publish { message: Arc::new(message), after, reply }
    }

    fn count(&mut self, request: Option<u64>) -> u64 {
        self.counted = request.unwrap_or(self.counted + 1);
        self.counted
    }
}

/// Who a client says that it is, with its first CONNECT.
fn hello(auth: &Auth, counters: &Mutex<Counters>) -> (Name, SessionId) {
    let mut counters = counters.lock().expect("nobody panics with it");
    counters.sessions += 1;
    let number = counters.sessions;
    let client = auth.client.clone().unwrap_or_else(|| format!("guest-{number}").into());
    let session = auth.session.clone();
    let session = session.unwrap_or_else(|| SessionId { process: client.clone(), number });
    (client, session)
}

//! The sending side of a client: converts frames to packets, and packets to frames.
//!
//! It holds packets for a namespace until that is connected, as Socket.IO's own client does. It
//! never touches a socket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Context;

use serde::Serialize;

use crate::link::socketio::event::{
    Assembler, BinaryAttachment, Json, MAIN, PacketKind, SocketIoPacket, json, parse,
};
use crate::link::socketio::mapping::{
    self, AckOutcome, Auth, Bye, Gap, JoinEvent, Joined, Leave, Meta, Refusal, SocketIoRoom,
    event_name, event_of_message, message_of, namespace_of, queue_of,
};
use crate::link::socketio::packet::EnginePacket;
use crate::link::socketio::queue::{Outgoing, PacketQueue};
use crate::link::tap::CopyOf;
use crate::link::{PushError, PushOutcome, SendHalf, WaitingBytes};
use crate::message::{
    Confirm, EndReason, Frame, Heartbeat, Message, MessageId, Mode, Name, Offset, Position,
    SessionId,
};

/// The sending side of a session, which also decodes the server's messages. Cheap to clone.
#[derive(Clone)]
pub struct SocketIoSendHalf(Arc<Mutex<State>>);

struct State {
    mode: Mode,
    heartbeat: Heartbeat,
    /// The session that the client has sent a hello for.
    session: Option<SessionId>,
    namespaces: BTreeMap<String, Namespace>,
    /// The number of the last event for which an acknowledgement was requested.
    last_ack: u64,
    /// The requests whose acknowledgement is awaited, by number.
    asked: BTreeMap<u64, Asked>,
    /// The number with which to acknowledge each push or gap, by queue and position.
    unacknowledged: BTreeMap<(Name, Position), u64>,
    /// The queue and the number with which to answer each push without a position.
    unanswered: BTreeMap<MessageId, (Name, u64)>,
    queue: PacketQueue,
    assembler: Assembler,
    is_closed: bool,
}

/// A namespace that the client connects to.
#[derive(Default)]
struct Namespace {
    is_connected: bool,
    /// The packets to send once it is connected.
    held: Vec<(SocketIoPacket, Option<CopyOf>)>,
}

/// A request whose acknowledgement is awaited.
enum Asked {
    Join(Name),
    Leave(u64),
    Publish,
}

impl SocketIoSendHalf {
    /// Creates the sending side of a session that Engine.IO has opened.
    pub fn new(mode: Mode, heartbeat: Heartbeat) -> SocketIoSendHalf {
        SocketIoSendHalf(Arc::new(Mutex::new(State {
            mode,
            heartbeat,
            session: None,
            namespaces: BTreeMap::new(),
            last_ack: 0,
            asked: BTreeMap::new(),
            unacknowledged: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            queue: PacketQueue::default(),
            assembler: Assembler::default(),
            is_closed: false,
        })))
    }

    /// Sends a packet of Engine.IO itself.
    pub fn send(&self, packet: EnginePacket) {
        self.state().queue.push(packet.into());
    }

    /// Takes the next packets to send, as many as fit into `most` bytes but at least one. If there
    /// are none, the next push wakes the task.
    pub fn take(&self, cx: &Context<'_>, most: usize) -> Vec<Outgoing> {
        let mut state = self.state();
        let taken = state.queue.take(most);
        if taken.is_empty() {
            state.queue.watch(cx);
        }
        taken
    }

    /// Notes that packets were written: this many messages, and this many bytes.
    pub fn written(&self, sizes: (usize, usize)) {
        self.state().queue.written(sizes);
    }

    /// Drops the waiting packets with a message.
    pub fn drop_messages(&self) {
        self.state().queue.drop_messages();
    }

    /// Whether the session is closed for sending.
    pub fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    /// Decodes a message of the server to a frame; `None` if only the link needs it, or if its bytes
    /// are still to come.
    ///
    /// # Errors
    /// The message is not valid, or not one that a broker sends.
    pub fn receive(&self, packet: EnginePacket) -> Result<Option<Frame>, EndReason> {
        let mut state = self.state();
        match state.assembler.next(packet).map_err(|_| EndReason::Malformed)? {
            Some(event) => state.receive(event),
            None => Ok(None),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("the lock is not poisoned")
    }
}

impl SendHalf for SocketIoSendHalf {
    fn push(
        &mut self,
        frame: &Frame,
        session: Option<&SessionId>,
    ) -> Result<PushOutcome, PushError> {
        let mut state = self.state();
        if let Frame::Publish { message, .. } = frame
            && message.is_volatile()
            && state.queue.waiting().bytes > 0
        {
            return Err(PushError::Busy);
        }
        state.push(frame, session);
        Ok(PushOutcome::Later)
    }

    /// Takes back a message that waits for its namespace. Socket.IO's client takes an emit out of
    /// its buffer when the time for the acknowledgement has passed, and only there.
    fn withdraw(&mut self, id: &MessageId) -> bool {
        self.state().withdraw(id)
    }

    fn waiting(&self) -> WaitingBytes {
        self.state().queue.waiting()
    }

    fn close(&mut self) {
        let mut state = self.state();
        state.is_closed = true;
        state.queue.wake();
    }
}

impl State {
    fn push(&mut self, frame: &Frame, session: Option<&SessionId>) {
        match frame {
            Frame::Hello { client, session, will } if self.session.is_none() => {
                self.session = Some(session.clone());
                let (client, session) = (Some(client.clone()), Some(session.clone()));
                let (will, join) = (will.clone(), JoinEvent::default());
                self.connect(MAIN, Some(Auth { client, session, will, join }));
            }
            Frame::Join { request, queue, rooms, known } => {
                let rooms = Some(rooms.iter().cloned().map(SocketIoRoom::From).collect());
                let join = JoinEvent { request: Some(*request), rooms, known: *known };
                let namespace = namespace_of(queue);
                if self.namespaces.contains_key(&namespace) {
                    let id = self.ask(Asked::Join(queue.clone()));
                    self.emit(queue, request_event(mapping::JOIN, &join, id), None);
                } else {
                    self.connect(&namespace, Some(Auth { join, ..Auth::default() }));
                }
            }
            Frame::Leave { request, queue, rooms } => {
                let leave = Leave { request: *request, rooms: rooms.clone() };
                let id = self.ask(Asked::Leave(*request));
                self.emit(queue, request_event(mapping::LEAVE, &leave, id), None);
            }
            Frame::Publish { message, after, confirm } => {
                let keeps = self.mode == Mode::CatchUp && !message.is_volatile();
                let wants = keeps || *confirm == Confirm::Wanted;
                let id = wants.then(|| self.ask(Asked::Publish));
                let copy = session.map(|session| (message.id.clone(), session.clone()));
                let meta = Meta::of_publish(message, *after);
                let what = event_of_message(message, event_name(&message.event), meta, id);
                self.emit(&message.queue, what, copy);
            }
            Frame::Ack { queue, position } => {
                if let Some(id) = self.unacknowledged.remove(&(queue.clone(), *position)) {
                    let what = PacketKind::Ack { id, arguments: Vec::new() };
                    self.send(SocketIoPacket { namespace: namespace_of(queue), what }, None);
                }
            }
            Frame::Answer { id } => {
                if let Some((queue, id)) = self.unanswered.remove(id) {
                    let what = PacketKind::Ack { id, arguments: Vec::new() };
                    self.send(SocketIoPacket { namespace: namespace_of(&queue), what }, None);
                }
            }
            // A second hello, or a frame that only brokers send. The heartbeat is Engine.IO's.
            _ => {}
        }
    }

    fn withdraw(&mut self, id: &MessageId) -> bool {
        let is_it = |copy: &Option<CopyOf>| copy.as_ref().is_some_and(|(of, _)| of == id);
        self.namespaces.values_mut().any(|namespace| {
            let before = namespace.held.len();
            namespace.held.retain(|(_, copy)| !is_it(copy));
            namespace.held.len() < before
        })
    }

    /// Connects to a namespace, unless it is connected or connecting.
    fn connect(&mut self, namespace: &str, auth: Option<Auth>) {
        if self.namespaces.contains_key(namespace) {
            return;
        }
        self.namespaces.insert(namespace.to_owned(), Namespace::default());
        let what = PacketKind::Connect(auth.as_ref().map(json));
        let event = SocketIoPacket { namespace: namespace.to_owned(), what };
        self.queue.push(Outgoing::of(event, None));
    }

    fn emit(&mut self, queue: &Name, what: PacketKind, copy: Option<CopyOf>) {
        let namespace = namespace_of(queue);
        self.connect(&namespace, None);
        self.send(SocketIoPacket { namespace, what }, copy);
    }

    /// Sends a packet in a namespace, or holds it until the namespace is connected.
    fn send(&mut self, event: SocketIoPacket, copy: Option<CopyOf>) {
        let namespace = self.namespaces.entry(event.namespace.clone()).or_default();
        if namespace.is_connected {
            self.queue.push(Outgoing::of(event, copy));
        } else {
            namespace.held.push((event, copy));
        }
    }

    fn ask(&mut self, asked: Asked) -> u64 {
        self.last_ack += 1;
        self.asked.insert(self.last_ack, asked);
        self.last_ack
    }

    fn receive(&mut self, event: SocketIoPacket) -> Result<Option<Frame>, EndReason> {
        let SocketIoPacket { namespace, what } = event;
        Ok(match what {
            PacketKind::Connect(_) => {
                let known = self.namespaces.get_mut(&namespace).ok_or(EndReason::Unexpected)?;
                known.is_connected = true;
                for (event, copy) in std::mem::take(&mut known.held) {
                    self.send(event, copy);
                }
                let session = self.session.clone().filter(|_| namespace == MAIN);
                session.map(|session| Frame::Welcome { session, heartbeat: self.heartbeat })
            }
            PacketKind::ConnectError(error) => {
                let reason = parse::<Refusal>(&error).map(|refusal| refusal.message);
                Some(Frame::Bye { reason: reason.unwrap_or(EndReason::Unexpected) })
            }
            PacketKind::Disconnect => Some(Frame::Bye { reason: EndReason::Fin }),
            PacketKind::Ack { id, arguments } => self.answered(id, &arguments),
            PacketKind::Event { name, arguments, ack, attachment } => {
                let said = (arguments, attachment);
                Some(self.event(queue_of(&namespace), &name, said, ack)?)
            }
        })
    }

    /// Converts an acknowledgement from the broker to a frame.
    fn answered(&mut self, id: u64, arguments: &[Json]) -> Option<Frame> {
        let first = arguments.first();
        match self.asked.remove(&id)? {
            Asked::Join(queue) => {
                let Joined { request, answer } = parse(first?)?;
                Some(Frame::Joined { request, queue, answer })
            }
            Asked::Leave(request) => Some(Frame::Left { request }),
            Asked::Publish => Some(match parse(first?)? {
                AckOutcome::Accepted(id) => Frame::Accepted { id },
                AckOutcome::Refused(id) => Frame::Refused { id },
            }),
        }
    }

    fn event(
        &mut self,
        queue: Name,
        name: &str,
        (arguments, attachment): (Vec<Json>, BinaryAttachment),
        ack: Option<u64>,
    ) -> Result<Frame, EndReason> {
        let Some(event) = mapping::event_of(name) else {
            let first = arguments.first().ok_or(EndReason::Malformed)?;
            return self.own_event(queue, name, first, ack).ok_or(EndReason::Malformed);
        };
        let (payload, meta) = message_of(arguments, attachment);
        let id = meta.id.clone().ok_or(EndReason::Malformed)?;
        let (offset, kind) = (meta.offset(), meta.kind);
        let mut confirm = Confirm::Unwanted;
        match (offset, ack) {
            (Some(Offset { position, .. }), Some(ack)) => {
                self.unacknowledged.insert((queue.clone(), position), ack);
            }
            (None, Some(ack)) => {
                confirm = Confirm::Wanted;
                self.unanswered.insert(id.clone(), (queue.clone(), ack));
            }
            (_, None) => {}
        }
        let message = Message::new(id, meta.draft(queue, event, payload));
        Ok(Frame::Push { message: Arc::new(message), offset, kind, confirm })
    }

    fn own_event(
        &mut self,
        queue: Name,
        name: &str,
        first: &Json,
        ack: Option<u64>,
    ) -> Option<Frame> {
        match name {
            mapping::JOINED => {
                let Joined { request, answer } = parse(first)?;
                Some(Frame::Joined { request, queue, answer })
            }
            mapping::GAP => {
                let Gap { from, to, after } = parse(first)?;
                self.unacknowledged.extend(ack.map(|ack| ((queue.clone(), to), ack)));
                Some(Frame::Gap { queue, from, to, after })
            }
            mapping::BYE => Some(Frame::Bye { reason: parse::<Bye>(first)?.reason }),
            _ => None,
        }
    }
}

/// Returns the event of a request that the server answers.
fn request_event<T: Serialize>(name: &str, asked: &T, id: u64) -> PacketKind {
    let (name, arguments) = (name.to_owned(), vec![json(asked)]);
    PacketKind::Event { name, arguments, ack: Some(id), attachment: BinaryAttachment::None }
}

//! Where frames for one session go: into events that socketioxide emits.
//!
//! What it took but has not yet written waits here, by number of bytes; a glass on the stream
//! says what was written. Nothing here waits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;
use serde::de::IgnoredAny;
use socketioxide::extract::{AckSender, SocketRef};
use socketioxide::{SendError, SocketError};
use tokio::sync::oneshot;

use super::ears::{Fact, Facts, Verdict};
use crate::link::socketio::words::{
    BYE, Bye, Fate, GAP, Gap, JOINED, Joined, Meta, TRIGGER, event_name, namespace_of,
};
use crate::link::tap::CopyOf;
use crate::link::{Full, Lane, Taken, Waiting};
use crate::message::{
    EndReason, Epoch, Frame, Message, MessageId, Name, Place, PushKind, SessionId,
};
use crate::time::Instant;

/// Bytes that an event has around its names and its payload, roughly: only a send queue counts
/// them.
const FRAMING: usize = 64;

/// In whose words a client is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// This link's.
    Ours,
    /// Those of the course's `@nmq/q`: an error or none, and then what happened.
    Course,
}

/// The desks of a server's sessions, by Engine.IO's id.
pub type Desks = Arc<Mutex<BTreeMap<String, Desk>>>;

/// What lane, glass and the broker's task know of one session. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    sid: String,
    facts: Facts,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The answer to the client's first CONNECT, while it is open.
    verdict: Option<oneshot::Sender<Verdict>>,
    /// The namespaces that are connected.
    sockets: BTreeMap<String, SocketRef>,
    /// Where the answers to joins and leaves go that came as events.
    requests: BTreeMap<u64, (AckSender, Dialect)>,
    /// Queues whose messages are wanted in other words than ours.
    course: BTreeSet<Name>,
    /// Where the answers to publishes go.
    publishes: BTreeMap<MessageId, AckSender>,
    /// The epoch of each queue.
    epochs: BTreeMap<Name, Epoch>,
    /// Pushes that were emitted and not yet written, and their bytes.
    emitted: VecDeque<(CopyOf, usize)>,
    bytes: usize,
    /// Whether the broker's task was told that something was written, and has not looked yet.
    was_told: bool,
    /// When the upgrade to WebSocket was granted.
    upgrades_since: Option<Instant>,
    /// How its stream ended.
    ended: Option<EndReason>,
}

impl Desk {
    /// A session whose first CONNECT waits for its verdict.
    pub fn new(sid: String, facts: Facts, verdict: oneshot::Sender<Verdict>) -> Desk {
        let state = State { verdict: Some(verdict), ..State::default() };
        Desk { sid, facts, state: Arc::new(Mutex::new(state)) }
    }

    /// A namespace is connected.
    pub fn connected(&self, socket: SocketRef) {
        self.state().sockets.insert(socket.ns().to_owned(), socket);
    }

    /// A namespace is left. Says whether it was the last.
    pub fn left(&self, namespace: &str) -> bool {
        let mut state = self.state();
        state.sockets.remove(namespace);
        state.sockets.is_empty()
    }

    /// Where the answer to a join or leave goes.
    pub fn expect_request(&self, request: u64, answer: AckSender, dialect: Dialect) {
        self.state().requests.insert(request, (answer, dialect));
    }

    /// This queue's messages are wanted in the words of the course.
    pub fn speaks_course(&self, queue: Name) {
        self.state().course.insert(queue);
    }

    /// Where the answer to a publish goes.
    pub fn expect_publish(&self, id: MessageId, answer: AckSender) {
        self.state().publishes.insert(id, answer);
    }

    /// The upgrade to WebSocket was granted, and is now to be made.
    pub fn upgrades(&self, now: Instant) {
        self.state().upgrades_since = Some(now);
    }

    /// Since when the upgrade is to be made, or was.
    pub fn upgrades_since(&self) -> Option<Instant> {
        self.state().upgrades_since
    }

    /// How the session's stream ended, if that could be seen.
    pub fn end(&self) -> Option<EndReason> {
        self.state().ended
    }

    /// What waits to be written.
    pub fn waiting(&self) -> Waiting {
        let mut state = self.state();
        state.was_told = false;
        Waiting { messages: state.emitted.len(), bytes: state.bytes }
    }

    /// A packet was written: the copy that it carries, if it is one of ours.
    ///
    /// What was emitted before it and not written died in the library, with a poll that nobody
    /// waited for any more.
    pub fn written(&self, packet: &str) -> Option<CopyOf> {
        if !packet.starts_with("42") {
            return None;
        }
        let mut state = self.state();
        let carries = |((id, _), _): &(CopyOf, usize)| packet.contains(&sign_of(id));
        let index = state.emitted.iter().position(carries)?;
        let mut last = None;
        for (copy, bytes) in state.emitted.drain(..=index).collect::<Vec<_>>() {
            state.bytes -= bytes;
            last = Some(copy);
        }
        last
    }

    /// Something was written: the broker's task is told once until it looks.
    pub fn flushed(&self) {
        let was_told = std::mem::replace(&mut self.state().was_told, true);
        if !was_told {
            let _ = self.facts.send(Fact::Flushed { sid: self.sid.clone() });
        }
    }

    /// The session's stream ended: what was seen first counts.
    pub fn stream_ended(&self, reason: EndReason) {
        self.state().ended.get_or_insert(reason);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }
}

/// How a message's id stands in the second argument of its event.
fn sign_of(id: &MessageId) -> String {
    let json = serde_json::to_string(id).expect("an id is a text");
    format!("{{\"id\":{json}")
}

impl Lane for Desk {
    fn push(&mut self, frame: &Frame, session: Option<&SessionId>) -> Result<Taken, Full> {
        let mut state = self.state();
        match frame {
            Frame::Welcome { .. } => {
                if let Some(verdict) = state.verdict.take() {
                    let _ = verdict.send(Ok(()));
                }
            }
            Frame::Joined { request, queue, answer } => {
                if let Some(answer) = answer {
                    state.epochs.insert(queue.clone(), answer.epoch());
                }
                let joined = Joined { request: *request, answer: *answer };
                match state.requests.remove(request) {
                    Some((answer, Dialect::Ours)) => drop(answer.send(&(joined,))),
                    Some((answer, Dialect::Course)) => {
                        drop(answer.send(&((), format!("Subscribed in {queue}"))));
                    }
                    None => state.say(queue, JOINED, &joined),
                }
            }
            Frame::Left { request } => {
                if let Some((answer, _)) = state.requests.remove(request) {
                    let _ = answer.send(&());
                }
            }
            Frame::Accepted { id } => state.answer(id, &Fate::Accepted(id.clone())),
            Frame::Refused { id } => state.answer(id, &Fate::Refused(id.clone())),
            Frame::Push { message, place, kind } => {
                let session = session.ok_or(Full)?;
                return self.emit(&mut state, message, (*place, *kind), session);
            }
            Frame::Gap { queue, from, to, after } => {
                let gap = Gap { from: *from, to: *to, after: *after };
                let socket = state.sockets.get(&namespace_of(queue)).ok_or(Full)?;
                let answer = socket.emit_with_ack(GAP, &(gap,)).map_err(|_| Full)?;
                let (sid, queue, position) = (self.sid.clone(), queue.clone(), *to);
                let _ = self.facts.send(Fact::Awaits { sid, queue, position, answer });
            }
            Frame::Bye { reason } => match state.verdict.take() {
                Some(verdict) => drop(verdict.send(Err(*reason))),
                None => {
                    if let Some(socket) = state.sockets.values().next() {
                        let _ = socket.emit(BYE, &(Bye { reason: *reason },));
                    }
                }
            },
            // Engine.IO has a heartbeat of its own; the rest is what clients say.
            _ => {}
        }
        Ok(Taken::Later)
    }

    fn waiting(&self) -> Waiting {
        let state = self.state();
        Waiting { messages: state.emitted.len(), bytes: state.bytes }
    }

    /// Leaves every namespace; the client then closes the transport.
    fn close(&mut self) {
        let sockets = std::mem::take(&mut self.state().sockets);
        for socket in sockets.into_values() {
            let _ = socket.disconnect();
        }
    }
}

impl Desk {
    /// Emits a push: in catch-up mode with an acknowledgement.
    fn emit(
        &self,
        state: &mut State,
        message: &Message,
        (place, kind): (Option<Place>, PushKind),
        session: &SessionId,
    ) -> Result<Taken, Full> {
        let queue = &message.queue;
        let epoch = state.epochs.get(queue).copied();
        // What is emitted where nobody listens any more is never written.
        let Some(socket) = state.sockets.get(&namespace_of(queue)) else {
            return Ok(Taken::Later);
        };
        let name = match state.course.contains(queue) {
            true => TRIGGER.to_owned(),
            false => event_name(&message.event),
        };
        let meta = Meta::of_push(message, place, kind, epoch);
        let arguments = (&message.payload, meta);
        match place {
            None => match socket.emit(name, &arguments) {
                Ok(()) => {}
                Err(error) => return unsent(&error),
            },
            Some(place) => {
                let answer = match socket.emit_with_ack(name, &arguments) {
                    Ok(answer) => answer,
                    Err(error) => return unsent(&error),
                };
                let (sid, queue) = (self.sid.clone(), queue.clone());
                let position = place.position;
                let _ = self.facts.send(Fact::Awaits { sid, queue, position, answer });
            }
        }
        let bytes = message.size() + FRAMING;
        state.bytes += bytes;
        state.emitted.push_back(((message.id.clone(), session.clone()), bytes));
        Ok(Taken::Later)
    }
}

impl State {
    fn say<T: Serialize>(&self, queue: &Name, event: &str, what: &T) {
        if let Some(socket) = self.sockets.get(&namespace_of(queue)) {
            let _ = socket.emit(event, &(what,));
        }
    }

    fn answer(&mut self, id: &MessageId, fate: &Fate) {
        if let Some(answer) = self.publishes.remove(id) {
            let _ = answer.send(&(fate,));
        }
    }
}

/// An event that was not emitted: the socket is over, and nothing is written any more; or it had
/// no room.
fn unsent(error: &SendError) -> Result<Taken, Full> {
    match error {
        SendError::Socket(SocketError::Closed) => Ok(Taken::Later),
        _ => Err(Full),
    }
}

/// Whatever a client answers to a push, it has dealt with it.
pub type Anything = IgnoredAny;

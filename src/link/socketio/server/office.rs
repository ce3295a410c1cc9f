//! The broker's task beside the server: it turns facts of the server into facts of the broker.
//!
//! It runs in the process's own future, so a paused broker decides nothing and a dead one is
//! gone, whatever tasks of socketioxide's are still there.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use socketioxide::extract::SocketRef;
use socketioxide::socket::DisconnectReason;
use socketioxide::{SocketIo, TransportType};
use tokio::sync::oneshot;

use super::ears::{Fact, Facts, Verdict};
use super::lane::{Desk, Desks};
use super::lobby::Lobby;
use super::session::{Counters, Said, Session, hello};
use crate::core::BrokerInput;
use crate::history::What;
use crate::link::hub::sleep_until;
use crate::link::limits::UPGRADE_WITHIN;
use crate::link::socketio::event::MAIN;
use crate::link::socketio::words::Auth;
use crate::link::{Hub, Lane};
use crate::message::{EndReason, Frame, Name, Position};
use crate::net::Net;
use crate::time::Instant;

/// The sessions of a server, and the broker's ear.
pub struct Office<N: Net> {
    hub: Hub<N>,
    facts: Facts,
    io: SocketIo,
    sessions: BTreeMap<String, Session>,
    lobby: Lobby,
    desks: Desks,
    counters: Counters,
    answers: FuturesUnordered<Answer>,
}

/// An acknowledgement that may come: of which session and position.
type Answer = Pin<Box<dyn Future<Output = Option<(String, Name, Position)>> + Send>>;

impl<N: Net> Office<N> {
    /// An office without sessions.
    pub fn new(hub: Hub<N>, facts: Facts, io: SocketIo) -> Office<N> {
        let (sessions, lobby, desks, counters) = Default::default();
        let answers = FuturesUnordered::new();
        Office { hub, facts, io, sessions, lobby, desks, counters, answers }
    }

    /// The desks of all sessions, by Engine.IO's id.
    pub fn desks(&self) -> Desks {
        self.desks.clone()
    }

    /// Waits for the next acknowledgement of a push, and passes it on; or until a session has
    /// taken too long to connect to anything.
    pub async fn next(&mut self) {
        let late = self.lobby.first().map(|(sid, until)| (sid.to_owned(), until));
        let until = late.as_ref().map(|(_, until)| *until);
        tokio::select! {
            biased;
            Some(answer) = self.answers.next(), if !self.answers.is_empty() => {
                if let Some((sid, queue, position)) = answer {
                    self.tell(&sid, Frame::Ack { queue, position });
                }
            }
            () = sleep_until(self.hub.net(), until) => {
                late.and_then(|(sid, _)| self.lobby.leave(&sid));
                self.hub.turned_away(EndReason::ConnectTimeout);
            }
        }
    }

    /// Something happened to a session.
    pub fn hear(&mut self, fact: Fact) {
        match fact {
            Fact::Knocked { sid, auth, verdict } => self.knocked(sid, auth.as_deref(), verdict),
            Fact::Connected { socket, auth } => self.connected(socket, auth.as_deref()),
            Fact::Said { sid, namespace, text, answer, wants } => {
                let Some(session) = self.sessions.get_mut(&sid) else { return };
                let said = Said { namespace, text, answer, wants };
                let input = match session.hear(said, &mut self.counters) {
                    Some(frame) => BrokerInput::Received { peer: session.peer, frame },
                    None => {
                        BrokerInput::Garbled { peer: session.peer, reason: EndReason::Malformed }
                    }
                };
                self.hub.tell(input);
            }
            Fact::Left { sid, namespace, transport, reason } => {
                self.left(&sid, &namespace, transport, reason);
            }
            Fact::Awaits { sid, queue, position, answer } => {
                self.answers.push(Box::pin(async move {
                    let is_answered = is_answer(&answer.await);
                    is_answered.then_some((sid, queue, position))
                }));
            }
            Fact::Closed { sid, flow, code, reason } => {
                let what = What::CloseCode { flow: Arc::new(flow), code };
                self.hub.recorder().record(self.hub.net().now(), what);
                self.closed(sid.as_deref(), reason);
            }
            Fact::Opened { sid } => self.lobby.enter(self.hub.net().now(), sid),
            Fact::Refused { sid, reason } => self.refused(sid.as_deref(), reason),
            Fact::Flushed { sid } => {
                if let Some(session) = self.sessions.get(&sid) {
                    self.hub.flushed(session.peer, session.desk.waiting());
                }
            }
        }
    }

    /// A WebSocket has ended. If its session had connected to nothing, nobody else tells: whatever
    /// the library ended for no reason that its stream showed was nonsense, or took too long.
    fn closed(&mut self, sid: Option<&str>, reason: Option<EndReason>) {
        let Some(since) = sid.and_then(|sid| self.lobby.leave(sid)) else { return };
        let waited = self.hub.net().now().since(since);
        // The first ping waits for nothing.
        let is_late = waited >= self.hub.limits().heartbeat.timeout;
        let other = if is_late { EndReason::ConnectTimeout } else { EndReason::Malformed };
        self.hub.turned_away(reason.unwrap_or(other));
    }

    /// A request was not granted. What is no packet ends a session anyway, and what has no place
    /// does not.
    fn refused(&mut self, sid: Option<&str>, reason: EndReason) {
        match sid.and_then(|sid| self.sessions.get(sid)) {
            Some(session) if matches!(reason, EndReason::TooLong | EndReason::HttpTimeout) => {
                self.hub.tell(BrokerInput::Garbled { peer: session.peer, reason });
            }
            Some(_) => {}
            None => {
                sid.and_then(|sid| self.lobby.leave(sid));
                self.hub.turned_away(reason);
            }
        }
    }

    /// A client wants into a namespace: the first time it says hello with that.
    fn knocked(&mut self, sid: String, auth: Option<&str>, verdict: oneshot::Sender<Verdict>) {
        let Some(auth) = auth_of(auth) else {
            let _ = verdict.send(Err(EndReason::Malformed));
            return;
        };
        self.lobby.leave(&sid);
        if let Some(session) = self.sessions.get(&sid) {
            let is_open = self.hub.is_open(session.peer);
            let _ = verdict.send(if is_open { Ok(()) } else { Err(EndReason::UnknownSession) });
            return;
        }
        let desk = Desk::new(sid.clone(), self.facts.clone(), verdict);
        self.desks.lock().expect("nobody panics with it").insert(sid.clone(), desk.clone());
        let peer = self.hub.open(Box::new(desk.clone()));
        let (client, session) = hello(&auth, &mut self.counters);
        self.sessions.insert(sid.clone(), Session::new(peer, desk, client.clone(), &auth));
        self.tell(&sid, Frame::Hello { client, session });
        // Who is refused is in no namespace that could be left later.
        let is_refused = !self.hub.is_open(peer);
        self.forget_if(&sid, is_refused);
    }

    /// It is in: the rooms that it wants it has said with that, too.
    fn connected(&mut self, socket: SocketRef, auth: Option<&str>) {
        let sid = socket.id.to_string();
        let Some(session) = self.sessions.get_mut(&sid) else { return };
        let namespace = socket.ns().to_owned();
        if !self.hub.is_open(session.peer) {
            let _ = socket.disconnect();
            return;
        }
        session.desk.connected(socket);
        let auth = auth_of(auth).unwrap_or_default();
        if let Some(frame) = session.join_at_connect(&namespace, auth.join) {
            self.tell(&sid, frame);
        }
    }

    /// A namespace was left: by the client, by the broker, or with the whole session.
    fn left(
        &mut self,
        sid: &str,
        namespace: &str,
        transport: TransportType,
        reason: DisconnectReason,
    ) {
        let Some(session) = self.sessions.get_mut(sid) else { return };
        let is_last = session.desk.left(namespace);
        let reason = match reason {
            DisconnectReason::ServerNSDisconnect => return self.forget_if(sid, is_last),
            DisconnectReason::ClientNSDisconnect
                if is_last || session.is_ours && namespace == MAIN =>
            {
                EndReason::Left
            }
            DisconnectReason::ClientNSDisconnect => return,
            DisconnectReason::HeartbeatTimeout => EndReason::Heartbeat,
            DisconnectReason::PacketParsingError | DisconnectReason::MultipleHttpPollingError => {
                EndReason::Malformed
            }
            DisconnectReason::TransportError => {
                let now = self.hub.net().now();
                session.desk.end().unwrap_or_else(|| failed(&session.desk, transport, now))
            }
            DisconnectReason::TransportClose | DisconnectReason::ClosingServer => {
                session.desk.end().unwrap_or(EndReason::Left)
            }
        };
        let peer = session.peer;
        self.forget_if(sid, true);
        self.hub.tell(BrokerInput::Closed { peer, reason });
    }

    fn forget_if(&mut self, sid: &str, is_over: bool) {
        if is_over {
            self.sessions.remove(sid);
            self.desks.lock().expect("nobody panics with it").remove(sid);
        }
    }

    fn tell(&self, sid: &str, frame: Frame) {
        if let Some(session) = self.sessions.get(sid) {
            self.hub.tell(BrokerInput::Received { peer: session.peer, frame });
        }
    }
}

impl<N: Net> Drop for Office<N> {
    /// The process is over: what socketioxide still runs is told to end, and lets go of what it
    /// holds in circles. Nothing of that can be sent any more.
    ///
    /// It starts tasks to close a session; after a trial there is no runtime that they could run
    /// on, so they get one that never runs.
    fn drop(&mut self) {
        let none = tokio::runtime::Handle::try_current().is_err();
        let idle = none.then(|| tokio::runtime::Builder::new_current_thread().build());
        let idle = idle.and_then(Result::ok);
        let _context = idle.as_ref().map(|idle| idle.enter());
        if !none || idle.is_some() {
            let _ = self.io.close().now_or_never();
            let sessions = std::mem::take(&mut self.sessions);
            sessions.into_values().for_each(|mut session| session.desk.close());
        }
    }
}

/// Why a WebSocket failed that did not end: its upgrade took too long, or it spoke nonsense.
fn failed(desk: &Desk, transport: TransportType, now: Instant) -> EndReason {
    let is_late = |since: Instant| now >= since + UPGRADE_WITHIN;
    if transport == TransportType::Polling && desk.upgrades_since().is_some_and(is_late) {
        return EndReason::ConnectTimeout;
    }
    EndReason::Malformed
}

/// What a client says with CONNECT; nothing is as good as an empty object.
fn auth_of(text: Option<&str>) -> Option<Auth> {
    text.map_or_else(|| Some(Auth::default()), |text| serde_json::from_str(text).ok())
}

/// Whether a push was acknowledged, with whatever words; not if its session ended.
fn is_answer<T>(answer: &Result<T, socketioxide::AckError>) -> bool {
    matches!(answer, Ok(_) | Err(socketioxide::AckError::Decode(_)))
}

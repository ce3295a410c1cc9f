//! One Engine.IO session: what waits to be sent and over which transport, its heartbeat, and its
//! end.
//!
//! It follows Node's server (engine.io 6.6, `socket.js`), whose names stand in the comments. Nothing
//! here reads or writes a socket, or knows what a message means.

use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll};

use tokio::sync::Notify;

use crate::link::WaitingBytes;
use crate::link::limits::{MOST_PAYLOAD, NAMESPACE_WITHIN};
use crate::link::socketio::packet::{EnginePacket, Handshake};
use crate::link::socketio::queue::{Outgoing, PacketQueue, sizes};
use crate::message::{EndReason, Heartbeat};
use crate::time::Instant;

/// How a session's packets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By polls and posts.
    Polling,
    /// By polls and posts, while a WebSocket is probed.
    Upgrading,
    /// By WebSocket.
    WebSocket,
}

/// One session.
pub struct EngineSession {
    /// Its id.
    pub sid: String,
    heartbeat: Heartbeat,
    state: Mutex<State>,
    /// Told when the deadline may have changed.
    timer: Notify,
}

struct State {
    transport: Transport,
    /// Whether a poll waits: then the transport is `writable`.
    polls: bool,
    /// Whether a post is under way.
    posts: bool,
    queue: PacketQueue,
    /// When the next ping is due; none while a pong is awaited.
    ping_at: Option<Instant>,
    /// Until when the pong may take.
    pong_until: Option<Instant>,
    /// Whether another packet has given the pong more time already.
    is_extended: bool,
    /// Until when the first namespace is to be connected.
    connects_until: Option<Instant>,
    /// Why it has ended.
    over: Option<EndReason>,
}

impl EngineSession {
    /// A session that begins with its handshake.
    pub fn new(
        sid: String,
        transport: Transport,
        heartbeat: Heartbeat,
        now: Instant,
    ) -> EngineSession {
        let upgrades = match transport {
            Transport::WebSocket => Vec::new(),
            _ => vec!["websocket".to_owned()],
        };
        let mut queue = PacketQueue::default();
        queue.push(Outgoing::from(EnginePacket::Open(Handshake {
            sid: sid.clone(),
            upgrades,
            ping_interval: heartbeat.every.as_millis(),
            ping_timeout: heartbeat.timeout.as_millis(),
            max_payload: MOST_PAYLOAD as u64,
        })));
        let state = State {
            transport,
            polls: false,
            posts: false,
            queue,
            ping_at: Some(now + heartbeat.every),
            pong_until: None,
            is_extended: false,
            connects_until: Some(now + NAMESPACE_WITHIN),
            over: None,
        };
        EngineSession { sid, heartbeat, state: Mutex::new(state), timer: Notify::new() }
    }

    /// How its packets travel now.
    pub fn transport(&self) -> Transport {
        self.state().transport
    }

    /// Why it has ended, if it has.
    pub fn over(&self) -> Option<EndReason> {
        self.state().over
    }

    /// Sends a packet.
    pub fn send(&self, next: Outgoing) {
        let mut state = self.state();
        if state.over.is_none() {
            state.queue.push(next);
        }
    }

    /// What was not written yet.
    pub fn waiting(&self) -> WaitingBytes {
        self.state().queue.waiting()
    }

    /// It has ended: whoever carries its packets lets go of it.
    pub fn end(&self, reason: EndReason) {
        let mut state = self.state();
        state.over = Some(reason);
        state.queue.wake();
        self.timer.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }
}

/// Polls and posts.
impl EngineSession {
    /// A poll begins; `false` if another one waits ("overlap from client").
    pub fn begin_poll(&self) -> bool {
        !std::mem::replace(&mut self.state().polls, true)
    }

    /// The packets that answer the poll. To a poll that has outlived its transport, the answer is
    /// that this is closed.
    pub fn poll_answer(&self, cx: &Context<'_>) -> Poll<Vec<Outgoing>> {
        let mut state = self.state();
        if state.over.is_some() || state.transport == Transport::WebSocket {
            return Poll::Ready(vec![Outgoing::from(EnginePacket::Close)]);
        }
        let packets = state.queue.take(MOST_PAYLOAD);
        if packets.is_empty() {
            state.queue.watch(cx);
            return Poll::Pending;
        }
        state.polls = false;
        state.queue.written(sizes(&packets));
        Poll::Ready(packets)
    }

    /// A post begins; `false` if another one is under way.
    pub fn begin_post(&self) -> bool {
        !std::mem::replace(&mut self.state().posts, true)
    }

    /// The post has come whole, or not at all.
    pub fn end_post(&self) {
        self.state().posts = false;
    }
}

/// The WebSocket.
impl EngineSession {
    /// A WebSocket is probed from now on; `false` if one was before.
    pub fn begin_upgrade(&self) -> bool {
        let mut state = self.state();
        let may_upgrade = state.transport == Transport::Polling;
        if may_upgrade {
            state.transport = Transport::Upgrading;
        }
        may_upgrade
    }

    /// Ends a poll that waits with nothing, so that the client can go over ("fast upgrade").
    pub fn release_poll(&self) {
        let mut state = self.state();
        if state.polls && state.queue.is_empty() {
            state.queue.push(Outgoing::from(EnginePacket::Noop));
        }
    }

    /// The upgrade is made, or was given up.
    pub fn end_upgrade(&self, transport: Transport) {
        let mut state = self.state();
        state.transport = transport;
        state.queue.wake();
    }

    /// The next packet for the WebSocket.
    pub fn take_next(&self) -> Option<Outgoing> {
        self.state().queue.take(0).pop()
    }

    /// Packets were written: so many messages, so many bytes.
    pub fn written(&self, sizes: (usize, usize)) {
        self.state().queue.written(sizes);
    }

    /// Wakes a task when there is something to write, or the session has ended.
    pub fn watch(&self, cx: &Context<'_>) {
        self.state().queue.watch(cx);
    }
}

/// Its clock.
impl EngineSession {
    /// A packet came. The first that is no pong gives one that is awaited more time.
    pub fn heard(&self, packet: &EnginePacket, now: Instant) {
        let mut state = self.state();
        if let EnginePacket::Pong(_) = packet {
            (state.pong_until, state.ping_at) = (None, Some(now + self.heartbeat.every));
        } else if state.pong_until.is_some() && !std::mem::replace(&mut state.is_extended, true) {
            state.pong_until = Some(now + self.heartbeat.timeout);
        } else {
            return;
        }
        self.timer.notify_one();
    }

    /// A namespace is connected: none has to be any more.
    pub fn connected(&self) {
        self.state().connects_until = None;
        self.timer.notify_one();
    }

    /// When it wants to hear that time has passed; never, once it has ended.
    pub fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        if state.over.is_some() {
            return None;
        }
        [state.ping_at, state.pong_until, state.connects_until].into_iter().flatten().min()
    }

    /// Waits until the deadline may have changed.
    pub async fn deadline_changed(&self) {
        self.timer.notified().await;
    }

    /// Time has passed.
    ///
    /// # Errors
    /// The session is to end: why.
    pub fn elapsed(&self, now: Instant) -> Result<(), EndReason> {
        let mut state = self.state();
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(state.connects_until) {
            return Err(EndReason::ConnectTimeout);
        }
        if is_due(state.pong_until) {
            return Err(EndReason::Heartbeat);
        }
        if is_due(state.ping_at) {
            (state.ping_at, state.pong_until) = (None, Some(now + self.heartbeat.timeout));
            state.is_extended = false;
            state.queue.push(Outgoing::from(EnginePacket::Ping(String::new())));
        }
        Ok(())
    }
}

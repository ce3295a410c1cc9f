//! One Engine.IO session: its transport, the packets that wait, its heartbeat, and its end.
//!
//! It behaves as Node's server (engine.io 6.6, `socket.js`); comments quote the names used there.
//! Nothing here reads or writes a socket, or knows what a message means.

use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll};

use tokio::sync::Notify;

use crate::link::WaitingBytes;
use crate::link::limits::{MOST_PAYLOAD, NAMESPACE_WITHIN};
use crate::link::socketio::packet::{EnginePacket, Handshake};
use crate::link::socketio::queue::{Outgoing, PacketQueue, sizes};
use crate::message::{EndReason, Heartbeat};
use crate::time::Instant;

/// The transport of a session's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Polls and posts.
    Polling,
    /// Polls and posts, while a WebSocket is probed.
    Upgrading,
    /// A WebSocket.
    WebSocket,
}

/// An Engine.IO session.
pub struct EngineSession {
    /// The session's id.
    pub sid: String,
    heartbeat: Heartbeat,
    state: Mutex<State>,
    /// Notified when the deadline may have changed.
    timer: Notify,
}

struct State {
    transport: Transport,
    /// Whether a poll is pending; the transport is then `writable`.
    polls: bool,
    /// Whether a post is pending.
    posts: bool,
    queue: PacketQueue,
    /// The time of the next ping; none while a pong is awaited.
    ping_at: Option<Instant>,
    /// The time by which the awaited pong must come.
    pong_until: Option<Instant>,
    /// Whether another packet has already extended the time for the pong.
    is_extended: bool,
    /// The time by which the first namespace must be connected.
    connects_until: Option<Instant>,
    /// The reason for its end, once it has ended.
    over: Option<EndReason>,
}

impl EngineSession {
    /// Creates a session, whose first packet is the handshake.
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

    /// Returns the current transport.
    pub fn transport(&self) -> Transport {
        self.state().transport
    }

    /// Returns the reason for the session's end, if it has ended.
    pub fn over(&self) -> Option<EndReason> {
        self.state().over
    }

    /// Queues a packet, unless the session has ended.
    pub fn send(&self, next: Outgoing) {
        let mut state = self.state();
        if state.over.is_none() {
            state.queue.push(next);
        }
    }

    /// Whether the transport takes a packet now: no other waits and, by polls, one is pending.
    pub fn is_writable(&self) -> bool {
        let state = self.state();
        let by_poll = state.transport != Transport::WebSocket;
        state.queue.waiting().bytes == 0 && (state.polls || !by_poll)
    }

    /// Returns the size of what is not written yet.
    pub fn waiting(&self) -> WaitingBytes {
        self.state().queue.waiting()
    }

    /// Ends the session, and wakes the tasks that carry its packets, which then drop it.
    pub fn end(&self, reason: EndReason) {
        let mut state = self.state();
        state.over = Some(reason);
        state.queue.wake();
        self.timer.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the lock is not poisoned")
    }
}

/// The transport by polls and posts.
impl EngineSession {
    /// Begins a poll. Returns `false` if another one is pending ("overlap from client").
    pub fn begin_poll(&self) -> bool {
        !std::mem::replace(&mut self.state().polls, true)
    }

    /// Returns the packets that answer the poll, once there are some. If the session has ended or
    /// has moved to WebSocket, the answer is that the transport is closed.
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

    /// Begins a post. Returns `false` if another one is pending.
    pub fn begin_post(&self) -> bool {
        !std::mem::replace(&mut self.state().posts, true)
    }

    /// Ends a post, whose body has arrived or failed.
    pub fn end_post(&self) {
        self.state().posts = false;
    }
}

/// The transport by WebSocket.
impl EngineSession {
    /// Begins to probe a WebSocket. Returns `false` if the session has or probes one already.
    pub fn begin_upgrade(&self) -> bool {
        let mut state = self.state();
        let may_upgrade = state.transport == Transport::Polling;
        if may_upgrade {
            state.transport = Transport::Upgrading;
        }
        may_upgrade
    }

    /// Ends a pending poll with a no-op packet, so that the client can switch ("fast upgrade").
    pub fn release_poll(&self) {
        let mut state = self.state();
        if state.polls && state.queue.is_empty() {
            state.queue.push(Outgoing::from(EnginePacket::Noop));
        }
    }

    /// Ends the upgrade; `transport` tells its outcome.
    pub fn end_upgrade(&self, transport: Transport) {
        let mut state = self.state();
        state.transport = transport;
        state.queue.wake();
    }

    /// Takes the next packet for the WebSocket.
    pub fn take_next(&self) -> Option<Outgoing> {
        self.state().queue.take(0).pop()
    }

    /// Notes that packets were written: this many messages, and this many bytes.
    pub fn written(&self, sizes: (usize, usize)) {
        self.state().queue.written(sizes);
    }

    /// Wakes the current task when there is a packet to write, or the session has ended.
    pub fn watch(&self, cx: &Context<'_>) {
        self.state().queue.watch(cx);
    }
}

/// Timers.
impl EngineSession {
    /// Notes that a packet came. The first packet that is not a pong extends the time for an
    /// awaited pong.
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

    /// Notes that a namespace is connected, so that its deadline no longer applies.
    pub fn connected(&self) {
        self.state().connects_until = None;
        self.timer.notify_one();
    }

    /// Returns the time at which [`elapsed`](Self::elapsed) must be called; none once the session
    /// has ended.
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

    /// Runs the timers that are due.
    ///
    /// # Errors
    /// The session must end, for this reason.
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

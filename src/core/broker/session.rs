//! Sessions at the broker: hello, takeover by a newer session, heartbeat, end.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::message::{
    Draft, EndReason, Frame, Liveness, Mode, Name, Note, Reliability, ResumeOutcome, SessionId,
    resend_wait,
};
use crate::time::Instant;

use super::{Broker, BrokerOutput, ConnectionId, Timer};
use crate::core::limits::{MOST_NAMES, MOST_PROCESSES};

/// One open session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The client that it belongs to.
    pub client: Name,
    /// Number of the last request (join or leave) that was applied.
    pub requests: u64,
    /// The message that is published if it ends without a goodbye.
    pub will: Option<Arc<Draft>>,
    /// The queues that it joined, with the answer to the first join of each.
    pub attached: BTreeMap<Name, Option<ResumeOutcome>>,
    /// Time of the first sending of the ping that is unanswered, if there is one.
    pinged: Option<Instant>,
    /// The number of times that this ping was sent.
    pings: u32,
    /// Time of the first sending of the last ping.
    last_ping: Instant,
}

/// The fields of a `Hello` frame.
pub struct Hello {
    pub client: Name,
    pub session: SessionId,
    pub will: Option<Arc<Draft>>,
}

impl Broker {
    /// Processes a hello: opens a session, or answers a copy of the hello that did.
    pub(super) fn hello(&mut self, now: Instant, connection: ConnectionId, hello: Hello) {
        let Hello { client, session: id, will } = hello;
        if let Some(session) = self.session(connection) {
            return if session.id == id && session.client == client {
                self.welcome(connection, id);
            } else {
                self.close(now, connection, EndReason::Unexpected);
            };
        }
        if self.clients.len() >= MOST_NAMES && !self.clients.contains_key(&client) {
            return self.close(now, connection, EndReason::LimitReached);
        }
        let record = self.clients.entry(client.clone()).or_default();
        if record.newest.get(&id.process).is_some_and(|newest| *newest >= id.number) {
            return self.close(now, connection, EndReason::StaleHello);
        }
        if record.newest.len() >= MOST_PROCESSES && !record.newest.contains_key(&id.process) {
            return self.close(now, connection, EndReason::LimitReached);
        }
        record.newest.insert(id.process.clone(), id.number);
        if let Some(older) = record.connection {
            self.close(now, older, EndReason::Replaced);
        }
        self.open(now, connection, Hello { client, session: id, will });
    }

    fn open(&mut self, now: Instant, connection: ConnectionId, hello: Hello) {
        let Hello { client, session: id, will } = hello;
        self.clients.entry(client.clone()).or_default().connection = Some(connection);
        let session = Session {
            id: id.clone(),
            client: client.clone(),
            requests: 0,
            will,
            attached: BTreeMap::new(),
            pinged: None,
            pings: 0,
            last_ping: now,
        };
        let state = self.connections.get_mut(&connection).expect("the hello came on it");
        state.session = Some(session);
        self.timers.clear(&Timer::Hello(connection));
        self.timers.clear(&Timer::SessionExpiry(client.clone()));
        match self.options.link.liveness {
            Liveness::Pings => {
                let every = self.options.limits.heartbeat.every;
                self.timers.set(Timer::Ping(connection), now + every);
            }
            Liveness::Requests => self.request_seen(now, connection),
            Liveness::Link => {}
        }
        self.note(Note::SessionOpened { session: id.clone(), client });
        self.welcome(connection, id);
    }

    fn welcome(&mut self, connection: ConnectionId, session: SessionId) {
        let heartbeat = self.options.limits.heartbeat;
        self.send(connection, Frame::Welcome { session, heartbeat });
    }

    /// Sends a ping that is due, for the first time or again because the link may have lost it.
    pub(super) fn ping(&mut self, now: Instant, connection: ConnectionId) {
        let limits = &self.options.limits;
        let (timeout, ack_timeout) = (limits.heartbeat.timeout, limits.ack_timeout);
        let Some(session) = self.session_mut(connection) else { return };
        let is_new = session.pinged.is_none();
        if is_new {
            session.pinged = Some(now);
            session.last_ping = now;
            session.pings = 0;
        }
        session.pings += 1;
        let again = resend_wait(ack_timeout, session.pings);
        if is_new {
            self.timers.set(Timer::Silence(connection), now + timeout);
        }
        if self.options.link.reliability == Reliability::Lossy {
            self.timers.set(Timer::Ping(connection), now + again);
        }
        self.send(connection, Frame::Ping);
    }

    /// Processes a pong: the next ping is due `every` after the last one.
    pub(super) fn pong(&mut self, now: Instant, connection: ConnectionId) {
        let every = self.options.limits.heartbeat.every;
        let Some(session) = self.session_mut(connection) else { return };
        if session.pinged.take().is_some() {
            let next = (session.last_ping + every).max(now);
            self.timers.clear(&Timer::Silence(connection));
            self.timers.set(Timer::Ping(connection), next);
        }
    }

    /// Processes a sign of life on a link with requests.
    ///
    /// The next one must come within `every` + `timeout`, when a session with pings would be taken
    /// for dead.
    pub(super) fn request_seen(&mut self, now: Instant, connection: ConnectionId) {
        let heartbeat = self.options.limits.heartbeat;
        if self.session(connection).is_some() && self.options.link.liveness == Liveness::Requests {
            self.timers.set(Timer::Silence(connection), now + heartbeat.every + heartbeat.timeout);
        }
    }

    /// Closes a connection from this side.
    pub(super) fn close(&mut self, now: Instant, connection: ConnectionId, reason: EndReason) {
        if self.connections.contains_key(&connection) {
            self.order(BrokerOutput::Close { connection, reason });
            self.end_session(now, connection, reason);
        }
    }

    /// Removes a connection that is gone, its session, and its memberships in rooms.
    pub(super) fn end_session(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        reason: EndReason,
    ) {
        for timer in [Timer::Hello(connection), Timer::Ping(connection), Timer::Silence(connection)]
        {
            self.timers.clear(&timer);
        }
        let Some(state) = self.connections.remove(&connection) else { return };
        let Some(session) = state.session else {
            return self.note(Note::ConnectionClosed { reason });
        };
        if let Some(record) = self.clients.get_mut(&session.client)
            && record.connection == Some(connection)
        {
            record.connection = None;
            self.watch_expiry(now, &session.client);
        }
        self.note(Note::SessionClosed {
            session: session.id.clone(),
            client: session.client.clone(),
            reason,
        });
        for queue in session.attached.keys() {
            self.leave_all(connection, queue, &session);
            match self.options.mode {
                Mode::CatchUp => self.detach(queue, &session.client),
                Mode::FireAndForget => self.forget_put(queue, &session.client),
            }
        }
        self.tell_of_the_end(now, &session, reason);
    }

    pub(super) fn session_mut(&mut self, connection: ConnectionId) -> Option<&mut Session> {
        self.connections.get_mut(&connection)?.session.as_mut()
    }
}

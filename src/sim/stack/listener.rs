//! A listening port: its queue of connections that wait to be accepted, and the queue's limit.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::task::{Context, Poll, Waker};

use super::Stack;
use crate::time::Instant;

/// A listening port.
pub(crate) struct StackListener {
    /// Maximum number of waiting connections, both half-open and ready to be accepted.
    limit: usize,
    /// The waiting connections.
    waiting: BTreeSet<u64>,
    /// The established ones among them, in the order in which they became so.
    ready: VecDeque<u64>,
    acceptor: Option<Waker>,
}

impl StackListener {
    /// Whether there is room for another SYN. If not, it is dropped silently, as Linux does when
    /// `tcp_abort_on_overflow` is off (tcp(7)).
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < self.limit
    }

    /// Adds a half-open connection.
    pub(super) fn expects(&mut self, id: u64) {
        self.waiting.insert(id);
    }

    /// Makes a connection ready to be accepted, and wakes the acceptor.
    pub(super) fn ready(&mut self, id: u64) {
        self.ready.push_back(id);
        if let Some(waker) = self.acceptor.take() {
            waker.wake();
        }
    }

    /// Removes a connection.
    pub(super) fn forget(&mut self, id: u64) {
        self.waiting.remove(&id);
        self.ready.retain(|&other| other != id);
    }

    /// Returns the number of the next connection that is ready.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<u64> {
        let Some(id) = self.ready.pop_front() else {
            self.acceptor = Some(cx.waker().clone());
            return Poll::Pending;
        };
        self.waiting.remove(&id);
        Poll::Ready(id)
    }

    /// Wakes the acceptor, which then finds that the host has lost power.
    pub(super) fn power_lost(self) {
        self.acceptor.into_iter().for_each(Waker::wake);
    }
}

impl Stack {
    /// Listens on a port (0: any), with at most `limit` connections waiting (at least 1). Returns
    /// the port.
    ///
    /// # Errors
    /// `AddrInUse` if the port is taken.
    pub fn listen(&mut self, port: u16, limit: usize) -> io::Result<u16> {
        let port = if port == 0 { self.ephemeral_port()? } else { port };
        if self.listeners.contains_key(&port) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let (waiting, ready) = (BTreeSet::new(), VecDeque::new());
        let limit = limit.max(1);
        self.listeners.insert(port, StackListener { limit, waiting, ready, acceptor: None });
        Ok(port)
    }

    /// Accepts the next connection, and returns its number.
    ///
    /// # Errors
    /// `NotConnected` if the port has no listener any more.
    pub fn poll_accept(&mut self, cx: &mut Context<'_>, port: u16) -> Poll<io::Result<u64>> {
        let Some(listener) = self.listeners.get_mut(&port) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let Poll::Ready(id) = listener.poll_accept(cx) else { return Poll::Pending };
        self.connections.get_mut(&id).expect("it waits").listener = None;
        Poll::Ready(Ok(id))
    }

    /// Stops listening, and resets the waiting connections.
    pub fn stop_listening(&mut self, now: Instant, port: u16) {
        let Some(listener) = self.listeners.remove(&port) else { return };
        for id in listener.waiting {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.let_go(now);
                connection.tcp_mut().abort();
                self.touch(id);
            }
        }
    }
}

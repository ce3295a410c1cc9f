//! One UDP socket: smoltcp makes and checks the packets; this file adds the queues.
//!
//! smoltcp allocates its ring buffers at once, and drops silently. Here they hold one datagram
//! each, and further datagrams wait in queues whose bytes are counted.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::task::{Context, Poll, Waker};

use smoltcp::iface::{PollResult, SocketHandle, SocketSet};
use smoltcp::socket::udp::{PacketBuffer, PacketMetadata, Socket};

use crate::history::{ConnectionStats, Endpoint, EventKind, TransportKind};
use crate::message::EndReason;
use crate::time::Instant;

use super::super::limits::QUEUE;
use super::clock::SocketClock;
use super::wire::endpoint;
use super::{MTU, Stack};

/// Length of the headers of a datagram's packet in bytes: IPv4 20, UDP 8.
const HEADERS: usize = 28;
/// Maximum length of a datagram in bytes: it must fit in one packet.
pub(crate) const LONGEST: usize = MTU - HEADERS;

/// A UDP socket.
pub(crate) struct Datagram {
    pub(super) sockets: SocketSet<'static>,
    handle: SocketHandle,
    local: SocketAddr,
    inbox: Queue,
    outbox: Queue,
    reader: Option<Waker>,
    /// The only peer, if the socket is connected.
    peer: Option<SocketAddr>,
    /// Whether the peer has refused a datagram, and the program was not told yet.
    is_refused: bool,
    /// Whether the program closed it.
    closed: bool,
}

/// Waiting datagrams, each with its remote address.
#[derive(Debug, Default)]
struct Queue {
    datagrams: VecDeque<(Vec<u8>, SocketAddr)>,
    bytes: usize,
}

/// Whether a queue had room for a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueRoom {
    Found,
    Full,
}

impl Queue {
    fn push(&mut self, datagram: &[u8], other: SocketAddr) -> QueueRoom {
        if self.bytes + datagram.len() + HEADERS > QUEUE {
            return QueueRoom::Full;
        }
        self.bytes += datagram.len() + HEADERS;
        self.datagrams.push_back((datagram.to_vec(), other));
        QueueRoom::Found
    }

    fn pop(&mut self) -> Option<(Vec<u8>, SocketAddr)> {
        let (datagram, other) = self.datagrams.pop_front()?;
        self.bytes -= datagram.len() + HEADERS;
        Some((datagram, other))
    }
}

impl Datagram {
    fn new(local: SocketAddr) -> Datagram {
        let ring = || PacketBuffer::new(vec![PacketMetadata::EMPTY; 1], vec![0; LONGEST]);
        let mut socket = Socket::new(ring(), ring());
        socket.bind(local.port()).expect("a fresh socket binds");
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);
        let (inbox, outbox) = (Queue::default(), Queue::default());
        let (reader, peer, is_refused, closed) = (None, None, false, false);
        Datagram { sockets, handle, local, inbox, outbox, reader, peer, is_refused, closed }
    }

    /// Connects the socket: from now on it receives from this peer only, and reports its refusals.
    pub fn connect(&mut self, peer: SocketAddr) {
        self.peer = Some(peer);
    }

    /// Handles an ICMP port unreachable for a datagram to `to`. Only a socket that is connected to
    /// that address reports it, as in Linux (udp(7)).
    pub(super) fn refuse(&mut self, to: SocketAddr) {
        if self.peer == Some(to) {
            self.is_refused = true;
            self.reader.take().into_iter().for_each(Waker::wake);
        }
    }

    /// Queues a datagram to be sent.
    ///
    /// # Errors
    /// `InvalidInput` if it is longer than a packet, `WouldBlock` if the queue is full.
    pub fn send(&mut self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        if datagram.len() > LONGEST || endpoint(to).is_none() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        match self.outbox.push(datagram, to) {
            QueueRoom::Found => Ok(()),
            QueueRoom::Full => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Returns the next datagram and its sender.
    ///
    /// # Errors
    /// `ConnectionRefused` if the peer has refused a datagram since the last such error.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Vec<u8>, SocketAddr)>> {
        if std::mem::take(&mut self.is_refused) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into()));
        }
        match self.inbox.pop() {
            Some(datagram) => Poll::Ready(Ok(datagram)),
            None => {
                self.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Moves the datagram that smoltcp received to the inbox; `None` if it received none. A
    /// connected socket discards datagrams that are not its peer's.
    pub(super) fn take_in(&mut self) -> Option<QueueRoom> {
        let (datagram, meta) = self.sockets.get_mut::<Socket>(self.handle).recv().ok()?;
        let smoltcp::wire::IpAddress::Ipv4(address) = meta.endpoint.addr;
        let from = SocketAddr::V4(SocketAddrV4::new(address, meta.endpoint.port));
        if self.peer.is_some_and(|peer| peer != from) {
            return Some(QueueRoom::Found);
        }
        let room = self.inbox.push(datagram, from);
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
        Some(room)
    }

    /// Returns the statistics of the socket; a datagram socket counts no bytes.
    pub(super) fn stats(&self, reason: Option<EndReason>) -> ConnectionStats {
        let unspecified = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));
        let end = Endpoint { local: self.local, peer: unspecified };
        let transport = TransportKind::Datagram;
        ConnectionStats {
            transport,
            end,
            reason,
            let_go: None,
            written: 0,
            acknowledged: 0,
            arrived: 0,
            read: 0,
        }
    }

    /// Wakes the reader, which then finds that the host has lost power.
    pub(super) fn power_lost(self) {
        self.reader.into_iter().for_each(Waker::wake);
    }
}

impl Stack {
    /// Opens a UDP socket on a port (0: any). Returns its number and its address.
    ///
    /// # Errors
    /// `AddrInUse` if the port is taken.
    pub fn bind(&mut self, port: u16) -> io::Result<(u64, SocketAddr)> {
        let port = if port == 0 { self.ephemeral_port()? } else { port };
        if self.datagram_ports.contains_key(&port) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let (id, local) = (self.number(), self.local(port));
        self.datagram_ports.insert(port, id);
        self.datagrams.insert(id, Datagram::new(local));
        Ok((id, local))
    }

    /// Counts a datagram that was queued. Returns its number in its flow, from 1, over all
    /// incarnations of the host.
    pub fn count_datagram(&mut self, port: u16, to: SocketAddr) -> u64 {
        let count = self.datagram_counts.entry((port, to)).or_default();
        *count += 1;
        *count
    }

    /// Subtracts the queued datagrams from the counts: without power they will never be sent.
    pub(super) fn uncount_datagrams(&mut self) {
        for socket in self.datagrams.values() {
            for (_, to) in &socket.outbox.datagrams {
                let key = (socket.local.port(), *to);
                *self.datagram_counts.get_mut(&key).expect("it was counted") -= 1;
            }
        }
    }

    /// Closes a UDP socket: its port is free at once, but its queued datagrams are still sent.
    pub fn unbind(&mut self, id: u64) {
        if let Some(socket) = self.datagrams.get_mut(&id) {
            socket.closed = true;
            self.datagram_ports.remove(&socket.local.port());
            self.touch(id);
        }
    }

    /// Sends the queued datagrams, and removes the socket if it was closed.
    pub(super) fn work_datagram(&mut self, now: Instant, id: u64) {
        let Stack { interface, wire, datagrams, build, .. } = self;
        let socket = datagrams.get_mut(&id).expect("the caller has seen it");
        while let Some((datagram, to)) = socket.outbox.pop() {
            let to = endpoint(to).expect("it was checked when it was queued");
            let sent = socket.sockets.get_mut::<Socket>(socket.handle).send_slice(&datagram, to);
            sent.expect("the ring is empty and the datagram fits");
            let polled =
                interface.poll_egress(SocketClock::default().show(now), wire, &mut socket.sockets);
            assert_eq!(polled, PollResult::SocketStateChanged, "the wire takes every packet");
        }
        if socket.closed {
            build
                .recorder
                .record(now, EventKind::Ended(Box::new(socket.stats(Some(EndReason::Left)))));
            datagrams.remove(&id);
        }
    }
}

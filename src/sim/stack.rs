//! The network stack of one process's kernel: a smoltcp interface, its connections, listeners and
//! datagram sockets.
//!
//! Sans-IO: programs read and write sockets, the driver feeds packets in and takes packets out,
//! and only the driver polls. The stack outlives the program that uses it, and loses everything
//! when the host loses power. It never reads a clock, and it draws random numbers only when it
//! boots.

mod clock;
mod connection;
mod datagram;
mod demux;
mod listener;
mod power;
mod segment;
mod wire;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::wire::{HardwareAddress, IpCidr};

pub(crate) use connection::Connection;
pub(crate) use datagram::Datagram;
pub(crate) use demux::{Reception, is_intact};
pub(crate) use listener::StackListener;
pub use wire::MTU;

use crate::history::{ConnectionStats, EventKind, Recorder};
use crate::time::{Duration, Instant};
use wire::Wire;

use super::draw::Draw;
use crate::message::KeepAlive;

/// The ports that the kernel assigns: IANA's dynamic ports, RFC 6335 §6.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 49_152..=65_535;

/// The power state of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// No kernel runs: incoming packets are dropped as `NobodyHome`.
    Off,
    /// Everything works.
    On,
    /// The host sleeps: the kernel is kept, but packets are dropped as if it were off, and
    /// timers wait.
    Paused,
}

/// The parameters of a stack.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// The address of the host.
    pub address: Ipv4Addr,
    /// Length of a connection's send buffer, and of its receive buffer, in bytes.
    pub buffer: usize,
    /// The source of the draws at each boot.
    pub seed: Draw,
    /// Keep-alive of its connections, if any.
    pub keep_alive: Option<KeepAlive>,
    /// The recorder of its process.
    pub recorder: Recorder,
}

/// The network stack of one process.
pub(crate) struct Stack {
    build: Build,
    power: Power,
    /// The incarnation that was booted last; sockets of older ones are dead.
    incarnation: u64,
    /// Number of programs that were killed.
    killed: u64,
    interface: Interface,
    wire: Wire,
    /// An empty set, with which smoltcp answers packets for which there is no socket.
    nobody: SocketSet<'static>,
    /// The number of the next socket; never reused, not even by a later incarnation.
    next_id: u64,
    next_port: u16,
    /// In boxes: most hosts have one, and a node of the map would have room for eleven.
    connections: BTreeMap<u64, Box<Connection>>,
    /// Connections by local port and peer address.
    tuples: BTreeMap<(u16, SocketAddr), u64>,
    listeners: BTreeMap<u16, StackListener>,
    datagrams: BTreeMap<u64, Datagram>,
    datagram_ports: BTreeMap<u16, u64>,
    /// Number of datagrams sent or queued, by local port and receiver.
    datagram_counts: BTreeMap<(u16, SocketAddr), u64>,
    /// Sockets with work to do, in the order in which they got it.
    dirty: Vec<u64>,
    /// Number of TCP segments that carried bytes again.
    retransmits: u64,
    accepted: AcceptedTotals,
}

/// Totals of the connections that others opened to a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcceptedTotals {
    /// Three-way handshakes that were complete here: SYN, SYN with ACK, and an ACK that arrived.
    pub handshakes: u64,
    /// The sum of the times for which these connections were open here: until both sides had
    /// closed, a reset or timeout, or the loss of power. The rest of TIME-WAIT does not count.
    pub open: Duration,
}

/// A socket's timer that the driver must watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wakeup {
    pub at: Instant,
    pub socket: u64,
    /// The moment of the socket's later timer, which is not needed any more.
    pub replaces: Option<Instant>,
}

impl Stack {
    /// Creates the stack of a host that is off.
    pub fn new(build: Build) -> Stack {
        let mut wire = Wire::default();
        let interface = boot(&build, 0, &mut wire);
        Stack {
            build,
            power: Power::Off,
            incarnation: 0,
            killed: 0,
            interface,
            wire,
            nobody: SocketSet::new(Vec::new()),
            next_id: 1,
            next_port: *EPHEMERAL.start(),
            connections: BTreeMap::new(),
            tuples: BTreeMap::new(),
            listeners: BTreeMap::new(),
            datagrams: BTreeMap::new(),
            datagram_ports: BTreeMap::new(),
            datagram_counts: BTreeMap::new(),
            dirty: Vec::new(),
            retransmits: 0,
            accepted: AcceptedTotals::default(),
        }
    }

    pub fn power(&self) -> Power {
        self.power
    }

    pub fn retransmits(&self) -> u64 {
        self.retransmits
    }

    /// Returns the totals of the connections that others opened and that have ended.
    pub fn accepted(&self) -> AcceptedTotals {
        self.accepted
    }

    /// Returns the length of the buffers of all its sockets, in bytes.
    pub fn buffers(&self) -> u64 {
        let connections = self.connections.len() * 2 * self.build.buffer;
        let datagrams = self.datagrams.len() * 2 * MTU;
        (connections + datagrams) as u64
    }

    /// Returns an error unless this incarnation of the host is on or asleep.
    pub fn alive(&self, incarnation: u64) -> io::Result<()> {
        if self.power == Power::Off || self.incarnation != incarnation {
            return Err(io::Error::new(io::ErrorKind::NetworkDown, "the host has no power"));
        }
        Ok(())
    }

    /// Returns the number of programs that were killed on this host.
    pub fn killed(&self) -> u64 {
        self.killed
    }

    /// Whether a program still runs, or sleeps with its host. `killed` is the number of kills
    /// before it started.
    pub fn is_running(&self, incarnation: u64, killed: u64) -> bool {
        self.alive(incarnation).is_ok() && self.killed == killed
    }

    /// Returns the host's address with a port.
    pub fn local(&self, port: u16) -> SocketAddr {
        SocketAddr::V4(SocketAddrV4::new(self.build.address, port))
    }

    pub fn connection(&mut self, id: u64) -> Option<&mut Connection> {
        self.connections.get_mut(&id).map(Box::as_mut)
    }

    pub fn datagram(&mut self, id: u64) -> Option<&mut Datagram> {
        self.datagrams.get_mut(&id)
    }

    /// Marks a socket as dirty: it has work to do.
    pub fn touch(&mut self, id: u64) {
        if self.dirty.last() != Some(&id) {
            self.dirty.push(id);
        }
    }

    /// Lets every dirty socket send what it can; [`Stack::packets`] then takes the packets out.
    /// Appends the timers to watch to `wakeups`.
    pub fn work(&mut self, now: Instant, wakeups: &mut Vec<Wakeup>) {
        if self.power != Power::On {
            return;
        }
        let mut at = 0;
        while at < self.dirty.len() {
            let id = self.dirty[at];
            at += 1;
            if self.datagrams.contains_key(&id) {
                self.work_datagram(now, id);
            } else if self.connections.contains_key(&id) {
                wakeups.extend(self.work_connection(now, id));
            }
        }
        self.dirty.clear();
    }

    /// Takes out the packets that were sent since the last call, in order.
    pub fn packets(&mut self) -> std::vec::Drain<'_, Vec<u8>> {
        self.wire.sent.drain(..)
    }

    /// Fires a socket's timer: marks the socket as dirty, unless it is gone.
    pub fn timer(&mut self, at: Instant, socket: u64) {
        if let Some(connection) = self.connections.get_mut(&socket)
            && connection.queued_at == Some(at)
        {
            connection.queued_at = None;
            self.touch(socket);
        }
    }

    /// Returns the next free port. The first one of an incarnation is drawn.
    fn ephemeral_port(&mut self) -> io::Result<u16> {
        for _ in EPHEMERAL {
            let port = self.next_port;
            self.next_port = if port == *EPHEMERAL.end() { *EPHEMERAL.start() } else { port + 1 };
            let any_peer = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));
            let connected = self.tuples.range((port, any_peer)..).next();
            let free = connected.is_none_or(|((used, _), _)| *used != port)
                && !self.listeners.contains_key(&port)
                && !self.datagram_ports.contains_key(&port);
            if free {
                return Ok(port);
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "every port is in use"))
    }

    /// Returns the number of a new socket.
    fn number(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Lets a connection send what it can, and returns its next timer if that is new.
    fn work_connection(&mut self, now: Instant, id: u64) -> Option<Wakeup> {
        self.record_end(now, id);
        let Stack { interface, wire, connections, .. } = self;
        let connection = connections.get_mut(&id).expect("the caller has seen it");
        if connection.may_poll(now) {
            self.retransmits += connection.send_all(now, interface, wire);
            if connection.expire(now, interface, wire) {
                self.retransmits += connection.send_all(now, interface, wire);
            }
            connection.was_polled(now);
        }
        self.finish_change(now, id);
        let Stack { interface, connections, .. } = self;
        let connection = connections.get_mut(&id)?;
        let at = connection.poll_at(interface, now)?.max(now + clock::MILLISECOND);
        if connection.queued_at.is_some_and(|queued| queued <= at) {
            return None;
        }
        let replaces = connection.queued_at.replace(at);
        Some(Wakeup { at, socket: id, replaces })
    }

    /// Completes a change of a connection's socket: queues the connection for its acceptor, wakes
    /// its program, records its end, and removes it when it is no longer needed.
    fn finish_change(&mut self, now: Instant, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.became_established() {
            self.accepted.handshakes += u64::from(connection.was_accepted(now));
            if let Some(listener) = connection.listener.and_then(|p| self.listeners.get_mut(&p)) {
                listener.ready(id);
            }
        }
        connection.observe();
        connection.wake();
        self.record_end(now, id);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.is_gone() {
            let key = (connection.local.port(), connection.peer);
            if self.tuples.get(&key) == Some(&id) {
                self.tuples.remove(&key);
            }
            if !connection.held || !connection.is_worth_recording() {
                let listener = connection.listener;
                self.connections.remove(&id);
                if let Some(listener) = listener.and_then(|port| self.listeners.get_mut(&port)) {
                    listener.forget(id);
                }
            }
        }
    }

    /// Records the end of a connection once its statistics can no longer change.
    fn record_end(&mut self, now: Instant, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.has_ended() {
            self.accepted.open = self.accepted.open + connection.was_open(now);
        }
        if connection.has_ended() && !connection.held && !connection.recorded {
            connection.recorded = true;
            if connection.is_worth_recording() {
                self.build.recorder.record(now, EventKind::Ended(Box::new(connection.stats())));
            }
        }
    }

    /// Returns the statistics that are not recorded yet: those of connections, then those of
    /// datagram sockets, each in the order of their opening.
    fn last_stats(&self) -> Vec<ConnectionStats> {
        let connections = self.connections.values();
        let streams = connections
            .filter(|connection| !connection.recorded && connection.is_worth_recording())
            .map(|connection| connection.stats());
        streams.chain(self.datagrams.values().map(|socket| socket.stats(None))).collect()
    }
}

/// Creates a fresh interface, as at the start of a host.
fn boot(build: &Build, incarnation: u64, wire: &mut Wire) -> Interface {
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = build.seed.named("isn").with(incarnation).bits();
    let mut interface = Interface::new(config, wire, smoltcp::time::Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        addresses.push(IpCidr::new(build.address.into(), 8)).expect("it is the first");
    });
    interface
}

//! One end of a TCP connection: its socket, its statistics, and the reason of its end.

mod congestion;
mod retransmission;
mod rtt;
mod segments;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use smoltcp::iface::{Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::wire::{IPV4_HEADER_LEN, TCP_HEADER_LEN, TcpSeqNumber};
use tokio::io::ReadBuf;

use crate::history::{ConnectionStats, Endpoint, TransportKind};
use crate::message::{EndReason, KeepAlive};
use crate::time::{Duration, Instant};

use super::super::limits::ACK_DELAY;
use super::clock::{self, SocketClock};
use super::wire::{MTU, Wire, endpoint};
use super::{Build, Stack};
use retransmission::{Expired, Retransmission, Situation};

/// Time for which a connection in TIME-WAIT may still send unasked: longer than the delay of an
/// acknowledgement, shorter than TIME-WAIT.
const LAST_SENDS: Duration = Duration::from_secs(1);

/// Most bytes of a segment: RFC 9293 §3.7.1.
const MSS: usize = MTU - IPV4_HEADER_LEN - TCP_HEADER_LEN;

/// One end of a connection.
pub(crate) struct Connection {
    pub(super) sockets: SocketSet<'static>,
    handle: SocketHandle,
    /// The clock that the socket sees.
    pub(super) clock: SocketClock,
    retransmission: Retransmission,
    keep_alive: Option<KeepAlive>,
    pub local: SocketAddr,
    pub peer: SocketAddr,
    /// The port of the listener that is to accept it; `None` if it was opened here, or accepted.
    pub(super) listener: Option<u16>,
    pub(super) side: Side,
    /// The initial sequence number of the peer, once its SYN has arrived.
    pub(super) peer_isn: Option<TcpSeqNumber>,
    /// Whether a program holds the stream, or a listener holds it for one.
    pub(super) held: bool,
    /// The moment at which the stream was dropped.
    let_go: Option<Instant>,
    pub(super) recorded: bool,
    /// The earliest timer that the driver watches for it.
    pub(super) queued_at: Option<Instant>,
    established: bool,
    /// If the peer opened it: the moment since which it is open.
    open_since: Option<Instant>,
    /// Whether it leaves the table of connections: a newer one replaces it, or it never opened.
    retired: bool,
    /// In TIME-WAIT: the moment from which on it sends nothing unasked.
    rests_from: Option<Instant>,
    /// The acknowledgement that told last that a segment was overtaken.
    pub(super) overtaken_by: Option<Bytes>,
    /// Number of segments that arrived with a SYN or FIN and without data.
    flagged: u64,
    /// Bytes that were written and that the socket is to have later.
    held_back: VecDeque<u8>,
    reason: Option<EndReason>,
    error: Option<io::ErrorKind>,
    written: u64,
    read: u64,
    /// The first sequence number that was not sent yet.
    sent_to: Option<TcpSeqNumber>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The side that opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A program of this host.
    Here,
    /// The peer.
    There,
}

impl Connection {
    /// Creates a connection that a program of this host opens.
    pub(super) fn new(local: SocketAddr, peer: SocketAddr, build: &Build) -> Connection {
        let ring = || SocketBuffer::new(vec![0; build.buffer]);
        let mut socket = Socket::new(ring(), ring());
        socket.set_congestion_control(CongestionControl::Reno);
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(Some(clock::span(ACK_DELAY)));
        socket.set_keep_alive(build.keep_alive.map(|_| clock::LONGEST));
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);
        Connection {
            sockets,
            handle,
            clock: SocketClock::default(),
            retransmission: Retransmission::default(),
            keep_alive: build.keep_alive,
            local,
            peer,
            listener: None,
            side: Side::Here,
            peer_isn: None,
            held: true,
            let_go: None,
            recorded: false,
            queued_at: None,
            established: false,
            open_since: None,
            retired: false,
            rests_from: None,
            overtaken_by: None,
            flagged: 0,
            held_back: VecDeque::new(),
            reason: None,
            error: None,
            written: 0,
            read: 0,
            sent_to: None,
            reader: None,
            writer: None,
        }
    }

    pub(super) fn tcp(&self) -> &Socket<'static> {
        self.sockets.get(self.handle)
    }

    pub(super) fn tcp_mut(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    /// Turns it into a connection that the peer opens, to the listener of a port.
    pub(super) fn for_listener(mut self, port: u16, isn: TcpSeqNumber) -> Connection {
        (self.listener, self.side, self.peer_isn) = (Some(port), Side::There, Some(isn));
        self.tcp_mut().listen(port).expect("a fresh socket listens");
        self
    }

    /// Polls the opening: returns `Ok` once the connection is established.
    pub fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match (self.error, self.established) {
            (_, true) => Poll::Ready(Ok(())),
            (Some(kind), false) => Poll::Ready(Err(kind.into())),
            (None, false) => {
                self.writer = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Reads into `buffer`, which stays as it is after the peer's FIN. Returns whether the window
    /// has opened so far that the peer should be told.
    pub fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<bool>> {
        let waiting = self.tcp().recv_queue();
        if waiting > 0 {
            let room = buffer.initialize_unfilled_to(waiting.min(buffer.remaining()));
            let read = self.tcp_mut().recv_slice(room).map_err(io::Error::other)?;
            buffer.advance(read);
            self.read += read as u64;
            return Poll::Ready(Ok(waiting >= self.tcp().recv_capacity() / 4));
        }
        if let Some(kind) = self.error {
            return Poll::Ready(Err(kind.into()));
        }
        if !self.tcp().may_recv() {
            return Poll::Ready(Ok(false));
        }
        self.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Writes as much of `bytes` as fits.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(kind) = self.error {
            return Poll::Ready(Err(kind.into()));
        }
        if !self.tcp().may_send() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = self.tcp().send_capacity() - self.waiting();
        let written = bytes.len().min(room);
        self.held_back.extend(&bytes[..written]);
        self.release();
        self.written += written as u64;
        if written == 0 && !bytes.is_empty() {
            self.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(written))
    }

    /// Returns the number of bytes that were written and are not acknowledged.
    fn waiting(&self) -> usize {
        self.tcp().send_queue() + self.held_back.len()
    }

    /// Gives the socket as many of the bytes that are held back as the congestion window lets out.
    fn release(&mut self) {
        self.give(self.retransmission.room() * MSS);
    }

    /// Gives the socket at most so many of the bytes that are held back.
    fn give(&mut self, most: usize) {
        if self.held_back.is_empty() || !self.tcp().may_send() {
            return;
        }
        let count = self.held_back.len().min(most);
        let bytes = &self.held_back.make_contiguous()[..count];
        let socket = self.sockets.get_mut::<Socket>(self.handle);
        let given = socket.send_slice(bytes).expect("it may send");
        assert_eq!(given, count, "there was room for what was taken");
        self.held_back.drain(..count);
    }

    /// Closes this side in order: sends FIN after the bytes that were written.
    pub fn shut_down(&mut self) {
        self.reason.get_or_insert(EndReason::Left);
        // The socket's FIN comes after what it has.
        self.give(usize::MAX);
        self.tcp_mut().close();
    }

    /// Drops the program's hold: sends FIN after the bytes that were written, or RST if data is
    /// unread.
    pub fn let_go(&mut self, now: Instant) {
        self.held = false;
        self.let_go = Some(now);
        (self.reader, self.writer) = (None, None);
        if self.tcp().state() == State::SynSent {
            // The peer has not answered yet: nothing is to be closed.
            self.reason.get_or_insert(EndReason::Left);
            self.retired = true;
        } else if !self.is_closed() {
            self.shut_down();
            if self.tcp().recv_queue() > 0 && self.tcp().state() != State::TimeWait {
                self.tcp_mut().abort();
            }
        }
    }

    /// Makes room for a new connection between the same addresses, which the peer opens after a
    /// restart.
    pub(super) fn replaced(&mut self) {
        if self.tcp().state() != State::TimeWait {
            self.fail(EndReason::Reset, io::ErrorKind::ConnectionReset);
        }
        self.retired = true;
    }

    /// Whether the driver may let the socket send. While a program holds a socket in TIME-WAIT,
    /// the socket's last timer must not fire: it would discard unread data.
    pub(super) fn may_poll(&self, now: Instant) -> bool {
        let rests = self.held && self.rests_from.is_some_and(|from| from <= now);
        !(self.retired || rests)
    }

    /// Lets the socket send all that it can. Returns the number of segments that it sent again.
    pub(super) fn send_all(
        &mut self,
        now: Instant,
        interface: &mut Interface,
        wire: &mut Wire,
    ) -> u64 {
        let mut again = 0;
        loop {
            let sent = wire.sent.len();
            let polled = interface.poll_egress(self.clock.show(now), wire, &mut self.sockets);
            for packet in &mut wire.sent[sent..] {
                self.acknowledges_from_the_front(packet);
                again += u64::from(self.sends(now, packet));
            }
            if polled == PollResult::None {
                return again;
            }
        }
    }

    /// Tells the socket that the first segment in flight is lost. It takes three duplicates of an
    /// acknowledgement as a sign of that. So it gets the one that came again: with another window,
    /// which begins its count anew, with its own, and three more times.
    fn tell_loss(&mut self, now: Instant, interface: &mut Interface, wire: &mut Wire) {
        let Some(duplicate) = self.overtaken_by.take() else { return };
        let other = segments::with_other_window(&duplicate);
        for packet in [&other, &duplicate, &duplicate, &duplicate, &duplicate] {
            wire.received = Some(packet.clone());
            interface.poll_ingress_single(self.clock.show(now), wire, &mut self.sockets);
        }
    }

    /// Returns the moment at which the socket is to be polled again, and sets the timers that it
    /// needs.
    pub(super) fn poll_at(&mut self, interface: &mut Interface, now: Instant) -> Option<Instant> {
        let (soon, situation) = self.situation(interface, now);
        self.retransmission.watch(now, situation);
        let at = [soon, self.retransmission.at()].into_iter().flatten().min()?;
        self.may_poll(at.max(now)).then_some(at)
    }

    /// Lets the timer expire that is due. Returns whether the socket may have something to send.
    pub(super) fn expire(
        &mut self,
        now: Instant,
        interface: &mut Interface,
        wire: &mut Wire,
    ) -> bool {
        if self.retransmission.at().is_none_or(|at| now < at) {
            return false;
        }
        let (_, situation) = self.situation(interface, now);
        let expired = self.retransmission.expire(now, situation);
        self.release();
        let Some(expired) = expired else { return false };
        match expired {
            Expired::Socket => self.clock.jump(),
            Expired::Loss => self.tell_loss(now, interface, wire),
            Expired::GiveUp => {
                self.fail(EndReason::TcpTimeout, io::ErrorKind::TimedOut);
                self.retired = true;
            }
            Expired::Reset => {
                self.fail(EndReason::TcpTimeout, io::ErrorKind::TimedOut);
                self.tcp_mut().abort();
            }
        }
        !self.retired
    }

    /// Returns the moment of the socket's short timer, and what its long ones depend on.
    fn situation(&self, interface: &mut Interface, now: Instant) -> (Option<Instant>, Situation) {
        let at = interface.poll_at(self.clock.show(now), &self.sockets);
        let soon = at.and_then(|at| self.clock.moment(now, at));
        let situation = Situation {
            state: self.tcp().state(),
            held: self.held,
            drained: self.waiting() == 0,
            socket_waits: at.is_some() && soon.is_none(),
            keep_alive: self.keep_alive,
        };
        (soon, situation)
    }

    /// Handles an incoming reset; `before` is the state before it.
    pub(super) fn was_reset(&mut self, before: State) {
        if self.is_closed() && before != State::Closed {
            match before {
                State::SynSent => self.fail(EndReason::Refused, io::ErrorKind::ConnectionRefused),
                _ => self.fail(EndReason::Reset, io::ErrorKind::ConnectionReset),
            }
        }
    }

    /// Ends an established connection as if both ends had got an RST. Returns whether it was one.
    pub(super) fn was_cut_off(&mut self) -> bool {
        let is_open = self.established && !self.is_closed() && !self.has_ended();
        if is_open {
            self.fail(EndReason::Reset, io::ErrorKind::ConnectionReset);
            self.tcp_mut().abort();
        }
        is_open
    }

    /// Notes the result of a poll: a socket in TIME-WAIT soon sends nothing unasked.
    pub(super) fn was_polled(&mut self, now: Instant) {
        if self.tcp().state() == State::TimeWait {
            self.rests_from.get_or_insert(now + LAST_SENDS);
        }
    }

    /// Ends the connection with an error. The reason is kept if the program had left before.
    fn fail(&mut self, reason: EndReason, kind: io::ErrorKind) {
        if self.reason != Some(EndReason::Left) {
            self.reason = Some(reason);
        }
        self.error.get_or_insert(kind);
    }

    /// Whether it became established since the last call.
    pub(super) fn became_established(&mut self) -> bool {
        let opening = matches!(
            self.tcp().state(),
            State::SynSent | State::SynReceived | State::Listen | State::Closed
        );
        if self.established || opening {
            return false;
        }
        self.established = true;
        self.retransmission.established();
        true
    }

    /// Notes that it has just become established. Returns whether the peer opened it.
    pub(super) fn was_accepted(&mut self, now: Instant) -> bool {
        let is_accepted = self.side == Side::There;
        self.open_since = is_accepted.then_some(now);
        is_accepted
    }

    /// Returns for how long a connection that the peer opened was open, once.
    pub(super) fn was_open(&mut self, now: Instant) -> Duration {
        self.open_since.take().map_or(Duration::ZERO, |since| now.since(since))
    }

    /// Notes the peer's FIN.
    pub(super) fn observe(&mut self) {
        let state = self.tcp().state();
        if matches!(state, State::CloseWait | State::Closing | State::LastAck | State::TimeWait) {
            self.reason.get_or_insert(EndReason::Fin);
        }
    }

    /// Wakes the reader and the writer if they can proceed.
    pub(super) fn wake(&mut self) {
        let (tcp, failed) = (self.tcp(), self.error.is_some());
        let readable = tcp.can_recv() || !tcp.may_recv() || failed;
        let opening = matches!(tcp.state(), State::SynSent | State::SynReceived);
        let has_room = tcp.may_send() && self.waiting() < tcp.send_capacity();
        let writable = (!opening && (has_room || !tcp.may_send())) || failed;
        if readable && let Some(waker) = self.reader.take() {
            waker.wake();
        }
        if writable && let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }

    fn is_closed(&self) -> bool {
        self.retired || matches!(self.tcp().state(), State::Closed | State::Listen)
    }

    /// Whether its statistics can no longer change.
    pub(super) fn has_ended(&self) -> bool {
        match self.tcp().state() {
            State::TimeWait => true,
            State::FinWait2 => !self.held,
            _ => self.is_closed(),
        }
    }

    /// Whether it can leave the table of connections: its reset, if any, has been sent.
    pub(super) fn is_gone(&self) -> bool {
        self.is_closed() && (self.retired || self.tcp().remote_endpoint().is_none())
    }

    /// Whether its statistics are to be recorded: not if a listener's peer gave up early, before
    /// the connection was established.
    pub(super) fn is_worth_recording(&self) -> bool {
        self.established || self.side == Side::Here
    }

    /// Returns its statistics so far.
    pub(super) fn stats(&self) -> ConnectionStats {
        let tcp = self.tcp();
        ConnectionStats {
            transport: TransportKind::Stream,
            end: Endpoint { local: self.local, peer: self.peer },
            reason: self.reason.filter(|_| self.has_ended()),
            let_go: self.let_go,
            written: self.written,
            acknowledged: self.written - self.waiting() as u64,
            arrived: self.read + tcp.recv_queue() as u64,
            read: self.read,
        }
    }

    /// Wakes the waiting tasks, which then find that the host has lost power.
    pub(super) fn power_lost(self) {
        self.reader.into_iter().chain(self.writer).for_each(Waker::wake);
    }
}

impl Stack {
    /// Opens a connection. Returns its number and its local address.
    ///
    /// # Errors
    /// `AddrInUse` if every port is in use, `InvalidInput` if nothing can listen at the address.
    pub fn open(&mut self, to: SocketAddr) -> io::Result<(u64, SocketAddr)> {
        let remote = endpoint(to).ok_or(io::ErrorKind::InvalidInput)?;
        let port = self.ephemeral_port()?;
        let local = self.local(port);
        let mut connection = Connection::new(local, to, &self.build);
        let socket = connection.sockets.get_mut::<Socket>(connection.handle);
        let opened = socket.connect(self.interface.context(), remote, port);
        opened.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let id = self.number();
        self.tuples.insert((port, to), id);
        self.connections.insert(id, Box::new(connection));
        self.touch(id);
        Ok((id, local))
    }

    /// Drops the program's hold on a stream.
    pub fn let_go(&mut self, now: Instant, id: u64) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.let_go(now);
            self.touch(id);
        }
    }
}

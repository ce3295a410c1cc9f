//! What a network is: streams, listeners, datagrams, and what time it is.
//!
//! Links are written once against these traits. [`real`] is the machine's own network; the
//! simulator brings another. Nothing here knows frames or messages.

pub mod real;

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::time::Instant;

/// A network as one process sees it.
pub trait Net: Clone + Send + Sync + Unpin + 'static {
    /// A connection's bytes.
    type Stream: Stream;
    /// Where connections come in.
    type Listener: Listener<Stream = Self::Stream>;
    /// A socket for datagrams.
    type Datagrams: Datagrams;

    /// The time since the trial, or the program, began.
    fn now(&self) -> Instant;

    /// Whether the program that this network was given to still runs: what it drops when it is
    /// killed is not its doing.
    fn is_running(&self) -> bool;

    /// Waits until a moment; at once if it has passed.
    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()> + Send;

    /// Opens a connection.
    ///
    /// # Errors
    /// `ConnectionRefused` if nobody listens there, `TimedOut` if nobody answers.
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Listens on a port (0: any), with at most `queue` connections waiting to be accepted.
    ///
    /// # Errors
    /// `AddrInUse` if the port is taken.
    fn listen(
        &self,
        port: u16,
        queue: usize,
    ) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// Opens a datagram socket on a port (0: any).
    ///
    /// # Errors
    /// `AddrInUse` if the port is taken.
    fn bind(&self, port: u16) -> impl Future<Output = io::Result<Self::Datagrams>> + Send;
}

/// A connection's bytes. Dropping it closes it: in order, or with a reset if data was unread.
///
/// Reads and writes fail with `ConnectionReset` after the peer's reset and with `TimedOut` when
/// the stack gave up; a read of 0 bytes is the peer's orderly end.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// This end's address.
    fn local_addr(&self) -> SocketAddr;

    /// The other end's address.
    fn peer_addr(&self) -> SocketAddr;
}

/// Where connections come in. Dropping it stops listening.
pub trait Listener: Send + 'static {
    /// What comes in.
    type Stream: Stream;

    /// The address that it listens on.
    fn local_addr(&self) -> SocketAddr;

    /// The next connection.
    ///
    /// # Errors
    /// The network is gone.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A socket for datagrams. Dropping it closes it.
pub trait Datagrams: Send + Sync + 'static {
    /// The address that it is bound to.
    fn local_addr(&self) -> SocketAddr;

    /// Connects it: from now on it hears this peer only, and is told when nobody listens there
    /// (the ICMP port unreachable that answers a datagram).
    ///
    /// # Errors
    /// The address cannot be reached from here.
    fn connect(&self, peer: SocketAddr) -> impl Future<Output = io::Result<()>> + Send;

    /// Sends one datagram, and says the how manyth to that address it is, from 1. It never waits:
    /// what does not fit in the socket is dropped.
    ///
    /// # Errors
    /// `InvalidInput` if it is longer than a packet, `WouldBlock` if it was dropped.
    fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<u64>;

    /// The next datagram: its length and sender. What does not fit in `buffer` is cut off.
    ///
    /// # Errors
    /// `ConnectionRefused` if it is connected and nobody listens there; the network is gone.
    fn recv_from(
        &self,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send;
}

//! The traits of a network: streams, listeners, datagram sockets, and the current time.
//!
//! Links are written once, against these traits. `real` implements them with the operating
//! system's sockets, where it has any, and the simulator with its own. Nothing here knows frames or messages.

#[cfg(not(target_os = "wasi"))]
pub mod real;

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::time::Instant;

/// A network, as one process sees it.
pub trait Net: Clone + Send + Sync + Unpin + 'static {
    /// A connection.
    type Stream: Stream;
    /// A socket that accepts connections.
    type Listener: Listener<Stream = Self::Stream>;
    /// A datagram socket.
    type Datagrams: Datagrams;

    /// Returns the time since the trial, or the program, began.
    fn now(&self) -> Instant;

    /// Whether the program that uses this network is still running. When it was killed, the sockets
    /// that are dropped with it were not closed by the program.
    fn is_running(&self) -> bool;

    /// Waits until a moment, and returns at once if it has passed.
    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()> + Send;

    /// Opens a connection.
    ///
    /// # Errors
    /// `ConnectionRefused` if no program listens there, `TimedOut` if there is no answer.
    fn connect(&self, to: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Listens on a port (0: any free one), with at most `queue` connections that wait to be
    /// accepted.
    ///
    /// # Errors
    /// `AddrInUse` if the port is taken.
    fn listen(
        &self,
        port: u16,
        queue: usize,
    ) -> impl Future<Output = io::Result<Self::Listener>> + Send;

    /// Opens a datagram socket on a port (0: any free one).
    ///
    /// # Errors
    /// `AddrInUse` if the port is taken.
    fn bind(&self, port: u16) -> impl Future<Output = io::Result<Self::Datagrams>> + Send;
}

/// Waits until a moment, or for ever if there is none.
pub async fn sleep_until<N: Net>(net: &N, at: Option<Instant>) {
    match at {
        Some(at) => net.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A connection. Dropping it closes it: in order, or with a reset if data was unread.
///
/// Reads and writes fail with `ConnectionReset` after the peer's reset, and with `TimedOut` when
/// the stack has given up. A read of 0 bytes means that the peer closed the connection in order.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Returns the address of this end.
    fn local_addr(&self) -> SocketAddr;

    /// Returns the address of the other end.
    fn peer_addr(&self) -> SocketAddr;
}

/// A socket that accepts connections. Dropping it stops listening.
pub trait Listener: Send + 'static {
    /// An accepted connection.
    type Stream: Stream;

    /// Returns the address that it listens on.
    fn local_addr(&self) -> SocketAddr;

    /// Waits for the next connection.
    ///
    /// # Errors
    /// The network is gone.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A datagram socket. Dropping it closes it.
pub trait Datagrams: Send + Sync + 'static {
    /// Returns the address that it is bound to.
    fn local_addr(&self) -> SocketAddr;

    /// Connects the socket to a peer. From now on it receives from this peer only, and gets an
    /// error when no program listens there (an ICMP port unreachable answers a datagram).
    ///
    /// # Errors
    /// The address cannot be reached from here.
    fn connect(&self, peer: SocketAddr) -> impl Future<Output = io::Result<()>> + Send;

    /// Sends one datagram, and returns its number among those to that address, from 1.
    ///
    /// It never waits: a datagram that does not fit in the socket is dropped.
    ///
    /// # Errors
    /// `InvalidInput` if it is longer than a packet, `WouldBlock` if it was dropped.
    fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<u64>;

    /// Waits for the next datagram, and returns its length and sender. Bytes that do not fit in
    /// `buffer` are cut off.
    ///
    /// # Errors
    /// `ConnectionRefused` if it is connected and no program listens there; the network is gone.
    fn recv_from(
        &self,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send;
}

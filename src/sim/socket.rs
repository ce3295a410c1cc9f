//! The network as a simulated process sees it: streams, listeners, datagram sockets, and the time.
//!
//! Each operation locks the stack for a moment, changes one socket, and wakes the driver if that
//! may have work to do. Nothing is sent from here.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::{Datagrams, Listener, Net, Stream};
use crate::time::Instant;

use super::host_state::HostState;
use super::stack::Stack;

/// The network of one process, for one incarnation of its host.
///
/// It tells the time of the turmoil host that the process is on, in whole milliseconds. Use it
/// only in programs of that turmoil host.
///
/// # Panics
/// [`Net::now`] and [`Net::sleep_until`] panic outside of a turmoil host of a
/// [`World`](super::world::World).
#[derive(Clone)]
pub struct SimNet {
    host: Arc<HostState>,
    incarnation: u64,
    /// Number of programs that had been killed on the host when this one started.
    killed: u64,
}

impl SimNet {
    pub(crate) fn new(host: Arc<HostState>, incarnation: u64, killed: u64) -> SimNet {
        SimNet { host, incarnation, killed }
    }

    /// Returns the incarnation of the host.
    pub(crate) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Changes the stack, if this incarnation of it is alive, and wakes the driver.
    fn change<T>(&self, change: impl FnOnce(&mut Stack) -> io::Result<T>) -> io::Result<T> {
        let result = {
            let mut stack = self.host.stack();
            stack.alive(self.incarnation)?;
            change(&mut stack)
        };
        self.host.ring();
        result
    }

    /// Polls an operation on the stack that may have to wait. Does not wake the driver.
    fn poll<T>(&self, poll: impl FnOnce(&mut Stack) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let mut stack = self.host.stack();
        stack.alive(self.incarnation)?;
        poll(&mut stack)
    }

    fn stream(&self, id: u64) -> io::Result<SimStream> {
        let mut stack = self.host.stack();
        let end = stack.connection(id).ok_or_else(gone)?;
        Ok(SimStream { net: self.clone(), id, local: end.local, peer: end.peer })
    }
}

impl Net for SimNet {
    type Stream = SimStream;
    type Listener = SimListener;
    type Datagrams = SimDatagrams;

    fn now(&self) -> Instant {
        self.host.waker().now()
    }

    fn is_running(&self) -> bool {
        self.host.stack().is_running(self.incarnation, self.killed)
    }

    async fn sleep_until(&self, at: Instant) {
        match self.host.waker().moment(at) {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<SimStream> {
        let (id, local) = self.change(|stack| stack.open(to))?;
        // If this future is dropped while it waits, the stream's drop gives up the attempt.
        let stream = SimStream { net: self.clone(), id, local, peer: to };
        poll_fn(|cx| self.poll(|stack| stack.connection(id).ok_or_else(gone)?.poll_open(cx)))
            .await?;
        Ok(stream)
    }

    async fn listen(&self, port: u16, queue: usize) -> io::Result<SimListener> {
        let port = self.change(|stack| stack.listen(port, queue))?;
        let local = self.host.stack().local(port);
        Ok(SimListener { net: self.clone(), local })
    }

    async fn bind(&self, port: u16) -> io::Result<SimDatagrams> {
        let (id, local) = self.change(|stack| stack.bind(port))?;
        Ok(SimDatagrams { net: self.clone(), id, local })
    }
}

/// One end of a simulated TCP connection.
pub struct SimStream {
    net: SimNet,
    id: u64,
    local: SocketAddr,
    peer: SocketAddr,
}

impl Stream for SimStream {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn peer_addr(&self) -> SocketAddr {
        self.peer
    }
}

impl AsyncRead for SimStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let SimStream { net, id, .. } = &*self;
        let polled = net.poll(|stack| {
            let end = stack.connection(*id).ok_or_else(gone)?;
            end.poll_read(cx, buffer)
        });
        let Poll::Ready(opened) = polled.map(lost)? else { return Poll::Pending };
        if opened {
            net.change(|stack| {
                stack.touch(*id);
                Ok(())
            })?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let SimStream { net, id, .. } = &*self;
        let polled = net.poll(|stack| {
            let written = stack.connection(*id).ok_or_else(gone)?.poll_write(cx, bytes);
            if matches!(written, Poll::Ready(Ok(1..))) {
                stack.touch(*id);
            }
            written
        });
        if polled.is_ready() {
            net.host.ring();
        }
        polled.map(lost)
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let SimStream { net, id, .. } = &*self;
        Poll::Ready(lost(net.change(|stack| {
            stack.connection(*id).ok_or_else(gone)?.shut_down();
            stack.touch(*id);
            Ok(())
        })))
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        // An error means that the host has lost power, and the connection with it.
        let now = self.net.now();
        let _ = self.net.change(|stack| {
            stack.let_go(now, self.id);
            Ok(())
        });
    }
}

/// A listening port of a simulated process.
pub struct SimListener {
    net: SimNet,
    local: SocketAddr,
}

impl Listener for SimListener {
    type Stream = SimStream;

    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    async fn accept(&mut self) -> io::Result<SimStream> {
        let (net, port) = (&self.net, self.local.port());
        let id = poll_fn(|cx| net.poll(|stack| stack.poll_accept(cx, port))).await?;
        net.stream(id)
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        let now = self.net.now();
        let _ = self.net.change(|stack| {
            stack.stop_listening(now, self.local.port());
            Ok(())
        });
    }
}

/// A UDP socket of a simulated process. One task at a time may wait for datagrams.
pub struct SimDatagrams {
    net: SimNet,
    id: u64,
    local: SocketAddr,
}

impl Datagrams for SimDatagrams {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    async fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.net.change(|stack| {
            stack.datagram(self.id).ok_or_else(gone)?.connect(peer);
            Ok(())
        })
    }

    fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<u64> {
        self.net.change(|stack| {
            stack.datagram(self.id).ok_or_else(gone)?.send(datagram, to)?;
            stack.touch(self.id);
            Ok(stack.count_datagram(self.local.port(), to))
        })
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (datagram, from) = poll_fn(|cx| {
            self.net.poll(|stack| stack.datagram(self.id).ok_or_else(gone)?.poll_recv(cx))
        })
        .await?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok((length, from))
    }
}

impl Drop for SimDatagrams {
    fn drop(&mut self) {
        let _ = self.net.change(|stack| {
            stack.unbind(self.id);
            Ok(())
        });
    }
}

/// Returns the error of a socket of another incarnation, or of a host without power.
fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the host forgot this socket")
}

/// Maps the error of a host without power to the reset that the program of a stream sees.
fn lost<T>(result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::NetworkDown => gone(),
        _ => error,
    })
}

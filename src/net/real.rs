//! The operating system's network on the loopback address, through tokio. It is never simulated.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};

use super::{Datagrams, Listener, Net, Stream};
use crate::time::Instant;

/// The loopback network of this computer; its time begins when it is created.
#[derive(Clone, Debug)]
pub struct Loopback {
    began: tokio::time::Instant,
}

impl Loopback {
    /// Creates a network whose time begins now.
    #[expect(clippy::new_without_default, reason = "it reads the clock, which a default must not")]
    pub fn new() -> Loopback {
        Loopback { began: tokio::time::Instant::now() }
    }
}

impl Net for Loopback {
    type Stream = RealStream;
    type Listener = RealListener;
    type Datagrams = RealDatagrams;

    fn now(&self) -> Instant {
        Instant::from_micros(self.began.elapsed().as_micros() as u64)
    }

    fn is_running(&self) -> bool {
        true
    }

    async fn sleep_until(&self, at: Instant) {
        let at = std::time::Duration::from_micros(at.as_micros());
        match self.began.checked_add(at) {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<RealStream> {
        RealStream::new(TcpStream::connect(to).await?)
    }

    async fn listen(&self, port: u16, queue: usize) -> io::Result<RealListener> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let listener = socket.listen(queue.try_into().unwrap_or(u32::MAX))?;
        Ok(RealListener { local: listener.local_addr()?, listener })
    }

    async fn bind(&self, port: u16) -> io::Result<RealDatagrams> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await?;
        // tokio's `try_send_to` fails on a socket that was never seen to be writable: without this
        // the first datagram, a hello, would be dropped.
        socket.writable().await?;
        Ok(RealDatagrams { local: socket.local_addr()?, socket, sent: Mutex::default() })
    }
}

/// A TCP connection of this computer.
#[derive(Debug)]
pub struct RealStream {
    stream: TcpStream,
    local: SocketAddr,
    peer: SocketAddr,
}

impl RealStream {
    fn new(stream: TcpStream) -> io::Result<RealStream> {
        stream.set_nodelay(true)?;
        Ok(RealStream { local: stream.local_addr()?, peer: stream.peer_addr()?, stream })
    }
}

impl Stream for RealStream {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn peer_addr(&self) -> SocketAddr {
        self.peer
    }
}

impl AsyncRead for RealStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for RealStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A listening TCP socket of this computer.
#[derive(Debug)]
pub struct RealListener {
    listener: TcpListener,
    local: SocketAddr,
}

impl Listener for RealListener {
    type Stream = RealStream;

    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    async fn accept(&mut self) -> io::Result<RealStream> {
        let (stream, _) = self.listener.accept().await?;
        RealStream::new(stream)
    }
}

/// A UDP socket of this computer.
#[derive(Debug)]
pub struct RealDatagrams {
    socket: UdpSocket,
    local: SocketAddr,
    sent: Mutex<BTreeMap<SocketAddr, u64>>,
}

impl Datagrams for RealDatagrams {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    async fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.socket.connect(peer).await
    }

    fn send_to(&self, datagram: &[u8], to: SocketAddr) -> io::Result<u64> {
        self.socket.try_send_to(datagram, to)?;
        let mut sent = self.sent.lock().expect("counting does not panic");
        let count = sent.entry(to).or_default();
        *count += 1;
        Ok(*count)
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.recv_from(buffer).await
    }
}

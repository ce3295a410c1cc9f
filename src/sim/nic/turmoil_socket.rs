//! The socket through which the driver of a turmoil host reaches the others.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;

use bytes::Bytes;
use turmoil::net::UdpSocket;

use super::batch::LARGEST;

/// The UDP port of every driver.
const PORT: u16 = 9;

/// A bound UDP socket of turmoil's network.
pub(in crate::sim) struct TurmoilSocket {
    socket: Rc<UdpSocket>,
    /// Completes when a datagram has arrived.
    readable: Option<Pin<Box<dyn Future<Output = ()>>>>,
    scratch: Vec<u8>,
}

impl TurmoilSocket {
    /// Binds the socket. Packets are lost if it is not bound before the trial begins.
    pub async fn bind() -> TurmoilSocket {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await;
        let socket = Rc::new(socket.expect("nobody else is on this turmoil host"));
        TurmoilSocket { socket, readable: None, scratch: vec![0; LARGEST] }
    }

    /// Wakes the task when the next datagram arrives, or at once if one is there.
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) {
        let readable = self.readable.get_or_insert_with(|| {
            let socket = self.socket.clone();
            Box::pin(async move {
                socket.readable().await.expect("turmoil's sockets do not fail");
            })
        });
        if readable.as_mut().poll(cx).is_ready() {
            self.readable = None;
            cx.waker().wake_by_ref();
        }
    }

    /// Takes the next datagram that has arrived.
    pub fn receive(&mut self) -> Option<Bytes> {
        // While it is pending it holds the lock of the socket.
        self.readable = None;
        let (length, _) = self.socket.try_recv_from(&mut self.scratch).ok()?;
        Some(Bytes::copy_from_slice(&self.scratch[..length]))
    }

    /// Sends a datagram to the driver of a turmoil host.
    pub fn send(&self, turmoil_host: Ipv4Addr, batch: &[u8]) {
        let to = SocketAddr::new(IpAddr::V4(turmoil_host), PORT);
        self.socket.try_send_to(batch, to).expect("every turmoil host is there");
    }
}

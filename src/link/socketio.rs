//! Socket.IO: HTTP long-polling first, then WebSocket; queues are namespaces of one connection.
//!
//! Client and server are small ones of ours, on the same codecs: they speak as Node's do. A session
//! is an Engine.IO session, and its heartbeat is Engine.IO's. The core routes: neither side uses
//! Socket.IO's rooms, nor its connection state recovery.

mod client;
pub mod event;
mod mapping;
mod nmq;
pub mod packet;
mod queue;
mod server;
mod websocket;

use std::io;

use super::{BrokerDriver, ConnectContext, LinkDriver, OnSwitch, SendHalf, Settings};
use crate::core::LinkSemantics;
use crate::message::Mode;
use crate::net::Net;

/// The link `socketio`.
#[derive(Clone, Copy, Debug)]
pub struct SocketIo {
    mode: Mode,
    on_switch: OnSwitch,
}

impl LinkDriver for SocketIo {
    const PATH: LinkSemantics = LinkSemantics::SOCKET_IO;
    type ReceiveHalf<N: Net> = client::SocketIoReceiveHalf<N>;

    fn new(settings: &Settings) -> Self {
        SocketIo { mode: settings.mode, on_switch: settings.on_switch }
    }

    async fn connect<N: Net>(
        &self,
        dial: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, client::SocketIoReceiveHalf<N>)> {
        client::connect(dial, self.mode, self.on_switch).await
    }

    async fn serve<N: Net>(&self, port: u16, hub: BrokerDriver<N>) -> io::Result<()> {
        server::serve(port, hub).await
    }
}

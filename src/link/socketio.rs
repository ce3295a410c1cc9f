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

use super::{Carrier, Dial, Hub, Lane, OnSwitch, Settings};
use crate::core::Path;
use crate::message::Mode;
use crate::net::Net;

/// The link `socketio`.
#[derive(Clone, Copy, Debug)]
pub struct SocketIo {
    mode: Mode,
    on_switch: OnSwitch,
}

impl Carrier for SocketIo {
    const PATH: Path = Path::SOCKET_IO;
    type Inlet<N: Net> = client::Session<N>;

    fn new(settings: &Settings) -> Self {
        SocketIo { mode: settings.mode, on_switch: settings.on_switch }
    }

    async fn connect<N: Net>(
        &self,
        dial: Dial<N>,
    ) -> io::Result<(Box<dyn Lane>, client::Session<N>)> {
        client::connect(dial, self.mode, self.on_switch).await
    }

    async fn serve<N: Net>(&self, port: u16, hub: Hub<N>) -> io::Result<()> {
        server::serve(port, hub).await
    }
}

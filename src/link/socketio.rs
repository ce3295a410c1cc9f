//! The link `socketio`: HTTP long-polling first, then WebSocket. Each queue is a namespace of the
//! session's one connection.
//!
//! Client and server are small implementations of our own on the same codecs, and behave as Node's
//! do. A session is an Engine.IO session, with Engine.IO's heartbeat. Neither side uses Socket.IO's
//! rooms or its connection state recovery: the core routes and resumes.

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
use crate::message::{Link, Mode};
use crate::net::Net;

/// The link `socketio`.
#[derive(Clone, Copy, Debug)]
pub struct SocketIo {
    mode: Mode,
    on_switch: OnSwitch,
}

impl LinkDriver for SocketIo {
    const LINK: Link = Link::SocketIo;
    type ReceiveHalf<N: Net> = client::SocketIoReceiveHalf<N>;

    fn new(settings: &Settings) -> Self {
        SocketIo { mode: settings.mode, on_switch: settings.on_switch }
    }

    async fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, client::SocketIoReceiveHalf<N>)> {
        client::connect(context, self.mode, self.on_switch).await
    }

    async fn serve<N: Net>(&self, port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
        server::serve(port, broker).await
    }
}

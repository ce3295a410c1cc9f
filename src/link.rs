//! How frames travel: one small async driver a link, client side and server side, of one shape.
//!
//! A link carries, the core routes. Each link's folder offers the same three things: what its
//! path is like, how a client connects, and how a broker serves. They are written against the
//! traits of `net`, so the same code runs in the simulator and on real sockets.

#[doc(hidden)]
pub mod client;
mod http;
#[doc(hidden)]
pub mod hub;
mod lane;
#[doc(hidden)]
pub mod limits;
mod listen;
mod polling;
#[doc(hidden)]
pub mod socketio;
mod sse;
mod tap;
mod tcp;
mod udp;
mod websocket;

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use crate::core::Path;
use crate::history::Recorder;
use crate::message::{EndReason, Frame, Known, Link, Mode, Name};
use crate::net::Net;
use crate::time::Duration;

pub use client::App;
pub use hub::Hub;
pub use lane::{Full, Lane, Taken, Waiting};
pub use polling::{LongPolling, Polling};
pub use socketio::SocketIo;
pub use sse::Sse;
pub use tcp::Tcp;
pub use udp::Udp;
pub use websocket::WebSocket;

/// Bytes read from a stream at a time.
const READ: usize = 16 * 1_024;

/// One link: how a client connects to a broker, and how a broker serves clients. A client's
/// process has one for all of its sessions.
pub trait Carrier: Clone + Send + 'static {
    /// What the machines must know of it.
    const PATH: Path;
    /// The client's end of a connection.
    type Inlet<N: Net>: Inlet;

    /// The link as a scenario has it.
    fn new(settings: &Settings) -> Self;

    /// Opens a connection to a broker: where frames go out, and where they come in.
    ///
    /// # Errors
    /// Nobody listens there, or nobody answers.
    fn connect<N: Net>(
        &self,
        dial: Dial<N>,
    ) -> impl Future<Output = io::Result<(Box<dyn Lane>, Self::Inlet<N>)>> + Send;

    /// Serves clients on a port for ever.
    ///
    /// # Errors
    /// The port is taken, or the network is gone.
    fn serve<N: Net>(&self, port: u16, hub: Hub<N>) -> impl Future<Output = io::Result<()>> + Send;
}

/// What a scenario says about links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a polling client waits from one request to the next.
    pub polling_interval: Duration,
    /// What is promised: in catch-up mode Socket.IO's clients ask for acknowledgements.
    pub mode: Mode,
    /// What becomes of messages that wait while a session moves to another transport.
    pub on_switch: OnSwitch,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            polling_interval: Duration::from_secs(1),
            mode: Mode::FireAndForget,
            on_switch: OnSwitch::Kept,
        }
    }
}

/// What becomes of messages that wait while a session moves to another transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnSwitch {
    /// They move with it.
    #[default]
    Kept,
    /// They are thrown away: a mutant's.
    Dropped,
}

/// What a client connects with.
#[derive(Clone, Debug)]
pub struct Dial<N> {
    /// Its network.
    pub net: N,
    /// Its pen.
    pub recorder: Recorder,
    /// Where the broker is.
    pub to: SocketAddr,
    /// How far it came in each queue, for links that say so when they connect.
    pub known: Vec<(Name, Known)>,
}

/// The receiving side of a connection, which also moves what waits in its lane.
pub trait Inlet: Send {
    /// Waits until something happens. It may be dropped while it waits; nothing is lost.
    fn next(&mut self, reading: Reading) -> impl Future<Output = Happening> + Send;

    /// Says goodbye before a client lets go of the connection, as far as the socket takes it now.
    /// By itself a link says nothing: closing its socket says enough.
    fn leave(&mut self, _reason: EndReason) {}
}

/// Whether frames are wanted now: a full inbox stops reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Read.
    Wanted,
    /// Leave it in the socket.
    Paused,
}

/// What happened on a connection.
#[derive(Debug)]
pub enum Happening {
    /// A frame came.
    Frame(Frame),
    /// Bytes that are no frame came.
    Garbled(EndReason),
    /// Some of what waited was written.
    Flushed(Waiting),
    /// Frames that were sent may not have arrived, and why; the session goes on.
    Undelivered(Vec<Frame>, EndReason),
    /// The broker asks to wait so long before coming back.
    Retry(Duration),
    /// The connection has ended.
    Ended(EndReason),
}

/// Does something with the carrier of a link: the one place where links are registered.
pub fn with_carrier<V: CarrierVisitor>(link: Link, visitor: V) -> V::Output {
    match link {
        Link::Udp => visitor.visit::<Udp>(),
        Link::Tcp => visitor.visit::<Tcp>(),
        Link::WebSocket => visitor.visit::<WebSocket>(),
        Link::Polling => visitor.visit::<Polling>(),
        Link::LongPolling => visitor.visit::<LongPolling>(),
        Link::Sse => visitor.visit::<Sse>(),
        Link::SocketIo => visitor.visit::<SocketIo>(),
    }
}

/// Something to do with whatever carrier a link has.
pub trait CarrierVisitor {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<C: Carrier>(self) -> Self::Output;
}

/// What an error of the network says about the end of a connection.
fn end_of(error: &io::Error) -> EndReason {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => EndReason::Refused,
        io::ErrorKind::TimedOut => EndReason::TcpTimeout,
        io::ErrorKind::PermissionDenied => EndReason::UpgradeRefused,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => EndReason::Malformed,
        io::ErrorKind::UnexpectedEof => EndReason::Fin,
        io::ErrorKind::FileTooLarge => EndReason::TooLong,
        _ => EndReason::Reset,
    }
}

/// What an error of the wire says about the end of a connection.
fn garbled(error: &crate::wire::WireError) -> EndReason {
    match error {
        crate::wire::WireError::TooLong(_) => EndReason::TooLong,
        crate::wire::WireError::Malformed(_) => EndReason::Malformed,
    }
}

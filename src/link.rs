//! Links: how frames travel. Each link is a small async driver with a client side and a server
//! side.
//!
//! A link only moves frames; the core decides where they go. Every link offers the same three
//! things: the semantics of its connection, `connect` for clients, and `serve` for brokers. They
//! are written against the traits of `net`, so the same code runs in the simulator and on real
//! sockets.

#[doc(hidden)]
pub mod broker_driver;
#[doc(hidden)]
pub mod client;
mod http;
#[doc(hidden)]
pub mod limits;
mod listen;
mod polling;
mod send_half;
#[doc(hidden)]
pub mod socketio;
mod sse;
mod tap;
mod tcp;
mod udp;
mod waking;
mod websocket;

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use crate::history::Recorder;
use crate::message::{Cursor, EndReason, Frame, HttpConnections, Link, LinkSemantics, Mode, Name};
use crate::net::Net;
use crate::time::Duration;

pub use broker_driver::BrokerDriver;
pub use client::ClientApp;
pub use polling::{LongPolling, Polling};
pub use send_half::{PushError, PushOutcome, SendHalf, WaitingBytes};
pub use socketio::SocketIo;
pub use sse::Sse;
pub use tcp::Tcp;
pub use udp::Udp;
pub use websocket::WebSocket;

/// Most bytes read from a stream at a time.
const READ: usize = 16 * 1_024;

/// Drives one link: connects clients to a broker, and serves clients at a broker. A client's
/// process has one driver for all of its sessions.
pub trait LinkDriver: Clone + Send + 'static {
    /// The link.
    const LINK: Link;
    /// Its properties, as the core needs them.
    const SEMANTICS: LinkSemantics = Self::LINK.semantics();
    /// The receiving side of a client's connection.
    type ReceiveHalf<N: Net>: ReceiveHalf;

    /// Creates the driver from a scenario's settings.
    fn new(settings: &Settings) -> Self;

    /// Opens a connection to a broker. Returns its sending and its receiving side.
    ///
    /// # Errors
    /// The broker does not listen there, or does not answer.
    fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> impl Future<Output = io::Result<(Box<dyn SendHalf>, Self::ReceiveHalf<N>)>> + Send;

    /// Serves clients on a port for ever.
    ///
    /// # Errors
    /// The port is taken, or the network is gone.
    fn serve<N: Net>(
        &self,
        port: u16,
        broker: BrokerDriver<N>,
    ) -> impl Future<Output = io::Result<()>> + Send;
}

/// The settings of a scenario that concern links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Time from one request of a polling client to its next one.
    pub polling_interval: Duration,
    /// Time within which a client's request over HTTP must be answered; a long poll may take a
    /// ping's interval more.
    pub http_timeout: Duration,
    /// The connections on which a client makes its requests over HTTP. Socket.IO's client keeps
    /// them.
    pub http_connections: HttpConnections,
    /// The delivery mode. In catch-up mode, a Socket.IO client asks for an acknowledgement of every
    /// message that it publishes, unless the message is volatile.
    pub mode: Mode,
    /// The treatment of messages that wait while a session moves to another transport.
    pub on_switch: OnSwitch,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            polling_interval: Duration::from_secs(1),
            http_timeout: Duration::from_secs(20),
            http_connections: HttpConnections::default(),
            mode: Mode::FireAndForget,
            on_switch: OnSwitch::Kept,
        }
    }
}

/// Treats the messages that wait while a session moves to another transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnSwitch {
    /// They move to the new transport.
    #[default]
    Kept,
    /// They are discarded. Only a mutant does that.
    Dropped,
}

/// The parameters of a client's attempt to connect.
#[derive(Clone, Debug)]
pub struct ConnectContext<N> {
    /// The client's network.
    pub net: N,
    /// The client's recorder.
    pub recorder: Recorder,
    /// The broker's address.
    pub to: SocketAddr,
    /// The client's cursor in each queue, for links that send it when they connect.
    pub known: Vec<(Name, Cursor)>,
}

/// The receiving side of a connection. It also writes the bytes that wait in the sending side.
pub trait ReceiveHalf: Send {
    /// Waits for the next event. The future may be dropped while it waits; no event is lost.
    fn next(&mut self, reading: Reading) -> impl Future<Output = LinkEvent> + Send;

    /// Whether a sign of life of the broker is overdue, for a library that looks at the clock
    /// whenever its program wakes. The driver then ends the connection before anything else.
    fn is_overdue(&self) -> bool {
        false
    }

    /// Sends a goodbye before the client drops the connection, as far as the socket takes it now.
    /// By default it sends nothing: the other end sees that the socket closes.
    fn leave(&mut self, _reason: EndReason) {}
}

/// Tells the receiving side whether to read frames. A client with a full inbox pauses reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Frames are read.
    Wanted,
    /// Frames stay in the socket.
    Paused,
}

/// An event on a connection.
#[derive(Debug)]
pub enum LinkEvent {
    /// A frame arrived.
    Frame(Frame),
    /// Bytes arrived that are not a valid frame.
    Malformed(EndReason),
    /// Some waiting bytes were written; these still wait.
    Flushed(WaitingBytes),
    /// Sent frames may not have arrived, for this reason. The session goes on.
    Undelivered(Vec<Frame>, EndReason),
    /// The broker asks the client to wait this long before it reconnects.
    Retry(Duration),
    /// The connection has ended.
    Ended(EndReason),
}

/// Calls a visitor with the driver type of a link. All links are registered here.
pub fn with_link_driver<V: LinkVisitor>(link: Link, visitor: V) -> V::Output {
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

/// An operation that is generic over the driver of a link.
pub trait LinkVisitor {
    /// The operation's result.
    type Output;

    /// Runs the operation with the driver `C`.
    fn visit<C: LinkDriver>(self) -> Self::Output;
}

/// Converts a network error to the reason why a connection ended.
fn reason_of_error(error: &io::Error) -> EndReason {
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

/// Converts a decoding error to the reason why a connection ended.
fn reason_of_wire_error(error: &crate::wire::WireError) -> EndReason {
    match error {
        crate::wire::WireError::TooLong(_) => EndReason::TooLong,
        crate::wire::WireError::Malformed(_) => EndReason::Malformed,
    }
}

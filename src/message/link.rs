//! The links, and the properties of each that other layers ask for by name.

use super::Message;
use crate::closed_list::closed_list;

closed_list! {
    /// The way in which bytes travel.
    Link ["link"] {
        /// Datagrams with one frame each; a lost one is not repaired by the link.
        Udp = "udp",
        /// One byte stream per session.
        Tcp = "tcp",
        /// Messages over a stream that began as an HTTP request.
        WebSocket = "websocket",
        /// HTTP requests at regular intervals.
        Polling = "polling",
        /// An HTTP request that is answered when there is something to say.
        LongPolling = "long-polling",
        /// An HTTP response that does not end.
        Sse = "sse",
        /// Events over HTTP long-polling, and over WebSocket where that can be had.
        SocketIo = "socketio",
    }
}

impl Link {
    /// Returns the properties of the link.
    pub const fn semantics(self) -> LinkSemantics {
        match self {
            Link::Udp => LinkSemantics::LOSSY,
            Link::Tcp | Link::WebSocket | Link::Sse => LinkSemantics::RELIABLE,
            Link::Polling | Link::LongPolling => LinkSemantics::REQUESTS,
            Link::SocketIo => LinkSemantics::SOCKET_IO,
        }
    }

    /// Whether each frame is a datagram.
    pub fn is_datagrams(self) -> bool {
        self.semantics().framing == Framing::Datagrams
    }
}

/// Properties of a link that broker and client depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSemantics {
    /// Unit in which the network carries frames.
    pub framing: Framing,
    /// Guarantee about the frames of a session.
    pub reliability: Reliability,
    /// Mechanism by which each side learns that the other is still there.
    pub liveness: Liveness,
    /// Treatment of messages that no outbox keeps, while there is no session.
    pub offline_buffer: OfflineBuffer,
    /// Longest frame in bytes. One that is longer can never arrive.
    pub most_frame: usize,
}

/// Longest frame in a stream, without a length prefix: 1 MiB.
pub const MOST_FRAME: usize = 1 << 20;
/// Longest frame in a datagram: what fits in one Ethernet packet (1,500 bytes less 20 of IPv4
/// and 8 of UDP).
pub const MOST_DATAGRAM: usize = 1_472;
/// Most bytes of a payload or a packet over Socket.IO: its `maxHttpBufferSize`, 1 MB.
pub const MOST_PAYLOAD: usize = 1_000_000;

/// Unit in which the network carries the frames of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Bytes of a stream: the kernel repeats lost ones.
    Stream,
    /// One datagram a frame.
    Datagrams,
}

/// Treatment of messages that no outbox keeps, while a client knows that it has no session.
///
/// These are all messages in fire-and-forget mode, and the volatile ones in catch-up mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfflineBuffer {
    /// They are dropped.
    Dropped,
    /// They are buffered, unless they are volatile, and sent in order on the next session, as the
    /// link's library does.
    Buffered,
}

/// Guarantee that a link gives about the frames of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliability {
    /// Frames arrive in order, or the link reports that they may not have arrived.
    Reliable,
    /// Frames may be lost, duplicated and reordered, so unanswered ones are sent again.
    Lossy,
}

/// Mechanism by which each side learns that the other is still there; a session has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The broker pings, the client answers.
    Pings,
    /// The client sends requests all the time. Each one is a sign of life, and the link reports
    /// one that was not answered.
    Requests,
    /// The link has a heartbeat of its own: the core sets no timer, and the link's driver reports
    /// the end of a connection that is silent for too long, with `EndReason::Heartbeat`.
    Link,
}

impl LinkSemantics {
    /// Whether a frame of the link surely carries a message, both ways. A link of datagrams says it
    /// of each frame, when it is sent: there each byte counts.
    pub fn carries(&self, message: &Message) -> bool {
        self.framing == Framing::Datagrams || message.fits(self.most_frame)
    }

    /// Frames arrive or the session ends; the broker pings.
    pub const RELIABLE: LinkSemantics = LinkSemantics {
        framing: Framing::Stream,
        reliability: Reliability::Reliable,
        liveness: Liveness::Pings,
        offline_buffer: OfflineBuffer::Dropped,
        most_frame: MOST_FRAME,
    };
    /// Frames may be lost; the broker pings.
    pub const LOSSY: LinkSemantics = LinkSemantics {
        framing: Framing::Datagrams,
        reliability: Reliability::Lossy,
        liveness: Liveness::Pings,
        offline_buffer: OfflineBuffer::Dropped,
        most_frame: MOST_DATAGRAM,
    };
    /// Frames arrive or the link reports it; each request of the client is a sign of life.
    pub const REQUESTS: LinkSemantics = LinkSemantics {
        framing: Framing::Stream,
        reliability: Reliability::Reliable,
        liveness: Liveness::Requests,
        offline_buffer: OfflineBuffer::Dropped,
        most_frame: MOST_FRAME,
    };
    /// Socket.IO: a heartbeat of its own, and a buffer for emits while there is no session.
    pub const SOCKET_IO: LinkSemantics = LinkSemantics {
        framing: Framing::Stream,
        reliability: Reliability::Reliable,
        liveness: Liveness::Link,
        offline_buffer: OfflineBuffer::Buffered,
        most_frame: MOST_PAYLOAD,
    };
}

//! Events, and their parts: flows, loss reasons, connection counters, reports of applications.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;

use crate::closed_list::closed_list;
use crate::message::{EndReason, MessageId, Name, Note, SessionId};
use crate::time::Instant;

/// Identifies a process of a trial: its index in [`History::processes`](super::History::processes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ProcessId(pub u32);

impl ProcessId {
    /// The broker.
    pub const BROKER: ProcessId = ProcessId(0);

    /// Returns the index in the list of processes.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One event of one process at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// The time at which it happened.
    pub at: Instant,
    /// The process: an index into [`History::processes`](super::History::processes).
    pub process: ProcessId,
    /// Its number among the events of this process, from 0.
    pub sequence: u32,
    /// The kind of event, with its data.
    pub kind: EventKind,
}

/// The kinds of event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// A frame with this message, of this session, was given its place in a flow.
    ///
    /// A link that frames messages itself knows it when it is given the frame, and the bytes may
    /// still wait for the socket; where a library writes, it is known once the bytes are written.
    ///
    /// In a stream, the last byte of this copy is the `end`-th of the flow; over datagrams, the
    /// copy is the `end`-th datagram. Both are counted from 1.
    Carried { id: MessageId, session: SessionId, flow: Arc<Flow>, end: u64 },
    /// A datagram did not reach the program at the other end, for this reason.
    Dropped { flow: Box<Flow>, datagram: u64, reason: LossReason },
    /// A middlebox beside the process, that of the fault with this index, dropped the first packet
    /// of a flow that it had forgotten at `since`. It drops the later ones, too, until the flow is
    /// renewed or the fault ends. `flow` is the direction of the packet; both are forgotten.
    FlowForgotten { fault: usize, flow: Box<Flow>, since: Instant },
    /// The middlebox remembers that flow again, because of a packet in this direction.
    FlowRenewed { fault: usize, flow: Box<Flow> },
    /// A WebSocket ended at this end; `flow` is the incoming direction.
    ///
    /// The code is that of the peer's close frame, or else that of this end's. It is 1006 if there
    /// was no close frame (RFC 6455 §7.1.5).
    CloseCode { flow: Arc<Flow>, code: u16 },
    /// An end of a connection is gone, or the trial ended, with these counters.
    Ended(Box<ConnectionStats>),
    /// The process or its host was started, stopped, paused or resumed.
    Power(PowerState),
    /// A fault of the scenario began; `fault` is its index in the file.
    FaultBegan { fault: usize },
    /// A fault of the scenario ended.
    FaultEnded { fault: usize },
    /// The handler for an event of a queue was removed.
    HandlerGone { queue: Name, event: Name },
    /// The handler for an event of a queue was installed again.
    HandlerBack { queue: Name, event: Name },
    /// A handler call was cut short by a crash.
    Interrupted { id: MessageId },
    /// A user-supplied program, which writes no notes, reported for its application.
    AppReport(AppReport),
    /// Broker or client, or its driver, wrote a note.
    #[serde(untagged)]
    Note(Note),
}

impl EventKind {
    /// Returns the message that it names.
    pub fn message(&self) -> Option<&MessageId> {
        match self {
            EventKind::Carried { id, .. } | EventKind::Interrupted { id } => Some(id),
            EventKind::Note(note) => note.message(),
            EventKind::Dropped { .. }
            | EventKind::FlowForgotten { .. }
            | EventKind::FlowRenewed { .. }
            | EventKind::CloseCode { .. }
            | EventKind::Ended(_)
            | EventKind::Power(_)
            | EventKind::FaultBegan { .. }
            | EventKind::FaultEnded { .. }
            | EventKind::HandlerGone { .. }
            | EventKind::HandlerBack { .. }
            | EventKind::AppReport(_) => None,
        }
    }

    /// Returns the client that an event of the broker names.
    pub fn client(&self) -> Option<&Name> {
        if let EventKind::Note(note) = self { note.client() } else { None }
    }

    /// Returns the session that it names.
    pub fn session(&self) -> Option<&SessionId> {
        match self {
            EventKind::Carried { session, .. } => Some(session),
            EventKind::Note(note) => note.session(),
            EventKind::Dropped { .. }
            | EventKind::FlowForgotten { .. }
            | EventKind::FlowRenewed { .. }
            | EventKind::CloseCode { .. }
            | EventKind::Ended(_)
            | EventKind::Power(_)
            | EventKind::FaultBegan { .. }
            | EventKind::FaultEnded { .. }
            | EventKind::HandlerGone { .. }
            | EventKind::HandlerBack { .. }
            | EventKind::Interrupted { .. }
            | EventKind::AppReport(_) => None,
        }
    }
}

/// Reports of a user-supplied program, of which nothing else is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppReport {
    /// Its subscription to a room is active: messages published from now on are for it.
    Joined { queue: Name, room: Name },
    /// Its application ends its subscription to a room.
    Left { queue: Name, room: Name },
    /// The broker has accepted a message that it published, and is responsible for it from now on.
    Accepted { id: MessageId },
    /// The broker has refused a message that it published.
    Refused { id: MessageId },
    /// The application's handler has returned.
    Handled { id: MessageId },
    /// It learned that messages for it are lost.
    Gap,
}

/// One direction of one connection, or of a pair of datagram sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// The sender's address.
    pub from: SocketAddr,
    /// The receiver's address.
    pub to: SocketAddr,
}

impl Flow {
    /// Returns the other direction.
    pub const fn reversed(self) -> Flow {
        Flow { from: self.to, to: self.from }
    }

    /// Returns the direction that stands for both.
    pub fn pair(self) -> Flow {
        self.min(self.reversed())
    }
}

impl Serialize for Flow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}>{}", self.from, self.to))
    }
}

closed_list! {
    /// The reason for which a packet or datagram was not delivered.
    #[non_exhaustive]
    LossReason ["reason"] {
        /// A `loss` fault dropped it.
        Lost = "lost",
        /// A `corrupt` fault changed it, so that its checksum was wrong on arrival.
        Corrupted = "corrupted",
        /// The queue of a `bandwidth` fault was full.
        CrowdedOut = "crowded-out",
        /// A `cut` or `partition` fault had cut the path when it left.
        Cut = "cut",
        /// A middlebox with an `idle-timeout` had forgotten its flow.
        Forgotten = "forgotten",
        /// The receiving host was down or paused when it arrived, or no host has its address.
        NobodyHome = "nobody-home",
        /// No socket was open for it when it arrived.
        NoSocket = "no-socket",
        /// The socket's receive buffer was full when it arrived.
        BufferFull = "buffer-full",
    }
}

/// The kind of transport of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransportKind {
    /// A stream of bytes in order.
    Stream,
    /// Datagrams.
    Datagram,
}

/// Identifies one end of a connection by the addresses of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Endpoint {
    /// The address of this end.
    pub local: SocketAddr,
    /// The address of the other end; `0.0.0.0:0` for a datagram socket without a peer.
    pub peer: SocketAddr,
}

/// Counters of one end of a connection, read when it ended or when the trial did.
///
/// For a stream always `acknowledged ≤ arrived at the peer ≤ written`. For a datagram socket all
/// four are 0, since its datagrams are traced one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionStats {
    /// Stream or datagrams.
    pub transport: TransportKind,
    /// The end.
    #[serde(flatten)]
    pub end: Endpoint,
    /// The reason for its end; `None` if it was open when the trial ended.
    pub reason: Option<EndReason>,
    /// The time at which its program dropped it, if it did so before that. Bytes that arrive later
    /// are never read, although the kernel may still take them in.
    pub let_go: Option<Instant>,
    /// Bytes that the program wrote.
    pub written: u64,
    /// Bytes of these that the peer's TCP/IP stack acknowledged.
    pub acknowledged: u64,
    /// Bytes that arrived in order in the TCP/IP stack of this end.
    pub arrived: u64,
    /// Bytes of these that the program read.
    pub read: u64,
}

/// A change in the state of a process or its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerState {
    /// The process was started, for the first time or again.
    Started,
    /// The process died; its kernel keeps running, and closes its sockets.
    Killed,
    /// The host lost power: kernel and process are gone at once.
    PowerLost,
    /// The host was paused: it sends and receives nothing.
    Paused,
    /// The host runs again.
    Resumed,
    /// The process was stopped; its kernel keeps running.
    Frozen,
    /// The process goes on.
    Thawed,
    /// Its open connections were reset, by something between it and the others.
    ConnectionsReset,
    /// The client closed its sockets and stays offline.
    WentAway,
    /// The client comes back online.
    CameBack,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stays_small_since_a_long_trial_has_millions() {
        assert!(size_of::<Event>() <= 72, "{} bytes", size_of::<Event>());
    }
}

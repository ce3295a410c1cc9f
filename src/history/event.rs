//! One event, and the flows, fates and ledgers that events speak of.

use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;

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

/// One thing that happened to one process at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// The process that it happened to.
    pub process: ProcessId,
    /// The how manyth event of this process.
    pub sequence: u64,
    /// What.
    pub what: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A frame with this message, of this session, was handed to a connection: the copy's last
    /// byte is the `end`-th of the flow; over datagrams, it is the `end`-th datagram. Counted
    /// from 1.
    Carried {
        id: MessageId,
        session: SessionId,
        flow: Arc<Flow>,
        end: u64,
    },
    /// A datagram did not reach the program at the other end, and why.
    Dropped {
        flow: Box<Flow>,
        datagram: u64,
        fate: LossReason,
    },
    /// A WebSocket ended, seen from this end; the flow is what came in. The code is that of the
    /// peer's close frame, or else of this end's; 1006: without any (RFC 6455 §7.1.5).
    CloseCode {
        flow: Arc<Flow>,
        code: u16,
    },
    /// An end of a connection is gone, or the trial ended: how far everything had come.
    Ended(Box<ConnectionStats>),
    /// The process's power or life changed.
    Power(PowerState),
    /// A fault of the scenario began (by its index in the file).
    FaultBegan {
        fault: usize,
    },
    /// A fault of the scenario ended.
    FaultEnded {
        fault: usize,
    },
    /// The handler for an event of a queue was taken away, or put back.
    HandlerGone {
        queue: Name,
        event: Name,
    },
    HandlerBack {
        queue: Name,
        event: Name,
    },
    /// A handler call was cut short by a crash.
    Interrupted {
        id: MessageId,
    },
    /// A program of which nothing else is known said what came of its work.
    AppReport(AppReport),
    /// A machine of the core, or its driver, noted something.
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

/// What a program of which nothing else is known says for its application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppReport {
    /// Its subscription to a room stands: what is published from now on is for it.
    Joined { queue: Name, room: Name },
    /// Its application wishes to be subscribed to a room no longer.
    Left { queue: Name, room: Name },
    /// A message that it published is the broker's, who answers for it from now on.
    Accepted { id: MessageId },
    /// The application's handler has returned.
    Handled { id: MessageId },
    /// It was told that messages are lost for it.
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
    /// The other direction.
    pub const fn reversed(self) -> Flow {
        Flow { from: self.to, to: self.from }
    }
}

impl Serialize for Flow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}>{}", self.from, self.to))
    }
}

/// What became of a packet that did not arrive as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossReason {
    /// A `loss` fault drew it.
    Lost,
    /// Its checksum was wrong on arrival: a `corrupt` fault drew it.
    Corrupted,
    /// The queue of a `bandwidth` fault was full.
    CrowdedOut,
    /// The path was cut when it left: `cut` or `partition`.
    Cut,
    /// The machine at the other end was down or paused when it arrived.
    NobodyHome,
    /// No socket was open for it when it arrived.
    NoSocket,
    /// The socket's receive buffer was full when it arrived.
    BufferFull,
}

/// What a connection is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransportKind {
    /// Bytes in order.
    Stream,
    /// Datagrams.
    Datagram,
}

/// Which end of a connection, by its own address first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Endpoint {
    /// This end.
    pub local: SocketAddr,
    /// The other end; for a datagram socket without a peer, `0.0.0.0:0`.
    pub peer: SocketAddr,
}

/// The four taps of one end of a connection, read when it ended or when the trial did.
///
/// For a stream always `acknowledged ≤ arrived at the peer ≤ written`. For a datagram socket all
/// four are 0: its datagrams are followed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionStats {
    /// Stream or datagrams.
    pub line: TransportKind,
    /// Which end.
    #[serde(flatten)]
    pub end: Endpoint,
    /// Why it ended; `None` if it was open when the trial ended.
    pub reason: Option<EndReason>,
    /// When its program let go of it, if it did before that: what comes later is never read,
    /// whatever the kernel still takes in.
    pub let_go: Option<Instant>,
    /// Bytes that the program wrote into this end.
    pub written: u64,
    /// Bytes of those that the peer's stack acknowledged.
    pub acknowledged: u64,
    /// Bytes that entered this end's stack in order.
    pub arrived: u64,
    /// Bytes of those that the program read.
    pub read: u64,
}

/// Whether a process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerState {
    /// The process runs (again).
    Started,
    /// The process died; its kernel lives and closes its sockets.
    Killed,
    /// The machine lost power: kernel and process are gone at once.
    PowerLost,
    /// The machine sleeps: nothing in or out.
    Paused,
    /// The machine is awake again.
    Resumed,
    /// The client closed its sockets and stays away.
    WentAway,
    /// The client comes back.
    CameBack,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stays_small_since_a_long_trial_has_millions() {
        assert!(size_of::<Event>() <= 104, "{} bytes", size_of::<Event>());
    }
}

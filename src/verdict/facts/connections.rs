//! How far each connection came, and which datagrams were dropped. Never whose messages they were.

use std::net::{Ipv4Addr, SocketAddr};

use crate::history::{ConnectionStats, Endpoint, EventKind, Flow, LossReason};
use crate::time::Instant;
use crate::verdict::switch::rule;

use super::hash::Map;
use super::{Moment, Seen};

/// All ledgers by their end of a connection, and all dropped datagrams.
#[derive(Default)]
pub struct Connections<'a> {
    ends: Map<Endpoint, Vec<(Moment, &'a ConnectionStats)>>,
    drops: Map<(Flow, u64), (Moment, LossReason)>,
}

/// What one end of a flow came to.
#[derive(Clone, Copy)]
pub struct EndStats {
    /// When it was gone; `None` if it was open when the trial ended.
    pub gone: Option<Instant>,
    /// When its program let go of it, which the kernel may outlive.
    pub let_go: Option<Instant>,
    /// Bytes that entered its stack in order.
    pub arrived: u64,
    /// Bytes of those that the program read.
    pub read: u64,
}

impl<'a> Connections<'a> {
    /// Keeps what an event says.
    pub fn see(&mut self, seen: &Seen, what: &'a EventKind) {
        match what {
            EventKind::Ended(ledger) => {
                self.ends.entry(ledger.end).or_default().push((seen.moment, ledger));
            }
            EventKind::Dropped { flow, datagram, fate } => {
                self.drops.entry((**flow, *datagram)).or_insert((seen.moment, *fate));
            }
            _ => {}
        }
    }

    /// The end of a flow that receives, as it was or became from a moment on.
    pub fn receiving(&self, flow: Flow, since: Moment) -> Option<EndStats> {
        self.end(flow.to, flow.from, since)
    }

    /// The end of a flow that sends, as it was or became from a moment on.
    pub fn sending(&self, flow: Flow, since: Moment) -> Option<EndStats> {
        self.end(flow.from, flow.to, since)
    }

    /// What became of a datagram that did not reach the program.
    pub fn drop_of(&self, flow: Flow, datagram: u64) -> Option<(Moment, LossReason)> {
        self.drops.get(&(flow, datagram)).copied()
    }

    /// The first ledger of an end from a moment on, else its last: a stream's, else a socket's.
    fn end(&self, local: SocketAddr, peer: SocketAddr, since: Moment) -> Option<EndStats> {
        let anyone = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let ledgers = self
            .ends
            .get(&Endpoint { local, peer })
            .or_else(|| self.ends.get(&Endpoint { local, peer: anyone }))?;
        let next = ledgers.partition_point(|(moment, _)| *moment < since);
        let next = ledgers.get(next).filter(|_| rule("the-next-end-of-a-line"));
        let (moment, ledger) = next.or(ledgers.last())?;
        let gone = ledger.reason.map(|_| moment.at);
        let ConnectionStats { let_go, arrived, read, .. } = **ledger;
        Some(EndStats { gone, let_go, arrived, read })
    }
}

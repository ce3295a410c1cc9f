//! Tracks how far each connection came, and which datagrams were dropped. Never which subscriber
//! their messages were for.

use std::net::{Ipv4Addr, SocketAddr};

use crate::history::{ConnectionStats, Endpoint, EventKind, Flow, LossReason};
use crate::time::Instant;
use crate::verdict::switch::rule;

use super::{Map, Moment, Seen};

/// The counters of all connections by end, and all dropped datagrams.
#[derive(Default)]
pub struct Connections<'a> {
    ends: Map<Endpoint, Vec<(Moment, &'a ConnectionStats)>>,
    drops: Map<(Flow, u64), (Moment, LossReason)>,
}

/// The state that one end of a flow came to.
#[derive(Clone, Copy)]
pub struct EndStats {
    /// The instant at which it was gone; `None` if it was open when the trial ended.
    pub gone: Option<Instant>,
    /// The instant at which its program let go of it. The kernel may keep it longer.
    pub let_go: Option<Instant>,
    /// Bytes that entered its stack in order.
    pub arrived: u64,
    /// The bytes of those that the program read.
    pub read: u64,
}

impl<'a> Connections<'a> {
    /// Records what an event says about connections and datagrams.
    pub fn see(&mut self, seen: &Seen, what: &'a EventKind) {
        match what {
            EventKind::Ended(stats) => {
                self.ends.entry(stats.end).or_default().push((seen.moment, stats));
            }
            EventKind::Dropped { flow, datagram, reason } => {
                self.drops.entry((**flow, *datagram)).or_insert((seen.moment, *reason));
            }
            _ => {}
        }
    }

    /// Returns the receiving end of a flow, as first recorded from a moment on, else as last
    /// recorded.
    pub fn receiving(&self, flow: Flow, since: Moment) -> Option<EndStats> {
        self.end(flow.to, flow.from, since)
    }

    /// Returns the sending end of a flow, as first recorded from a moment on, else as last
    /// recorded.
    pub fn sending(&self, flow: Flow, since: Moment) -> Option<EndStats> {
        self.end(flow.from, flow.to, since)
    }

    /// Returns when and why a datagram was dropped, if it did not reach the program.
    pub fn drop_of(&self, flow: Flow, datagram: u64) -> Option<(Moment, LossReason)> {
        self.drops.get(&(flow, datagram)).copied()
    }

    /// Returns the first stats of an end from a moment on, else its last. A stream's own come
    /// first; an end without any has its socket's.
    fn end(&self, local: SocketAddr, peer: SocketAddr, since: Moment) -> Option<EndStats> {
        let anyone = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let all = self
            .ends
            .get(&Endpoint { local, peer })
            .or_else(|| self.ends.get(&Endpoint { local, peer: anyone }))?;
        let next = all.partition_point(|(moment, _)| moment.is_before(since));
        let next = all.get(next).filter(|_| rule("the-next-end-of-a-connection"));
        let (moment, stats) = next.or(all.last())?;
        let gone = stats.reason.map(|_| moment.at);
        let ConnectionStats { let_go, arrived, read, .. } = **stats;
        Some(EndStats { gone, let_go, arrived, read })
    }
}

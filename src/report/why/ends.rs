//! The ends of connections, with their last counters, and the copies that they cut off.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::history::{ConnectionStats, Endpoint, Event, EventKind, Flow, History};
use crate::time::Instant;

use crate::report::packets::Carried;

/// The last counters of every end of a connection, by its addresses.
pub struct Ends<'a> {
    history: &'a History,
    indices: BTreeMap<Endpoint, Vec<usize>>,
}

impl<'a> Ends<'a> {
    /// Reads a history.
    pub fn of(history: &'a History) -> Ends<'a> {
        let mut indices = BTreeMap::<_, Vec<usize>>::new();
        for (index, event) in history.events.iter().enumerate() {
            if let EventKind::Ended(stats) = &event.kind {
                indices.entry(stats.end).or_default().push(index);
            }
        }
        Ends { history, indices }
    }

    /// Returns the event that ends one end of a connection first after a time, and its counters.
    pub fn after(
        &self,
        local: SocketAddr,
        peer: SocketAddr,
        since: Instant,
    ) -> Option<(usize, &'a ConnectionStats)> {
        let mut indices = self.indices.get(&Endpoint { local, peer })?.iter();
        indices.find_map(|&index| match &self.history.events[index] {
            event if event.at < since => None,
            event => match &event.kind {
                EventKind::Ended(stats) => Some((index, &**stats)),
                _ => None,
            },
        })
    }

    /// Returns the time and the counters of the last end of a connection in a span of time, else of
    /// the first after it.
    pub fn around(
        &self,
        local: SocketAddr,
        peer: SocketAddr,
        (from, to): (Instant, Instant),
    ) -> Option<(Instant, &'a ConnectionStats)> {
        let indices = self.indices.get(&Endpoint { local, peer })?.iter();
        let ends = indices.filter_map(|index| match &self.history.events[*index] {
            Event { at, kind: EventKind::Ended(stats), .. } if *at >= from => Some((*at, &**stats)),
            _ => None,
        });
        let ends: Vec<_> = ends.collect();
        ends.iter().rfind(|one| one.0 <= to).or(ends.first()).copied()
    }

    /// Whether an event of a process comes before its end of a copy's connection is gone.
    pub fn is_before_end(&self, event: &Event, copy: &Carried) -> bool {
        let Flow { from, to } = *copy.flow;
        let (local, peer) = match self.history.process_at(from) == Some(event.process) {
            true => (from, to),
            false => (to, from),
        };
        let end = self.after(local, peer, copy.since);
        copy.since <= event.at && end.is_some_and(|end| event.at <= self.history.events[end.0].at)
    }

    /// Whether an event is the end of the connection on which a copy is, and the copy was not
    /// through: as the sender knows by acknowledgements, as the receiver by what its program read.
    pub fn cuts_off(&self, index: usize, copy: &Carried) -> bool {
        let EventKind::Ended(stats) = &self.history.events[index].kind else { return false };
        let Endpoint { local, peer } = stats.end;
        let is_first = || self.after(local, peer, copy.since).is_some_and(|one| one.0 == index);
        let is_cut_off = match (copy.flow.from == local, copy.flow.to == local) {
            (true, _) => copy.flow.to == peer && stats.acknowledged < copy.end,
            (_, true) => copy.flow.from == peer && stats.read < copy.end && stats.reason.is_some(),
            _ => false,
        };
        is_cut_off && is_first()
    }
}

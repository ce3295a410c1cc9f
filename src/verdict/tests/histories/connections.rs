//! The statistics of connections: how far a session's bytes came, as both ends report it.

use std::net::SocketAddr;

use crate::history::{ConnectionStats, Endpoint, EventKind, Flow, TransportKind};
use crate::message::{EndReason, Link};
use crate::time::{Duration, Instant};

use super::{BROKER, Generator, REASONS};

impl Generator {
    pub(super) fn end_a_line(&mut self) {
        let process = self.dice.below(self.processes.len() as u64 - 1) as u32 + 1;
        let reason = self.dice.pick(&REASONS);
        self.end_connections(process, reason);
    }

    /// Reports the statistics of a process's connection, at one end or at both.
    pub(super) fn end_connections(&mut self, process: u32, reason: EndReason) {
        let reason = Some(reason).filter(|_| self.dice.percent(85));
        let ends = self.dice.below(3);
        let Flow { from, to } = self.outward(process);
        if ends != 0 {
            self.end_line(process, Endpoint { local: to, peer: from }, reason);
        }
        if ends != 1 {
            self.end_line(BROKER, Endpoint { local: from, peer: to }, reason);
        }
    }

    pub(super) fn end_line(&mut self, process: u32, mut end: Endpoint, reason: Option<EndReason>) {
        let inward = Flow { from: end.peer, to: end.local };
        let count = self.carried.iter().find(|(flow, _)| *flow == inward).map_or(0, |one| one.1);
        let read = 100 * self.dice.below(count + 1);
        let arrived = (read + 100 * self.dice.below(2)).saturating_sub(self.dice.below(2));
        let transport = match self.contender.link {
            Link::Udp => TransportKind::Datagram,
            _ => TransportKind::Stream,
        };
        if transport == TransportKind::Datagram && self.dice.percent(50) {
            end.peer = SocketAddr::from(([0, 0, 0, 0], 0));
        }
        let (written, acknowledged) = (0, 0);
        let since = Duration::from_millis(self.dice.below(200));
        let let_go = (transport == TransportKind::Stream && self.dice.percent(30))
            .then(|| Instant::from_micros(self.now.as_micros().saturating_sub(since.as_micros())));
        let stats = ConnectionStats {
            transport,
            end,
            reason,
            let_go,
            written,
            acknowledged,
            arrived,
            read,
        };
        self.push_event(process, EventKind::Ended(Box::new(stats)));
    }

    /// Lets a middlebox drop the first packet of a flow that it had forgotten, or remember one again.
    pub(super) fn forget_or_renew(&mut self) {
        let listener = self.listener();
        let process = self.dice.pick(&[BROKER, listener]);
        if !self.forgotten.is_empty() && self.dice.percent(25) {
            let (fault, flow) = self.dice.pick(&self.forgotten.clone());
            let flow = Box::new(flow.reversed());
            return self.push_event(process, EventKind::FlowRenewed { fault, flow });
        }
        let fault = self.dice.pick(&self.idle.clone());
        let of = self.listener();
        let outward = self.outward(of);
        let flow = self.dice.pick(&[outward, outward.reversed()]);
        let ago = self.dice.below(100) * 1_000;
        let since = Instant::from_micros(self.now.as_micros().saturating_sub(ago));
        self.forgotten.push((fault, flow));
        self.push_event(process, EventKind::FlowForgotten { fault, flow: Box::new(flow), since });
        // The client may turn to another connection, while the broker still writes to the session.
        if self.dice.percent(40) {
            let end = Endpoint { local: outward.to, peer: outward.from };
            self.end_line(of, end, None);
        }
    }

    /// Adds a copy to a flow, and returns its position there: the number of its datagram or of its
    /// last byte.
    pub(super) fn carry(&mut self, flow: Flow) -> (Flow, u64) {
        let index = match self.carried.iter().position(|(of, _)| *of == flow) {
            Some(index) => index,
            None => {
                self.carried.push((flow, 0));
                self.carried.len() - 1
            }
        };
        self.carried[index].1 += 1;
        let count = self.carried[index].1;
        (flow, if self.contender.link == Link::Udp { count } else { 100 * count })
    }

    /// Returns the flow from the broker to a process, on the process's present session.
    pub(super) fn outward(&self, process: u32) -> Flow {
        let port = 50_000 + self.sessions[process as usize] as u16;
        Flow { from: address(BROKER, 7_000), to: address(process, port) }
    }

    pub(super) fn inward(&self, process: u32) -> Flow {
        self.outward(process).reversed()
    }
}

fn address(process: u32, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, process as u8 + 1], port))
}

//! The power switch of a stack: on, off and asleep. Switching off records the last statistics.

use smoltcp::iface::SocketSet;

use crate::history::{ConnectionStats, EventKind};
use crate::message::EndReason;
use crate::time::Instant;

use super::{EPHEMERAL, Power, Stack, boot};

impl Stack {
    /// Boots a fresh kernel. Its incarnation determines initial sequence numbers and ports.
    ///
    /// # Panics
    /// The host is on.
    pub fn power_on(&mut self, incarnation: u64) {
        assert_eq!(self.power, Power::Off, "a host that is on is switched on");
        self.power = Power::On;
        self.incarnation = incarnation;
        self.interface = boot(&self.build, incarnation, &mut self.wire);
        let (first, last) = (u64::from(*EPHEMERAL.start()), u64::from(*EPHEMERAL.end()));
        let start = self.build.seed.named("port").with(incarnation).between(first, last);
        self.next_port = start as u16;
    }

    /// Cuts the power: nothing more is sent, the last statistics are recorded, all memory is lost.
    pub fn power_off(&mut self, now: Instant) {
        self.stop(now, Some(EndReason::PowerLost));
    }

    /// Ends the trial: like a power loss, but open connections are recorded without an end reason.
    pub fn finish(&mut self, now: Instant) {
        self.stop(now, None);
    }

    /// Records the last statistics, and drops all sockets. `reason` is for those still open.
    fn stop(&mut self, now: Instant, reason: Option<EndReason>) {
        if self.power == Power::Off {
            return;
        }
        self.power = Power::Off;
        for connection in self.connections.values_mut() {
            self.accepted.open = self.accepted.open + connection.was_open(now);
        }
        for stats in self.last_stats() {
            let reason = stats.reason.or(reason);
            self.build
                .recorder
                .record(now, EventKind::Ended(Box::new(ConnectionStats { reason, ..stats })));
        }
        self.uncount_datagrams();
        self.wire.sent.clear();
        self.wire.received = None;
        self.nobody = SocketSet::new(Vec::new());
        self.dirty.clear();
        self.tuples.clear();
        self.datagram_ports.clear();
        std::mem::take(&mut self.connections).into_values().for_each(|end| end.power_lost());
        std::mem::take(&mut self.listeners).into_values().for_each(|end| end.power_lost());
        std::mem::take(&mut self.datagrams).into_values().for_each(|end| end.power_lost());
    }

    /// Resets every established connection: this end fails, and the other one gets an RST. Returns
    /// whether there was one.
    pub fn reset_connections(&mut self) -> bool {
        if self.power != Power::On {
            return false;
        }
        let open: Vec<u64> = self
            .connections
            .iter_mut()
            .filter_map(|(id, connection)| connection.was_cut_off().then_some(*id))
            .collect();
        open.iter().for_each(|id| self.touch(*id));
        !open.is_empty()
    }

    /// Counts the kill of the program; the kernel lives on.
    pub fn kill(&mut self) {
        self.killed += 1;
    }

    /// Puts a host that is on to sleep.
    pub fn pause(&mut self) {
        if self.power == Power::On {
            self.power = Power::Paused;
        }
    }

    /// Wakes a host that sleeps: every socket checks its timers.
    pub fn resume(&mut self) {
        if self.power == Power::Paused {
            self.power = Power::On;
            let sockets = self.connections.keys().chain(self.datagrams.keys());
            self.dirty.extend(sockets.copied().collect::<Vec<u64>>());
        }
    }

    /// Makes the next connection use the given local port, for tests of port reuse.
    #[cfg(test)]
    pub fn use_port_next(&mut self, port: u16) {
        self.next_port = port;
    }
}

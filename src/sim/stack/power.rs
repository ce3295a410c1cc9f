//! The power switch of a kernel: on, off, asleep, and the last ledgers.

use smoltcp::iface::SocketSet;

use crate::history::{ConnectionStats, EventKind};
use crate::message::EndReason;
use crate::time::Instant;

use super::{EPHEMERAL, Power, Stack, boot};

impl Stack {
    /// Boots a fresh kernel, with initial sequence numbers and ports of its incarnation.
    ///
    /// # Panics
    /// The machine is on.
    pub fn power_on(&mut self, incarnation: u64) {
        assert_eq!(self.power, Power::Off, "a machine that is on is switched on");
        self.power = Power::On;
        self.incarnation = incarnation;
        self.interface = boot(&self.build, incarnation, &mut self.wire);
        let (first, last) = (u64::from(*EPHEMERAL.start()), u64::from(*EPHEMERAL.end()));
        let start = self.build.seed.named("port").with(incarnation).between(first, last);
        self.next_port = start as u16;
    }

    /// The power goes: nothing more is sent, the last ledgers are written, all memory is gone.
    pub fn power_off(&mut self, now: Instant) {
        self.stop(now, Some(EndReason::PowerLost));
    }

    /// The trial is over: as without power, but what was open stays open in the record.
    pub fn finish(&mut self, now: Instant) {
        self.stop(now, None);
    }

    fn stop(&mut self, now: Instant, reason: Option<EndReason>) {
        if self.power == Power::Off {
            return;
        }
        self.power = Power::Off;
        for ledger in self.last_ledgers() {
            let reason = ledger.reason.or(reason);
            self.build
                .recorder
                .record(now, EventKind::Ended(Box::new(ConnectionStats { reason, ..ledger })));
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

    /// The program is killed, the kernel lives on.
    pub fn kill(&mut self) {
        self.killed += 1;
    }

    /// The machine falls asleep.
    pub fn pause(&mut self) {
        if self.power == Power::On {
            self.power = Power::Paused;
        }
    }

    /// The machine wakes up: every socket looks at its timers.
    pub fn resume(&mut self) {
        if self.power == Power::Paused {
            self.power = Power::On;
            let sockets = self.connections.keys().chain(self.datagrams.keys());
            self.dirty.extend(sockets.copied().collect::<Vec<u64>>());
        }
    }

    /// Makes the next connection begin at a port: for tests of port reuse.
    #[cfg(test)]
    pub fn use_port_next(&mut self, port: u16) {
        self.next_port = port;
    }
}

//! What the packets of a trial have in common: addresses, fates, counters, and the record of
//! the datagrams that did not arrive.
//!
//! Events that a receiver finds out about a sender are kept apart and appended to the sender's
//! record when the trial ends, in an order of their own: so the order in which hosts run is
//! never seen.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, Mutex, MutexGuard};

use smoltcp::wire::{IpProtocol, Ipv4Packet, UdpPacket};

use crate::history::{
    Capture, EventKind, Flow, LossReason, Packet, PacketEnd, ProcessId, Recorder,
};
use crate::time::Instant;

use super::fate::{NetworkFaults, Outcome, PacketPlan};
use super::host::HostState;

/// The address of a process: the broker's is 10.0.0.1, then one after the other.
pub fn address(process: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + process)
}

/// The process that has an address, if it can be one's.
fn process_at(address: Ipv4Addr) -> Option<u32> {
    address.to_bits().checked_sub(Ipv4Addr::new(10, 0, 0, 1).to_bits())
}

/// What a trial's packets came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficTotals {
    /// IP packets that left a stack.
    pub packets: u64,
    /// Their IP bytes.
    pub bytes: u64,
    /// TCP segments that carried bytes for a second time.
    pub retransmits: u64,
    /// How many packets each fault bit, by its index in the scenario.
    pub bites: Vec<u64>,
}

/// What all hosts of a trial share.
pub(crate) struct Internet {
    machines: Vec<Arc<HostState>>,
    recorders: Vec<Recorder>,
    books: Mutex<Books>,
}

struct Books {
    fates: NetworkFaults,
    packets: u64,
    bytes: u64,
    /// How many datagrams left, by flow.
    datagrams: BTreeMap<Flow, u64>,
    /// Datagrams with a copy, until the last of them is accounted for.
    copies: BTreeMap<(Flow, u64), Copies>,
    /// Datagrams that did not arrive, by sender.
    drops: Vec<(u32, Instant, Flow, u64, LossReason)>,
    /// The packets themselves, if they are wanted.
    capture: Option<Capture>,
}

/// What is known of a datagram that was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copies {
    BothUnderWay,
    OneArrived,
    OneDropped,
}

/// A datagram among its sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub flow: Flow,
    /// The how manyth of its flow, from 1.
    pub number: u64,
}

/// A packet that left: where it goes and what becomes of it.
pub(crate) struct Departure {
    pub to: u32,
    pub lot: PacketPlan,
    pub datagram: Option<Numbered>,
}

impl Internet {
    pub fn new(
        machines: Vec<Arc<HostState>>,
        recorders: Vec<Recorder>,
        fates: NetworkFaults,
        capture: Option<Capture>,
    ) -> Internet {
        let (datagrams, copies, drops) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let books = Books { fates, packets: 0, bytes: 0, datagrams, copies, drops, capture };
        Internet { machines, recorders, books: Mutex::new(books) }
    }

    /// All machines, by process.
    pub fn machines(&self) -> &[Arc<HostState>] {
        &self.machines
    }

    /// All pens, by process.
    pub fn recorders(&self) -> &[Recorder] {
        &self.recorders
    }

    /// A packet leaves: it is counted and its lot is drawn. `None` if nobody has its address.
    pub fn depart(&self, now: Instant, from: u32, packet: &[u8]) -> Option<Departure> {
        let mut books = self.books();
        let books = &mut *books;
        books.packets += 1;
        books.bytes += packet.len() as u64;
        let ip = Ipv4Packet::new_unchecked(packet);
        let datagram = (ip.next_header() == IpProtocol::Udp).then(|| {
            let flow = flow_of(packet);
            let number = books.datagrams.entry(flow).or_default();
            *number += 1;
            Numbered { flow, number: *number }
        });
        let known = |to: &u32| (*to as usize) < self.machines.len();
        let to = process_at(ip.dst_addr()).filter(known);
        let lot = to.map(|to| books.fates.decide(now, from, to, packet.len()));
        if let Some(capture) = &mut books.capture {
            let (at, serial, bytes) = (now, books.packets, packet.to_vec());
            let nth = lot.as_ref().map_or(0, |lot| lot.serial);
            let (from, to) = (ProcessId(from), to.map(ProcessId));
            capture.add(Packet { at, from, serial, to, nth, ends: ends(now, lot.as_ref()), bytes });
        }
        let Some((to, lot)) = to.zip(lot) else {
            if let Some(Numbered { flow, number }) = datagram {
                books.drops.push((from, now, flow, number, LossReason::NobodyHome));
            }
            return None;
        };
        if let Some(Numbered { flow, number }) = datagram {
            match lot.outcome {
                Outcome::Dropped(fate) => books.drops.push((from, now, flow, number, fate)),
                Outcome::Arrives(_, Some(_)) => {
                    books.copies.insert((flow, number), Copies::BothUnderWay);
                }
                Outcome::Arrives(_, None) => {}
            }
        }
        Some(Departure { to, lot, datagram })
    }

    /// The `nth` packet from one process to another came, and was not taken in.
    pub fn reject(&self, (from, to, nth): (u32, u32, u64), now: Instant, fate: LossReason) {
        if let Some(capture) = &mut self.books().capture {
            capture.turn_away((ProcessId(from), ProcessId(to), nth), now, fate);
        }
    }

    /// A packet of whatever kind came to a machine that was down or asleep.
    pub fn found_nobody(&self, now: Instant, process: u32) {
        self.books().fates.found_nobody(now, process);
    }

    /// A datagram, or a copy of it, reached its socket, or did not.
    pub fn received(&self, now: Instant, from: u32, datagram: Numbered, fate: Option<LossReason>) {
        let mut books = self.books();
        let key = (datagram.flow, datagram.number);
        let copies = books.copies.remove(&key);
        let left = match (copies, fate) {
            (Some(Copies::BothUnderWay), None) => Some(Copies::OneArrived),
            (Some(Copies::BothUnderWay), Some(_)) => Some(Copies::OneDropped),
            (None | Some(Copies::OneDropped), Some(fate)) => {
                books.drops.push((from, now, datagram.flow, datagram.number, fate));
                None
            }
            (None | Some(Copies::OneDropped | Copies::OneArrived), _) => None,
        };
        if let Some(copies) = left {
            books.copies.insert(key, copies);
        }
    }

    /// Switches everything off, writes the last records, and counts up. Once more is harmless.
    pub fn finish(&self, now: Instant) -> TrafficTotals {
        for machine in &self.machines {
            machine.stack().finish(now);
        }
        let retransmits = self.machines.iter().map(|machine| machine.stack().retransmits()).sum();
        let mut books = self.books();
        let mut drops = std::mem::take(&mut books.drops);
        drops.sort_by_key(|&(from, at, flow, number, _)| (from, at, flow, number));
        for (from, at, flow, datagram, fate) in drops {
            self.recorders[from as usize]
                .record(at, EventKind::Dropped { flow: Box::new(flow), datagram, fate });
        }
        let bites = books.fates.bites().to_vec();
        TrafficTotals { packets: books.packets, bytes: books.bytes, retransmits, bites }
    }

    /// Takes the packets out, if they were wanted.
    pub fn take_capture(&self) -> Option<Capture> {
        self.books().capture.take()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("a trial has one thread")
    }
}

/// How a packet ends, as far as that is decided when it leaves.
fn ends(now: Instant, lot: Option<&PacketPlan>) -> Vec<PacketEnd> {
    match lot.map(|lot| lot.outcome) {
        None => vec![PacketEnd { at: now, fate: Some(LossReason::NobodyHome) }],
        Some(Outcome::Dropped(fate)) => vec![PacketEnd { at: now, fate: Some(fate) }],
        Some(Outcome::Arrives(first, second)) => {
            let arrivals = [Some(first), second].into_iter().flatten();
            arrivals.map(|arrival| PacketEnd { at: arrival.due, fate: None }).collect()
        }
    }
}

/// The flow of a packet that carries a datagram.
pub(crate) fn flow_of(packet: &[u8]) -> Flow {
    let ip = Ipv4Packet::new_unchecked(packet);
    let udp = UdpPacket::new_unchecked(ip.payload());
    Flow {
        from: SocketAddr::V4(SocketAddrV4::new(ip.src_addr(), udp.src_port())),
        to: SocketAddr::V4(SocketAddrV4::new(ip.dst_addr(), udp.dst_port())),
    }
}

//! State shared by all packets of a trial: addresses, faults, counters, and the record of the
//! datagrams that did not arrive.
//!
//! Losses belong to the record of the sender, but the receiver may be the one to notice them.
//! They are kept apart, sorted, and appended to the sender's record when the trial ends. So the
//! result does not depend on the order in which turmoil hosts run.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smoltcp::wire::{IpProtocol, Ipv4Packet, UdpPacket};

use super::packet_stream::{Capturing, PacketStream};
use crate::history::{
    Capture, Event, EventKind, Flow, LossReason, Packet, PacketEnd, ProcessId, Recorder,
};
use crate::time::Instant;

use super::fate::{FlowChange, NetworkFaults, PacketPlan, PlannedOutcome, Transit};
use super::host_state::HostState;
use super::stack::AcceptedTotals;

/// Returns the address of a process: 10.0.0.1 for the broker, and the next ones for the clients.
pub fn address(process: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + process)
}

/// Returns the index of the process at an address, whether or not that process exists; `None`
/// below the broker's address.
fn process_at(address: Ipv4Addr) -> Option<u32> {
    address.to_bits().checked_sub(Ipv4Addr::new(10, 0, 0, 1).to_bits())
}

/// Totals of the packets of a trial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficTotals {
    /// IP packets that left a stack.
    pub packets: u64,
    /// Their length in bytes, with IP headers.
    pub bytes: u64,
    /// TCP segments that carried bytes again.
    pub retransmits: u64,
    /// The connections that were opened, at the hosts that they were opened to.
    pub accepted: AcceptedTotals,
    /// Number of packets that each fault hit, by its index in the scenario.
    pub hits: Vec<u64>,
}

/// Network state shared by all hosts of a trial.
pub(crate) struct Internet {
    hosts: Vec<Arc<HostState>>,
    recorders: Vec<Recorder>,
    traffic: Mutex<Traffic>,
    /// Bytes of all packets that have left and not arrived.
    under_way: AtomicU64,
}

/// Resources that a trial has used so far, for its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Number of recorded events.
    pub events: u64,
    /// Number of packets that left a stack.
    pub packets: u64,
    /// Bytes of the events, the packets under way, the buffers of sockets, and the middleboxes.
    pub memory: u64,
}

/// The faults, counters and records of an [`Internet`].
struct Traffic {
    faults: NetworkFaults,
    packets: u64,
    bytes: u64,
    /// Number of datagrams sent, by flow.
    datagrams: BTreeMap<Flow, u64>,
    /// Duplicated datagrams, until both copies have arrived or are lost.
    copies: BTreeMap<(Flow, u64), Copies>,
    /// Datagrams that did not arrive: sender, moment, flow, number in the flow, reason.
    drops: Vec<(u32, Instant, Flow, u64, LossReason)>,
    /// The packets themselves, if they are to be kept.
    capture: Option<Capture>,
    /// To whom they are handed over, if they are not to be kept.
    stream: Option<PacketStream>,
}

/// State of a datagram that the network has duplicated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copies {
    BothUnderWay,
    OneArrived,
    OneDropped,
}

/// Identifies a datagram: its flow, and its number in that flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub flow: Flow,
    /// The number in the flow, from 1.
    pub number: u64,
}

/// A packet that leaves: its destination and its plan.
pub(crate) struct Departure {
    pub to: u32,
    pub plan: PacketPlan,
    pub datagram: Option<Numbered>,
}

impl Internet {
    pub fn new(
        hosts: Vec<Arc<HostState>>,
        recorders: Vec<Recorder>,
        faults: NetworkFaults,
        capturing: Capturing,
    ) -> Internet {
        let (capture, stream) = match capturing {
            Capturing::Nothing => (None, None),
            Capturing::Packets => (Some(Capture::default()), None),
            Capturing::Stream(sink) => (Some(Capture::default()), Some(PacketStream::new(sink))),
        };
        let (datagrams, copies, drops) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let (packets, bytes) = (0, 0);
        let traffic = Traffic { faults, packets, bytes, datagrams, copies, drops, capture, stream };
        let (traffic, under_way) = (Mutex::new(traffic), AtomicU64::new(0));
        Internet { hosts, recorders, traffic, under_way }
    }

    /// Counts a packet, or a copy of it, that is under way from now on.
    pub fn left(&self, bytes: usize) {
        self.under_way.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts a packet that has arrived.
    pub fn arrived(&self, bytes: usize) {
        self.under_way.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// Returns what the trial has used so far.
    pub fn usage(&self) -> Usage {
        let events = self.recorders.first().map_or(0, Recorder::events) as u64;
        let buffers: u64 = self.hosts.iter().map(|host| host.stack().buffers()).sum();
        let record = events * size_of::<Event>() as u64;
        let traffic = self.traffic();
        let under_way = self.under_way.load(Ordering::Relaxed);
        let memory = record + buffers + under_way + traffic.faults.memory();
        Usage { events, packets: traffic.packets, memory }
    }

    /// Returns all hosts, by process.
    pub fn hosts(&self) -> &[Arc<HostState>] {
        &self.hosts
    }

    /// Returns all recorders, by process.
    pub fn recorders(&self) -> &[Recorder] {
        &self.recorders
    }

    /// Counts a packet that leaves, and plans its course. `None` if no process has its address.
    pub fn depart(&self, now: Instant, from: u32, packet: &[u8]) -> Option<Departure> {
        let mut traffic = self.traffic();
        let traffic = &mut *traffic;
        traffic.packets += 1;
        traffic.bytes += packet.len() as u64;
        let ip = Ipv4Packet::new_unchecked(packet);
        let datagram = (ip.next_header() == IpProtocol::Udp).then(|| {
            let flow = flow_of(packet);
            let number = traffic.datagrams.entry(flow).or_default();
            *number += 1;
            Numbered { flow, number: *number }
        });
        let known = |to: &u32| (*to as usize) < self.hosts.len();
        let to = process_at(ip.dst_addr()).filter(known);
        let plan = to.map(|to| traffic.faults.decide(now, from, to, packet));
        if let Some(plan) = &plan {
            self.record_changes(now, from, &plan.changes);
        }
        if let Some(capture) = &mut traffic.capture {
            let (at, serial, bytes) = (now, traffic.packets, packet.to_vec());
            let nth = plan.as_ref().map_or(0, |plan| plan.serial);
            let ends = ends(now, plan.as_ref());
            let (from, to) = (ProcessId(from), to.map(ProcessId));
            capture.add(Packet { at, from, serial, to, nth, ends, bytes });
            if let Some(stream) = &mut traffic.stream {
                stream.pass(capture, now, &self.recorders[0]);
            }
        }
        let Some((to, plan)) = to.zip(plan) else {
            if let Some(Numbered { flow, number }) = datagram {
                traffic.drops.push((from, now, flow, number, LossReason::NobodyHome));
            }
            return None;
        };
        if let Some(Numbered { flow, number }) = datagram {
            match plan.outcome {
                PlannedOutcome::Dropped(reason) => {
                    traffic.drops.push((from, now, flow, number, reason))
                }
                PlannedOutcome::Arrives(_, Some(_)) => {
                    traffic.copies.insert((flow, number), Copies::BothUnderWay);
                }
                PlannedOutcome::Arrives(_, None) => {}
            }
        }
        Some(Departure { to, plan, datagram })
    }

    /// Whether a packet that arrives passes the middleboxes beside its receiver.
    pub fn passes(&self, now: Instant, to: u32, packet: &[u8]) -> bool {
        let Transit { dropped_by, changes } = self.traffic().faults.arrive(now, to, packet);
        self.record_changes(now, to, &changes);
        dropped_by.is_none()
    }

    /// Records what the middleboxes beside a process forgot or renewed.
    fn record_changes(&self, now: Instant, process: u32, changes: &[FlowChange]) {
        for &FlowChange { fault, flow, forgotten_since } in changes {
            let flow = Box::new(flow);
            let kind = match forgotten_since {
                Some(since) => EventKind::FlowForgotten { fault, flow, since },
                None => EventKind::FlowRenewed { fault, flow },
            };
            self.recorders[process as usize].record(now, kind);
        }
    }

    /// Notes in the capture that the `nth` packet from one process to another was dropped as it
    /// arrived.
    pub fn reject(&self, (from, to, nth): (u32, u32, u64), now: Instant, reason: LossReason) {
        if let Some(capture) = &mut self.traffic().capture {
            capture.reject((ProcessId(from), ProcessId(to), nth), now, reason);
        }
    }

    /// Counts the hit on a packet that arrived at a host that was off or asleep.
    pub fn found_nobody(&self, now: Instant, process: u32) {
        self.traffic().faults.found_nobody(now, process);
    }

    /// Notes the arrival of a datagram, or of a copy of it; `fate` is `None` if it reached its
    /// socket.
    pub fn received(
        &self,
        now: Instant,
        from: u32,
        datagram: Numbered,
        reason: Option<LossReason>,
    ) {
        let mut traffic = self.traffic();
        let key = (datagram.flow, datagram.number);
        let copies = traffic.copies.remove(&key);
        let left = match (copies, reason) {
            (Some(Copies::BothUnderWay), None) => Some(Copies::OneArrived),
            (Some(Copies::BothUnderWay), Some(_)) => Some(Copies::OneDropped),
            (None | Some(Copies::OneDropped), Some(reason)) => {
                traffic.drops.push((from, now, datagram.flow, datagram.number, reason));
                None
            }
            (None | Some(Copies::OneDropped | Copies::OneArrived), _) => None,
        };
        if let Some(copies) = left {
            traffic.copies.insert(key, copies);
        }
    }

    /// Switches every host off, writes the last records, and returns the totals. A second call
    /// records nothing more.
    pub fn finish(&self, now: Instant) -> TrafficTotals {
        for host in &self.hosts {
            host.stack().finish(now);
        }
        let retransmits = self.hosts.iter().map(|host| host.stack().retransmits()).sum();
        let accepted = self.hosts.iter().map(|host| host.stack().accepted());
        let accepted = accepted.fold(AcceptedTotals::default(), |sum, one| AcceptedTotals {
            handshakes: sum.handshakes + one.handshakes,
            open: sum.open + one.open,
        });
        let mut traffic = self.traffic();
        let mut drops = std::mem::take(&mut traffic.drops);
        drops.sort_by_key(|&(from, at, flow, number, _)| (from, at, flow, number));
        for (from, at, flow, datagram, reason) in drops {
            self.recorders[from as usize]
                .record(at, EventKind::Dropped { flow: Box::new(flow), datagram, reason });
        }
        let hits = traffic.faults.hits().to_vec();
        let (packets, bytes) = (traffic.packets, traffic.bytes);
        TrafficTotals { packets, bytes, retransmits, accepted, hits }
    }

    /// Takes out the packets that were kept, if any were to be kept; hands over what is left of
    /// those that were not.
    pub fn take_capture(&self) -> Option<Capture> {
        let mut traffic = self.traffic();
        let capture = traffic.capture.take()?;
        match traffic.stream.take() {
            Some(stream) => {
                stream.finish(capture, &self.recorders[0]);
                None
            }
            None => Some(capture),
        }
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the ends of a packet and of its copy, as far as they are decided when it leaves.
fn ends(now: Instant, plan: Option<&PacketPlan>) -> Vec<PacketEnd> {
    match plan.map(|plan| plan.outcome) {
        None => vec![PacketEnd { at: now, lost: Some(LossReason::NobodyHome) }],
        Some(PlannedOutcome::Dropped(reason)) => vec![PacketEnd { at: now, lost: Some(reason) }],
        Some(PlannedOutcome::Arrives(first, second)) => {
            let arrivals = [Some(first), second].into_iter().flatten();
            arrivals.map(|arrival| PacketEnd { at: arrival.due, lost: None }).collect()
        }
    }
}

/// Returns the flow of a packet that carries a datagram.
pub(crate) fn flow_of(packet: &[u8]) -> Flow {
    let ip = Ipv4Packet::new_unchecked(packet);
    let udp = UdpPacket::new_unchecked(ip.payload());
    Flow {
        from: SocketAddr::V4(SocketAddrV4::new(ip.src_addr(), udp.src_port())),
        to: SocketAddr::V4(SocketAddrV4::new(ip.dst_addr(), udp.dst_port())),
    }
}

//! The middleboxes of a trial: each stands beside one process, and drops the packets of flows that
//! it has forgotten.
//!
//! A middlebox is a NAT, a load balancer or a firewall that keeps state for each flow. It sees what
//! its process sends as that leaves, and what is sent to its process as that arrives: so what it
//! knows does not depend on the order in which the hosts of a trial run. Before its fault begins
//! and after it has ended it drops nothing.
//!
//! A flow is a pair of socket addresses, both directions together. It is quiet since its last
//! packet that the box let pass, but not since before the fault began. A flow that was quiet for the
//! time of the fault is forgotten until a packet renews it: over TCP a SYN, over UDP any packet
//! from the side that sent the flow's first one. What is neither TCP nor UDP passes.

use std::collections::BTreeMap;
use std::net::{SocketAddr, SocketAddrV4};

use smoltcp::wire::{IpProtocol, Ipv4Packet, TcpPacket, UdpPacket};

use crate::history::Flow;
use crate::message::Name;
use crate::scenario::{Effect, Fault};
use crate::time::{Duration, Instant};

use super::storm::is_about;

/// All middleboxes of a trial, by process, and for each process in the order of the faults.
#[derive(Debug, Default)]
pub(super) struct Middleboxes {
    boxes: BTreeMap<u32, Vec<Middlebox>>,
}

/// The result of a packet's passage through the middleboxes of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transit {
    /// The index of the fault whose middlebox dropped the packet.
    pub dropped_by: Option<usize>,
    /// Whether middleboxes were found to have forgotten its flow, or renewed it.
    pub changes: Vec<FlowChange>,
}

/// A change of what a middlebox knows of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowChange {
    /// The index of the middlebox's fault.
    pub fault: usize,
    /// The direction of the packet that met it.
    pub flow: Flow,
    /// The moment since which the flow is forgotten; `None` if it is renewed.
    pub forgotten_since: Option<Instant>,
}

/// One middlebox: that of one fault beside one process.
#[derive(Debug)]
struct Middlebox {
    index: usize,
    fault: Fault,
    after: Duration,
    /// The flows that it has ever seen, each by the direction that stands for both. The limit of a
    /// trial's memory bounds them.
    flows: BTreeMap<Flow, FlowState>,
}

/// The state of one flow in a middlebox.
#[derive(Clone, Copy, Debug)]
struct FlowState {
    /// The address that sent the first packet.
    opener: SocketAddr,
    /// The moment of the last packet that passed.
    last: Instant,
    /// Whether a packet of it was dropped, and none has renewed it since.
    is_forgotten: bool,
}

/// The fields of a packet that a middlebox reads.
#[derive(Clone, Copy, Debug)]
struct Header {
    flow: Flow,
    kind: HeaderKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeaderKind {
    /// A TCP segment that opens a connection: SYN without ACK.
    Opening,
    /// Another TCP segment.
    Segment,
    /// A UDP datagram.
    Datagram,
}

impl Middleboxes {
    /// Creates a middlebox for each fault that asks for one, beside each process that it is about.
    pub fn new(faults: &[Fault], names: &[Name]) -> Middleboxes {
        let mut boxes: BTreeMap<u32, Vec<Middlebox>> = BTreeMap::new();
        for (index, fault) in faults.iter().enumerate() {
            let Effect::IdleTimeout { after } = fault.effect else { continue };
            for process in (0..).zip(names).filter(|process| is_about(fault, *process)) {
                let (fault, flows) = (fault.clone(), BTreeMap::new());
                let middlebox = Middlebox { index, fault, after, flows };
                boxes.entry(process.0).or_default().push(middlebox);
            }
        }
        Middleboxes { boxes }
    }

    /// Lets a packet pass the middleboxes beside a process, or be dropped by the first that has
    /// forgotten its flow.
    pub fn pass(&mut self, now: Instant, process: u32, packet: &[u8]) -> Transit {
        let mut passage = Transit::default();
        let Some(boxes) = self.boxes.get_mut(&process) else { return passage };
        let Some(header) = Header::read(packet) else { return passage };
        for middlebox in boxes {
            let (passes, change) = middlebox.pass(now, header);
            passage.changes.extend(change);
            if !passes {
                passage.dropped_by = Some(middlebox.index);
                break;
            }
        }
        passage
    }

    /// Returns the bytes that all flows take.
    pub fn memory(&self) -> u64 {
        let flows: usize = self.boxes.values().flatten().map(|one| one.flows.len()).sum();
        (flows * size_of::<(Flow, FlowState)>()) as u64
    }
}

impl Middlebox {
    /// Takes note of a packet. Returns whether it passes, and the change that it brings to light.
    fn pass(&mut self, now: Instant, header: Header) -> (bool, Option<FlowChange>) {
        let Header { flow, kind } = header;
        let new = FlowState { opener: flow.from, last: now, is_forgotten: false };
        let state = self.flows.entry(flow.pair()).or_insert(new);
        let since = state.last.max(self.fault.at) + self.after;
        let is_forgotten = self.fault.is_on(now) && (state.is_forgotten || since <= now);
        let renews = match kind {
            HeaderKind::Opening => true,
            HeaderKind::Segment => false,
            HeaderKind::Datagram => flow.from == state.opener,
        };
        let change = |forgotten_since| FlowChange { fault: self.index, flow, forgotten_since };
        if is_forgotten && !renews {
            let was_forgotten = std::mem::replace(&mut state.is_forgotten, true);
            return (false, (!was_forgotten).then(|| change(Some(since))));
        }
        let renewed = (state.is_forgotten && self.fault.is_on(now)).then(|| change(None));
        // A connection that is opened anew may be opened from the other side.
        let opener = if kind == HeaderKind::Opening { flow.from } else { state.opener };
        *state = FlowState { opener, ..new };
        (true, renewed)
    }
}

impl Header {
    /// Reads the header of an IP packet; `None` if it is neither TCP nor UDP.
    fn read(packet: &[u8]) -> Option<Header> {
        let ip = Ipv4Packet::new_checked(packet).ok()?;
        let (ports, kind) = match ip.next_header() {
            IpProtocol::Tcp => {
                let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
                let opens = tcp.syn() && !tcp.ack();
                let kind = if opens { HeaderKind::Opening } else { HeaderKind::Segment };
                ((tcp.src_port(), tcp.dst_port()), kind)
            }
            IpProtocol::Udp => {
                let udp = UdpPacket::new_checked(ip.payload()).ok()?;
                ((udp.src_port(), udp.dst_port()), HeaderKind::Datagram)
            }
            _ => return None,
        };
        let from = SocketAddr::V4(SocketAddrV4::new(ip.src_addr(), ports.0));
        let to = SocketAddr::V4(SocketAddrV4::new(ip.dst_addr(), ports.1));
        Some(Header { flow: Flow { from, to }, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Direction, Who};

    const CLIENT: SocketAddr = address(2, 50_000);
    const BROKER: SocketAddr = address(1, 7_000);
    const OUT: Flow = Flow { from: CLIENT, to: BROKER };
    const IN: Flow = OUT.reversed();

    const fn address(host: u8, port: u16) -> SocketAddr {
        SocketAddr::V4(SocketAddrV4::new(std::net::Ipv4Addr::new(10, 0, 0, host), port))
    }

    const fn ms(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    /// Returns a middlebox of fault 3, which is on from 1 s to 20 s and forgets after 2 s.
    fn middlebox() -> Middlebox {
        let after = Duration::from_secs(2);
        let fault = Fault {
            effect: Effect::IdleTimeout { after },
            who: Who::Clients(vec!["a".into()]),
            at: ms(1_000),
            until: ms(20_000),
            direction: Direction::Both,
        };
        Middlebox { index: 3, fault, after, flows: BTreeMap::new() }
    }

    /// Checks, for packets at these milliseconds, which pass, and the changes that they report: the
    /// moment since which the flow is forgotten, or `None` for a renewal.
    fn check(packets: &[(u64, Flow, HeaderKind, bool)], changes: &[Option<u64>]) {
        let mut middlebox = middlebox();
        let mut seen = Vec::new();
        for &(at, flow, kind, expected) in packets {
            let (passes, change) = middlebox.pass(ms(at), Header { flow, kind });
            assert_eq!(passes, expected, "at {at} ms");
            assert!(change.is_none_or(|change| change.fault == 3 && change.flow == flow));
            seen.extend(change.map(|change| change.forgotten_since));
        }
        let changes: Vec<_> = changes.iter().map(|since| since.map(ms)).collect();
        assert_eq!(seen, changes);
    }

    use HeaderKind::{Datagram, Opening, Segment};

    #[test]
    fn a_quiet_connection_is_forgotten_both_ways_until_it_is_opened_anew() {
        check(
            &[
                (0, OUT, Opening, true),
                (2_500, IN, Segment, true),
                (4_499, OUT, Segment, true),
                (6_499, IN, Segment, false),
                (6_500, OUT, Segment, false),
                (7_000, IN, Segment, false),
                (7_001, OUT, Opening, true),
                (7_002, IN, Segment, true),
            ],
            &[Some(6_499), None],
        );
    }

    #[test]
    fn quiet_time_does_not_count_before_the_fault_and_nothing_is_dropped_after_it() {
        check(
            &[
                (0, OUT, Opening, true),
                (2_999, IN, Segment, true),
                (9_000, IN, Segment, false),
                (19_999, OUT, Segment, false),
                (20_000, OUT, Segment, true),
                (40_000, OUT, Segment, true),
            ],
            &[Some(4_999)],
        );
    }

    #[test]
    fn a_forgotten_mapping_is_made_anew_by_the_side_that_opened_it() {
        check(
            &[
                (0, OUT, Datagram, true),
                (2_500, IN, Datagram, true),
                (4_500, IN, Datagram, false),
                (4_600, IN, Datagram, false),
                (4_700, OUT, Datagram, true),
                (4_800, IN, Datagram, true),
                // Nobody had noticed yet that it was forgotten again.
                (9_000, OUT, Datagram, true),
            ],
            &[Some(4_500), None],
        );
    }
}

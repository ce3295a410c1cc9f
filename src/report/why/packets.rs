//! The packets that carry the last byte of a message, retransmissions included.

use std::collections::BTreeMap;
use std::net::{SocketAddr, SocketAddrV4};

use smoltcp::wire::{IpProtocol, Ipv4Packet, TcpPacket, UdpPacket};

use crate::history::{Flow, History, Packet, PacketEnd, TransportKind};
use crate::report::words;
use crate::time::Instant;

use super::connections::loss_phrase;
use super::names::named;
use super::selection::Carried;
use super::{Sentence, SentenceOrigin, WhyEvidence};

/// The part of its flow that a packet carries.
struct Load {
    flow: Flow,
    part: Part,
}

enum Part {
    /// One datagram.
    Datagram,
    /// Bytes of a stream: the sequence number of the first, and their count. `begins`: a SYN.
    Segment { sequence: u32, length: usize, begins: bool },
}

/// Returns a sentence for each packet that carries the last byte of a copy.
pub fn sentences(evidence: &WhyEvidence<'_>, copies: &[Carried]) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    // The sequence number of each stream's first byte, and the time when the stream began.
    let mut streams: BTreeMap<Flow, (u32, Instant)> = BTreeMap::new();
    let mut datagrams: BTreeMap<Flow, u64> = BTreeMap::new();
    let mut sent = vec![0; copies.len()];
    for (index, packet) in evidence.packets.iter().enumerate() {
        let Some(Load { flow, part }) = read(packet) else { continue };
        let kind = match part {
            Part::Datagram => TransportKind::Datagram,
            Part::Segment { .. } => TransportKind::Stream,
        };
        let carries: Box<dyn Fn(&Carried) -> bool> = match part {
            Part::Datagram => {
                let number = datagrams.entry(flow).or_default();
                *number += 1;
                let number = *number;
                Box::new(move |copy| copy.end == number)
            }
            Part::Segment { sequence, begins: true, .. } => {
                streams.insert(flow, (sequence.wrapping_add(1), packet.at));
                continue;
            }
            Part::Segment { sequence, length, .. } => {
                let Some(&(first, began)) = streams.get(&flow) else { continue };
                let before = u64::from(sequence.wrapping_sub(first));
                Box::new(move |copy| {
                    let is_within = before < copy.end && copy.end <= before + length as u64;
                    is_within && began <= copy.since
                })
            }
        };
        for (copy, times) in copies.iter().zip(&mut sent) {
            if *copy.flow == flow && copy.since <= packet.at && carries(copy) {
                *times += 1;
                let text = sentence(packet, kind, *times, evidence.history);
                sentences.push(Sentence { at: packet.at, of: SentenceOrigin::Packet(index), text });
            }
        }
    }
    sentences
}

fn read(packet: &Packet) -> Option<Load> {
    let ip = Ipv4Packet::new_checked(&packet.bytes[..]).ok()?;
    let flow = |from: u16, to: u16| Flow {
        from: SocketAddr::V4(SocketAddrV4::new(ip.src_addr(), from)),
        to: SocketAddr::V4(SocketAddrV4::new(ip.dst_addr(), to)),
    };
    match ip.next_header() {
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(ip.payload()).ok()?;
            Some(Load { flow: flow(udp.src_port(), udp.dst_port()), part: Part::Datagram })
        }
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
            let (sequence, begins) = (tcp.seq_number().0 as u32, tcp.syn());
            let part = Part::Segment { sequence, length: tcp.payload().len(), begins };
            Some(Load { flow: flow(tcp.src_port(), tcp.dst_port()), part })
        }
        _ => None,
    }
}

/// Returns the sentence of a packet that carries the last byte of a copy for the `times`-th time.
/// The loss of a datagram is left out: that is an event of its own.
fn sentence(packet: &Packet, load: TransportKind, times: usize, history: &History) -> String {
    let (from, to) = (named(history, Some(packet.from)), named(history, packet.to));
    let bytes = packet.bytes.len();
    let with = match load {
        TransportKind::Stream => "its last byte",
        TransportKind::Datagram => "it",
    };
    let again = if times > 1 { " once more" } else { "" };
    let is_told = |end: &&PacketEnd| load == TransportKind::Stream || end.lost.is_none();
    let ends: Vec<String> = packet
        .ends
        .iter()
        .filter(is_told)
        .map(|end| match end.lost {
            None => format!("is there at {}", end.at),
            Some(reason) if end.at > packet.at => format!("{} at {}", loss_phrase(reason), end.at),
            Some(reason) => loss_phrase(reason).to_owned(),
        })
        .collect();
    let ends = match (packet.ends.len(), ends.as_slice()) {
        (_, []) => String::new(),
        (2.., ends) => format!("; the network makes two of it, and one {}", ends.join(", one ")),
        (_, ends) => format!(", and {}", words::listed(ends)),
    };
    format!("A packet of {bytes} bytes with {with} leaves {from} for {to}{again}{ends}.")
}

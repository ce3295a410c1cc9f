//! One hop of a message: the copy that is shown, its layers and its packets.

use std::ops::Range;

use serde::Serialize;
use smoltcp::wire::{Ipv4Packet, TcpPacket, UdpPacket};

use super::LayersEvidence;
use super::model::{Layer, NETWORK, TRANSPORT};
use super::packet::LayerPacket;
use super::unwrap;
use crate::history::Packet;
use crate::message::Message;
use crate::report::packets::{Begin, Carried, Passage, Streams, common, datagram, millis_or_null};
use crate::time::Instant;

/// One hop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hop {
    /// The process that sends, and the process or client that receives.
    pub from: String,
    pub to: String,
    /// Number of copies that were sent on this hop, and the number of the one that is shown, from 1;
    /// 0 if there is none.
    pub copies: usize,
    pub copy: usize,
    /// The layers, the payload first.
    pub layers: Vec<Layer>,
    /// The packets that carry it, in the order of sending.
    pub packets: Vec<LayerPacket>,
    /// The time at which all of it had come to the receiving host; `None` if it never had.
    #[serde(rename = "complete_ms", serialize_with = "millis_or_null")]
    pub complete: Option<Instant>,
    /// The time at which all that was sent before it had, too.
    #[serde(rename = "in_order_ms", serialize_with = "millis_or_null")]
    pub in_order: Option<Instant>,
    /// Whether its packets were not kept, because the capture was full.
    pub not_kept: bool,
}

/// A copy with its packets.
struct Way {
    unit: Vec<u8>,
    protocol: Option<crate::report::packets::Protocol>,
    packets: Vec<LayerPacket>,
    complete: Option<Instant>,
    in_order: Option<Instant>,
}

impl Hop {
    /// Shows the first of these copies that came whole, or else the first that left.
    pub fn of(
        evidence: &LayersEvidence<'_>,
        (from, to): (&str, &str),
        copies: &[Carried],
        message: &Message,
    ) -> Hop {
        let streams = Streams::of(evidence.packets, copies);
        let ways = copies.iter().map(|copy| way(evidence.packets, &streams, copy));
        let ways: Vec<Option<Way>> = ways.collect();
        let came = |way: &Option<Way>| way.as_ref().is_some_and(|way| way.complete.is_some());
        let shown = ways.iter().position(came).or(ways.iter().position(Option::is_some));
        let mut hop = Hop {
            from: from.to_owned(),
            to: to.to_owned(),
            copies: copies.len(),
            copy: shown.map_or(0, |at| at + 1),
            layers: Vec::new(),
            packets: Vec::new(),
            complete: None,
            in_order: None,
            not_kept: evidence.not_kept > 0 && !copies.is_empty() && shown.is_none(),
        };
        let Some(way) = shown.and_then(|at| ways.into_iter().nth(at)).flatten() else {
            return hop;
        };
        hop.layers = unwrap::layers(&way.unit, way.protocol, message);
        let of_unit = hop.layers.last().map_or(way.unit.len() as u64, |layer| layer.bytes);
        hop.layers.extend(below(&way.packets, of_unit));
        (hop.packets, hop.complete, hop.in_order) = (way.packets, way.complete, way.in_order);
        hop
    }

    /// The bytes of the outermost unit of the application that its packets have.
    pub fn unit(&self) -> u64 {
        self.packets.iter().map(|packet| packet.last).max().unwrap_or(0)
    }
}

/// Returns the layers of transport and network. Only packets with new bytes count.
fn below(packets: &[LayerPacket], unit: u64) -> [Layer; 2] {
    let fresh = || packets.iter().filter(|packet| !packet.sent_again);
    let heads: u64 = fresh().map(LayerPacket::transport_header).sum();
    let payloads: u64 = fresh().map(LayerPacket::transport_payload).sum();
    let count = fresh().count();
    let is_datagram = packets.iter().any(|packet| packet.udp.is_some());
    let name = match (is_datagram, count) {
        (true, _) => "UDP datagram".to_owned(),
        (false, 1) => "TCP segment".to_owned(),
        (false, count) => format!("{count} TCP segments"),
    };
    let ports = packets.first().map(|packet| match (&packet.tcp, &packet.udp) {
        (Some(tcp), _) => (tcp.source_port, tcp.destination_port),
        (None, Some(udp)) => (udp.source_port, udp.destination_port),
        (None, None) => (0, 0),
    });
    let (from, to) = ports.unwrap_or_default();
    let transport = Layer {
        name,
        bytes: heads + payloads,
        own: heads,
        others: payloads.saturating_sub(unit),
        says: format!("port {from} to port {to}"),
        models: TRANSPORT,
    };
    let own: u64 = fresh().map(|packet| u64::from(packet.ip.header_bytes)).sum();
    let bytes = fresh().map(|packet| u64::from(packet.ip.bytes)).sum();
    let name = if count == 1 { "IP packet".to_owned() } else { format!("{count} IP packets") };
    let says = packets.first().map(|packet| {
        let ip = &packet.ip;
        format!("{} to {}, TTL {}", ip.source, ip.destination, ip.ttl)
    });
    let says = says.unwrap_or_default();
    [transport, Layer { name, bytes, own, others: 0, says, models: NETWORK }]
}

/// Returns the way of a copy; `None` if no packet of it was captured.
fn way(packets: &[Packet], streams: &Streams<'_>, copy: &Carried) -> Option<Way> {
    match streams.passage(copy) {
        Some(passage) if !passage.segments.is_empty() => {
            of_stream(packets, streams, copy, &passage)
        }
        Some(_) => None,
        None => of_datagram(packets, copy),
    }
}

fn of_stream(
    packets: &[Packet],
    streams: &Streams<'_>,
    copy: &Carried,
    passage: &Passage,
) -> Option<Way> {
    let Begin::After(start) = streams.begin(copy) else { return None };
    let all = start..copy.end;
    let mut unit = vec![0; (all.end - all.start) as usize];
    let mut layer_packets = Vec::new();
    for segment in &passage.segments {
        let packet = &packets[segment.packet];
        let part = common(&segment.bytes, &all);
        fill(&mut unit, packet, (segment.bytes.start, &part), all.start);
        let range = (part.start - start + 1, part.end - start, part.end <= segment.sent);
        let place = streams.place(segment.packet)?;
        let numbers = (place.sequence, place.acknowledged);
        layer_packets.push(LayerPacket::of(segment.packet, packet, range, numbers)?);
    }
    Some(Way {
        unit,
        protocol: streams.protocol(copy, &all),
        packets: layer_packets,
        complete: passage.complete,
        in_order: passage.in_order,
    })
}

/// Puts the bytes of a segment into the unit that they are of.
fn fill(unit: &mut [u8], packet: &Packet, (begin, part): (u64, &Range<u64>), start: u64) {
    let ip = Ipv4Packet::new_unchecked(&packet.bytes[..]);
    let tcp = TcpPacket::new_unchecked(ip.payload());
    let at = |offset: u64, from: u64| (offset - from) as usize;
    let bytes = &tcp.payload()[at(part.start, begin)..at(part.end, begin)];
    unit[at(part.start, start)..at(part.end, start)].copy_from_slice(bytes);
}

fn of_datagram(packets: &[Packet], copy: &Carried) -> Option<Way> {
    let is_its = |(_, packet): &(usize, &Packet)| datagram(packet) == Some(*copy.flow);
    let nth = copy.end.checked_sub(1)? as usize;
    let (index, packet) = packets.iter().enumerate().filter(is_its).nth(nth)?;
    let ip = Ipv4Packet::new_checked(&packet.bytes[..]).ok()?;
    let unit = UdpPacket::new_checked(ip.payload()).ok()?.payload().to_vec();
    let range = (1, unit.len() as u64, false);
    let layer_packet = LayerPacket::of(index, packet, range, (0, None))?;
    let complete = packet.ends.iter().filter(|end| end.lost.is_none()).map(|end| end.at).min();
    let packets = vec![layer_packet];
    Some(Way { unit, protocol: None, packets, complete, in_order: complete })
}

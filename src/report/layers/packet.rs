//! One packet of a hop: the fields of its IP header and of TCP's or UDP's, and what became of it.

use serde::Serialize;
use smoltcp::wire::{IpProtocol, Ipv4Packet, TcpPacket, UdpPacket};

use crate::history::{Packet, PacketEnd};
use crate::report::packets::{LineEnd, flags};
use crate::time::Instant;

/// One packet that carries a message, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerPacket {
    /// Its number among all packets of the trial, from 1.
    pub number: usize,
    /// The time at which it left.
    #[serde(rename = "at_ms", serialize_with = "crate::report::packets::millis")]
    pub at: Instant,
    /// The first and the last byte of the outermost unit of the application that are in it, from 1.
    pub first: u64,
    pub last: u64,
    /// Whether all of these left before.
    pub sent_again: bool,
    /// The header of IP.
    pub ip: IpFields,
    /// The header of TCP, if it is a segment.
    pub tcp: Option<TcpFields>,
    /// The header of UDP, if it is a datagram.
    pub udp: Option<UdpFields>,
    /// What became of it, and of each copy that the network made.
    pub ends: Vec<LineEnd>,
}

/// The fields of an IPv4 header (RFC 791 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IpFields {
    pub source: String,
    pub destination: String,
    pub ttl: u8,
    pub header_bytes: u8,
    /// Bytes of the whole packet.
    pub bytes: u16,
    pub checksum: u16,
}

/// The fields of a TCP header (RFC 9293 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TcpFields {
    pub source_port: u16,
    pub destination_port: u16,
    /// The flags by name, as in `PSH ACK`.
    pub flags: String,
    /// The sequence number, counted from that of the sender's SYN.
    pub sequence: u32,
    /// The sequence number as it stands in the header.
    pub raw_sequence: u32,
    /// The number that it acknowledges, counted in the same way; `None` without the flag ACK.
    pub acknowledged: Option<u32>,
    pub window: u16,
    pub header_bytes: u8,
    /// Bytes after the header.
    pub length: usize,
    pub checksum: u16,
}

/// The fields of a UDP header (RFC 768).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UdpFields {
    pub source_port: u16,
    pub destination_port: u16,
    pub header_bytes: u8,
    /// Bytes after the header.
    pub length: usize,
    pub checksum: u16,
}

impl LayerPacket {
    /// Reads a packet, given its index, and its numbers relative to the SYNs if it is a segment;
    /// `None` if it is no packet of TCP or UDP.
    pub fn of(
        index: usize,
        packet: &Packet,
        (first, last, sent_again): (u64, u64, bool),
        (sequence, acknowledged): (u32, Option<u32>),
    ) -> Option<LayerPacket> {
        let ip = Ipv4Packet::new_checked(&packet.bytes[..]).ok()?;
        let (tcp, udp) = match ip.next_header() {
            IpProtocol::Tcp => {
                let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
                let fields = TcpFields {
                    source_port: tcp.src_port(),
                    destination_port: tcp.dst_port(),
                    flags: flags(&tcp),
                    sequence,
                    raw_sequence: tcp.seq_number().0 as u32,
                    acknowledged,
                    window: tcp.window_len(),
                    header_bytes: tcp.header_len(),
                    length: tcp.payload().len(),
                    checksum: tcp.checksum(),
                };
                (Some(fields), None)
            }
            IpProtocol::Udp => {
                let udp = UdpPacket::new_checked(ip.payload()).ok()?;
                let fields = UdpFields {
                    source_port: udp.src_port(),
                    destination_port: udp.dst_port(),
                    header_bytes: 8,
                    length: udp.payload().len(),
                    checksum: udp.checksum(),
                };
                (None, Some(fields))
            }
            _ => return None,
        };
        let fields = IpFields {
            source: ip.src_addr().to_string(),
            destination: ip.dst_addr().to_string(),
            ttl: ip.hop_limit(),
            header_bytes: ip.header_len(),
            bytes: ip.total_len(),
            checksum: ip.checksum(),
        };
        let end = |end: &PacketEnd| LineEnd { at: end.at, lost: end.lost };
        let ends = packet.ends.iter().map(end).collect();
        let (number, at) = (index + 1, packet.at);
        Some(LayerPacket { number, at, first, last, sent_again, ip: fields, tcp, udp, ends })
    }

    /// Bytes of the header of TCP or UDP.
    pub fn transport_header(&self) -> u64 {
        let tcp = self.tcp.as_ref().map(|tcp| tcp.header_bytes);
        u64::from(tcp.or(self.udp.as_ref().map(|udp| udp.header_bytes)).unwrap_or(0))
    }

    /// Bytes after the header of TCP or UDP.
    pub fn transport_payload(&self) -> u64 {
        let tcp = self.tcp.as_ref().map(|tcp| tcp.length);
        tcp.or(self.udp.as_ref().map(|udp| udp.length)).unwrap_or(0) as u64
    }
}

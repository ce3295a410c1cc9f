//! Describes packets in words: the headers of IPv4, TCP, UDP and ICMP, and the content: HTTP,
//! WebSocket frames, chunks, and the lab's own length-prefixed frames. Other content is shown as
//! text or hexadecimal.
//!
//! It reads only what a capture kept, packet by packet, in the order of sending. No bytes make it
//! panic. It reorders nothing; bytes that were sent before are reported as such.

mod annotator;
mod content;
mod conversation;
mod copy;
mod headers;
mod list;
mod loads;
mod reader;
mod schema;
mod shown;
mod streams;
mod websocket;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{SocketAddr, SocketAddrV4};

use smoltcp::wire::{Icmpv4Packet, IpProtocol, Ipv4Packet, TcpPacket, UdpPacket};

pub(super) use self::annotator::Annotator;
pub(super) use self::copy::Carried;
pub(super) use self::headers::{datagram, flags};
pub use self::list::{LineEnd, PacketFilter, PacketLine, PacketList};
pub(super) use self::list::{millis, millis_or_null};
pub(super) use self::reader::{Begin, Protocol};
pub(super) use self::schema::ends as ends_schema;
pub use self::schema::schema;
pub(super) use self::streams::{Passage, SentSegment, Streams, common};

pub(super) use self::websocket::frame as websocket_frame;

use self::conversation::Conversation;
use crate::history::{Packet, Process, ProcessId};

/// The description of one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The time of sending, sender, receiver, and the headers.
    pub heading: String,
    /// The content, line by line.
    pub lines: Vec<String>,
}

/// Decodes the packets of one trial, in order.
#[derive(Debug, Default)]
pub struct Decoder {
    processes: Vec<String>,
    /// The state of each TCP connection, by its two addresses, the smaller one first.
    conversations: BTreeMap<[SocketAddr; 2], Conversation>,
}

impl Decoder {
    /// Creates a decoder that can name the processes of a history.
    pub fn new(processes: &[Process]) -> Decoder {
        let processes = processes.iter().map(|process| process.name.to_string()).collect();
        Decoder { processes, conversations: BTreeMap::new() }
    }

    /// Decodes the next packet.
    pub fn read(&mut self, packet: &Packet) -> Decoded {
        let (what, lines) = match Ipv4Packet::new_checked(&packet.bytes[..]) {
            Ok(ip) => self.read_ip(&ip),
            Err(_) => ("no IPv4".to_owned(), shown::bytes(&packet.bytes)),
        };
        let (from, to) = (self.name(Some(packet.from)), self.name(packet.to));
        let (at, length) = (packet.at, packet.bytes.len());
        Decoded { heading: format!("{at}  {from} → {to}  {what}, {length} bytes"), lines }
    }

    fn name(&self, process: Option<ProcessId>) -> &str {
        let name = process.and_then(|process| self.processes.get(process.index()));
        name.map_or("nobody", String::as_str)
    }

    fn read_ip(&mut self, ip: &Ipv4Packet<&[u8]>) -> (String, Vec<String>) {
        let (from, to, payload) = (ip.src_addr(), ip.dst_addr(), ip.payload());
        let ends = |ports: (u16, u16)| {
            [SocketAddrV4::new(from, ports.0), SocketAddrV4::new(to, ports.1)].map(SocketAddr::V4)
        };
        let nonsense = |what: &str| (format!("{what} {from} → {to}"), shown::bytes(payload));
        match ip.next_header() {
            IpProtocol::Tcp => match TcpPacket::new_checked(payload) {
                Ok(tcp) => self.read_tcp(ends((tcp.src_port(), tcp.dst_port())), &tcp),
                Err(_) => nonsense("no TCP"),
            },
            IpProtocol::Udp => match UdpPacket::new_checked(payload) {
                Ok(udp) => {
                    let [from, to] = ends((udp.src_port(), udp.dst_port()));
                    (format!("UDP {from} → {to}"), shown::bytes(udp.payload()))
                }
                Err(_) => nonsense("no UDP"),
            },
            IpProtocol::Icmp => match Icmpv4Packet::new_checked(payload) {
                Ok(icmp) => (format!("ICMP {from} → {to}, {}", headers::icmp(&icmp)), Vec::new()),
                Err(_) => nonsense("no ICMP"),
            },
            _ => nonsense("IP"),
        }
    }

    fn read_tcp(
        &mut self,
        [from, to]: [SocketAddr; 2],
        tcp: &TcpPacket<&[u8]>,
    ) -> (String, Vec<String>) {
        let (key, sender) = if from <= to { ([from, to], 0) } else { ([to, from], 1) };
        let conversation = self.conversations.entry(key).or_default();
        if tcp.syn() && !tcp.ack() {
            // A SYN begins a new connection, which may reuse the ports of an earlier one.
            *conversation = Conversation::default();
        }
        let (numbers, lines) = conversation.tell(sender, tcp);
        (format!("TCP {from} → {to}, {numbers}"), lines)
    }
}

impl fmt::Display for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.heading)?;
        self.lines.iter().try_for_each(|line| match line.as_str() {
            "" => writeln!(f),
            line => writeln!(f, "    {line}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Instant;

    /// Builds an IPv4 packet with a TCP segment from port 1 to port 2.
    fn segment(sequence: u32, payload: &[u8]) -> Packet {
        let total = (40 + payload.len()) as u16;
        let mut bytes = vec![0x45, 0];
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1, 0, 1, 0, 2]);
        bytes.extend(sequence.to_be_bytes());
        bytes.extend([0, 0, 0, 0, 0x50, 0x10, 0, 100, 0, 0, 0, 0]);
        bytes.extend(payload);
        Packet {
            at: Instant::ZERO,
            from: ProcessId(1),
            serial: 0,
            to: Some(ProcessId::BROKER),
            nth: 1,
            ends: Vec::new(),
            bytes,
        }
    }

    #[test]
    fn what_is_sent_again_is_said_to_be_that_and_is_read_once() {
        let mut decoder = Decoder::default();
        let mut read = |sequence, payload| decoder.read(&segment(sequence, payload)).lines;
        assert_eq!(read(1, b"\0\0\0\x04{\"a\""), ["a frame of 4 bytes", "  {\"a\""]);
        assert_eq!(read(1, b"\0\0\0\x04{\"a\""), ["8 bytes that were sent before"]);
        assert_eq!(read(9, b"\0\0\0\x02{"), ["5 bytes of something that goes on"]);
        assert_eq!(read(14, b"}"), ["a frame of 2 bytes", "  {}"]);
    }

    #[test]
    fn what_came_after_a_hole_is_shown_as_it_is() {
        let mut decoder = Decoder::default();
        decoder.read(&segment(1, b"\0\0\0\x02{}"));
        let lines = decoder.read(&segment(20, b"\0\x01")).lines;
        assert_eq!(lines, ["13 bytes are missing before this", "00 01"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_bytes_are_a_packet_in_words(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..4),
        ) {
            let mut decoder = Decoder::default();
            for bytes in packets {
                let at = Instant::ZERO;
                decoder.read(&Packet { at, from: ProcessId::BROKER, serial: 0, to: None, nth: 0, ends: Vec::new(), bytes });
            }
        }

        #[test]
        fn any_bytes_in_segments_are_something_in_words(
            pieces in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..80),
                "(GET|POST|HTTP/1.1)( /| 200| 101)?( HTTP/1.1)?\r\n".prop_map(String::into_bytes),
                "(content-length: [0-9]{1,20}|transfer-encoding: chunked|upgrade: websocket)\r\n"
                    .prop_map(String::into_bytes),
                "(\r\n|[0-9a-f]{1,17}\r\n)".prop_map(String::into_bytes),
            ], 1..12),
        ) {
            let (mut decoder, mut sequence) = (Decoder::default(), 1);
            for piece in pieces {
                decoder.read(&segment(sequence, &piece));
                sequence += piece.len() as u32;
            }
        }
    }
}

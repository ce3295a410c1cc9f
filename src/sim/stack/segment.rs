//! A TCP segment that arrives: the fields of its header that the stack needs.

use std::net::{SocketAddr, SocketAddrV4};

use smoltcp::wire::{Ipv4Packet, TCP_HEADER_LEN, TcpPacket, TcpSeqNumber};

/// The fields of a TCP header, without its payload.
pub(super) struct Segment {
    pub port: u16,
    pub peer: SocketAddr,
    /// The sequence number of the segment.
    pub sequence: TcpSeqNumber,
    /// The sequence number after its payload.
    pub end: TcpSeqNumber,
    /// Whether it has SYN, with or without ACK.
    pub synchronizes: bool,
    /// Whether it has SYN without ACK.
    pub opens: bool,
    pub resets: bool,
    /// Whether it has FIN.
    pub finishes: bool,
    /// Whether it has no payload.
    pub is_empty: bool,
    /// The sequence number before which the peer has all.
    pub acknowledges: Option<TcpSeqNumber>,
    /// The later bytes that the peer has, too: it acknowledges them selectively (RFC 2018). Of
    /// several ranges, that with the segment that it answers.
    pub selects: Option<(TcpSeqNumber, TcpSeqNumber)>,
}

impl Segment {
    /// Reads the header of an IP packet with a TCP segment.
    pub fn read(packet: &[u8]) -> Segment {
        let ip = Ipv4Packet::new_unchecked(packet);
        let tcp = TcpPacket::new_unchecked(ip.payload());
        Segment {
            port: tcp.dst_port(),
            peer: SocketAddr::V4(SocketAddrV4::new(ip.src_addr(), tcp.src_port())),
            sequence: tcp.seq_number(),
            end: tcp.seq_number() + tcp.payload().len(),
            synchronizes: tcp.syn(),
            opens: tcp.syn() && !tcp.ack(),
            resets: tcp.rst(),
            finishes: tcp.fin(),
            is_empty: tcp.payload().is_empty(),
            acknowledges: tcp.ack().then(|| tcp.ack_number()),
            selects: Some(&tcp)
                .filter(|tcp| usize::from(tcp.header_len()) > TCP_HEADER_LEN)
                .and_then(|tcp| tcp.selective_ack_ranges().ok()?[0])
                .map(|(from, to)| (TcpSeqNumber(from as i32), TcpSeqNumber(to as i32))),
        }
    }

    /// Whether it is a SYN or FIN without data.
    pub fn is_only_flags(&self) -> bool {
        self.is_empty && (self.synchronizes || self.finishes)
    }
}

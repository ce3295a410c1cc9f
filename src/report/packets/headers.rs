//! The headers of one packet: IPv4, and TCP, UDP or ICMP.

use std::net::{SocketAddr, SocketAddrV4};

use smoltcp::wire::{
    Icmpv4DstUnreachable, Icmpv4Message, Icmpv4Packet, IpProtocol, Ipv4Packet, TcpPacket, UdpPacket,
};

use crate::history::{Flow, Packet};

/// Returns the addresses of a packet's sender and receiver; the port is 0 where there is none.
pub fn flow(packet: &Packet) -> Option<(IpProtocol, Flow)> {
    let ip = Ipv4Packet::new_checked(&packet.bytes[..]).ok()?;
    let (from, to) = match ip.next_header() {
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
            (tcp.src_port(), tcp.dst_port())
        }
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(ip.payload()).ok()?;
            (udp.src_port(), udp.dst_port())
        }
        _ => (0, 0),
    };
    let [from, to] = [(ip.src_addr(), from), (ip.dst_addr(), to)]
        .map(|(address, port)| SocketAddr::V4(SocketAddrV4::new(address, port)));
    Some((ip.next_header(), Flow { from, to }))
}

/// Returns the flow of a datagram; `None` if the packet is none.
pub fn datagram(packet: &Packet) -> Option<Flow> {
    flow(packet).filter(|(protocol, _)| *protocol == IpProtocol::Udp).map(|(_, flow)| flow)
}

/// Names the flags of a segment.
pub fn flags(tcp: &TcpPacket<&[u8]>) -> String {
    let all = [
        ("SYN", tcp.syn()),
        ("FIN", tcp.fin()),
        ("RST", tcp.rst()),
        ("PSH", tcp.psh()),
        ("ACK", tcp.ack()),
    ];
    let set: Vec<&str> = all.iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| *flag).collect();
    if set.is_empty() { "no flags".to_owned() } else { set.join(" ") }
}

/// Describes an ICMP message.
pub fn icmp(icmp: &Icmpv4Packet<&[u8]>) -> String {
    let (kind, code) = (icmp.msg_type(), icmp.msg_code());
    match kind {
        Icmpv4Message::DstUnreachable
            if code == u8::from(Icmpv4DstUnreachable::PortUnreachable) =>
        {
            "port unreachable".to_owned()
        }
        _ => format!("type {}, code {code}", u8::from(kind)),
    }
}

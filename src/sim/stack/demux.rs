//! Demultiplexes incoming packets: feeds each to the one socket that its headers name.
//!
//! A SYN for a port with a listener creates a socket, if the accept queue has room. A SYN with
//! another initial sequence number for an existing connection means that the peer's host has
//! restarted. smoltcp does not send the challenge ACK of RFC 5961 §4, so the new connection
//! replaces the old one.

use std::net::{SocketAddr, SocketAddrV4};

use bytes::Bytes;
use smoltcp::socket::tcp::State;
use smoltcp::wire::{
    IPV4_HEADER_LEN, Icmpv4DstUnreachable, Icmpv4Message, Icmpv4Packet, IpAddress, IpProtocol,
    Ipv4Packet, TcpPacket, UDP_HEADER_LEN, UdpPacket,
};

use crate::history::LossReason;
use crate::time::Instant;

use super::clock::SocketClock;
use super::connection::Side;
use super::datagram::QueueRoom;
use super::segment::Segment;
use super::{Connection, Power, Stack};

/// The result of receiving a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    /// The stack took it.
    Taken,
    /// It did not reach a socket.
    Dropped(LossReason),
}

impl Stack {
    /// Receives a packet whose checksums are right (see [`is_intact`]). [`Stack::packets`] takes
    /// the replies out.
    pub fn receive(&mut self, now: Instant, packet: Bytes) -> Reception {
        if self.power != Power::On {
            return Reception::Dropped(LossReason::NobodyHome);
        }
        match Ipv4Packet::new_unchecked(&packet).next_header() {
            IpProtocol::Tcp => {
                let segment = Segment::read(&packet);
                self.receive_segment(now, segment, packet);
                Reception::Taken
            }
            IpProtocol::Udp => self.receive_datagram(now, packet),
            IpProtocol::Icmp => {
                self.receive_refusal(&packet);
                Reception::Taken
            }
            _ => {
                self.feed_nobody(now, packet);
                Reception::Taken
            }
        }
    }

    fn receive_segment(&mut self, now: Instant, segment: Segment, packet: Bytes) {
        let key = (segment.port, segment.peer);
        if let Some(&id) = self.tuples.get(&key) {
            if !self.gives_way(id, &segment) {
                return self.feed_connection(now, id, &segment, packet);
            }
            self.finish_change(now, id);
        }
        let Some(listener) = self.listeners.get_mut(&segment.port).filter(|_| segment.opens) else {
            return self.feed_nobody(now, packet);
        };
        if !listener.has_room() {
            return;
        }
        let id = self.next_id;
        listener.expects(id);
        self.next_id += 1;
        let connection = Connection::new(self.local(segment.port), segment.peer, &self.build)
            .for_listener(segment.port, segment.sequence);
        self.connections.insert(id, Box::new(connection));
        self.tuples.insert(key, id);
        self.feed_connection(now, id, &segment, packet);
    }

    /// Replaces a connection if the segment opens a new one in its place. Returns whether it did.
    fn gives_way(&mut self, id: u64, segment: &Segment) -> bool {
        let connection = self.connections.get_mut(&id).expect("the table is right");
        let anew = connection.peer_isn.is_some_and(|isn| isn != segment.sequence);
        let gives_way = segment.opens && connection.side == Side::There && anew;
        if gives_way {
            connection.replaced();
        }
        gives_way
    }

    fn feed_connection(&mut self, now: Instant, id: u64, segment: &Segment, packet: Bytes) {
        let Stack { interface, wire, connections, .. } = self;
        let connection = connections.get_mut(&id).expect("the table is right");
        let before = connection.tcp().state();
        if !connection.refuses(segment.end) {
            if segment.selects.is_some() && segment.is_empty {
                connection.overtaken_by = Some(packet.clone());
            }
            wire.received = Some(packet);
            let sent = wire.sent.len();
            let shown = connection.show_arrival(now, segment);
            interface.poll_ingress_single(shown, wire, &mut connection.sockets);
            connection.acknowledged(now, segment);
            if segment.opens && before == State::SynReceived {
                connection.answer_again();
            }
            for reply in &mut wire.sent[sent..] {
                connection.acknowledges_from_the_front(reply);
            }
            if segment.resets {
                connection.was_reset(before);
            } else if segment.synchronizes && before == State::SynSent {
                connection.peer_isn = Some(segment.sequence);
            }
        }
        self.finish_change(now, id);
        self.touch(id);
    }

    fn receive_datagram(&mut self, now: Instant, packet: Bytes) -> Reception {
        let ip = Ipv4Packet::new_unchecked(&packet);
        let port = UdpPacket::new_unchecked(ip.payload()).dst_port();
        let Some(id) = self.datagram_ports.get(&port) else {
            self.feed_nobody(now, packet);
            return Reception::Dropped(LossReason::NoSocket);
        };
        let Stack { interface, wire, datagrams, .. } = self;
        let socket = datagrams.get_mut(id).expect("the table is right");
        wire.received = Some(packet);
        interface.poll_ingress_single(SocketClock::default().show(now), wire, &mut socket.sockets);
        match socket.take_in() {
            Some(QueueRoom::Found) => Reception::Taken,
            Some(QueueRoom::Full) => Reception::Dropped(LossReason::BufferFull),
            None => Reception::Dropped(LossReason::Corrupted),
        }
    }

    /// Reports an ICMP port unreachable to the socket of the datagram that it quotes (RFC 792).
    fn receive_refusal(&mut self, packet: &[u8]) {
        let ip = Ipv4Packet::new_unchecked(packet);
        let Ok(icmp) = Icmpv4Packet::new_checked(ip.payload()) else { return };
        let is_refusal = icmp.msg_type() == Icmpv4Message::DstUnreachable
            && icmp.msg_code() == u8::from(Icmpv4DstUnreachable::PortUnreachable);
        // The quoted packet may be truncated, but both headers must be whole.
        let data = icmp.data();
        let is_whole = data.len() >= IPV4_HEADER_LEN + UDP_HEADER_LEN;
        if !is_refusal
            || !is_whole
            || Ipv4Packet::new_unchecked(data).header_len() as usize != IPV4_HEADER_LEN
        {
            return;
        }
        let quoted = Ipv4Packet::new_unchecked(data);
        let udp = UdpPacket::new_unchecked(&data[IPV4_HEADER_LEN..]);
        let to = SocketAddr::V4(SocketAddrV4::new(quoted.dst_addr(), udp.dst_port()));
        if let Some(id) = self.datagram_ports.get(&udp.src_port()) {
            self.datagrams.get_mut(id).expect("the table is right").refuse(to);
        }
    }

    /// Lets smoltcp answer a packet for which there is no socket: RST, ICMP port unreachable, or
    /// nothing.
    fn feed_nobody(&mut self, now: Instant, packet: Bytes) {
        let Stack { interface, wire, nobody, .. } = self;
        wire.received = Some(packet);
        interface.poll_ingress_single(SocketClock::default().show(now), wire, nobody);
    }
}

/// Whether a packet's headers and checksums are right. If not, a stack drops it silently.
pub(crate) fn is_intact(packet: &[u8]) -> bool {
    let Some(ip) = Ipv4Packet::new_checked(packet).ok().filter(Ipv4Packet::verify_checksum) else {
        return false;
    };
    let (from, to) = (IpAddress::Ipv4(ip.src_addr()), IpAddress::Ipv4(ip.dst_addr()));
    match ip.next_header() {
        IpProtocol::Tcp => {
            TcpPacket::new_checked(ip.payload()).is_ok_and(|tcp| tcp.verify_checksum(&from, &to))
        }
        IpProtocol::Udp => {
            UdpPacket::new_checked(ip.payload()).is_ok_and(|udp| udp.verify_checksum(&from, &to))
        }
        _ => true,
    }
}

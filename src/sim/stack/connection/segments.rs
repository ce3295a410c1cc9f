//! The segments of a connection, where they leave and where they arrive: which are sent again, and
//! what smoltcp does not do as Linux does.

use bytes::Bytes;
use smoltcp::socket::tcp::State;
use smoltcp::wire::{IpAddress, Ipv4Packet, TcpPacket, TcpSeqNumber};

use crate::message::EndReason;
use crate::time::Instant;

use super::super::segment::Segment;
use super::Connection;
use super::retransmission::Acknowledgement;

impl Connection {
    /// Notes a packet that leaves. Returns whether it carries bytes that were sent before.
    pub(in crate::sim::stack) fn sends(&mut self, now: Instant, packet: &[u8]) -> bool {
        let ip = Ipv4Packet::new_unchecked(packet);
        let tcp = TcpPacket::new_unchecked(ip.payload());
        let flags = usize::from(tcp.syn()) + usize::from(tcp.fin());
        let keep_alive = flags == 0 && self.tcp().send_queue() == 0;
        if keep_alive || tcp.rst() || tcp.payload().len() + flags == 0 {
            return false;
        }
        let (start, end) = (tcp.seq_number(), tcp.seq_number() + tcp.payload().len() + flags);
        let again = self.sent_to.is_some_and(|sent_to| start < sent_to);
        self.sent_to = Some(self.sent_to.map_or(end, |sent_to| sent_to.max(end)));
        self.retransmission.sent(now, end, again, self.tcp().state());
        again
    }

    /// Returns the socket's time at which a segment arrives.
    ///
    /// smoltcp answers a SYN or FIN that was sent again at most once a second of its clock, which
    /// is a quarter of an hour. Linux has no such limit for a FIN. So each comes a second later.
    pub(in crate::sim::stack) fn show_arrival(
        &mut self,
        now: Instant,
        segment: &Segment,
    ) -> smoltcp::time::Instant {
        let shown = self.clock.show(now);
        if !segment.is_only_flags() {
            return shown;
        }
        self.flagged += 1;
        shown + smoltcp::time::Duration::from_secs(self.flagged)
    }

    /// Answers a SYN that was sent again, as Linux does: at once. smoltcp waits for its timer.
    pub(in crate::sim::stack) fn answer_again(&mut self) {
        self.clock.jump();
    }

    /// Notes the acknowledgement of a segment that the socket was fed.
    pub(in crate::sim::stack) fn acknowledged(&mut self, now: Instant, segment: &Segment) {
        self.retransmission.heard(now);
        let Some(next) = self.sent_to else { return };
        let Some(end) = segment.acknowledges.filter(|end| *end <= next) else { return };
        let state = self.tcp().state();
        let acknowledgement = Acknowledgement { end, selects: segment.selects, next };
        self.retransmission.acknowledged(now, acknowledgement, state);
        self.release();
    }

    /// Corrects the sequence number of a pure acknowledgement before it leaves.
    ///
    /// It must be SND.NXT (RFC 9293 §3.4), the highest that was ever sent, as in Linux. After a
    /// retransmission timeout, smoltcp instead takes the lower number of the bytes that it sends
    /// again. If the peer has received more, such an acknowledgement lies before its window, and
    /// the peer drops it. If both sides do so, neither accepts an acknowledgement of the other
    /// again, and the connection stalls for ever.
    pub(in crate::sim::stack) fn acknowledges_from_the_front(&self, packet: &mut [u8]) {
        let mut ip = Ipv4Packet::new_unchecked(packet);
        let addresses = (IpAddress::Ipv4(ip.src_addr()), IpAddress::Ipv4(ip.dst_addr()));
        let mut tcp = TcpPacket::new_unchecked(ip.payload_mut());
        let is_pure = tcp.payload_mut().is_empty() && !tcp.syn() && !tcp.fin() && !tcp.rst();
        if let Some(front) = self.sent_to.filter(|front| is_pure && tcp.seq_number() < *front) {
            tcp.set_seq_number(front);
            tcp.fill_checksum(&addresses.0, &addresses.1);
        }
    }

    /// Answers new data, up to the sequence number `end`, with a reset if the program has dropped
    /// the stream, as Linux does (RFC 1122 §4.2.2.13). The data must not be acknowledged first.
    /// Returns whether it reset the connection.
    pub(in crate::sim::stack) fn refuses(&mut self, end: TcpSeqNumber) -> bool {
        let arrived = self.read as usize + self.tcp().recv_queue();
        // The SYN counts as one more. After the peer's FIN there is no new data.
        let new = self.peer_isn.is_some_and(|isn| end > isn + 1 + arrived)
            && self.reason != Some(EndReason::Fin)
            && !matches!(self.tcp().state(), State::Closing | State::TimeWait);
        let refuses = new && !self.held && !self.is_closed();
        if refuses {
            self.tcp_mut().abort();
        }
        refuses
    }
}

/// Returns a TCP packet with a window that differs by one.
pub(super) fn with_other_window(packet: &[u8]) -> Bytes {
    let mut packet = packet.to_vec();
    let mut ip = Ipv4Packet::new_unchecked(&mut packet);
    let addresses = (IpAddress::Ipv4(ip.src_addr()), IpAddress::Ipv4(ip.dst_addr()));
    let mut tcp = TcpPacket::new_unchecked(ip.payload_mut());
    tcp.set_window_len(tcp.window_len() ^ 1);
    tcp.fill_checksum(&addresses.0, &addresses.1);
    packet.into()
}

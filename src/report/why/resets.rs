//! The sentences about packets with RST: who resets a connection that carried the message, and why,
//! as far as the history tells.

use std::net::{SocketAddr, SocketAddrV4};

use smoltcp::wire::{Ipv4Packet, TcpPacket};

use crate::history::{ConnectionStats, EventKind, Packet, PowerState, ProcessId};
use crate::message::EndReason;
use crate::report::words::counted;
use crate::time::Instant;

use super::arrivals::arrivals;
use super::names::named;
use super::selection::Selection;
use super::{Sentence, SentenceOrigin, WhyEvidence};
use crate::report::packets::Carried;
use crate::report::packets::Passage;

/// Returns the sentences about the packets that reset a copy's connection, by the packet's index: of
/// each end those up to the first that arrives.
pub fn sentences(
    evidence: &WhyEvidence<'_>,
    selection: &Selection<'_>,
    copy: &Carried,
    passage: &Passage,
) -> Vec<(usize, Sentence)> {
    let mut heard: Vec<ProcessId> = Vec::new();
    let mut told = Vec::new();
    for &index in &passage.resets {
        let packet = &evidence.packets[index];
        let is_of_life = copy.is_pending || packet.at <= selection.until;
        let receiver = selection.ends.after(copy.flow.to, copy.flow.from, copy.since);
        let was_read = receiver.is_some_and(|(_, stats)| copy.end <= stats.read);
        if !is_of_life || was_read || heard.contains(&packet.from) {
            continue;
        }
        if packet.ends.iter().any(|end| end.lost.is_none()) {
            heard.push(packet.from);
        }
        let text = sentence(selection, packet, passage.began);
        told.push((index, Sentence { at: packet.at, of: SentenceOrigin::Packet(index), text }));
    }
    told
}

fn sentence(selection: &Selection<'_>, packet: &Packet, began: Instant) -> String {
    let history = selection.history();
    let (from, to) = (named(history, Some(packet.from)), named(history, packet.to));
    let bytes = counted(packet.bytes.len() as u64, "byte");
    let why = reason(selection, packet, began).map(|why| format!(" {why}.")).unwrap_or_default();
    let ends = arrivals(packet, true, None);
    format!(
        "A packet of {bytes} with RST leaves {from} for {to}: it resets the connection{ends}.{why}"
    )
}

/// Returns the reason for which a host sends an RST, if the history tells it.
fn reason(selection: &Selection<'_>, packet: &Packet, began: Instant) -> Option<String> {
    let history = selection.history();
    let who = named(history, Some(packet.from));
    let (local, peer) = addresses(packet)?;
    let is_own = |at: Instant, state: PowerState| {
        let after = history.events.partition_point(|event| event.at < at);
        let mut then = history.events[after..].iter().take_while(|event| event.at == at);
        then.any(|one| {
            one.process == packet.from && matches!(one.kind, EventKind::Power(of) if of == state)
        })
    };
    if is_own(packet.at, PowerState::ConnectionsReset) {
        return Some(format!("A fault has reset {who}'s connections"));
    }
    let (at, stats) = selection.ends.around(local, peer, (began, packet.at))?;
    let ConnectionStats { reason, let_go, arrived, read, .. } = *stats;
    match (reason, let_go) {
        (Some(EndReason::PowerLost), _) if at < packet.at => {
            Some(format!("{who}'s host has no such connection any more: it lost its power at {at}"))
        }
        (Some(EndReason::TcpTimeout), _) if at == packet.at => {
            Some(format!("{who} got no answer for too long"))
        }
        (_, Some(let_go)) if let_go <= packet.at && read < arrived => {
            let unread = counted(arrived - read, "byte");
            let closes = match is_own(let_go, PowerState::Killed) {
                true => format!("{who}'s process died"),
                false => format!("{who} closed the connection"),
            };
            Some(format!("{closes} at {let_go} with {unread} unread"))
        }
        (Some(_), _) if at < packet.at => {
            Some(format!("{who}'s end of the connection is gone since {at}"))
        }
        (_, Some(let_go)) if let_go <= packet.at => {
            Some(format!("{who} has let go of the connection at {let_go}: nobody reads what comes"))
        }
        _ => None,
    }
}

/// Returns the sender's and the receiver's address of a TCP packet.
fn addresses(packet: &Packet) -> Option<(SocketAddr, SocketAddr)> {
    let ip = Ipv4Packet::new_checked(&packet.bytes[..]).ok()?;
    let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
    let address = |ip, port| SocketAddr::V4(SocketAddrV4::new(ip, port));
    Some((address(ip.src_addr(), tcp.src_port()), address(ip.dst_addr(), tcp.dst_port())))
}

//! The sentences about connections: what is written to one, and how one ends.

use crate::history::{ConnectionStats, EventKind, Flow, History, LossReason, TransportKind};
use crate::report::words::counted;
use crate::time::Instant;

use super::names::at;
use super::selection::Carried;

pub fn carried(history: &History, flow: &Flow, end: u64, is_stream: bool) -> String {
    let way = format!("{} to {}", at(history, flow.from), at(history, flow.to));
    match is_stream {
        true => format!("It is written into the connection from {way}; it ends with byte {end}."),
        false => format!("It leaves in the datagram number {end} from {way}."),
    }
}

/// Whether a flow is a byte stream.
pub fn is_stream(history: &History, flow: &Flow) -> bool {
    let ends = history.events.iter().filter_map(|event| match &event.kind {
        EventKind::Ended(stats) => Some(stats),
        _ => None,
    });
    let mut of_it = ends.filter(|stats| stats.end.local == flow.from);
    of_it.any(|stats| stats.transport == TransportKind::Stream)
}

pub fn ended(stats: &ConnectionStats, at: Instant, who: &str, copies: &[Carried]) -> String {
    let ConnectionStats { transport, end, arrived, read, reason, .. } = stats;
    let reason = reason.map(|reason| format!(" ({})", reason.words())).unwrap_or_default();
    if *transport == TransportKind::Datagram {
        return format!("{who}'s socket is gone{reason}.");
    }
    let is_here = |copy: &&Carried| {
        (copy.flow.from, copy.flow.to) == (end.peer, end.local) && copy.since <= at
    };
    let came = match copies.iter().filter(is_here).map(|copy| copy.end).max() {
        Some(end) if end > *arrived => format!(": the byte {end} had not arrived"),
        Some(end) if end > *read => format!(": the byte {end} had arrived, and nobody had read it"),
        Some(_) => ": it had been read".to_owned(),
        None => ", before it is sent".to_owned(),
    };
    let arrived = counted(*arrived, "byte");
    format!("{who}'s end of the connection is gone{reason} after {arrived}{came}.")
}

/// The phrase for the loss of a packet; fits after "it".
pub const fn loss_phrase(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Lost => "is lost",
        LossReason::Corrupted => "arrives with a flipped bit, and is thrown away",
        LossReason::CrowdedOut => "finds the link's queue full, and is dropped",
        LossReason::Cut => "goes into a path that is cut",
        LossReason::Forgotten => "is dropped by a middlebox that had forgotten its flow",
        LossReason::NobodyHome => "comes to a machine that is off or asleep",
        LossReason::NoSocket => "comes where no socket is open",
        LossReason::BufferFull => "finds the socket's buffer full, and is dropped",
    }
}

//! Sentences about a hop, for the text and for the picture.

use super::Hop;
use super::packet::LayerPacket;
use crate::report::words::{count, counted, loss_phrase};

/// The layers that have no bytes of their own here.
pub const WITHOUT_BYTES: &str = "OSI's session and presentation (5 and 6) have no bytes of their own: \
    sessions are frames, too, and JSON is how they are written. Data link and physical (2 and 1) are \
    not simulated: a packet has no frame of Ethernet and no signal here.";

impl Hop {
    /// Its two ends, and the copy that is shown if there are several or none.
    pub(super) fn heading(&self, arrow: &str) -> String {
        let Hop { from, to, copies, copy, .. } = self;
        let of = match (*copies, *copy) {
            (0, _) => ": no copy was given to a connection".to_owned(),
            (_, 0) if self.not_kept => {
                let most = count(crate::history::MOST_PACKETS as u64);
                format!(": its packets were not kept, a capture keeps at most {most}")
            }
            (_, 0) => ": nothing of it left, or not all of it".to_owned(),
            (1, _) => String::new(),
            (copies, copy) => format!(", copy {copy} of {copies}"),
        };
        format!("{from} {arrow} {to}{of}")
    }

    /// The pieces in which it left first.
    pub(super) fn parts(&self) -> Vec<(u64, u64)> {
        let fresh = self.packets.iter().filter(|packet| !packet.sent_again);
        fresh.map(|packet| (packet.first, packet.last)).collect()
    }

    /// The part of the message that a packet carries.
    pub(super) fn part(&self, packet: &LayerPacket, parts: &[(u64, u64)]) -> String {
        let LayerPacket { first, last, .. } = packet;
        match (parts.iter().position(|part| *part == (*first, *last)), parts.len()) {
            (_, 1) if packet.last - packet.first + 1 == self.unit() => "All of it".to_owned(),
            (Some(part), _) => {
                format!("Part {} (bytes {} to {})", part + 1, count(*first), count(*last))
            }
            (None, _) => format!("Bytes {} to {}", count(*first), count(*last)),
        }
    }

    /// The reassembly at the receiving host.
    pub(super) fn summary(&self, parts: &[(u64, u64)]) -> String {
        let again: Vec<&LayerPacket> = self.packets.iter().filter(|one| one.sent_again).collect();
        let Some(complete) = self.complete else {
            return "Not all of it came.".to_owned();
        };
        let resent = match (parts.len(), again.len()) {
            (_, 0) => "nothing was sent again".to_owned(),
            (1, times) => format!("it was sent again {}", counted(times as u64, "time")),
            (all, _) => {
                let of = |part: &&(u64, u64)| {
                    again.iter().any(|one| one.first <= part.1 && part.0 <= one.last)
                };
                format!("{} of {all} parts sent again", parts.iter().filter(of).count())
            }
        };
        let waits = match self.in_order.filter(|at| complete < *at) {
            Some(at) => format!("; it waits until {at} for bytes that were sent before it"),
            None => String::new(),
        };
        let order = match parts.len() {
            1 => "It is whole".to_owned(),
            all => format!("{all} parts are put together by their sequence numbers, whole"),
        };
        format!("{order} at {complete}{waits}; {resent}.")
    }
}

impl LayerPacket {
    /// Its departure, as in `leaves again at 1.2s`.
    pub(super) fn departure(&self) -> String {
        let again = if self.sent_again { " again" } else { "" };
        format!("leaves{again} at {}", self.at)
    }

    /// Its end, and that of each copy that the network made.
    pub(super) fn fate(&self) -> String {
        let ends = self.ends.iter().map(|end| match end.lost {
            Some(reason) => loss_phrase(reason).to_owned(),
            None => format!("is there at {}", end.at),
        });
        ends.collect::<Vec<_>>().join(", a copy of it ")
    }

    /// Whether nothing of it came.
    pub(super) fn is_lost(&self) -> bool {
        self.ends.iter().all(|end| end.lost.is_some())
    }
}

//! The phrases for the end of a packet: its arrival or its loss.

use crate::history::Packet;
use crate::report::words::{listed, loss_phrase};
use crate::time::Instant;

/// Returns the phrase for the ends of a packet. Losses are told only if `with_losses`. `gone` is the
/// time at which the end of the connection that should receive it was gone.
pub fn arrivals(packet: &Packet, with_losses: bool, gone: Option<Instant>) -> String {
    let told = packet.ends.iter().filter(|end| with_losses || end.lost.is_none());
    let ends: Vec<String> = told
        .map(|end| match end.lost {
            None if gone.is_some_and(|gone| gone < end.at) => {
                format!("comes at {}, when that end of the connection is gone", end.at)
            }
            None => format!("is there at {}", end.at),
            Some(reason) if end.at > packet.at => format!("{} at {}", loss_phrase(reason), end.at),
            Some(reason) => loss_phrase(reason).to_owned(),
        })
        .collect();
    match (packet.ends.len(), ends.as_slice()) {
        (_, []) => String::new(),
        (2.., ends) => format!("; the network makes two of it, and one {}", ends.join(", one ")),
        (_, ends) => format!(", and {}", listed(ends)),
    }
}

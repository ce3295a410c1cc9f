//! Phrases for causes, faults and guarantees, and the format of numbers. Nothing is counted here.

use crate::history::LossReason;
use crate::message::Name;
use crate::scenario::{CrashNotice, Direction, Effect, Fault, Scenario, Who};
use crate::terms::{Cause, Guarantee};
use crate::time::Instant;

/// Returns what happened to the last copy of a missed message; fits after "4: ".
pub const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::LostBeforeBroker => "never reached the broker",
        Cause::Refused => "refused: the broker's backlog was full",
        Cause::TooLong => "too long to ever arrive",
        Cause::TransportBusy => "volatile, and the transport was busy",
        Cause::NotConnected => "the client was not connected",
        Cause::NotJoined => "the client was connected, but had not joined (again)",
        Cause::DroppedInNetwork => "lost on the way, on a link that was up",
        Cause::SentIntoDeadLink => "sent into a dead link",
        Cause::DiedInSocket => "thrown away with its connection, or came when that was gone",
        Cause::Overflowed => "dropped by a full send queue, inbox or subscription",
        Cause::Overwritten => "replaced by a newer one before it was fetched",
        Cause::NoHandler => "the client had no handler for it",
        Cause::DiedInClient => "the client died before its handler finished",
        Cause::LostAfterAck => "acknowledged too early: the client died before it was handled",
        Cause::Evicted => "dropped from the backlog by its limits",
        Cause::Expired => "in the backlog for a session that expired",
        Cause::WrongEpoch => "passed over: a position of an earlier epoch was applied",
        Cause::Skipped => "passed over: a position beyond it was applied",
        Cause::BrokerCrashed => "in the broker's memory when it crashed",
        Cause::Unsettled => "still under way when the run ended",
    }
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

/// Returns what a guarantee promises.
pub const fn guarantee(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::AtMostOnce => "nothing is handled twice",
        Guarantee::AtLeastOnce => "nothing is missed",
        Guarantee::ExactlyOnce => "nothing is missed or handled twice",
        Guarantee::InOrder => "everything is handled in sequence",
        Guarantee::NoSilentGap => "what is missed is announced",
    }
}

/// Returns what a fault does, short enough for its bar.
pub fn fault(fault: &Fault) -> String {
    let what = match &fault.effect {
        Effect::Disconnect => "disconnected".to_owned(),
        Effect::Cut => "link cut".to_owned(),
        Effect::Partition { groups } => {
            let groups: Vec<String> = groups.iter().map(|group| names(group)).collect();
            format!("cut: {}", groups.join(" | "))
        }
        Effect::IdleTimeout { after } => format!("idle timeout {after}"),
        Effect::Loss { rate } => format!("{} of packets lost", percent(*rate)),
        Effect::Duplicate { rate } => format!("{} of packets doubled", percent(*rate)),
        Effect::Corrupt { rate } => format!("{} of packets corrupted", percent(*rate)),
        Effect::Reorder { rate, delay } => {
            format!("{} of packets held back {delay}", percent(*rate))
        }
        Effect::Latency { latency } if latency.min == latency.max => {
            format!("latency {}", latency.min)
        }
        Effect::Latency { latency } => format!("latency {}..{}", latency.min, latency.max),
        Effect::Bandwidth { bytes_per_second, .. } => {
            format!("{} bytes/s", count(*bytes_per_second))
        }
        Effect::Crash { notice: CrashNotice::Silent } => "power lost".to_owned(),
        Effect::Crash { notice: CrashNotice::Given } => "process died".to_owned(),
        Effect::Pause => "asleep".to_owned(),
        Effect::Freeze => "frozen".to_owned(),
        Effect::Reset => "connections reset".to_owned(),
        Effect::Slow { handler } => format!("handler takes {handler}"),
        Effect::Deaf { queue, event } => format!("no handler for {queue}/{event}"),
    };
    match fault.direction {
        Direction::Both => what,
        Direction::In => format!("{what}, inwards"),
        Direction::Out => format!("{what}, outwards"),
    }
}

/// Names the target of a fault.
pub fn who(fault: &Fault, scenario: &Scenario) -> String {
    match &fault.who {
        Who::Broker => "broker".to_owned(),
        Who::Nobody => "network".to_owned(),
        Who::Clients(clients) => {
            let all: usize = scenario.clients.iter().map(|client| client.count as usize).sum();
            if clients.len() == all && all > 1 { "everyone".to_owned() } else { names(clients) }
        }
    }
}

/// Returns the time span of a fault.
pub fn span(fault: &Fault) -> String {
    if fault.until == Instant::NEVER {
        format!("from {} to the end", fault.at)
    } else {
        format!("from {} to {}", fault.at, fault.until)
    }
}

/// Lists up to three names, or the first and last of more with their number.
fn names(names: &[Name]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [first, .., last] if names.len() > 3 => {
            format!("{first} to {last} ({})", names.len())
        }
        _ => names.iter().map(Name::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// Formats a number with commas, as in `1,000`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a number and its noun, as in `1 message` and `8 messages`.
pub fn counted(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(number))
}

/// Joins a list for a sentence: `a`, `a and b`, `a, b and c`.
pub fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Formats a time for a table: `250ms`, `3.6s`, `120s`.
pub fn millis(ms: f64) -> String {
    if !ms.is_finite() {
        "?".to_owned()
    } else if ms >= 99_950.0 {
        format!("{:.0}s", ms / 1_000.0)
    } else if ms >= 1_000.0 {
        format!("{:.1}s", ms / 1_000.0)
    } else {
        format!("{ms:.0}ms")
    }
}

fn percent(rate: f64) -> String {
    // Rates are written by hand: two decimals are enough, and 5 % is `5%`.
    format!("{}%", (rate * 10_000.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_agree_with_their_noun() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "message"), "1 message");
        assert_eq!(counted(0, "message"), "0 messages");
        assert_eq!(millis(999.4), "999ms");
        assert_eq!(millis(3_600.0), "3.6s");
        assert_eq!(percent(0.125), "12.5%");
        assert_eq!(percent(0.1 + 0.2), "30%");
    }

    #[test]
    fn every_cause_has_its_own_phrase_that_fits_a_line() {
        let phrases: std::collections::BTreeSet<_> = Cause::ALL.iter().map(|&c| cause(c)).collect();
        assert_eq!(phrases.len(), Cause::ALL.len());
        assert!(phrases.iter().all(|phrase| phrase.len() <= 64));
    }
}

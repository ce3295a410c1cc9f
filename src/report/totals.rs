//! One contender's subscribers, summed. Sums and maxima only; nothing is judged again.

use std::collections::BTreeMap;

use crate::message::Contender;
use crate::verdict::{Cause, Row};

/// What all subscribers of a contender got together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Messages wanted, each once a subscriber.
    pub wanted: u64,
    /// Handled from a first sending.
    pub live: u64,
    /// Handled from a replay or a redelivery.
    pub caught_up: u64,
    /// Not handled.
    pub missed: u64,
    /// Handlings beyond the first.
    pub twice: u64,
    /// First handlings that came too late in their sequence.
    pub out_of_order: u64,
    /// Handler calls cut short by a crash.
    pub interrupted: u64,
    /// Handled but not wanted.
    pub unasked: u64,
    /// The longest of all delays.
    pub worst_delay_ms: Option<f64>,
    /// The longest time until somebody noticed a fault.
    pub noticed_after_ms: Option<f64>,
    /// The missed ones by cause.
    pub causes: BTreeMap<Cause, u64>,
}

impl Totals {
    /// The sums of a row.
    pub fn of(row: &Row) -> Totals {
        let mut totals = Totals::default();
        for subscriber in &row.subscribers {
            totals.wanted += subscriber.wanted;
            totals.live += subscriber.live;
            totals.caught_up += subscriber.caught_up;
            totals.missed += subscriber.missed;
            totals.twice += subscriber.twice;
            totals.out_of_order += subscriber.out_of_order;
            totals.interrupted += subscriber.interrupted;
            totals.unasked += subscriber.unasked;
            for (&cause, count) in &subscriber.causes {
                *totals.causes.entry(cause).or_default() += count;
            }
        }
        totals.worst_delay_ms = most(row.subscribers.iter().filter_map(|s| s.worst_delay_ms));
        totals.noticed_after_ms = most(row.detections.iter().filter_map(|d| d.after_ms));
        totals
    }
}

/// The row's contender.
pub fn contender(row: &Row) -> Contender {
    Contender { link: row.link, mode: row.mode }
}

fn most(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    numbers.reduce(f64::max)
}

//! Sums the reports of some subscribers of a contender: all of them for the report, or those that
//! an expectation is about. Sums, maxima and the median only; nothing is judged again.

use crate::terms::{Anomaly, Cause};
use std::collections::BTreeMap;

use super::outcome::lower_median;
use super::{Recoveries, SubscriberReport};

/// The counters of several subscribers together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Messages wanted, each counted once for each subscriber.
    pub wanted: u64,
    /// Handled from a first sending.
    pub live: u64,
    /// Handled from a replay or a redelivery.
    pub caught_up: u64,
    /// Not handled.
    pub missed: u64,
    /// Handlings beyond the first.
    pub handled_again: u64,
    /// First handlings below a sequence already handled from the same publisher and queue.
    pub out_of_order: u64,
    /// Handler calls cut short by a crash.
    pub interrupted: u64,
    /// Handled but not wanted.
    pub not_wanted: u64,
    /// Gaps that the subscribers were told of.
    pub gaps_announced: u64,
    /// Recoveries by what the subscribers were told, and whether it was true.
    pub recoveries: Recoveries,
    /// The longest time from publish to handled.
    pub worst_delay_ms: Option<f64>,
    /// The missed messages by cause.
    pub causes: BTreeMap<Cause, u64>,
    /// The anomalies seen, and how often.
    pub anomalies: BTreeMap<Anomaly, u64>,
}

impl Totals {
    /// Sums the reports of these subscribers.
    pub fn of<'s>(subscribers: impl IntoIterator<Item = &'s SubscriberReport>) -> Totals {
        let mut totals = Totals::default();
        subscribers.into_iter().for_each(|subscriber| totals.add(subscriber));
        totals
    }

    fn add(&mut self, one: &SubscriberReport) {
        self.wanted += one.wanted;
        self.live += one.live;
        self.caught_up += one.caught_up;
        self.missed += one.missed;
        self.handled_again += one.handled_again;
        self.out_of_order += one.out_of_order;
        self.interrupted += one.interrupted;
        self.not_wanted += one.not_wanted;
        self.gaps_announced += one.gaps_announced;
        self.recoveries.honest_success += one.recoveries.honest_success;
        self.recoveries.honest_failure += one.recoveries.honest_failure;
        self.recoveries.false_comfort += one.recoveries.false_comfort;
        self.recoveries.false_alarm += one.recoveries.false_alarm;
        self.worst_delay_ms = most(self.worst_delay_ms.into_iter().chain(one.worst_delay_ms));
        add_all(&mut self.causes, &one.causes);
        add_all(&mut self.anomalies, &one.anomalies);
    }
}

fn add_all<K: Copy + Ord>(sums: &mut BTreeMap<K, u64>, counts: &BTreeMap<K, u64>) {
    for (&key, count) in counts {
        *sums.entry(key).or_default() += count;
    }
}

/// Returns the largest number, if there is one.
pub fn most(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    numbers.reduce(f64::max)
}

/// Returns the lower median of the time from publish to handled, over all messages that these
/// subscribers handled. Each time is rounded to the microseconds of which instants are made, so
/// that no floating-point error shows.
pub fn median_delay_ms<'s>(
    subscribers: impl IntoIterator<Item = &'s SubscriberReport>,
) -> Option<f64> {
    let messages = subscribers.into_iter().flat_map(|one| &one.messages);
    let delay = |handled: f64, published: f64| ((handled - published) * 1_000.0).round() / 1_000.0;
    let mut delays: Vec<f64> =
        messages.filter_map(|one| Some(delay(one.handled_ms?, one.published_ms))).collect();
    delays.sort_unstable_by(f64::total_cmp);
    lower_median(&delays)
}

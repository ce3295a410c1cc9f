//! Some subscribers of a contender, summed: all of them for the report, those that are meant for
//! an expectation. Sums, maxima and the median only; nothing is judged again.

use crate::terms::{Anomaly, Cause};
use std::collections::BTreeMap;

use super::outcome::lower_median;
use super::{Recoveries, SubscriberReport};

/// What the subscribers got together.
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
    pub handled_again: u64,
    /// First handlings that came too late in their sequence.
    pub out_of_order: u64,
    /// Handler calls cut short by a crash.
    pub interrupted: u64,
    /// Handled but not wanted.
    pub not_wanted: u64,
    /// Gaps that they were told of.
    pub gaps_announced: u64,
    /// Whether what they were told at each recovery was true.
    pub recoveries: Recoveries,
    /// The longest of all delays.
    pub worst_delay_ms: Option<f64>,
    /// The missed ones by cause.
    pub causes: BTreeMap<Cause, u64>,
    /// Patterns seen, and how often.
    pub anomalies: BTreeMap<Anomaly, u64>,
}

impl Totals {
    /// The sums.
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

/// The largest number, if there is one.
pub fn most(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    numbers.reduce(f64::max)
}

/// The lower median of the time from hand-over to handled, of everything that these subscribers
/// handled. Rounded to the microseconds of which instants are made, so that no arithmetic shows.
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

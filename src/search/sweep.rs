//! Sums many trials: one scenario, or several variants of it, under many seeds.
//!
//! There are only sums and histograms, so that parts that ran on different computers add up to the
//! whole, in any order, to the last byte.

use crate::terms::{Cause, Claim};
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::message::Contender;
use crate::verdict::Row;

use super::Coverage;

/// The result of a sweep, or of a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The name and version of this JSON format.
    pub schema: String,
    /// The version of delivery-lab.
    pub version: String,
    /// The scenario, as it is named on the command line.
    pub scenario: String,
    /// A hash of what was swept: the same for the same files, settings and version.
    pub digest: String,
    /// The first seed and the last.
    pub seeds: (u64, u64),
    /// Other options that change the result, as given on the command line.
    pub options: String,
    /// The judge of each run.
    pub judged_by: JudgedBy,
    /// The length of each run; empty if they differ.
    pub run_for: String,
    /// The keys that were varied, outermost first: the path, and the argument as given.
    pub varied: Vec<(String, String)>,
    /// The numbers of the parts in it, from 1, and the number of all parts.
    pub parts: (Vec<u64>, u64),
    /// Number of planned runs; an interrupted sweep made fewer.
    pub planned: u64,
    /// The points of the grid, in order.
    pub points: Vec<Point>,
    /// Counts of what all storms exercised.
    pub coverage: Coverage,
}

/// The judge of the runs of a sweep: it decides whether they held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JudgedBy {
    /// The expectations of the scenario; its claims if it has none.
    Expectations,
    /// The claims alone: the expectations are for other numbers than those that were swept.
    Claims,
}

/// One point of the grid: one variant of the scenario under every seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The value of each path that was varied.
    pub values: Vec<String>,
    /// Number of seeds under which all expectations were met.
    pub met: u64,
    /// Number of seeds under which an expectation failed.
    pub failed: u64,
    /// Number of seeds under which no fault did anything.
    pub inconclusive: u64,
    /// The first seeds that failed, in order; at most [`MOST_FAILING`].
    pub failing_seeds: Vec<u64>,
    /// The sums of each contender, by its name.
    pub contenders: BTreeMap<String, Sums>,
}

/// The sums of one contender over all seeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    pub trials: u64,
    /// Trials in which a message was missed that was not only still under way.
    pub losing: u64,
    /// Trials in which a claim was broken.
    pub broken: u64,
    pub wanted: u64,
    pub live: u64,
    pub caught_up: u64,
    pub missed: u64,
    pub handled_again: u64,
    pub out_of_order: u64,
    /// Messages that came before a subscription stood: nobody counts them as wanted.
    pub before_subscription: u64,
    /// Missed messages by cause.
    pub causes: BTreeMap<String, u64>,
    /// Delays from publish to handled.
    pub delays: Histogram,
}

/// Most failing seeds that are kept for each point.
pub const MOST_FAILING: usize = 100;

impl Point {
    /// Adds a part of the same point.
    pub fn add(&mut self, other: Point) {
        add(&mut self.met, other.met);
        add(&mut self.failed, other.failed);
        add(&mut self.inconclusive, other.inconclusive);
        self.failing_seeds.extend(other.failing_seeds);
        self.failing_seeds.sort_unstable();
        self.failing_seeds.truncate(MOST_FAILING);
        for (contender, sums) in other.contenders {
            self.contenders.entry(contender).or_default().add(sums);
        }
    }

    /// Returns the sums of a contender.
    pub fn of(&mut self, contender: Contender) -> &mut Sums {
        self.contenders.entry(contender.to_string()).or_default()
    }
}

impl Sums {
    /// Counts one trial.
    pub fn count(&mut self, row: &Row) {
        self.trials += 1;
        let claims = row.guarantees.values();
        self.broken += u64::from(claims.clone().any(|one| one.claim == Claim::Broken));
        let is_lost = |(cause, count): (&Cause, &u64)| *cause != Cause::Unsettled && *count > 0;
        self.losing += u64::from(row.subscribers.iter().any(|one| one.causes.iter().any(is_lost)));
        for one in &row.subscribers {
            self.wanted += one.wanted;
            self.live += one.live;
            self.caught_up += one.caught_up;
            self.missed += one.missed;
            self.handled_again += one.handled_again;
            self.out_of_order += one.out_of_order;
            self.before_subscription += one.before_subscription.len() as u64;
            for (cause, count) in &one.causes {
                *self.causes.entry(cause.to_string()).or_default() += count;
            }
            for message in &one.messages {
                if let Some(handled) = message.handled_ms {
                    self.delays.count(handled - message.published_ms);
                }
            }
        }
    }

    /// Returns the number of messages that were still under way when their run ended.
    pub fn unsettled(&self) -> u64 {
        self.causes.get(Cause::Unsettled.name()).copied().unwrap_or_default()
    }

    /// Returns the number of messages that were missed, except those still under way.
    pub fn lost(&self) -> u64 {
        self.missed.saturating_sub(self.unsettled())
    }

    fn add(&mut self, other: Sums) {
        add(&mut self.trials, other.trials);
        add(&mut self.losing, other.losing);
        add(&mut self.broken, other.broken);
        add(&mut self.wanted, other.wanted);
        add(&mut self.live, other.live);
        add(&mut self.caught_up, other.caught_up);
        add(&mut self.missed, other.missed);
        add(&mut self.handled_again, other.handled_again);
        add(&mut self.out_of_order, other.out_of_order);
        add(&mut self.before_subscription, other.before_subscription);
        for (cause, count) in other.causes {
            add(self.causes.entry(cause).or_default(), count);
        }
        self.delays.add(other.delays);
    }
}

/// Adds without overflow: a file may hold any number.
fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

/// Counts delays by length, to three digits: `1234 ms` counts as `1230 ms`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    /// Counts one delay, in milliseconds.
    fn count(&mut self, ms: f64) {
        let micros = (ms * 1_000.0).round().max(0.0) as u64;
        let scale = 10_u64.pow(micros.max(1).ilog10().saturating_sub(2));
        *self.0.entry(micros / scale * scale).or_default() += 1;
    }

    fn add(&mut self, other: Histogram) {
        for (micros, count) in other.0 {
            add(self.0.entry(micros).or_default(), count);
        }
    }

    /// Returns the nearest-rank percentile of the delays, in milliseconds; `None` if there is no
    /// delay.
    pub fn percentile(&self, percent: u64) -> Option<f64> {
        let all: u128 = self.0.values().map(|count| u128::from(*count)).sum();
        let rank = (all * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.0.iter().find(|(_, count)| {
            seen += u128::from(**count);
            seen >= rank
        });
        found.map(|(micros, _)| *micros as f64 / 1_000.0)
    }
}

/// The reason why parts do not join to a whole sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWhole {
    /// There is nothing to join.
    #[error("there is no part to join")]
    Nothing,
    /// They are parts of different sweeps.
    #[error("part {0} is of another sweep than the first, or of another version")]
    Other(usize),
    /// One of them was interrupted.
    #[error("part {0} was interrupted")]
    Interrupted(usize),
    /// One of them is there twice.
    #[error("part {0} is there twice")]
    Twice(u64),
    /// Some parts are missing.
    #[error("{}", missing(.first, *.count))]
    Missing {
        /// The numbers of the first missing parts.
        first: Vec<u64>,
        /// Number of missing parts.
        count: u64,
    },
}

/// Most missing parts that are named.
const NAMED: usize = 10;

fn missing(first: &[u64], count: u64) -> String {
    let named: Vec<String> = first.iter().map(u64::to_string).collect();
    let more = count - first.len() as u64;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (noun, verb) = if count == 1 { ("part", "is") } else { ("parts", "are") };
    format!("{noun} {}{more} {verb} not there", named.join(", "))
}

impl Sweep {
    /// Returns the number of runs that were made.
    pub fn runs(&self) -> u64 {
        let counts = |point: &Point| [point.met, point.failed, point.inconclusive];
        self.points.iter().flat_map(counts).fold(0, u64::saturating_add)
    }

    /// Joins the parts of one sweep, in any order.
    ///
    /// # Errors
    /// They are not all the parts of one sweep, each once.
    pub fn join(parts: Vec<Sweep>) -> Result<Sweep, NoWhole> {
        if let Some(index) = parts.iter().position(|part| part.runs() < part.planned) {
            return Err(NoWhole::Interrupted(index + 1));
        }
        let mut parts = parts.into_iter();
        let mut whole = parts.next().ok_or(NoWhole::Nothing)?;
        for (index, part) in parts.enumerate() {
            let values = |sweep: &Sweep| -> Vec<Vec<String>> {
                sweep.points.iter().map(|point| point.values.clone()).collect()
            };
            let is_same = part.schema == whole.schema
                && part.version == whole.version
                && part.scenario == whole.scenario
                && part.digest == whole.digest
                && part.seeds == whole.seeds
                && part.options == whole.options
                && part.judged_by == whole.judged_by
                && part.run_for == whole.run_for
                && part.parts.1 == whole.parts.1
                && part.varied == whole.varied
                && values(&part) == values(&whole);
            if !is_same {
                return Err(NoWhole::Other(index + 2));
            }
            whole.parts.0.extend(part.parts.0);
            add(&mut whole.planned, part.planned);
            whole.coverage += &part.coverage;
            for (point, other) in whole.points.iter_mut().zip(part.points) {
                point.add(other);
            }
        }
        let (numbers, of) = &mut whole.parts;
        numbers.sort_unstable();
        if let Some(twice) = numbers.windows(2).find(|two| two[0] == two[1]) {
            return Err(NoWhole::Twice(twice[0]));
        }
        if numbers.iter().any(|part| *part == 0 || part > of) {
            return Err(NoWhole::Other(1));
        }
        let count = of.saturating_sub(numbers.len() as u64);
        if count > 0 {
            // Among so many numbers there are at least ten missing ones, or all of them.
            let among = (1..=*of).take(numbers.len() + NAMED);
            let first = among.filter(|part| numbers.binary_search(part).is_err()).take(NAMED);
            return Err(NoWhole::Missing { first: first.collect(), count });
        }
        whole.parts = (vec![1], 1);
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let mut delays = Histogram::default();
        assert_eq!(delays.percentile(50), None);
        (1..=100).for_each(|ms| delays.count(f64::from(ms)));
        assert_eq!(
            [50, 99, 100].map(|percent| delays.percentile(percent)),
            [Some(50.0), Some(99.0), Some(100.0)]
        );
        delays.count(123_456.0);
        assert_eq!(delays.percentile(100), Some(123_000.0));
    }

    #[test]
    fn parts_are_joined_only_if_they_make_a_whole() {
        let part = |number, of| Sweep {
            digest: String::new(),
            schema: "s".to_owned(),
            version: "v".to_owned(),
            scenario: "x".to_owned(),
            seeds: (1, 6),
            options: String::new(),
            judged_by: JudgedBy::Expectations,
            run_for: String::new(),
            varied: Vec::new(),
            parts: (vec![number], of),
            planned: number,
            points: vec![Point { met: number, ..Point::default() }],
            coverage: Coverage::default(),
        };
        assert_eq!(Sweep::join(Vec::new()), Err(NoWhole::Nothing));
        assert_eq!(
            Sweep::join(vec![part(1, 3), part(3, 3)]),
            Err(NoWhole::Missing { first: vec![2], count: 1 })
        );
        let far = Sweep::join(vec![part(1, u64::MAX)]);
        assert!(matches!(far, Err(NoWhole::Missing { first, .. }) if first.len() == 10));
        assert_eq!(Sweep::join(vec![part(1, 2), part(1, 2)]), Err(NoWhole::Twice(1)));
        assert_eq!(Sweep::join(vec![part(1, 2), part(2, 3)]), Err(NoWhole::Other(2)));
        let cut = Sweep { planned: 3, ..part(2, 2) };
        assert_eq!(Sweep::join(vec![part(1, 2), cut]), Err(NoWhole::Interrupted(2)));
        let whole = Sweep::join(vec![part(3, 3), part(1, 3), part(2, 3)]).unwrap();
        assert_eq!((whole.points[0].met, whole.parts), (6, (vec![1], 1)));
    }
}

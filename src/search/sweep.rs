//! Many trials, summed: what a family of scenarios did under many seeds.
//!
//! Sums, maxima and histograms only, so that parts that ran on different machines add up to the
//! whole, in any order, to the last byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::message::Contender;
use crate::verdict::{ClaimState, Row};

use super::Coverage;

/// Everything that came of a sweep, or of a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The name of this contract.
    pub schema: String,
    /// By which version.
    pub version: String,
    /// The command that runs the whole again.
    pub replay: String,
    /// Which parts are in it, from 1, of how many.
    pub parts: (Vec<u64>, u64),
    /// What was varied, outermost first.
    pub varied: Vec<String>,
    /// One a point of the grid, in order.
    pub points: Vec<Point>,
    /// What all storms exercised.
    pub coverage: Coverage,
}

/// One point of the grid: the same scenario under every seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The value of each path that was varied.
    pub values: Vec<String>,
    /// Seeds under which all expectations were met, one was not, and nothing happened.
    pub met: u64,
    pub failed: u64,
    pub inconclusive: u64,
    /// The first seeds that failed, in order.
    pub failing_seeds: Vec<u64>,
    /// One a contender.
    pub contenders: BTreeMap<String, Sums>,
}

/// What one contender did under every seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    pub trials: u64,
    /// Trials in which something was missed.
    pub losing: u64,
    /// Trials in which a claim was broken.
    pub broken: u64,
    pub wanted: u64,
    pub live: u64,
    pub caught_up: u64,
    pub missed: u64,
    pub twice: u64,
    pub out_of_order: u64,
    /// The missed ones by cause.
    pub causes: BTreeMap<String, u64>,
    /// From hand-over to handled.
    pub delays: Histogram,
}

/// Seeds that failed are named, so many of each point.
pub const MOST_FAILING: usize = 100;

impl Point {
    /// Adds a part of the same point.
    pub fn add(&mut self, other: Point) {
        self.met += other.met;
        self.failed += other.failed;
        self.inconclusive += other.inconclusive;
        self.failing_seeds.extend(other.failing_seeds);
        self.failing_seeds.sort_unstable();
        self.failing_seeds.truncate(MOST_FAILING);
        for (contender, sums) in other.contenders {
            self.contenders.entry(contender).or_default().add(sums);
        }
    }

    /// The sums of a contender.
    pub fn of(&mut self, contender: Contender) -> &mut Sums {
        self.contenders.entry(contender.to_string()).or_default()
    }
}

impl Sums {
    /// Counts one trial.
    pub fn count(&mut self, row: &Row) {
        self.trials += 1;
        let claims = row.guarantees.values();
        self.broken += u64::from(claims.clone().any(|one| one.claim == ClaimState::Broken));
        self.losing += u64::from(row.subscribers.iter().any(|one| one.missed > 0));
        for one in &row.subscribers {
            self.wanted += one.wanted;
            self.live += one.live;
            self.caught_up += one.caught_up;
            self.missed += one.missed;
            self.twice += one.twice;
            self.out_of_order += one.out_of_order;
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

    fn add(&mut self, other: Sums) {
        self.trials += other.trials;
        self.losing += other.losing;
        self.broken += other.broken;
        self.wanted += other.wanted;
        self.live += other.live;
        self.caught_up += other.caught_up;
        self.missed += other.missed;
        self.twice += other.twice;
        self.out_of_order += other.out_of_order;
        for (cause, count) in other.causes {
            *self.causes.entry(cause).or_default() += count;
        }
        self.delays.add(other.delays);
    }
}

/// How many delays there were of each length, to three digits: `1234 ms` counts as `1230 ms`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    /// Counts one, in milliseconds.
    fn count(&mut self, ms: f64) {
        let micros = (ms * 1_000.0).round().max(0.0) as u64;
        let scale = 10_u64.pow(micros.max(1).ilog10().saturating_sub(2));
        *self.0.entry(micros / scale * scale).or_default() += 1;
    }

    fn add(&mut self, other: Histogram) {
        for (micros, count) in other.0 {
            *self.0.entry(micros).or_default() += count;
        }
    }

    /// The least delay, in milliseconds, that so many of a hundred do not exceed; none if there is
    /// no delay.
    pub fn percentile(&self, percent: u64) -> Option<f64> {
        let all: u64 = self.0.values().sum();
        let rank = (all * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.0.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        found.map(|(micros, _)| *micros as f64 / 1_000.0)
    }
}

/// Why parts do not make a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWhole {
    /// There is nothing to join.
    #[error("there is no part to join")]
    Nothing,
    /// They are parts of different sweeps.
    #[error("part {0} is of another sweep than the first, or of another version")]
    Other(usize),
    /// One of them is there twice.
    #[error("part {0} is there twice")]
    Twice(u64),
    /// One of them is not there.
    #[error("{}", missing(.0))]
    Missing(Vec<u64>),
}

fn missing(parts: &[u64]) -> String {
    let named: Vec<String> = parts.iter().take(10).map(u64::to_string).collect();
    let more = parts.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (noun, verb) = if parts.len() == 1 { ("part", "is") } else { ("parts", "are") };
    format!("{noun} {}{more} {verb} not there", named.join(", "))
}

impl Sweep {
    /// Joins the parts of one sweep, in any order.
    ///
    /// # Errors
    /// They are not all the parts of one sweep, each once.
    pub fn join(parts: Vec<Sweep>) -> Result<Sweep, NoWhole> {
        let mut parts = parts.into_iter();
        let mut whole = parts.next().ok_or(NoWhole::Nothing)?;
        for (index, part) in parts.enumerate() {
            let values = |sweep: &Sweep| -> Vec<Vec<String>> {
                sweep.points.iter().map(|point| point.values.clone()).collect()
            };
            let is_same = part.schema == whole.schema
                && part.version == whole.version
                && part.replay == whole.replay
                && part.parts.1 == whole.parts.1
                && part.varied == whole.varied
                && values(&part) == values(&whole);
            if !is_same {
                return Err(NoWhole::Other(index + 2));
            }
            whole.parts.0.extend(part.parts.0);
            whole.coverage += part.coverage;
            for (point, other) in whole.points.iter_mut().zip(part.points) {
                point.add(other);
            }
        }
        let (numbers, of) = &mut whole.parts;
        numbers.sort_unstable();
        if let Some(twice) = numbers.windows(2).find(|two| two[0] == two[1]) {
            return Err(NoWhole::Twice(twice[0]));
        }
        let gone: Vec<u64> = (1..=*of).filter(|part| !numbers.contains(part)).collect();
        if !gone.is_empty() {
            return Err(NoWhole::Missing(gone));
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
            schema: "s".to_owned(),
            version: "v".to_owned(),
            replay: "r".to_owned(),
            parts: (vec![number], of),
            varied: Vec::new(),
            points: vec![Point { met: number, ..Point::default() }],
            coverage: Coverage::default(),
        };
        assert_eq!(Sweep::join(Vec::new()), Err(NoWhole::Nothing));
        assert_eq!(Sweep::join(vec![part(1, 3), part(3, 3)]), Err(NoWhole::Missing(vec![2])));
        assert_eq!(Sweep::join(vec![part(1, 2), part(1, 2)]), Err(NoWhole::Twice(1)));
        assert_eq!(Sweep::join(vec![part(1, 2), part(2, 3)]), Err(NoWhole::Other(2)));
        let whole = Sweep::join(vec![part(3, 3), part(1, 3), part(2, 3)]).unwrap();
        assert_eq!((whole.points[0].met, whole.parts), (6, (vec![1], 1)));
    }
}

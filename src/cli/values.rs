//! Parsers for the values of options: seeds, settings, times, words.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};

use crate::explain;
use crate::scenario::Setting;
use crate::terms::Guarantee;
use crate::time::{Duration, Instant};

/// Seeds from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    pub first: u64,
    pub last: u64,
}

/// The largest seed that a scenario file can name.
const LARGEST_SEED: u64 = i64::MAX as u64;

/// Reads a seed.
pub fn seed(text: &str) -> Result<u64, String> {
    let seed = text.trim().parse().ok().filter(|seed| *seed <= LARGEST_SEED);
    seed.ok_or_else(|| format!("a seed is a whole number, at most {LARGEST_SEED}"))
}

/// Reads `1..100`.
pub fn seeds(text: &str) -> Result<Seeds, String> {
    let shape = "seeds are two whole numbers, as in 1..100, and both are run";
    let (first, last) = text.split_once("..").ok_or(shape)?;
    let [first, last] = [first, last].map(|one| one.trim().parse::<u64>());
    let (first, last) = (first.map_err(|_| shape)?, last.map_err(|_| shape)?);
    if last > LARGEST_SEED {
        return Err(format!("a seed is at most {LARGEST_SEED}"));
    }
    if first > last {
        return Err(format!("the first seed, {first}, is above the last, {last}"));
    }
    Ok(Seeds { first, last })
}

/// One of several equal parts of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The number of the part, from 1.
    pub part: u64,
    /// The number of all parts.
    pub of: u64,
}

/// Reads `2/8`.
pub fn shard(text: &str) -> Result<Shard, String> {
    let shape = "a part is its number and how many there are, as in 2/8";
    let (part, of) = text.split_once('/').ok_or(shape)?;
    let part = part.trim().parse().map_err(|_| shape)?;
    let of = of.trim().parse().map_err(|_| shape)?;
    if part == 0 || part > of {
        return Err(format!("there is no part {part} of {of}: the first is 1, the last {of}"));
    }
    Ok(Shard { part, of })
}

/// The limit of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// A number of trials: the same on every computer.
    Trials(u64),
    /// A wall-clock time.
    Time(std::time::Duration),
}

impl Budget {
    /// Returns the number of trials, if the limit is one.
    pub fn trials(self) -> Option<u64> {
        match self {
            Budget::Trials(trials) => Some(trials),
            Budget::Time(_) => None,
        }
    }

    /// Whether the limit is a time that is over.
    pub fn is_over(self, elapsed: std::time::Duration) -> bool {
        matches!(self, Budget::Time(time) if elapsed >= time)
    }
}

/// Reads `10000` or `60s`.
pub fn budget(text: &str) -> Result<Budget, String> {
    if let Ok(trials) = text.trim().parse::<u64>() {
        return match trials {
            0 => Err("no trial finds nothing".to_owned()),
            trials => Ok(Budget::Trials(trials)),
        };
    }
    let shape = "a budget is a number of trials, as in 10000, or a time, as in 60s";
    match moment(text) {
        Ok(at) if at > Instant::ZERO => Ok(Budget::Time(at.since(Instant::ZERO).into())),
        _ => Err(shape.to_owned()),
    }
}

/// Reads the name of a guarantee.
pub fn guarantee(text: &str) -> Result<Guarantee, String> {
    let words = Guarantee::ALL.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
    let found = Guarantee::ALL.iter().find(|one| one.name() == text);
    found.copied().ok_or_else(|| format!("a guarantee is one of {words}"))
}

/// Takes a setting such as `broker.window=1` as it is; the loader reports errors in it.
pub fn setting(text: &str) -> Result<Setting, std::convert::Infallible> {
    Ok(Setting::new(text))
}

/// Reads `250ms`, `1.5s`, `2m`: whole milliseconds.
pub fn moment(text: &str) -> Result<Instant, String> {
    let shape = "a time is a number and a unit, as in 250ms, 1.5s or 2m";
    let units = [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0)];
    let (number, unit) = units
        .iter()
        .find_map(|(unit, ms)| text.trim().strip_suffix(unit).map(|number| (number, ms)))
        .ok_or(shape)?;
    let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let ms = number.parse::<f64>().ok().filter(|_| digits).ok_or(shape)? * unit;
    // A century is more than any trial, and far from where whole numbers end in an f64.
    if ms > 3.2e12 || (ms - ms.round()).abs() > 1e-6 {
        return Err("a time is in whole milliseconds, at most a century".to_owned());
    }
    Ok(Instant::ZERO + Duration::from_millis(ms.round() as u64))
}

/// Accepts any text, and offers the words of the reports for completion.
#[derive(Clone)]
pub struct Words;

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(words().map(PossibleValue::new)))
    }
}

/// Returns the words that completions offer, without signs and words with spaces.
pub fn words() -> impl Iterator<Item = &'static str> {
    let is_typed = |name: &&str| name.len() > 1 && !name.contains(' ') && name.is_ascii();
    explain::names().filter(is_typed).collect::<BTreeSet<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_include_both_ends() {
        assert_eq!(seeds("1..100"), Ok(Seeds { first: 1, last: 100 }));
        assert_eq!(seeds("7..7"), Ok(Seeds { first: 7, last: 7 }));
        for bad in ["", "5", "2..1", "a..b", "1..", "-1..1"] {
            assert!(seeds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_are_read_as_in_scenario_files() {
        for (text, ms) in [("250ms", 250), ("1.5s", 1_500), ("2m", 120_000), ("0s", 0)] {
            assert_eq!(moment(text), Ok(Instant::from_millis(ms)), "{text}");
        }
        for bad in ["", "3", "s", "1.0005s", "-1s", "infs", "1e3s", "3h"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}

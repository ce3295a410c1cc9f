//! Parsers for the values of options: seeds, settings, times, words.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::num::NonZeroUsize;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};

use crate::explain;
use crate::message::Contender;
use crate::report::packets::PacketFilter;
use crate::scenario::{InvalidText, Setting, contender_tip, nearest_word, parse_duration};
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
    let shape = || format!("a seed is a whole number from 0 to {LARGEST_SEED}");
    text.trim().parse().ok().filter(|seed| *seed <= LARGEST_SEED).ok_or_else(shape)
}

/// Reads a seed, and refers whoever gives several to the other option.
pub fn one_seed(text: &str) -> Result<u64, String> {
    seed(text).map_err(|shape| match seeds(text) {
        Ok(_) => format!("a seed is one number; for several: --seeds {}", text.trim()),
        Err(_) => shape,
    })
}

/// Reads `1..100`.
pub fn seeds(text: &str) -> Result<Seeds, String> {
    if let Ok(one) = seed(text) {
        return Err(format!("the first and the last seed are needed; for one: {one}..{one}"));
    }
    let shape = || {
        format!("seeds are two whole numbers from 0 to {LARGEST_SEED}, as in 1..100: both are run")
    };
    let (first, last) = text.split_once("..").ok_or_else(shape)?;
    let (Ok(first), Ok(last)) = (seed(first), seed(last)) else { return Err(shape()) };
    if first > last {
        return Err(format!("the first seed, {first}, is above the last, {last}"));
    }
    Ok(Seeds { first, last })
}

/// Reads a number of threads.
pub fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let shape = |_| "how many at a time is a whole number from 1".to_owned();
    text.trim().parse().map_err(shape)
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

/// Reads a contender, as in `tcp/catch-up`.
pub fn contender(text: &str) -> Result<Contender, String> {
    text.parse().map_err(|_| {
        let all: Vec<String> = Contender::all().map(|contender| contender.to_string()).collect();
        let near = nearest_word(text, all.iter().map(String::as_str));
        contender_tip(text, near.map(|near| format!("did you mean `{near}`?")))
    })
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

/// Reads a time as in scenario files: `250ms`, `1.5s`, `2m`, `1h`.
pub fn moment(text: &str) -> Result<Instant, InvalidText> {
    parse_duration(text.trim()).map(|time| Instant::ZERO + time)
}

/// The most moments of one range: each is a page.
const MOST_MOMENTS: u64 = 1_000;

/// Moments of a trial: one, or a range with a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moments(Vec<Instant>);

impl Moments {
    /// Iterates over them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = Instant> + '_ {
        self.0.iter().copied()
    }
}

/// Reads a moment, as in `3s`, or a range of moments with a step, as in `2s..8s/1s`.
pub fn moments(text: &str) -> Result<Moments, String> {
    let said = |error: InvalidText| error.to_string();
    let Some((first, rest)) = text.split_once("..") else {
        return Ok(Moments(vec![moment(text).map_err(said)?]));
    };
    let shape = "a range of moments has a step, as in 2s..8s/1s";
    let (last, step) = rest.split_once('/').ok_or(shape)?;
    let (first, last) = (moment(first).map_err(said)?, moment(last).map_err(said)?);
    let step = moment(step).map_err(said)?.since(Instant::ZERO);
    if first > last {
        return Err(format!("the first moment, {first}, is after the last, {last}"));
    }
    if step == Duration::ZERO {
        return Err("the step of a range of moments is not 0".to_owned());
    }
    let count = last.since(first).as_micros() / step.as_micros() + 1;
    if count > MOST_MOMENTS {
        return Err(format!(
            "a range has at most {MOST_MOMENTS} moments, and this one has {count}"
        ));
    }
    Ok(Moments((0..count).map(|n| first + step * n).collect()))
}

/// Reads a filter of packets: a time as in `2s..4s`, or a name. The trial knows what it names.
pub fn packet_filter(text: &str) -> Result<PacketFilter, String> {
    let text = text.trim();
    let shape = "a filter is a client, a message as in driver-3, or a time as in 2s..4s";
    if text.is_empty() {
        return Err(shape.to_owned());
    }
    let Some((from, to)) = text.split_once("..") else {
        return Ok(PacketFilter::Name(text.to_owned()));
    };
    let (Ok(from), Ok(to)) = (moment(from), moment(to)) else { return Err(shape.to_owned()) };
    if from > to {
        return Err(format!("the time {from} is after {to}"));
    }
    Ok(PacketFilter::Between(from, to))
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
        for (text, ms) in [("250ms", 250), ("1.5s", 1_500), ("2m", 120_000), ("1h", 3_600_000)] {
            assert_eq!(moment(text), Ok(Instant::from_millis(ms)), "{text}");
        }
        let range = |text| moments(text).map(|all| all.iter().collect::<Vec<_>>());
        let seconds = |all: &[u64]| all.iter().map(|s| Instant::from_millis(s * 1_000)).collect();
        assert_eq!(range("3s"), Ok(seconds(&[3])));
        assert_eq!(range("2s..8s/3s"), Ok(seconds(&[2, 5, 8])));
        assert_eq!(range("2s..7s/3s"), Ok(seconds(&[2, 5])));
        assert_eq!(range("2s..2s/1h"), Ok(seconds(&[2])));
        for (bad, why) in [
            ("2s..8s", "has a step"),
            ("8s..2s/1s", "is after the last"),
            ("2s..8s/0s", "is not 0"),
            ("0s..1h/1s", "at most 1000 moments, and this one has 3601"),
            ("2s..8/1s", "as in"),
        ] {
            let said = range(bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
        for bad in ["", "3", "s", "1.0005s", "-1s", "infs", "1e3s", "3d", "99999999999999h"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}

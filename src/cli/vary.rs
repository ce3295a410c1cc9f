//! Parses `--vary PATH=A..B/STEP`: the values that a key takes.

use crate::scenario::parse_duration;
use crate::time::Duration;

/// Most values of one path.
const MOST_VALUES: u64 = 10_000;

/// A path and the values that it takes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vary {
    /// The argument as given.
    pub given: String,
    /// The path of a key, as in `--set`.
    pub path: String,
    /// The values, as in `--set`.
    pub values: Vec<String>,
}

/// Reads `fault.0.for=1s..60s/1s` or `broker.window=1..10/1`.
pub fn vary(text: &str) -> Result<Vary, String> {
    let shape = "a range is a path, its first and last value and a step, as in \
                 fault.0.for=1s..60s/1s or broker.window=1..10/1";
    let (path, range) = text.split_once('=').ok_or(shape)?;
    let (ends, step) = range.split_once('/').ok_or(shape)?;
    let (first, last) = ends.split_once("..").ok_or(shape)?;
    let [first, last, step] = [first, last, step].map(str::trim);
    let times = [first, last, step].map(|text| parse_duration(text).ok());
    let values = if let [Some(first), Some(last), Some(step)] = times {
        let micros = [first, last, step].map(Duration::as_micros);
        steps(micros)?.into_iter().map(|one| Duration::from_micros(one).to_string()).collect()
    } else {
        numbers([first, last, step]).ok_or(shape)??
    };
    Ok(Vary { given: text.to_owned(), path: path.trim().to_owned(), values })
}

/// Returns whole numbers, or decimals with as many places as the longest of the three texts has.
/// `None` if one of the texts is no number.
fn numbers(texts: [&str; 3]) -> Option<Result<Vec<String>, String>> {
    let places = texts.map(|text| text.split_once('.').map_or(0, |(_, after)| after.len()));
    let places = places.into_iter().max().filter(|places| *places <= 9)?;
    let scaled = texts.map(|text| {
        let (whole, after) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let digits = format!("{whole}{after:0<places$}");
        (!whole.is_empty() && is_digits(&digits)).then(|| digits.parse::<u64>().ok())?
    });
    let [Some(first), Some(last), Some(step)] = scaled else { return None };
    let scale = 10_u64.pow(places as u32);
    let printed = |number: u64| match places {
        0 => number.to_string(),
        _ => format!("{}.{:0places$}", number / scale, number % scale),
    };
    Some(steps([first, last, step]).map(|all| all.into_iter().map(printed).collect()))
}

/// Returns the values from the first to the last, both included.
fn steps([first, last, step]: [u64; 3]) -> Result<Vec<u64>, String> {
    if step == 0 || first > last {
        return Err("a range goes upwards, in steps that are not 0".to_owned());
    }
    let count = (last - first) / step + 1;
    if count > MOST_VALUES {
        return Err(format!("a range has at most {MOST_VALUES} values, and this one has {count}"));
    }
    Ok((0..count).map(|n| first + n * step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        vary(text).unwrap().values
    }

    #[test]
    fn a_range_includes_both_ends() {
        assert_eq!(values("a=1s..3s/1s"), ["1s", "2s", "3s"]);
        assert_eq!(values("a=500ms..2s/500ms"), ["500ms", "1s", "1.5s", "2s"]);
        assert_eq!(values("fault.0.rate=0.1..0.35/0.1"), ["0.10", "0.20", "0.30"]);
        assert_eq!(values("broker.window=1..10/4"), ["1", "5", "9"]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "a", "a=1", "a=1..2", "a=1..2/0", "a=2..1/1", "a=1s..2/1", "a=x..y/z"] {
            assert!(vary(text).is_err(), "{text}");
        }
        assert!(vary("a=0..1000000/1").unwrap_err().contains("10000"));
    }
}

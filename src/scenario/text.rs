//! Durations, latencies and ranges as text: reading and writing.
//!
//! Everything here is exact: no float is rounded on the way to microseconds.

use std::fmt;
use std::str::FromStr;

use crate::time::Duration;

use super::{Latency, Range};

/// The reason why a text is not valid. The message states what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Not a number with a unit.
    #[error("a duration is a number and a unit, as in `250ms`, `1.5s`, `2m`, `1h`")]
    Duration,
    /// Finer than the simulator's clock.
    #[error("durations are whole milliseconds")]
    Fraction,
    /// Too many digits, or more microseconds than 64 bits hold.
    #[error("the number is too big")]
    TooBig,
    /// A range whose lower end is above its upper end.
    #[error("the range runs backwards: the lower end comes first")]
    Backwards,
    /// Not a range of numbers.
    #[error("a range is `A..B`, `A..`, `..B` or one number, both ends included")]
    Range,
}

/// Reads `"250ms"`, `"1.5s"`, `"2m"`, `"1h"`: whole milliseconds.
///
/// # Errors
/// The text is not a number with a unit, not whole milliseconds, or too big.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidText> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit_ms: u128 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(InvalidText::Duration),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(InvalidText::Duration);
    }
    // Trailing zeros have no effect, and would overflow the scale.
    let fraction = fraction.trim_end_matches('0');
    if whole.len() > 15 {
        return Err(InvalidText::TooBig);
    }
    if fraction.len() > 9 {
        return Err(InvalidText::Fraction);
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let scaled: u128 = format!("{whole}{fraction}").parse().map_err(|_| InvalidText::Duration)?;
    let scaled_ms = scaled * unit_ms;
    if !scaled_ms.is_multiple_of(scale) {
        return Err(InvalidText::Fraction);
    }
    u64::try_from(scaled_ms / scale * 1_000)
        .map(Duration::from_micros)
        .map_err(|_| InvalidText::TooBig)
}

impl FromStr for Latency {
    type Err = InvalidText;

    /// Reads `"20ms"` or `"10ms..40ms"`.
    ///
    /// # Errors
    /// One of the two is not a duration, or the range runs backwards.
    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let (min, max) = text.split_once("..").unwrap_or((text, text));
        let latency = Latency { min: parse_duration(min)?, max: parse_duration(max)? };
        if latency.min > latency.max { Err(InvalidText::Backwards) } else { Ok(latency) }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            write!(f, "{}", self.min)
        } else {
            write!(f, "{}..{}", self.min, self.max)
        }
    }
}

impl FromStr for Range {
    type Err = InvalidText;

    /// Reads `"1..3"`, `"1.."`, `"..3"` or `"3"`.
    ///
    /// # Errors
    /// The text is not a range of non-negative numbers, or it runs backwards.
    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let Some((min, max)) = text.split_once("..") else {
            let number = Some(parse_number(text)?);
            return Ok(Range { min: number, max: number });
        };
        let end = |text: &str| match text {
            "" => Ok(None),
            text => parse_number(text).map(Some),
        };
        let range = Range { min: end(min)?, max: end(max)? };
        match (range.min, range.max) {
            (None, None) => Err(InvalidText::Range),
            (Some(min), Some(max)) if min > max => Err(InvalidText::Backwards),
            _ => Ok(range),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min == max => write!(f, "{min}"),
            (min, max) => {
                let end = |end: Option<f64>| end.map(|n| n.to_string()).unwrap_or_default();
                write!(f, "{}..{}", end(min), end(max))
            }
        }
    }
}

/// Reads a non-negative number in plain digits, in at most 16 characters: floats with more digits
/// would not be read back as they are printed.
fn parse_number(text: &str) -> Result<f64, InvalidText> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(InvalidText::Range);
    }
    if text.len() > 16 {
        return Err(InvalidText::TooBig);
    }
    text.parse().map_err(|_| InvalidText::Range)
}

//! Compact lists of message ids: `driver-3…driver-6, other-1`. A list may be cut, an id never: a
//! bare number at the end of a range would read like one of another publisher (`meter#1-7…9`).

use std::collections::BTreeSet;

use crate::message::MessageId;

use super::style::{Shape, Style};
use super::words;

/// The most ranges that are named. The rest is only counted.
const RANGES: usize = 8;

/// Returns the ids as ranges of consecutive sequence numbers. Only the first ranges are named.
pub fn compact(ids: &BTreeSet<&MessageId>, style: &Style) -> String {
    let ranges = ranges(ids);
    let named: u64 =
        ranges.iter().take(RANGES).map(|(first, last)| last - first.sequence + 1).sum();
    let mut parts: Vec<String> =
        ranges.iter().take(RANGES).map(|&(first, last)| range(first, last, style)).collect();
    let left = ids.len() as u64 - named;
    if left > 0 {
        parts.push(format!("and {} more", words::count(left)));
    }
    parts.join(", ")
}

/// Returns `(first id, last sequence)` of each run of consecutive ids.
fn ranges<'a>(ids: &BTreeSet<&'a MessageId>) -> Vec<(&'a MessageId, u64)> {
    let mut ranges: Vec<(&MessageId, u64)> = Vec::new();
    for &id in ids {
        match ranges.last_mut() {
            Some((first, last)) if first.publisher == id.publisher && *last + 1 == id.sequence => {
                *last = id.sequence;
            }
            _ => ranges.push((id, id.sequence)),
        }
    }
    ranges
}

fn range(first: &MessageId, last: u64, style: &Style) -> String {
    let last = MessageId { publisher: first.publisher.clone(), sequence: last };
    match last.sequence - first.sequence {
        0 => first.to_string(),
        _ if style.shape == Shape::Plain => format!("{first} to {last}"),
        _ => format!("{first}{}{last}", style.ellipsis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ids: &[&str], expected: &str) {
        let ids: Vec<MessageId> = ids.iter().map(|id| id.parse().unwrap()).collect();
        assert_eq!(compact(&ids.iter().collect(), &Style::default()), expected);
    }

    #[test]
    fn neighbours_become_a_range() {
        check(&["driver-3", "driver-5", "driver-4", "driver-6"], "driver-3…driver-6");
        check(&["meter#1-7", "meter#1-8", "meter#2-9"], "meter#1-7…meter#1-8, meter#2-9");
        check(&["a-1", "b-2", "b-4"], "a-1, b-2, b-4");
        check(&[], "");
    }

    #[test]
    fn a_long_list_ends_in_a_number() {
        let ids: Vec<String> = (1..=10).map(|n| format!("a-{}", 2 * n)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        check(&ids, "a-2, a-4, a-6, a-8, a-10, a-12, a-14, a-16, and 2 more");
    }
}

//! The cost of each contender, compared with the cheapest in the same storm.
//!
//! This file has the arithmetic and the JSON, `prices/text.rs` the text. It measures nothing: all
//! figures are in the rows already.

mod text;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::message::Contender;
use crate::time::Duration;
use crate::verdict::{Row, Totals, median_delay_ms};

pub use text::{draw, sentences};

/// One kind of cost.
struct Measure {
    /// Its key in the JSON.
    key: &'static str,
    /// The measure in words.
    words: &'static str,
    /// The two lines of its column's heading.
    head: [&'static str; 2],
    /// Returns a contender's figure; `None` if there was nothing to measure.
    figure: fn(&Row) -> Option<Figure>,
}

/// The measures of the first table, in order of appearance.
static MAIN: [Measure; 9] = [
    Measure {
        key: "packets",
        words: "packets",
        head: ["", "packets"],
        figure: |row| Some(Figure::Count(row.cost.packets)),
    },
    Measure {
        key: "bytes",
        words: "bytes",
        head: ["", "bytes"],
        figure: |row| Some(Figure::Count(row.cost.bytes)),
    },
    Measure {
        key: "retransmits",
        words: "TCP segments sent again",
        head: ["sent", "again"],
        figure: |row| Some(Figure::Count(row.cost.retransmits)),
    },
    Measure {
        key: "broker_peak_messages",
        words: "most messages held by the broker",
        head: ["broker", "messages"],
        figure: |row| Some(Figure::Count(row.cost.broker_peak_messages)),
    },
    Measure {
        key: "broker_peak_bytes",
        words: "most bytes held by the broker",
        head: ["broker", "bytes"],
        figure: |row| Some(Figure::Count(row.cost.broker_peak_bytes)),
    },
    Measure {
        key: "client_peak_messages",
        words: "most messages held by one client",
        head: ["client", "messages"],
        figure: |row| Some(Figure::Count(row.cost.client_peak_messages)),
    },
    Measure {
        key: "noticed_after_ms",
        words: "time until a fault was noticed",
        head: ["noticed", "after"],
        figure: |row| row.noticed_after_ms().map(Figure::Millis),
    },
    Measure {
        key: "median_delay_ms",
        words: "median delay",
        head: ["median", "delay"],
        figure: |row| median_delay_ms(&row.subscribers).map(Figure::Millis),
    },
    Measure {
        key: "worst_delay_ms",
        words: "worst delay",
        head: ["worst", "delay"],
        figure: |row| Totals::of(&row.subscribers).worst_delay_ms.map(Figure::Millis),
    },
];

/// The measures of the second table: of connections, requests and answers.
static ON_THE_WIRE: [Measure; 7] = [
    Measure {
        key: "handshakes",
        words: "TCP handshakes",
        head: ["TCP", "handshakes"],
        figure: |row| Some(Figure::Count(row.cost.handshakes)),
    },
    Measure {
        key: "connection_ms",
        words: "open connections times time",
        head: ["connection", "time"],
        figure: |row| Some(millis(row.cost.connection_time)),
    },
    Measure {
        key: "held_request_ms",
        words: "held requests times time",
        head: ["requests", "held"],
        figure: |row| Some(millis(row.cost.held_request_time)),
    },
    Measure {
        key: "payload_bytes",
        words: "bytes of payloads",
        head: ["payload", "bytes"],
        figure: |row| Some(Figure::Count(row.cost.payload_bytes)),
    },
    Measure {
        key: "other_bytes",
        words: "other bytes: heads, and what was sent again or lost",
        head: ["heads and", "the rest"],
        figure: |row| Some(Figure::Count(row.cost.bytes.saturating_sub(row.cost.payload_bytes))),
    },
    Measure {
        key: "median_answer_ms",
        words: "median wait for an answer",
        head: ["median", "answer"],
        figure: |row| row.cost.median_answer.map(millis),
    },
    Measure {
        key: "worst_answer_ms",
        words: "worst wait for an answer",
        head: ["worst", "answer"],
        figure: |row| row.cost.worst_answer.map(millis),
    },
];

/// Returns all measures, in order of appearance.
fn measures() -> impl Iterator<Item = &'static Measure> {
    MAIN.iter().chain(&ON_THE_WIRE)
}

/// A measured value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Figure {
    /// A number of packets, bytes or messages.
    Count(u64),
    /// A time in milliseconds.
    Millis(f64),
}

impl Figure {
    fn number(self) -> f64 {
        match self {
            Figure::Count(count) => count as f64,
            Figure::Millis(ms) => ms,
        }
    }
}

fn millis(span: Duration) -> Figure {
    Figure::Millis(span.as_millis_f64())
}

/// A contender's figure, and how it compares with the cheapest contender's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Amount {
    /// `None` if there was nothing to measure.
    measured: Option<Figure>,
    /// The ratio to the cheapest figure, rounded to a thousandth; `None` if the cheapest is 0.
    times_cheapest: Option<f64>,
}

/// The cost of one contender, in the order of the measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    contender: Contender,
    amounts: Vec<Amount>,
}

/// Returns the keys of the measures in the JSON, in order.
pub fn keys() -> impl Iterator<Item = &'static str> {
    measures().map(|measure| measure.key)
}

/// Returns the price of each contender, in the order of the rows.
pub fn of(rows: &[Row]) -> Vec<Price> {
    let amounts: Vec<Vec<Amount>> = measures().map(|measure| compare(rows, measure)).collect();
    let price = |(at, row): (usize, &Row)| Price {
        contender: row.contender(),
        amounts: amounts.iter().map(|amounts| amounts[at]).collect(),
    };
    rows.iter().enumerate().map(price).collect()
}

fn compare(rows: &[Row], measure: &Measure) -> Vec<Amount> {
    let figures: Vec<Option<Figure>> = rows.iter().map(measure.figure).collect();
    let cheapest = figures.iter().flatten().map(|figure| figure.number()).reduce(f64::min);
    let cheapest = cheapest.filter(|cheapest| *cheapest > 0.0);
    let times = |figure: Figure| Some((figure.number() / cheapest? * 1_000.0).round() / 1_000.0);
    let amount =
        |measured: Option<Figure>| Amount { measured, times_cheapest: measured.and_then(times) };
    figures.into_iter().map(amount).collect()
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.amounts.len() + 2))?;
        map.serialize_entry("link", &self.contender.link)?;
        map.serialize_entry("mode", &self.contender.mode)?;
        for (measure, amount) in measures().zip(&self.amounts) {
            map.serialize_entry(measure.key, amount)?;
        }
        map.end()
    }
}

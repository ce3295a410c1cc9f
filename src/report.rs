//! The report on one scenario and seed, and its renderings as text and JSON. Also the decoder that
//! describes packets.
//!
//! Every number comes from `verdict`: nothing here runs a trial, reads a file or prints.

mod axis;
mod bars;
#[doc(hidden)]
pub mod checked;
mod claims;
mod document;
mod facts;
mod grid;
mod headline;
mod ids;
mod lanes;
#[doc(hidden)]
pub mod layers;
mod measure;
mod museum;
#[doc(hidden)]
pub mod packets;
#[doc(hidden)]
pub mod pcap;
mod plain;
mod prices;
mod replay;
#[doc(hidden)]
pub mod room_events;
#[cfg(test)]
mod sample;
mod schema;
mod screen;
mod story;
mod style;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod top;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod topics;
#[doc(hidden)]
pub mod why;
mod words;

use serde::Serialize;

pub use measure::{COLUMNS, left, right, width, wrap_line, wrap_to};
pub use museum::{Caught, Exhibit, MISSING, museum, mutants};
pub use prices::Price;
pub use replay::quoted;
pub use schema::schema;
pub use story::story;
pub use style::{Colour, Extent, Glyph, Ink, Shape, Style};
pub use text::text;
pub use words::{count, counted, listed};

pub use crate::verdict::RunResult;

use crate::scenario::Scenario;
use crate::verdict::{self, Checked, Row};

/// The name of the JSON contract.
pub const SCHEMA: &str = "delivery-lab/report/2";

/// Builds the report of one run. `rows` are in the order of the scenario's contenders.
pub fn build(
    scenario: &Scenario,
    seed: u64,
    replay: String,
    rows: Vec<Row>,
    trace_hash: String,
    checked: Vec<Checked>,
) -> Report {
    Report {
        schema: SCHEMA,
        scenario: scenario.name.clone(),
        title: scenario.title.clone(),
        mutant: scenario.mutant.map(|mutant| mutant.name),
        seed,
        version: env!("CARGO_PKG_VERSION"),
        replay,
        trace_hash,
        result: verdict::result(scenario, &rows, &checked),
        contenders: rows,
        prices: None,
        expectations: checked,
    }
}

/// The report; its JSON form is a contract (`delivery-lab/report/2`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The name of the JSON contract: [`SCHEMA`].
    pub schema: &'static str,
    /// The scenario's name.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The mutant, if the trials ran a component that is broken on purpose. Left out of the JSON if
    /// not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutant: Option<&'static str>,
    /// The seed of this run.
    pub seed: u64,
    /// The version of delivery-lab.
    pub version: &'static str,
    /// The command that reproduces this report.
    pub replay: String,
    /// A hash of all traces, in the order of the contenders.
    pub trace_hash: String,
    /// Whether the expectations were met.
    pub result: RunResult,
    /// One row per contender, in the scenario's order.
    pub contenders: Vec<Row>,
    /// The cost of each contender compared with the cheapest one, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<Vec<Price>>,
    /// Each expectation with the value that was measured.
    pub expectations: Vec<Checked>,
}

impl Report {
    /// Returns the same report with the prices in it.
    pub fn with_prices(self) -> Report {
        Report { prices: Some(prices::of(&self.contenders)), ..self }
    }
}

/// Returns the report as JSON, one document on one line, without a newline: the contract [`SCHEMA`].
pub fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("a report is plain data")
}

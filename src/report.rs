//! One report of one scenario and seed, and its renderings: text and JSON; and packets in words.
//!
//! Renderings only: what a number is was decided in `verdict`. Nothing here runs, reads or prints.

mod axis;
mod bars;
mod claims;
mod facts;
mod grid;
mod headline;
mod ids;
mod json;
mod lanes;
mod measure;
mod museum;
#[doc(hidden)]
pub mod packets;
mod plain;
mod prices;
mod replay;
#[cfg(test)]
mod sample;
mod story;
mod style;
mod table;
#[cfg(test)]
mod tests;
mod text;
#[doc(hidden)]
pub mod why;
mod words;

use serde::Serialize;

pub use json::json;
pub use measure::{COLUMNS, wrap_to};
pub use museum::{Caught, Exhibit, MISSING, museum, mutants};
pub use prices::Price;
pub use replay::quoted;
pub use story::story;
pub use style::{Colour, Glyph, Ink, Shape, Style};
pub use text::text;
pub use words::{count, counted, listed};

pub use crate::verdict::RunResult;

use crate::scenario::Scenario;
use crate::verdict::{self, Checked, Row};

/// The name of the JSON contract.
pub const SCHEMA: &str = "delivery-lab/report/1";

/// Joins what a run found. `rows` are in the order of the scenario's contenders.
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

/// The report; its JSON form is a contract (`delivery-lab/report/1`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Which contract this is.
    pub schema: &'static str,
    /// The scenario's name.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The machine that is broken on purpose; left out of the JSON if none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutant: Option<&'static str>,
    /// The seed of this run.
    pub seed: u64,
    /// The version of delivery-lab.
    pub version: &'static str,
    /// The command that gives the same report again.
    pub replay: String,
    /// A hash of all traces, in the order of the contenders.
    pub trace_hash: String,
    /// Whether the expectations were met.
    pub result: RunResult,
    /// One row a contender, in the scenario's order.
    pub contenders: Vec<Row>,
    /// What each contender cost beside the cheapest, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<Vec<Price>>,
    /// What was expected, and what was measured.
    pub expectations: Vec<Checked>,
}

impl Report {
    /// The same report with the prices in it.
    pub fn with_prices(self) -> Report {
        Report { prices: Some(prices::of(&self.contenders)), ..self }
    }
}

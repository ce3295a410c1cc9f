//! One report of one scenario and seed, and its renderings: text and JSON.

use serde::Serialize;

use crate::verdict::{Checked, Row};

pub use crate::verdict::RunResult;

/// The report; its JSON form is a contract (`delivery-lab/report/1`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Which contract this is.
    pub schema: &'static str,
    /// The scenario's name.
    pub scenario: String,
    /// Its title.
    pub title: String,
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
    /// What was expected, and what was measured.
    pub expectations: Vec<Checked>,
}

//! The report as JSON: one document on one line, as the contract `delivery-lab/report/1` says.
//! It never computes a number.

use super::Report;

/// The document, without a newline.
pub fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("a report is plain data")
}

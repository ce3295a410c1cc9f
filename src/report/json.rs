//! The report as JSON, under the contract `delivery-lab/report/1`: one document on one line.
//! It never computes a number.

use super::Report;

/// Returns the document, without a newline.
pub fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("a report is plain data")
}

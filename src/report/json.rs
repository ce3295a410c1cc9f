//! The report as JSON: one document on one line, as the contract `delivery-lab/report/1` says.

use super::Report;

/// The document, without a newline.
pub fn json(report: &Report) -> String {
    serde_json::to_string(report).expect("a report is plain data")
}

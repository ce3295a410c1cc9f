//! `--junit`: writes the expectations of a run as JUnit XML, for CI. A report is a suite, and each
//! of its expectations a case. It has no times, so that the same run writes the same bytes.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::report::Report;
use crate::verdict::Checked;

/// The file to write, and the suites so far.
pub struct Junit {
    file: File,
    report: quick_junit::Report,
}

impl Junit {
    /// Creates the file; an existing one is replaced.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path) -> io::Result<Junit> {
        let file = File::create(path)?;
        Ok(Junit { file, report: quick_junit::Report::new("dlab run") })
    }

    /// Adds the suite of a report.
    pub fn add(&mut self, report: &Report) {
        let Report { scenario, seed, .. } = report;
        let mut suite = TestSuite::new(format!("{scenario}, seed {seed}"));
        suite.add_property(("result", report.result.name()));
        suite.add_property(("replay", report.replay.as_str()));
        for checked in &report.expectations {
            let mut case = TestCase::new(checked.expected.as_str(), status(checked, report));
            case.set_classname(scenario.as_str());
            suite.add_test_case(case);
        }
        self.report.add_test_suite(suite);
    }

    /// Writes all suites.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(mut self) -> io::Result<()> {
        let text = self.report.to_string().map_err(io::Error::other)?;
        self.file.write_all(text.as_bytes())
    }
}

fn status(Checked { measured, met, .. }: &Checked, report: &Report) -> TestCaseStatus {
    match met {
        Some(true) => TestCaseStatus::success(),
        Some(false) => {
            let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let measured = measured.as_deref().unwrap_or("nothing");
            failure.set_message(format!("measured {measured}"));
            failure.set_description(report.replay.as_str());
            failure
        }
        None => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message("the contender was not run");
            skipped
        }
    }
}

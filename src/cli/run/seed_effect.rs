//! Finds out in which scenarios the seed changed nothing. It compares what reports are made of, and
//! never the reports themselves: each of these names its seed.

use super::super::trial::Job;
use crate::report::listed;
use crate::verdict::Row;

/// The effect of seeds on reports, which come scenario by scenario.
#[derive(Default)]
pub struct SeedEffect {
    /// The scenarios with several reports that were all the same, but for the last scenario.
    unchanged: Vec<String>,
    last: Option<Seen>,
}

/// The reports of one scenario so far.
struct Seen {
    index: usize,
    name: String,
    reports: u64,
    /// The rows and the broker's views of the first of them.
    first: (Vec<Row>, String),
    differs: bool,
}

impl SeedEffect {
    /// Compares a report's rows and views with those of the first report of its scenario.
    pub fn compare(&mut self, job: Job, rows: &[Row], views: &str) {
        let last = self.last.take();
        let (same, before) = match last {
            Some(seen) if seen.index == job.index => (Some(seen), None),
            before => (None, before),
        };
        self.unchanged.extend(before.and_then(Seen::unchanged));
        let mut seen = same.unwrap_or_else(|| Seen {
            index: job.index,
            name: job.scenario.name.clone(),
            reports: 0,
            first: (rows.to_vec(), views.to_owned()),
            differs: false,
        });
        seen.reports += 1;
        seen.differs |= seen.first.0 != rows || seen.first.1 != views;
        self.last = Some(seen);
    }

    /// Says, after the last report, in which scenarios the seed changed nothing.
    pub fn sentence(&mut self) -> Option<String> {
        self.unchanged.extend(self.last.take().and_then(Seen::unchanged));
        let names = listed(&self.unchanged);
        (!names.is_empty()).then(|| {
            format!(
                "The seed changed nothing in {names}: but for the seed itself, the reports are the \
                 same."
            )
        })
    }
}

impl Seen {
    /// Returns the scenario's name if it had several reports, and they were the same.
    fn unchanged(self) -> Option<String> {
        (self.reports > 1 && !self.differs).then_some(self.name)
    }
}

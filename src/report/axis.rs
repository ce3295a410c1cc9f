//! The time axis of the lane diagram: maps moments to columns.
//! It draws nothing but its own ruler.

use crate::time::Duration;

use super::measure::width;

/// The least number of columns for a tick and its label.
const MARK: usize = 8;

/// Maps the moments of a trial to columns.
pub struct Axis {
    /// The number of columns.
    pub columns: usize,
    /// The moment after the last column.
    pub end_ms: f64,
    step_ms: f64,
}

impl Axis {
    /// Creates an axis that shows `last_ms`. It ends with the run, or earlier if that saves at least
    /// a fifth of the time.
    pub fn new(last_ms: f64, run_for: Duration, columns: usize) -> Axis {
        let run_ms = run_for.as_millis_f64().max(1.0);
        let near = step(last_ms * 1.02, columns);
        let end_ms = ((last_ms * 1.02 / near).floor() + 1.0) * near;
        let end_ms = if end_ms > run_ms * 0.8 { run_ms } else { end_ms };
        Axis { columns, end_ms, step_ms: step(end_ms, columns) }
    }

    /// Returns the column of a moment. Moments outside the axis go to its first or last column.
    pub fn column(&self, ms: f64) -> usize {
        let column = (ms.max(0.0) / self.end_ms * self.columns as f64).floor() as usize;
        column.min(self.columns - 1)
    }

    /// Returns the time that one column covers, in milliseconds.
    pub fn column_ms(&self) -> f64 {
        self.end_ms / self.columns as f64
    }

    /// Whether the axis has a tick at this column.
    pub fn is_tick(&self, column: usize) -> bool {
        self.ticks().any(|(at, _)| at == column)
    }

    /// Returns the line of times above the lanes. Each label begins at its tick's column.
    pub fn ruler(&self) -> String {
        let mut line = String::new();
        for (column, label) in self.ticks() {
            if column + width(&label) > self.columns {
                break;
            }
            line.push_str(&" ".repeat(column - line.len()));
            line.push_str(&label);
        }
        line
    }

    fn ticks(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        (0..)
            .map(|n| f64::from(n) * self.step_ms)
            .take_while(|&ms| ms < self.end_ms)
            .map(|ms| (self.column(ms), label(ms)))
    }
}

/// Returns the smallest round step (1, 2 or 5 times a power of ten) whose labels do not touch.
fn step(span_ms: f64, columns: usize) -> f64 {
    let least = span_ms * MARK as f64 / columns as f64;
    (0..12)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
        .find(|&step| step >= least)
        .unwrap_or(span_ms.max(1.0))
}

fn label(ms: f64) -> String {
    if ms == 0.0 { "0s".to_owned() } else { Duration::from_micros((ms * 1e3) as u64).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_stands_under_its_mark() {
        let axis = Axis::new(9_000.0, Duration::from_secs(10), 60);
        let ruler = axis.ruler();
        assert_eq!(ruler.find("4s"), Some(axis.column(4_000.0)));
        assert!(axis.is_tick(axis.column(4_000.0)));
        assert_eq!(axis.column(-1.0), 0);
        assert_eq!(axis.column(1e12), 59);
    }

    #[test]
    fn an_axis_ends_early_only_where_most_of_it_would_be_empty() {
        assert_eq!(Axis::new(8_000.0, Duration::from_secs(20), 60).end_ms, 10_000.0);
        assert_eq!(Axis::new(17_000.0, Duration::from_secs(20), 60).end_ms, 20_000.0);
        assert_eq!(Axis::new(0.0, Duration::from_secs(3_600), 60).end_ms, 1.0);
    }
}

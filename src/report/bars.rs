//! The bars of the lane diagram: when each fault was on, one labelled bar per fault and one or more
//! lines per target.
//! Faults beyond [`FAULTS`] are not drawn; `lanes` states their number.

use crate::scenario::{Fault, Scenario};

use super::axis::Axis;
use super::measure::{fit, width};
use super::style::{Glyph, Ink, Style};
use super::words;

/// The most faults that are drawn. The others are only counted.
pub const FAULTS: usize = 8;

/// Returns the targets of the drawn faults, each once, in order.
pub fn labels(scenario: &Scenario) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for fault in drawn(scenario) {
        let who = words::who(fault, scenario);
        if !labels.contains(&who) {
            labels.push(who);
        }
    }
    labels
}

/// Returns lines of `(target, bars)`. Faults of one target that overlap in time go to separate
/// lines.
pub fn draw(scenario: &Scenario, axis: &Axis, style: &Style) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for who in labels(scenario) {
        let mut rows: Vec<Row> = Vec::new();
        for fault in drawn(scenario).filter(|fault| words::who(fault, scenario) == who) {
            let bar = Bar::of(fault, axis, style);
            let free = rows.iter().position(|row| row.end <= bar.start);
            let row = match free {
                Some(row) => &mut rows[row],
                None => rows.push_mut(Row::default()),
            };
            row.append(&bar, style);
        }
        lines.extend(rows.into_iter().map(|row| (who.clone(), row.text)));
    }
    lines
}

fn drawn(scenario: &Scenario) -> impl Iterator<Item = &Fault> {
    scenario.faults.iter().take(FAULTS)
}

/// A line that is being drawn, and its first free column.
#[derive(Default)]
struct Row {
    text: String,
    end: usize,
}

impl Row {
    fn append(&mut self, bar: &Bar, style: &Style) {
        self.text.push_str(&" ".repeat(bar.start - self.end));
        self.text.push_str(&style.paint(Ink::Quiet, &bar.text));
        // One column stays free, so that two bars never touch.
        self.end = bar.start + width(&bar.text);
        self.text.push(' ');
        self.end += 1;
    }
}

/// A bar with its label: its first column, and its text.
struct Bar {
    start: usize,
    text: String,
}

impl Bar {
    fn of(fault: &Fault, axis: &Axis, style: &Style) -> Bar {
        let start = axis.column(fault.at.as_millis_f64());
        // `until` is the first moment without the fault, so its own column is free.
        let until = fault.until.as_millis_f64() / axis.end_ms * axis.columns as f64;
        let end = (until.ceil() as usize).clamp(start + 1, axis.columns);
        let label = words::fault(fault);
        let columns = end - start;
        let sign = style.glyph(Glyph::Fault).to_string();
        if width(&label) + 4 <= columns {
            let rest = columns - width(&label) - 3;
            return Bar { start, text: format!("{sign} {label} {}", sign.repeat(rest)) };
        }
        let bar = sign.repeat(columns);
        let after = axis.columns - end;
        if width(&label) < after || start < after {
            let label = fit(&label, after.saturating_sub(1), style.ellipsis());
            return Bar { start, text: format!("{bar} {label}").trim_end().to_owned() };
        }
        let label = fit(&label, start - 1, style.ellipsis());
        Bar { start: start - width(&label) - 1, text: format!("{label} {bar}") }
    }
}

//! The bars of the lane diagram: when each fault was on, one labelled bar per fault and one or more
//! lines per target.
//! Faults beyond [`FAULTS`] are not drawn; `lanes` states their number.

use crate::scenario::{Fault, Scenario};

use super::axis::Axis;
use super::measure::{fit, right, width};
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
        for row in rows {
            lines.push((who.clone(), row.text));
            lines.extend(row.below.into_iter().map(|label| (String::new(), label)));
        }
    }
    lines
}

fn drawn(scenario: &Scenario) -> impl Iterator<Item = &Fault> {
    scenario.faults.iter().take(FAULTS)
}

/// A line that is being drawn, its first free column, and the labels that have no room in it.
#[derive(Default)]
struct Row {
    text: String,
    end: usize,
    below: Vec<String>,
}

impl Row {
    fn append(&mut self, bar: &Bar, style: &Style) {
        self.text.push_str(&" ".repeat(bar.start - self.end));
        self.text.push_str(&style.paint(Ink::Quiet, &bar.text));
        // One column stays free, so that two bars never touch.
        self.end = bar.start + width(&bar.text);
        self.text.push(' ');
        self.end += 1;
        self.below.extend(bar.below.as_ref().map(|label| style.paint(Ink::Quiet, label)));
    }
}

/// A bar with its label: its first column, its text, and the label if only the next line has room.
struct Bar {
    start: usize,
    text: String,
    below: Option<String>,
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
            let text = format!("{sign} {label} {}", sign.repeat(rest));
            return Bar { start, text, below: None };
        }
        let bar = sign.repeat(columns);
        let after = axis.columns - end;
        if width(&label) < after {
            return Bar { start, text: format!("{bar} {label}"), below: None };
        }
        // In front of its bar a label would stand at a time when the fault is not on.
        let label = fit(&label, axis.columns, style.ellipsis());
        let below = Some(right(&label, (start + width(&label)).min(axis.columns)));
        Bar { start, text: bar, below }
    }
}

//! The top of a drawn report, which its first screen has as well: title, headline, lane diagram and
//! legend. What follows is arranged elsewhere.

use std::collections::BTreeSet;

use crate::scenario::Scenario;

use super::measure::{COLUMNS, clean, fit, width, wrap};
use super::style::{Glyph, Ink, Style};
use super::{Report, facts, headline, lanes};

/// Returns the headline, and what is broken on purpose.
pub fn headline(report: &Report, scenario: &Scenario) -> Vec<String> {
    let mut lines = wrap(&headline::sentence(report), "", "");
    lines.extend(facts::broken_on_purpose(scenario).iter().flat_map(|said| wrap(said, "", "")));
    lines
}

/// Returns the lane diagram with its legend; nothing if nothing was published.
pub fn picture(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    if report.contenders.iter().all(|row| row.published == 0) {
        return Vec::new();
    }
    let (mut lines, used) = lanes::draw(report, scenario, style);
    lines.extend(legend(&used, style));
    lines
}

/// Returns the title, and beside it or below it the scenario's name, the seed and the length of the
/// run.
pub fn title(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    let dot = style.either(" · ", ", ");
    let (name, seed) = (clean(&report.scenario), report.seed);
    let run = format!("{name}{dot}seed {seed}{dot}{}", scenario.run_for);
    let heading = clean(if report.title.is_empty() { &report.scenario } else { &report.title });
    if width(&heading) + 2 + width(&run) <= COLUMNS {
        let gap = COLUMNS - width(&heading) - width(&run);
        let heading = style.paint(Ink::Heading, &heading);
        return vec![format!("{heading}{}{}", " ".repeat(gap), style.paint(Ink::Quiet, &run))];
    }
    let mut lines: Vec<String> =
        wrap(&heading, "", "").iter().map(|line| style.paint(Ink::Heading, line)).collect();
    lines.push(style.paint(Ink::Quiet, &fit(&run, COLUMNS, style.ellipsis())));
    lines
}

fn legend(used: &BTreeSet<Glyph>, style: &Style) -> Vec<String> {
    // Measured before they are painted, for escape codes have no width.
    let (mut lines, mut columns) = (Vec::<String>::new(), COLUMNS);
    for &glyph in used {
        let entry = format!("{} {}", style.painted(glyph), glyph.meaning());
        let taken = 2 + width(glyph.meaning());
        match lines.last_mut().filter(|_| columns + 3 + taken <= COLUMNS) {
            Some(line) => {
                line.push_str(&format!("   {entry}"));
                columns += 3 + taken;
            }
            None => {
                lines.push(entry);
                columns = taken;
            }
        }
    }
    lines
}

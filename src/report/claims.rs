//! The table of claims: each contender's claim to each guarantee, and how it turned out.

use super::grid::{Column, Grid};
use super::measure::{left, width};
use super::style::{Ink, Style};
use super::{Report, facts};
use crate::terms::{Claim, Guarantee};

/// Returns the table's lines: one row per contender, one column per guarantee.
pub fn draw(report: &Report, style: &Style) -> Vec<String> {
    let names: Vec<String> =
        report.contenders.iter().map(|row| row.contender().to_string()).collect();
    let name_columns = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let none = style.either("–", "-");
    let cell = |guarantee: Guarantee| {
        let rows = report.contenders.iter();
        let cells = rows.map(|row| match row.guarantees.get(&guarantee).map(|one| one.claim) {
            Some(Claim::Kept) if facts::is_untested(row) => "untested",
            state => short(state, none),
        });
        cells.map(str::to_owned).collect()
    };
    let columns = Guarantee::ALL
        .iter()
        .map(|&guarantee| Column { head: head(guarantee), cells: cell(guarantee) });
    let grid = Grid::new(&columns.collect::<Vec<_>>(), 78 - name_columns);
    let heads = grid.head.iter().map(|head| format!("  {}{head}", left("", name_columns)));
    let mut lines: Vec<String> = heads.map(|line| style.paint(Ink::Quiet, &line)).collect();
    for (name, row) in names.iter().zip(&grid.rows) {
        lines.push(format!("  {}{row}", left(name, name_columns)));
    }
    lines
}

const fn head(guarantee: Guarantee) -> [&'static str; 2] {
    match guarantee {
        Guarantee::AtMostOnce => ["at most", "once"],
        Guarantee::AtLeastOnce => ["at least", "once"],
        Guarantee::ExactlyOnce => ["exactly", "once"],
        Guarantee::InOrder => ["in", "order"],
        Guarantee::NoSilentGap => ["no silent", "gap"],
    }
}

/// Returns the state of a claim as one word, or `none` if the contender does not claim the
/// guarantee.
const fn short(state: Option<Claim>, none: &'static str) -> &'static str {
    match state {
        Some(Claim::Broken) => "BROKEN",
        Some(Claim::OutsideTerms) => "outside",
        Some(Claim::Open) => "open",
        Some(Claim::Kept) => "kept",
        Some(Claim::NotClaimed) | None => none,
    }
}

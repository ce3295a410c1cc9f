//! The table with one row per contender. Columns that would show nothing unusual are left out.

use crate::verdict::{Row, Totals};

use super::grid::{Column, Grid};
use super::measure::{COLUMNS, fit, left, width, wrap};
use super::style::{Ink, Style};
use super::{Report, facts, words};

/// A column of the table.
struct Shown {
    /// The two lines of its heading.
    head: [&'static str; 2],
    /// Returns a contender's cell.
    value: fn(&Source) -> String,
    /// Whether the cell shows nothing unusual. The column is left out if that is so for every
    /// contender.
    is_idle: fn(&Source) -> bool,
}

/// The data of one contender, from which its cells are computed.
struct Source<'a> {
    totals: Totals,
    row: &'a Row,
    none: &'static str,
}

/// All columns, in order of appearance.
const SHOWN: [Shown; 12] = [
    column(["", "wanted"], |one| words::count(one.totals.wanted)),
    column(["", "live"], |one| words::count(one.totals.live)),
    column(["caught", "up"], |one| words::count(one.totals.caught_up)),
    column(["", "missed"], |one| words::count(one.totals.missed)),
    unusual(
        ["", "twice"],
        |one| one.totals.handled_again == 0,
        |one| words::count(one.totals.handled_again),
    ),
    unusual(
        ["out of", "order"],
        |one| one.totals.out_of_order == 0,
        |one| words::count(one.totals.out_of_order),
    ),
    unusual(
        ["not", "wanted"],
        |one| one.totals.not_wanted == 0,
        |one| words::count(one.totals.not_wanted),
    ),
    unusual(
        ["inter-", "rupted"],
        |one| one.totals.interrupted == 0,
        |one| words::count(one.totals.interrupted),
    ),
    unusual(
        ["worst", "delay"],
        |one| one.totals.wanted == 0,
        |one| millis(one.totals.worst_delay_ms, one.none),
    ),
    unusual(
        ["noticed", "after"],
        |one| one.totals.wanted == 0 && one.row.noticed_after_ms().is_none(),
        |one| millis(one.row.noticed_after_ms(), one.none),
    ),
    column(["", "packets"], |one| words::count(one.row.cost.packets)),
    // If nothing is wanted, the cost is all that there is to compare.
    unusual(["", "bytes"], |one| one.totals.wanted > 0, |one| words::count(one.row.cost.bytes)),
];

const fn column(head: [&'static str; 2], value: fn(&Source) -> String) -> Shown {
    Shown { head, value, is_idle: |_| false }
}

const fn unusual(
    head: [&'static str; 2],
    is_idle: fn(&Source) -> bool,
    value: fn(&Source) -> String,
) -> Shown {
    Shown { head, value, is_idle }
}

/// Returns the table's lines.
pub fn draw(report: &Report, style: &Style) -> Vec<String> {
    let none = style.either("–", "-");
    let rows = report.contenders.iter();
    let sources: Vec<Source> =
        rows.map(|row| Source { totals: Totals::of(&row.subscribers), row, none }).collect();
    let names: Vec<String> =
        report.contenders.iter().map(|row| row.contender().to_string()).collect();
    let name_columns = names.iter().map(|name| width(name)).max().unwrap_or(0).max(9);

    let used = SHOWN.iter().filter(|shown| !sources.iter().all(shown.is_idle));
    let columns = used
        .map(|shown| Column { head: shown.head, cells: sources.iter().map(shown.value).collect() });
    let grid = Grid::new(&columns.collect::<Vec<_>>(), COLUMNS.saturating_sub(name_columns));

    let mut lines = Vec::new();
    for (name, head) in ["", "contender"].into_iter().zip(&grid.head) {
        let line = format!("{}{head}", left(name, name_columns));
        lines.push(style.paint(Ink::Heading, line.trim_end()));
    }
    for (name, cells) in names.iter().zip(&grid.rows) {
        let name = left(&fit(name, name_columns, style.ellipsis()), name_columns);
        lines.push(format!("{name}{cells}"));
    }
    let differs = facts::wanted_differs(report);
    let said = facts::counted_as_missed(report).into_iter().chain(differs);
    let notes = grid.note().into_iter().chain(said.flat_map(|said| wrap(&said, "", "")));
    lines.extend(notes.map(|line| style.paint(Ink::Quiet, &line)));
    lines
}

fn millis(ms: Option<f64>, none: &str) -> String {
    ms.map_or_else(|| none.to_owned(), words::millis)
}

//! The table with a row per contender. A column that does not fit is named, never cut.

use super::measure::{COLUMNS, fit, left, right, width, wrap};
use super::style::{Ink, Style};
use super::totals::{Totals, contender};
use super::{Report, words};

/// One column of numbers.
struct Column {
    /// The two lines of its head.
    head: [&'static str; 2],
    /// What it shows of a contender.
    value: fn(&Cells) -> String,
    /// Left out while every contender has 0; the note that says so instead.
    zero: Option<fn(&Totals) -> u64>,
}

/// What the columns are computed from.
struct Cells<'a> {
    totals: Totals,
    row: &'a crate::verdict::Row,
    none: &'static str,
}

/// In order of appearance.
const COLUMNS_SHOWN: [Column; 11] = [
    column(["", "wanted"], |cells| words::count(cells.totals.wanted)),
    column(["", "live"], |cells| words::count(cells.totals.live)),
    column(["caught", "up"], |cells| words::count(cells.totals.caught_up)),
    column(["", "missed"], |cells| words::count(cells.totals.missed)),
    unusual(["", "twice"], |totals| totals.twice, |cells| words::count(cells.totals.twice)),
    unusual(
        ["out of", "order"],
        |totals| totals.out_of_order,
        |cells| words::count(cells.totals.out_of_order),
    ),
    unusual(["not", "wanted"], |totals| totals.unasked, |c| words::count(c.totals.unasked)),
    unusual(
        ["inter-", "rupted"],
        |totals| totals.interrupted,
        |cells| words::count(cells.totals.interrupted),
    ),
    column(["worst", "delay"], |cells| millis(cells.totals.worst_delay_ms, cells.none)),
    column(["noticed", "after"], |cells| millis(cells.totals.noticed_after_ms, cells.none)),
    column(["", "packets"], |cells| words::count(cells.row.cost.packets)),
];

const fn column(head: [&'static str; 2], value: fn(&Cells) -> String) -> Column {
    Column { head, value, zero: None }
}

const fn unusual(
    head: [&'static str; 2],
    zero: fn(&Totals) -> u64,
    value: fn(&Cells) -> String,
) -> Column {
    Column { head, value, zero: Some(zero) }
}

/// The table's lines.
pub fn draw(report: &Report, style: &Style) -> Vec<String> {
    let rows: Vec<Cells> = report
        .contenders
        .iter()
        .map(|row| Cells { totals: Totals::of(row), row, none: style.either("–", "-") })
        .collect();
    let names: Vec<String> =
        report.contenders.iter().map(|row| contender(row).to_string()).collect();
    let name_columns = names.iter().map(|name| width(name)).max().unwrap_or(0).max(9);

    let mut left_out = Vec::new();
    let mut room = COLUMNS.saturating_sub(name_columns);
    let mut shown: Vec<(&Column, usize)> = Vec::new();
    for column in &COLUMNS_SHOWN {
        let counts = column.zero.map(|zero| rows.iter().map(|row| zero(&row.totals)).sum::<u64>());
        if counts == Some(0) {
            continue;
        }
        let cells = rows.iter().map(|row| width(&(column.value)(row)));
        let columns = cells.chain(column.head.map(width)).max().unwrap_or(0);
        if columns + 2 > room {
            left_out.push(column.head.join(" ").trim().to_owned());
            continue;
        }
        room -= columns + 2;
        shown.push((column, columns));
    }

    let mut lines = Vec::new();
    for at in 0..2 {
        let name = left(if at == 1 { "contender" } else { "" }, name_columns);
        let heads = shown.iter().map(|(column, columns)| right(column.head[at], columns + 2));
        let line = format!("{name}{}", heads.collect::<String>());
        lines.push(style.paint(Ink::Heading, line.trim_end()));
    }
    for (row, name) in rows.iter().zip(&names) {
        let cells = shown.iter().map(|(column, columns)| right(&(column.value)(row), columns + 2));
        let name = left(&fit(name, name_columns, style.ellipsis()), name_columns);
        lines.push(format!("{name}{}", cells.collect::<String>()));
    }
    if !left_out.is_empty() {
        let note = format!("Only in --json, for want of room: {}.", left_out.join(", "));
        lines.extend(wrap(&note, "", "").iter().map(|line| style.paint(Ink::Quiet, line)));
    }
    lines
}

fn millis(ms: Option<f64>, none: &str) -> String {
    ms.map_or_else(|| none.to_owned(), words::millis)
}

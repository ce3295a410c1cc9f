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
    /// Left out while this is so for every contender.
    is_idle: fn(&Totals) -> bool,
}

/// What the columns are computed from.
struct Cells<'a> {
    totals: Totals,
    row: &'a crate::verdict::Row,
    none: &'static str,
}

/// In order of appearance.
const COLUMNS_SHOWN: [Column; 12] = [
    column(["", "wanted"], |cells| words::count(cells.totals.wanted)),
    column(["", "live"], |cells| words::count(cells.totals.live)),
    column(["caught", "up"], |cells| words::count(cells.totals.caught_up)),
    column(["", "missed"], |cells| words::count(cells.totals.missed)),
    unusual(["", "twice"], |totals| totals.twice == 0, |cells| words::count(cells.totals.twice)),
    unusual(
        ["out of", "order"],
        |totals| totals.out_of_order == 0,
        |cells| words::count(cells.totals.out_of_order),
    ),
    unusual(["not", "wanted"], |totals| totals.unasked == 0, |c| words::count(c.totals.unasked)),
    unusual(
        ["inter-", "rupted"],
        |totals| totals.interrupted == 0,
        |cells| words::count(cells.totals.interrupted),
    ),
    unusual(
        ["worst", "delay"],
        |totals| totals.wanted == 0,
        |cells| millis(cells.totals.worst_delay_ms, cells.none),
    ),
    unusual(
        ["noticed", "after"],
        |totals| totals.wanted == 0 && totals.noticed_after_ms.is_none(),
        |cells| millis(cells.totals.noticed_after_ms, cells.none),
    ),
    column(["", "packets"], |cells| words::count(cells.row.cost.packets)),
    // Where nothing is wanted, what it costs is all that there is to compare.
    unusual(["", "bytes"], |totals| totals.wanted > 0, |c| words::count(c.row.cost.bytes)),
];

const fn column(head: [&'static str; 2], value: fn(&Cells) -> String) -> Column {
    Column { head, value, is_idle: |_| false }
}

const fn unusual(
    head: [&'static str; 2],
    is_idle: fn(&Totals) -> bool,
    value: fn(&Cells) -> String,
) -> Column {
    Column { head, value, is_idle }
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

    let used = COLUMNS_SHOWN.iter().filter(|column| {
        let is_idle = |row: &Cells| (column.is_idle)(&row.totals);
        !rows.iter().all(is_idle)
    });
    let used: Vec<(&Column, usize)> = used
        .map(|column| {
            let cells = rows.iter().map(|row| width(&(column.value)(row)));
            (column, cells.chain(column.head.map(width)).max().unwrap_or(0))
        })
        .collect();
    // Two spaces between columns, or one if that gives room to all.
    let all = |gap: usize| used.iter().map(|(_, columns)| columns + gap).sum::<usize>();
    let gap = if name_columns + all(2) > COLUMNS { 1 } else { 2 };
    let (mut left_out, mut shown) = (Vec::new(), Vec::new());
    let mut room = COLUMNS.saturating_sub(name_columns);
    for (column, columns) in used {
        match room.checked_sub(columns + gap) {
            Some(rest) => {
                room = rest;
                shown.push((column, columns));
            }
            None => left_out.push(column.head.join(" ").trim().to_owned()),
        }
    }

    let mut lines = Vec::new();
    for at in 0..2 {
        let name = left(if at == 1 { "contender" } else { "" }, name_columns);
        let heads = shown.iter().map(|(column, columns)| right(column.head[at], columns + gap));
        let line = format!("{name}{}", heads.collect::<String>());
        lines.push(style.paint(Ink::Heading, line.trim_end()));
    }
    for (row, name) in rows.iter().zip(&names) {
        let cells =
            shown.iter().map(|(column, columns)| right(&(column.value)(row), columns + gap));
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

//! Columns of cells under heads of two lines, right-aligned. A column that does not fit is named,
//! never cut.

use super::measure::{right, width, wrap};

/// One column: the two lines of its head, and a cell a row.
pub struct Column {
    pub head: [&'static str; 2],
    pub cells: Vec<String>,
}

/// Columns side by side, each line as long as the others.
pub struct Grid {
    /// The two lines of the heads.
    pub head: [String; 2],
    /// A line a row.
    pub rows: Vec<String>,
    left_out: Vec<String>,
}

impl Grid {
    /// The columns in order, as far as there is room for them.
    pub fn new(columns: &[Column], room: usize) -> Grid {
        let widths: Vec<usize> = columns.iter().map(columns_of).collect();
        // Two spaces between columns, or one if that gives room to all.
        let all = |gap: usize| widths.iter().map(|width| width + gap).sum::<usize>();
        let gap = if all(2) > room { 1 } else { 2 };
        let rows = columns.first().map_or(0, |column| column.cells.len());
        let mut grid = Grid {
            head: Default::default(),
            rows: vec![String::new(); rows],
            left_out: Vec::new(),
        };
        let mut room = room;
        for (column, width) in columns.iter().zip(widths) {
            match room.checked_sub(width + gap) {
                Some(rest) => {
                    room = rest;
                    grid.add(column, width + gap);
                }
                None => grid.left_out.push(column.head.join(" ").trim().to_owned()),
            }
        }
        grid
    }

    fn add(&mut self, column: &Column, columns: usize) {
        let cells = column.head.into_iter().chain(column.cells.iter().map(String::as_str));
        for (line, cell) in self.head.iter_mut().chain(&mut self.rows).zip(cells) {
            line.push_str(&right(cell, columns));
        }
    }

    /// Which columns are left out, if any is.
    pub fn note(&self) -> Vec<String> {
        match self.left_out.as_slice() {
            [] => Vec::new(),
            columns => {
                wrap(&format!("Only in --json, for want of room: {}.", columns.join(", ")), "", "")
            }
        }
    }
}

/// How wide the column is.
fn columns_of(column: &Column) -> usize {
    let cells = column.cells.iter().map(|cell| width(cell));
    cells.chain(column.head.map(width)).max().unwrap_or(0)
}

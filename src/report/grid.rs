//! Right-aligned columns under headings of two lines.
//!
//! A column that does not fit is left out and named in a note; it is never cut.

use super::measure::{right, width, wrap};

/// One column: the two lines of its heading, and one cell per row.
pub struct Column {
    pub head: [&'static str; 2],
    pub cells: Vec<String>,
}

/// Columns side by side, padded so that the lines have equal width.
pub struct Grid {
    /// The two lines of the headings.
    pub head: [String; 2],
    /// One line per row.
    pub rows: Vec<String>,
    left_out: Vec<String>,
}

impl Grid {
    /// Sets the columns in order, as long as they fit into `room`.
    pub fn new(columns: &[Column], room: usize) -> Grid {
        let widths: Vec<usize> = columns.iter().map(columns_of).collect();
        // Two spaces between columns, or one if only that makes all of them fit.
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

    /// Names the columns that are left out, if any.
    pub fn note(&self) -> Vec<String> {
        match self.left_out.as_slice() {
            [] => Vec::new(),
            columns => {
                wrap(&format!("Only in --json, for want of room: {}.", columns.join(", ")), "", "")
            }
        }
    }
}

/// Returns the width of the column's widest cell or heading.
fn columns_of(column: &Column) -> usize {
    let cells = column.cells.iter().map(|cell| width(cell));
    cells.chain(column.head.map(width)).max().unwrap_or(0)
}

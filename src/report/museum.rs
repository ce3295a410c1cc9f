//! The museum's table: which broken machine was caught by what, and how the correct one did.

use super::measure::{left, right, width, wrap};
use super::style::{Ink, Style};
use super::words;
use crate::message::Contender;
use crate::mutant::Mutant;

/// One broken machine, and what came of its storm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhibit {
    /// The mutant's name.
    pub mutant: &'static str,
    /// The anomaly by which it must be caught.
    pub anomaly: &'static str,
    /// Where the anomaly was seen first; `None` if it was not.
    pub caught: Option<Caught>,
    /// How many seeds the mutant was tried with at most.
    pub tried: u64,
    /// How many runs of the mutant without the storm showed anything, and of how many.
    pub seen_in_peace: u64,
    pub peaceful: u64,
    /// How many runs of the correct machine in the same storm broke a claim or showed what only
    /// the mutant may show, and of how many.
    pub broken: u64,
    pub runs: u64,
}

/// How a mutant was caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// In which row.
    pub contender: Contender,
    /// With how many seeds, the last included.
    pub seeds: u64,
}

impl Exhibit {
    /// Whether the mutant was caught, in the storm alone, and the correct machine broke nothing.
    pub fn is_as_it_should_be(&self) -> bool {
        self.caught.is_some() && self.seen_in_peace == 0 && self.broken == 0
    }

    fn cells(&self) -> [String; 4] {
        let (contender, seeds) = match self.caught {
            Some(caught) => (caught.contender.to_string(), words::count(caught.seeds)),
            None => ("not caught".to_owned(), format!(">{}", words::count(self.tried))),
        };
        [self.mutant.to_owned(), self.anomaly.to_owned(), contender, seeds]
    }
}

const HEADS: [&str; 4] = ["mutant", "anomaly", "found by", "seeds"];

/// The table and what it says, each line ended by a newline.
pub fn museum(exhibits: &[Exhibit], style: &Style) -> String {
    let rows: Vec<[String; 4]> = exhibits.iter().map(Exhibit::cells).collect();
    let mut columns = HEADS.map(width);
    for row in &rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            *column = width(cell).max(*column);
        }
    }
    let line = |[mutant, anomaly, contender, seeds]: [&str; 4]| {
        let names =
            [(mutant, 0), (anomaly, 1), (contender, 2)].map(|(cell, at)| left(cell, columns[at]));
        format!("{}  {}", names.join("  "), right(seeds, columns[3]))
    };
    let mut lines = vec![style.paint(Ink::Heading, &line(HEADS))];
    lines.extend(rows.iter().map(|row| line(row.each_ref().map(String::as_str))));
    lines.push(String::new());
    for one in exhibits.iter().filter(|one| one.broken > 0) {
        let Exhibit { mutant, broken, runs, .. } = one;
        let text = format!(
            "In the storm of {mutant} the correct machine did wrong in {} of {} runs.",
            words::count(*broken),
            words::count(*runs),
        );
        lines.extend(wrap(&text, "", ""));
    }
    lines.extend(wrap(&verdict(exhibits), "", ""));
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Every mutant: what it does wrong, where it was seen, and what it is caught by.
pub fn mutants(mutants: &[Mutant]) -> String {
    let mut lines = Vec::new();
    for Mutant { name, about, seen, anomaly, .. } in mutants {
        lines.push((*name).to_owned());
        lines.extend(wrap(about, "    ", "    "));
        lines.extend(wrap(&format!("Seen: {seen} Caught by: {anomaly}."), "    ", "    "));
    }
    lines.push(String::new());
    lines.extend(wrap(MISSING, "", ""));
    lines.into_iter().map(|line| line + "\n").collect()
}

/// What the museum cannot show.
pub const MISSING: &str = "Not here: a server whose own bus is down (socketio/socket.io-redis-adapter#393, \
                       socketio/socket.io#4845) loses messages for clients that stay connected. It \
                       takes two brokers, and the lab has one.";

fn verdict(exhibits: &[Exhibit]) -> String {
    let caught = exhibits.iter().filter(|one| one.caught.is_some()).count();
    let runs: u64 = exhibits.iter().map(|one| one.runs).sum();
    let broken: u64 = exhibits.iter().map(|one| one.broken).sum();
    let peaceful: u64 = exhibits.iter().map(|one| one.peaceful).sum();
    let seen: u64 = exhibits.iter().map(|one| one.seen_in_peace).sum();
    format!(
        "{caught} of {} mutants were caught by their own anomaly. Without the storm something was \
         seen of them in {} of {} runs. In the storm the correct machines broke a claim, or showed \
         the anomaly, false comfort or a false alarm, in {} of {} runs.",
        exhibits.len(),
        words::count(seen),
        words::count(peaceful),
        words::count(broken),
        words::count(runs),
    )
}

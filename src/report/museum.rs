//! The museum's table: which mutant was caught by which contender, and how the correct code did in
//! the same storm.

use super::measure::{left, right, width, wrap};
use super::style::{Ink, Style};
use super::words;
use crate::message::Contender;
use crate::mutant::Mutant;

/// One mutant, and the results of running its storm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhibit {
    /// The mutant's name.
    pub mutant: &'static str,
    /// The anomaly that must be seen.
    pub anomaly: &'static str,
    /// The first contender and seed that showed the anomaly; `None` if none did.
    pub caught: Option<Caught>,
    /// The number of seeds that the mutant was tried with.
    pub tried: u64,
    /// The runs of the mutant without the storm that showed anything.
    pub seen_without_storm: u64,
    /// All runs of the mutant without the storm.
    pub runs_without_storm: u64,
    /// The runs of the correct code in the same storm that broke a claim, or that showed what only
    /// the mutant may show.
    pub broken: u64,
    /// All runs of the correct code in the storm.
    pub runs: u64,
}

/// The run that caught a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The contender that showed the anomaly.
    pub contender: Contender,
    /// The number of seeds tried, the successful one included.
    pub seeds: u64,
}

impl Exhibit {
    /// Whether the mutant was caught in its storm, showed nothing without it, and the correct code
    /// broke nothing.
    pub fn is_as_it_should_be(&self) -> bool {
        self.caught.is_some() && self.seen_without_storm == 0 && self.broken == 0
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

/// Returns the table and a summary, each line ended by a newline.
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

/// Lists the mutants: what each does wrong, where it was seen, and the anomaly that catches it.
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

/// A known defect that the museum cannot show, and why.
pub const MISSING: &str = "Not here: a server whose own bus is down (socketio/socket.io-redis-adapter#393, \
                       socketio/socket.io#4845) loses messages for clients that stay connected. It \
                       takes two brokers, and the lab has one.";

fn verdict(exhibits: &[Exhibit]) -> String {
    let caught = exhibits.iter().filter(|one| one.caught.is_some()).count();
    let runs: u64 = exhibits.iter().map(|one| one.runs).sum();
    let broken: u64 = exhibits.iter().map(|one| one.broken).sum();
    let runs_without_storm: u64 = exhibits.iter().map(|one| one.runs_without_storm).sum();
    let seen: u64 = exhibits.iter().map(|one| one.seen_without_storm).sum();
    format!(
        "{caught} of {} mutants were caught by their own anomaly. Without the storm something was \
         seen of them in {} of {} runs. In the storm the correct machines broke a claim, or showed \
         the anomaly, false comfort or a false alarm, in {} of {} runs.",
        exhibits.len(),
        words::count(seen),
        words::count(runs_without_storm),
        words::count(broken),
        words::count(runs),
    )
}

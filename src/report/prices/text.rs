//! The prices as text, in two tables: per contender its guarantees and how they turned out, then its
//! figures; and what its connections, requests and answers took. It formats numbers; it never
//! computes one.

use super::super::grid::{Column, Grid};
use super::super::measure::{COLUMNS, left, wrap};
use super::super::style::{Ink, Style};
use super::super::{facts, words};
use super::{Amount, Figure, MAIN, Measure, ON_THE_WIRE, Price, measures};
use crate::terms::{Claim, Guarantee, Verdict};
use crate::verdict::{GuaranteeFinding, Row};

const EXPLAINED: [&str; 2] = [
    "Under each number: how many times that of the cheapest contender of this storm it is; where \
     the cheapest is 0, how much more (+).",
    "Packets and bytes: on IP, of all hosts. Sent again: TCP segments. Broker, client: the most \
     that it held at a time. Noticed after: a fault, at worst. Delay: from publish to handled, of what was handled.",
];

const WIRE_EXPLAINED: [&str; 2] = [
    "Handshakes: of TCP, three segments each. Connection time: summed over all TCP connections, while \
     they were open where they were opened to. Requests held: summed over all requests over HTTP, \
     while the broker kept the answer back.",
    "Payload: of messages, once for each copy that was not lost. Heads and the rest: all other bytes. \
     Answer: from publish to the answer that its publisher got.",
];

/// Returns the lines, with two lines of numbers per contender and table. `prices` are those of
/// `rows`.
pub fn draw(prices: &[Price], rows: &[Row], style: &Style) -> Vec<String> {
    let promised = |row: &Row, name: &str| wrap(&promise(row), name, &left("", name.len()));
    let mut lines = explained(&EXPLAINED);
    lines.extend(table(&MAIN, 0, (prices, rows), promised, style));
    lines.push(String::new());
    lines.extend(explained(&WIRE_EXPLAINED));
    let named = |_: &Row, name: &str| vec![name.trim_end().to_owned()];
    lines.extend(table(&ON_THE_WIRE, MAIN.len(), (prices, rows), named, style));
    lines
}

fn explained(sentences: &[&str]) -> Vec<String> {
    sentences.iter().flat_map(|line| wrap(line, "  ", "  ")).chain([String::new()]).collect()
}

/// Returns the lines of one table. `first` is the index of its first measure among all; `head_of`
/// returns the lines above a contender's numbers, which begin with its name.
fn table(
    measures: &[Measure],
    first: usize,
    (prices, rows): (&[Price], &[Row]),
    head_of: impl Fn(&Row, &str) -> Vec<String>,
    style: &Style,
) -> Vec<String> {
    let columns = measures.iter().zip(first..).map(|(measure, at)| Column {
        head: measure.head,
        cells: prices.iter().flat_map(|price| cells(&price.amounts[at], style)).collect(),
    });
    let grid = Grid::new(&columns.collect::<Vec<_>>(), COLUMNS);
    let mut lines: Vec<String> =
        grid.head.iter().map(|line| style.paint(Ink::Heading, line.trim_end())).collect();
    for (row, numbers) in rows.iter().zip(grid.rows.chunks(2)) {
        lines.extend(head_of(row, &format!("{}  ", row.contender())));
        lines.extend(numbers.iter().cloned());
    }
    lines.extend(grid.note().iter().map(|line| style.paint(Ink::Quiet, line)));
    lines
}

/// Returns the same, one fact per sentence.
pub fn sentences(prices: &[Price], rows: &[Row]) -> Vec<String> {
    let mut sentences = Vec::new();
    for (price, row) in prices.iter().zip(rows) {
        let name = row.contender();
        sentences.push(format!("{name} {}.", promise(row)));
        for (measure, amount) in measures().zip(&price.amounts) {
            let compared = match (amount.measured, amount.times_cheapest) {
                (None, _) => "no figure".to_owned(),
                (Some(figure), None) => format!("{}, the cheapest has 0", number(figure)),
                (Some(figure), Some(times)) => {
                    format!("{}, {} times the cheapest", number(figure), many(times))
                }
            };
            sentences.push(format!("{name}, {}: {compared}.", measure.words));
        }
    }
    sentences
}

/// Lists the guarantees that the contender promises and how they turned out, and those that held
/// without a promise.
fn promise(row: &Row) -> String {
    let with = |is_meant: fn(&GuaranteeFinding) -> bool| {
        let found = row.guarantees.iter().filter(move |(_, finding)| is_meant(finding));
        found.map(|(&guarantee, _)| guarantee).collect::<Vec<_>>()
    };
    // A guarantee may be violated for a subscriber to which it is not promised. That breaks no
    // claim.
    let is_untested = facts::is_untested(row);
    let keeps = if is_untested { "promises, untested," } else { "keeps" };
    let also = strongest(with(|one| !is_claimed(one) && one.verdict == Verdict::Holds));
    let parts = [
        ("breaks", with(|one| one.claim == Claim::Broken)),
        ("could not keep, outside its terms,", with(|one| one.claim == Claim::OutsideTerms)),
        ("leaves open", with(|one| one.claim == Claim::Open)),
        (keeps, strongest(with(|one| is_kept(one) && one.verdict != Verdict::Violated))),
        ("keeps where promised", with(|one| is_kept(one) && one.verdict == Verdict::Violated)),
        ("also held:", if is_untested { Vec::new() } else { also }),
    ];
    let named = |all: &[Guarantee]| all.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ");
    let promises = row.guarantees.values().any(is_claimed);
    let nothing = (!promises).then(|| "promises nothing".to_owned());
    let parts = parts.iter().filter(|(_, all)| !all.is_empty());
    let parts = parts.map(|(verb, all)| format!("{verb} {}", named(all)));
    nothing.into_iter().chain(parts).collect::<Vec<_>>().join("; ")
}

fn is_claimed(finding: &GuaranteeFinding) -> bool {
    finding.claim != Claim::NotClaimed
}

fn is_kept(finding: &GuaranteeFinding) -> bool {
    finding.claim == Claim::Kept
}

/// Removes the guarantees that exactly-once implies, if it is among them.
fn strongest(mut guarantees: Vec<Guarantee>) -> Vec<Guarantee> {
    if guarantees.contains(&Guarantee::ExactlyOnce) {
        guarantees.retain(|one| !matches!(one, Guarantee::AtMostOnce | Guarantee::AtLeastOnce));
    }
    guarantees
}

/// Returns the number, and the comparison for the line below it.
fn cells(amount: &Amount, style: &Style) -> [String; 2] {
    let none = style.either("–", "-").to_owned();
    let Some(figure) = amount.measured else { return [none.clone(), none] };
    let compared = match amount.times_cheapest {
        Some(times) => format!("{}{}", style.either("×", "x"), many(times)),
        None => format!("+{}", number(figure)),
    };
    [number(figure), compared]
}

fn number(figure: Figure) -> String {
    match figure {
        Figure::Count(count) => words::count(count),
        Figure::Millis(ms) => words::millis(ms),
    }
}

/// Formats a ratio: with one decimal below 100, without from there on.
fn many(times: f64) -> String {
    if times < 99.95 { format!("{times:.1}") } else { words::count(times.round() as u64) }
}

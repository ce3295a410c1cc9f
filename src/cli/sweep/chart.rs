//! The chart of a sweep over the values of one key, or of two keys as a grid, and the sentences on
//! the values at which a contender loses messages. What is still under way at the end of a run is
//! drawn and told apart: it is not lost.

use crate::report::{self, Glyph, Shape, Style};
use crate::search::sweep::{Point, Sums, Sweep};

/// Most stretches of values that a sentence names.
const STRETCHES: usize = 3;

/// Most rows of a grid.
const ROWS: usize = 20;

/// Returns the chart: a row a contender, or a grid a contender, with a sign for the share of
/// messages missed at each value.
pub fn text(sweep: &Sweep, style: &Style) -> String {
    let mut contenders: Vec<&String> =
        sweep.points.iter().flat_map(|point| point.contenders.keys()).collect();
    contenders.sort();
    contenders.dedup();
    match &*sweep.varied {
        [_, (inner, _)] => grids(sweep, &contenders, inner, style),
        _ => rows(sweep, &contenders, style),
    }
}

/// Names the values of a point, each with its key.
pub fn named(sweep: &Sweep, point: &Point) -> String {
    let pairs = sweep.varied.iter().zip(&point.values);
    pairs.map(|((path, _), value)| format!("{path} = {value}")).collect::<Vec<_>>().join(", ")
}

fn rows(sweep: &Sweep, contenders: &[&String], style: &Style) -> String {
    let width = contenders.iter().map(|one| one.len()).max().unwrap_or_default();
    let columns = report::COLUMNS.saturating_sub(width + 2).max(1);
    let each = sweep.points.len().div_ceil(columns);
    let mut text = String::from("\nShare of messages missed");
    if let (Some(first), Some(last)) = (sweep.points.first(), sweep.points.last()) {
        text += &format!(", from {} to {}", named(sweep, first), last.values.join(", "));
    }
    text += &format!("{}\n", shared(each));
    for contender in contenders {
        let points: Vec<&Point> = sweep.points.iter().collect();
        let bars: String = points.chunks(each).map(|some| sign(some, contender, style)).collect();
        text += &format!("{contender:<width$}  {bars}\n");
        let indent = " ".repeat(width + 2);
        for said in sentences(sweep, contender) {
            for line in report::wrap_to(report::COLUMNS, &said, &indent, &indent) {
                text += &format!("{line}\n");
            }
        }
    }
    text
}

/// Says in a heading that several values share a column.
fn shared(each: usize) -> String {
    if each > 1 { format!(" ({each} values a column, the worst)") } else { String::new() }
}

/// Returns a grid a contender: the outer key's values downwards, the inner key's to the right.
fn grids(sweep: &Sweep, contenders: &[&String], inner: &str, style: &Style) -> String {
    let value = |point: &Point, at: usize| point.values.get(at).cloned().unwrap_or_default();
    let outer = sweep.varied.first().map_or("", |(path, _)| path);
    let rows: Vec<&[Point]> =
        sweep.points.chunk_by(|one, next| value(one, 0) == value(next, 0)).collect();
    let across = rows.first().map_or(1, |row| row.len());
    let label = rows.iter().map(|row| value(&row[0], 0).len()).max().unwrap_or_default();
    let each = across.div_ceil(report::COLUMNS.saturating_sub(label + 4).max(1));
    let down = rows.len().div_ceil(ROWS);
    let ends = rows.first().and_then(|row| Some((value(row.first()?, 1), value(row.last()?, 1))));
    let (first, last) = ends.unwrap_or_default();
    let mut text = String::from("\nShare of messages missed\n");
    let heading = format!(
        "{outer} downwards{}, {inner} from {first} to {last} to the right{}",
        shared(down).replace("column", "row"),
        shared(each)
    );
    for line in report::wrap_to(report::COLUMNS, &heading, "  ", "  ") {
        text += &format!("{line}\n");
    }
    for contender in contenders {
        text += &format!("{contender}\n");
        for some in rows.chunks(down) {
            let signs = (0..across).collect::<Vec<usize>>();
            let signs = signs.chunks(each).map(|columns| {
                let points = some.iter().flat_map(|row| columns.iter().map(|&at| &row[at]));
                sign(&points.collect::<Vec<_>>(), contender, style)
            });
            let (name, signs) = (value(&some[0][0], 0), signs.collect::<String>());
            text += &format!("  {name:>label$}  {signs}\n");
        }
        for said in counts(sweep, contender) {
            text += &format!("  {said}\n");
        }
    }
    text
}

/// Returns the sums of a contender at a point, if anything was run there.
fn of<'p>(point: &'p Point, contender: &str) -> Option<&'p Sums> {
    point.contenders.get(contender)
}

fn is_losing(point: &Point, contender: &str) -> bool {
    of(point, contender).is_some_and(|sums| sums.lost() > 0)
}

fn is_undecided(point: &Point, contender: &str) -> bool {
    of(point, contender).is_some_and(|sums| sums.unsettled() > 0)
}

/// Returns the sign for the worst of some points. What is still under way shows where nothing is
/// lost.
fn sign(points: &[&Point], contender: &str, style: &Style) -> char {
    let share = |sums: &Sums| sums.lost() as f64 / sums.wanted.max(1) as f64;
    let sums = points.iter().filter_map(|point| of(point, contender));
    let worst = sums.map(share).fold(0.0, f64::max);
    if worst <= 0.0 && points.iter().any(|point| is_undecided(point, contender)) {
        return style.glyph(Glyph::Unsettled);
    }
    bar(worst, style)
}

/// Returns a sign for a share from 0 to 1.
fn bar(share: f64, style: &Style) -> char {
    let signs: &[char] = match style.shape {
        Shape::Unicode => &['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        Shape::Ascii | Shape::Plain => &['.', '1', '2', '3', '4', '5', '6', '7', '8'],
    };
    if share <= 0.0 { signs[0] } else { signs[((share * 8.0).ceil() as usize).clamp(1, 8)] }
}

/// Says at which values of the varied key a contender loses messages, and at which it is not
/// decided.
fn sentences(sweep: &Sweep, contender: &str) -> Vec<String> {
    let at = |is: fn(&Point, &str) -> bool| -> Vec<bool> {
        sweep.points.iter().map(|point| is(point, contender)).collect()
    };
    let values: Vec<String> = sweep.points.iter().map(|point| point.values.join(", ")).collect();
    said(&at(is_losing), &at(is_undecided), &values, &sweep.run_for)
}

fn said(losing: &[bool], undecided: &[bool], values: &[String], run_for: &str) -> Vec<String> {
    let losing = stretches(losing, values).map(|at| format!("loses {at}"));
    let undecided =
        stretches(undecided, values).map(|at| format!("undecided {at}{}", ends(run_for)));
    match (losing, undecided) {
        (None, None) => vec!["loses nothing".to_owned()],
        (losing, undecided) => losing.into_iter().chain(undecided).collect(),
    }
}

/// Says when the runs ended, which is why something is undecided.
fn ends(run_for: &str) -> String {
    match run_for {
        "" => ": the run ends too early".to_owned(),
        end => format!(": the run ends at {end}"),
    }
}

/// Names the stretches of values at which something is so; `None` if it is so nowhere.
fn stretches(is_so: &[bool], values: &[String]) -> Option<String> {
    let count = is_so.iter().filter(|is_so| **is_so).count();
    if count == 0 {
        return None;
    }
    if count == is_so.len() {
        return Some("at every value".to_owned());
    }
    let mut stretches = Vec::new();
    let mut at = 0;
    for same in is_so.chunk_by(|one, next| one == next) {
        let (first, last) = (at, at + same.len() - 1);
        at += same.len();
        if same[0] {
            stretches.push(match (first == 0, at == is_so.len()) {
                (true, _) if last > 0 => format!("up to {}", values[last]),
                (_, true) if first < last => format!("from {} on", values[first]),
                _ if first == last => format!("at {}", values[first]),
                _ => format!("between {} and {}", values[first], values[last]),
            });
        }
    }
    if stretches.len() > STRETCHES {
        let of = is_so.len();
        return Some(format!("at {count} of {of} values, {} first", stretches[0]));
    }
    Some(report::listed(&stretches))
}

/// Says at how many points of a grid a contender loses messages, and at how many it is not decided.
fn counts(sweep: &Sweep, contender: &str) -> Vec<String> {
    let count = |is: fn(&Point, &str) -> bool| {
        sweep.points.iter().filter(|point| is(point, contender)).count()
    };
    let (losing, undecided, of) = (count(is_losing), count(is_undecided), sweep.points.len());
    let ends = ends(&sweep.run_for);
    match (losing, undecided) {
        (0, 0) => vec!["loses nothing".to_owned()],
        (0, some) => vec![format!("undecided at {some} of {of} points{ends}")],
        (some, 0) => vec![format!("loses at {some} of {of} points")],
        (some, open) => vec![
            format!("loses at {some} of {of} points"),
            format!("undecided at {open} of {of} points{ends}"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks what is said of six values: `x` loses, `o` is undecided, `b` is both.
    fn check(points: &str, sentences: &[&str]) {
        let values: Vec<String> = (1..=points.len()).map(|second| format!("{second}s")).collect();
        let [losing, open] =
            [['x', 'b'], ['o', 'b']].map(|signs| points.chars().map(move |c| signs.contains(&c)));
        let (losing, open): (Vec<bool>, Vec<bool>) = (losing.collect(), open.collect());
        assert_eq!(said(&losing, &open, &values, "20s"), sentences, "{points}");
    }

    #[test]
    fn a_sentence_says_at_which_values_and_no_more() {
        check("......", &["loses nothing"]);
        check("xxx...", &["loses up to 3s"]);
        check("...xxx", &["loses from 4s on"]);
        check(".xxx..", &["loses between 2s and 4s"]);
        check("xxxxxx", &["loses at every value"]);
        check("x.....", &["loses at 1s"]);
        check(".x..xx", &["loses at 2s and from 5s on"]);
        check(".x.x.x.x", &["loses at 4 of 8 values, at 2s first"]);
        check("....oo", &["undecided from 5s on: the run ends at 20s"]);
        check("xx..oo", &["loses up to 2s", "undecided from 5s on: the run ends at 20s"]);
        check("bbbbbb", &["loses at every value", "undecided at every value: the run ends at 20s"]);
    }
}

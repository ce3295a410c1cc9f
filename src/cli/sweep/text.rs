//! Prints a sweep as text with tables and a chart, and as CSV.

use super::super::sources::ANY;
use crate::report::{self, Shape, Style};
use crate::search::sweep::{Point, Sums, Sweep};

/// Most failing seeds whose replay lines are printed.
const SHOWN: usize = 5;

/// Returns the whole report.
pub fn text(sweep: &Sweep, style: &Style) -> String {
    let mut text = headline(sweep);
    for point in &sweep.points {
        text += &table(sweep, point, style);
        if sweep.points.len() > MOST_TABLES {
            break;
        }
    }
    if sweep.points.len() > 1 {
        text += &chart(sweep, style);
    }
    text += &failing(sweep);
    text += &format!("\n{}", sweep.coverage.text());
    let (parts, of) = &sweep.parts;
    if *of > 1 {
        let parts: Vec<String> = parts.iter().map(u64::to_string).collect();
        text += &format!("This is part {} of {of}.\n", report::listed(&parts));
    }
    text + &format!("Replay: {}\n", replay(sweep))
}

/// Most points whose tables are all printed. Of a larger sweep only the first table is, and the
/// chart.
const MOST_TABLES: usize = 4;

fn headline(sweep: &Sweep) -> String {
    let sum = |count: fn(&Point) -> u64| sweep.points.iter().map(count).sum::<u64>();
    let (met, failed, idle) =
        (sum(|one| one.met), sum(|one| one.failed), sum(|one| one.inconclusive));
    let mut text =
        format!("{} of {} held.", report::count(met), report::counted(met + failed + idle, "run"),);
    if failed > 0 {
        text += &format!(" {} failed.", report::count(failed));
    }
    if idle > 0 {
        text += &format!(" In {} no fault did anything.", report::count(idle));
    }
    if sweep.runs() < sweep.planned {
        text += &format!(
            " It was interrupted: {} were to come.",
            report::count(sweep.planned - sweep.runs())
        );
    }
    text + "\n"
}

const HEADS: [&str; 8] =
    ["contender", "trials", "wanted", "missed", "losing", "p50", "p99", "worst"];

fn table(sweep: &Sweep, point: &Point, style: &Style) -> String {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(point.contenders.iter().map(|(contender, sums)| cells(contender, sums, style)));
    let widths: [usize; 8] = std::array::from_fn(|at| {
        rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default()
    });
    let mut text = String::from("\n");
    if !point.values.is_empty() {
        text += &format!("{}\n", named(sweep, point));
    }
    for row in &rows {
        let mut line = format!("{:<width$}", row[0], width = widths[0]);
        for at in 1..8 {
            line += &format!("  {:>width$}", row[at], width = widths[at]);
        }
        text += &format!("{}\n", line.trim_end());
    }
    for (contender, sums) in point.contenders.iter().filter(|(_, sums)| sums.missed > 0) {
        let mut causes: Vec<(&String, &u64)> = sums.causes.iter().collect();
        causes.sort_by_key(|(cause, count)| (std::cmp::Reverse(**count), (*cause).clone()));
        let causes: Vec<String> = causes
            .into_iter()
            .map(|(cause, count)| format!("{} {cause}", report::count(*count)))
            .collect();
        let line = format!("{contender} missed {}.", report::listed(&causes));
        for line in report::wrap_to(report::COLUMNS, &line, "  ", "    ") {
            text += &format!("{line}\n");
        }
    }
    text
}

fn cells(contender: &str, sums: &Sums, style: &Style) -> [String; 8] {
    let ms = |percent| {
        let ms = sums.delays.percentile(percent);
        ms.map_or_else(|| style.either("–", "-").to_owned(), millis)
    };
    [
        contender.to_owned(),
        report::count(sums.trials),
        report::count(sums.wanted),
        report::count(sums.missed),
        report::count(sums.losing),
        ms(50),
        ms(99),
        ms(100),
    ]
}

fn millis(ms: f64) -> String {
    if ms < 1_000.0 { format!("{ms:.0}ms") } else { format!("{:.1}s", ms / 1_000.0) }
}

fn named(sweep: &Sweep, point: &Point) -> String {
    let pairs = sweep.varied.iter().zip(&point.values);
    pairs.map(|((path, _), value)| format!("{path} = {value}")).collect::<Vec<_>>().join(", ")
}

/// Returns a chart of the share of messages missed, one row per contender and one column per value,
/// with the first value at which a contender loses messages.
fn chart(sweep: &Sweep, style: &Style) -> String {
    let mut contenders: Vec<&String> =
        sweep.points.iter().flat_map(|point| point.contenders.keys()).collect();
    contenders.sort();
    contenders.dedup();
    let width = contenders.iter().map(|one| one.len()).max().unwrap_or_default();
    let columns = report::COLUMNS.saturating_sub(width + 2).max(1);
    let each = sweep.points.len().div_ceil(columns);
    let mut text = String::from("\nShare of messages missed");
    if let (Some(first), Some(last)) = (sweep.points.first(), sweep.points.last()) {
        text += &format!(", from {} to {}", named(sweep, first), last.values.join(", "));
    }
    if each > 1 {
        text += &format!(" ({each} values a column, the worst)");
    }
    text += "\n";
    for contender in contenders {
        let share = |point: &Point| {
            let sums = point.contenders.get(contender);
            sums.map_or(0.0, |sums| sums.missed as f64 / sums.wanted.max(1) as f64)
        };
        let bars: String = sweep
            .points
            .chunks(each)
            .map(|points| bar(points.iter().map(share).fold(0.0, f64::max), style))
            .collect();
        let begins = sweep.points.iter().find(|point| share(point) > 0.0);
        let begins = match begins {
            Some(point) => format!("loses from {} on", named(sweep, point)),
            None => "loses nothing".to_owned(),
        };
        text += &format!("{contender:<width$}  {bars}\n{:width$}  {begins}\n", "");
    }
    text
}

/// Returns a sign for a share from 0 to 1.
fn bar(share: f64, style: &Style) -> char {
    let signs: &[char] = match style.shape {
        Shape::Unicode => &['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
        Shape::Ascii | Shape::Plain => &['.', '1', '2', '3', '4', '5', '6', '7', '8'],
    };
    if share <= 0.0 { signs[0] } else { signs[((share * 8.0).ceil() as usize).clamp(1, 8)] }
}

/// Lists the first seeds that failed, with the commands that run them again.
fn failing(sweep: &Sweep) -> String {
    let Sweep { scenario, options, .. } = sweep;
    let mut text = String::new();
    let mut shown = 0;
    for point in &sweep.points {
        for seed in &point.failing_seeds {
            if shown == SHOWN {
                break;
            }
            shown += 1;
            let set = sweep.varied.iter().zip(&point.values);
            let set: String = set
                .map(|((path, _), value)| {
                    format!(" --set {}", report::quoted(&format!("{path}={value}")))
                })
                .collect();
            let what = match scenario.as_str() {
                ANY => format!("{ANY}:{seed}"),
                _ => format!("{} --seed {seed}", report::quoted(scenario)),
            };
            text += &format!("  dlab run {what}{options}{set}\n");
        }
    }
    let failed: u64 = sweep.points.iter().map(|point| point.failed).sum();
    if failed == 0 {
        return String::new();
    }
    let more = failed - shown as u64;
    let more =
        if more > 0 { format!("  and {} more\n", report::count(more)) } else { String::new() };
    format!("\nFailed:\n{text}{more}")
}

/// Returns the command that runs the whole sweep again, even if this is only a part.
fn replay(sweep: &Sweep) -> String {
    let Sweep { scenario, seeds: (first, last), options, varied, .. } = sweep;
    let vary = varied.iter().map(|(_, given)| format!(" --vary {}", report::quoted(given)));
    let vary: String = vary.collect();
    format!("dlab sweep {} --seeds {first}..{last}{vary}{options}", report::quoted(scenario))
}

/// Returns CSV with one line per point and contender.
pub fn csv(sweep: &Sweep) -> String {
    let paths = sweep.varied.iter().map(|(path, _)| format!("{},", field(path)));
    let mut text: String = paths.collect();
    text += "contender,trials,losing,broken,wanted,live,caught_up,missed,handled_again,out_of_order,\
             p50_ms,p99_ms,worst_ms\n";
    for point in &sweep.points {
        for (contender, sums) in &point.contenders {
            text +=
                &point.values.iter().map(|value| format!("{},", field(value))).collect::<String>();
            let Sums { trials, losing, broken, wanted, live, caught_up, .. } = sums;
            let Sums { missed, handled_again, out_of_order, delays, .. } = sums;
            text += &format!(
                "{contender},{trials},{losing},{broken},{wanted},{live},{caught_up},{missed},{handled_again},{out_of_order}"
            );
            for percent in [50, 99, 100] {
                let ms = delays.percentile(percent);
                text += &format!(",{}", ms.map(|ms| ms.to_string()).unwrap_or_default());
            }
            text += "\n";
        }
    }
    text
}

/// Quotes a field of CSV if needed (RFC 4180).
fn field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

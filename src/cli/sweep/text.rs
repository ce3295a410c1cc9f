//! Prints a sweep as text with tables and a chart, and as CSV.

use super::super::sources::ANY;
use super::chart::{self, named};
use crate::report::{self, Style};
use crate::search::sweep::{JudgedBy, Point, Sums, Sweep};
use crate::terms::Cause;

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
        text += &chart::text(sweep, style);
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
    if sweep.judged_by == JudgedBy::Claims {
        text += " Judged by its claims, since the scenario's expectations are for its own \
                 numbers and seed.";
    }
    if sweep.runs() < sweep.planned {
        text += &format!(
            " It was interrupted: {} were to come.",
            report::count(sweep.planned - sweep.runs())
        );
    }
    report::wrap_to(report::COLUMNS, &text, "", "").join("\n") + "\n"
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
    for line in point.contenders.iter().flat_map(|(contender, sums)| notes(contender, sums)) {
        text += &format!("{line}\n");
    }
    text
}

/// Says what a contender missed, and apart from that what was still under way, and what came too
/// early to be wanted.
fn notes(contender: &str, sums: &Sums) -> Vec<String> {
    let is_lost = |(cause, _): &(&String, &u64)| *cause != Cause::Unsettled.name();
    let mut causes: Vec<(&String, &u64)> = sums.causes.iter().filter(is_lost).collect();
    causes.sort_by_key(|(cause, count)| (std::cmp::Reverse(**count), (*cause).clone()));
    let causes: Vec<String> = causes
        .into_iter()
        .map(|(cause, count)| format!("{} {cause}", report::count(*count)))
        .collect();
    let mut said = Vec::new();
    if !causes.is_empty() {
        said.push(format!("{contender} missed {}.", report::listed(&causes)));
    }
    if sums.unsettled() > 0 {
        let count = report::count(sums.unsettled());
        said.push(format!("{contender} had {count} still under way at the end."));
    }
    if sums.before_subscription > 0 {
        let messages = report::counted(sums.before_subscription, "message");
        said.push(format!(
            "{contender}: {messages} came before a subscription stood, and were not wanted by it."
        ));
    }
    said.iter().flat_map(|one| report::wrap_to(report::COLUMNS, one, "  ", "    ")).collect()
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

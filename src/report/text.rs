//! The report as text: at most 80 columns, legible without colour.
//! It arranges what the verdict found; it computes nothing.

use crate::terms::Claim;
use std::collections::BTreeSet;

use crate::scenario::Scenario;

use super::measure::{COLUMNS, clean, fit, width, wrap};
use super::style::{Glyph, Ink, Shape, Style};
use super::{Report, RunResult, facts, headline, ids, lanes, plain, prices, replay, table, words};

/// Returns the report, each line ended by a newline.
pub fn text(report: &Report, scenario: &Scenario, style: &Style) -> String {
    let lines = match style.shape {
        Shape::Plain => plain::sentences(report, scenario, style),
        Shape::Unicode | Shape::Ascii => drawn(report, scenario, style),
    };
    lines.into_iter().map(|line| line + "\n").collect()
}

fn drawn(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    let mut lines = title(report, scenario, style);
    lines.push(String::new());
    lines.extend(wrap(&headline::sentence(report), "", ""));
    lines.extend(facts::broken_on_purpose(scenario).iter().flat_map(|said| wrap(said, "", "")));
    lines.push(String::new());
    // If nothing was published, there is nothing to draw.
    if report.contenders.iter().any(|row| row.published > 0) {
        let (diagram, used) = lanes::draw(report, scenario, style);
        lines.extend(diagram);
        lines.extend(legend(&used, style));
        lines.push(String::new());
    }
    lines.extend(table::draw(report, style));
    let prices = report.prices.as_ref().map(|all| prices::draw(all, &report.contenders, style));
    let sections = [
        ("Prices", prices.unwrap_or_default()),
        ("Why", why(report, style)),
        ("Claims", claims(report, style)),
        ("Recoveries", sentences(&facts::recoveries(report))),
        ("Anomalies", sentences(&facts::anomalies(report))),
        ("Faults that did nothing", sentences(&facts::idle_faults(report, scenario))),
        ("Expectations", expectations(report, style)),
        ("What this leaves out", sentences(&facts::left_out(report))),
    ];
    for (heading, section) in sections {
        if !section.is_empty() {
            lines.push(String::new());
            lines.push(style.paint(Ink::Heading, heading));
            lines.extend(section);
        }
    }
    lines.push(String::new());
    lines.extend(replay::lines(&report.replay, "Replay: "));
    lines
}

/// The title, and beside it or below it the scenario's name, the seed and the length of the run.
fn title(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    let dot = style.either(" · ", ", ");
    let (name, seed) = (clean(&report.scenario), report.seed);
    let run = format!("{name}{dot}seed {seed}{dot}{}", scenario.run_for);
    let heading = clean(if report.title.is_empty() { &report.scenario } else { &report.title });
    if width(&heading) + 2 + width(&run) <= COLUMNS {
        let gap = COLUMNS - width(&heading) - width(&run);
        let heading = style.paint(Ink::Heading, &heading);
        return vec![format!("{heading}{}{}", " ".repeat(gap), style.paint(Ink::Quiet, &run))];
    }
    let mut lines: Vec<String> =
        wrap(&heading, "", "").iter().map(|line| style.paint(Ink::Heading, line)).collect();
    lines.push(style.paint(Ink::Quiet, &fit(&run, COLUMNS, style.ellipsis())));
    lines
}

fn legend(used: &BTreeSet<Glyph>, style: &Style) -> Vec<String> {
    let entries: Vec<String> =
        used.iter().map(|&glyph| format!("{} {}", style.painted(glyph), glyph.meaning())).collect();
    // All five entries together take less than 80 columns.
    if entries.is_empty() { Vec::new() } else { vec![entries.join("   ")] }
}

fn why(report: &Report, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    for missed in facts::missed(report) {
        let (count, wanted) = (words::count(missed.missed), words::count(missed.wanted));
        lines.push(format!("  {} missed {count} of {wanted}:", missed.contender));
        for reason in &missed.reasons {
            let phrase = words::cause(reason.cause);
            let ids = ids::compact(&reason.ids, style);
            let at = match reason.clients.len() {
                0 | 1 => String::new(),
                clients => format!(" (at {clients} subscribers)"),
            };
            let count = words::count(reason.count);
            let first = format!("  {count:>6}  ");
            let text = format!("{phrase} [{}]: {ids}{at}", reason.cause);
            lines.extend(wrap(&text, &first, "          "));
        }
    }
    let away = facts::away(report);
    lines.extend(away.iter().flat_map(|away| wrap(&away.sentence(), "  ", "    ")));
    lines
}

fn claims(report: &Report, style: &Style) -> Vec<String> {
    let mut lines = super::claims::draw(report, style);
    if facts::claims(report, Claim::Broken).is_empty() {
        lines.push("  No claim was broken.".to_owned());
    }
    for state in [Claim::Broken, Claim::OutsideTerms, Claim::Open] {
        for (claim, others) in facts::claims(report, state) {
            let ink = if state == Claim::Broken { Ink::Bad } else { Ink::Plain };
            let sentence = wrap(&claim.sentence(others), "  ", "    ");
            lines.extend(sentence.iter().map(|line| style.paint(ink, line)));
        }
    }
    lines
}

fn expectations(report: &Report, style: &Style) -> Vec<String> {
    let mut lines = wrap(&facts::expectations(report), "  ", "  ");
    for checked in &report.expectations {
        let (mark, ink) = match checked.met {
            Some(true) => (style.either("✓ met     ", "  met     "), Ink::Good),
            Some(false) => (style.either("! FAILED  ", "! FAILED  "), Ink::Bad),
            None => (style.either("– not run ", "- not run "), Ink::Quiet),
        };
        let measured = checked
            .measured
            .as_ref()
            .map(|found| format!("; measured {found}"))
            .unwrap_or_default();
        let text = format!("{}{measured}", checked.expected);
        let mut wrapped = wrap(&text, "            ", "            ");
        if wrapped.is_empty() {
            wrapped.push(" ".repeat(12));
        }
        wrapped[0].replace_range(..12, &format!("  {}", style.paint(ink, mark)));
        lines.extend(wrapped);
    }
    if report.result == RunResult::Inconclusive {
        let text = "Inconclusive: no fault did anything in any contender, so nothing was put to \
                    the test.";
        lines.extend(wrap(text, "  ", "  "));
    }
    lines
}

fn sentences(sentences: &[impl AsRef<str>]) -> Vec<String> {
    sentences.iter().flat_map(|sentence| wrap(sentence.as_ref(), "  ", "  ")).collect()
}

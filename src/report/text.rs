//! The report as text, legible without colour: at most 80 columns, but for a wider diagram.
//! It arranges what the verdict found; it computes nothing.

use crate::scenario::Scenario;
use crate::terms::Claim;

use super::measure::wrap;
use super::style::{Extent, Ink, Shape, Style};
use super::{Report, RunResult, facts, ids, plain, prices, replay, screen, table, top, words};

/// Returns the report, each line ended by a newline.
pub fn text(report: &Report, scenario: &Scenario, style: &Style) -> String {
    let lines = match (style.shape, style.extent) {
        (Shape::Plain, _) => plain::sentences(report, scenario, style),
        (Shape::Unicode | Shape::Ascii, Extent::Lines(most)) => {
            let whole = drawn(report, scenario, style);
            let fits = whole.len() <= most;
            if fits { whole } else { screen::lines(report, scenario, style, most) }
        }
        (Shape::Unicode | Shape::Ascii, Extent::Whole | Extent::Full) => {
            drawn(report, scenario, style)
        }
    };
    lines.into_iter().map(|line| line + "\n").collect()
}

fn drawn(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    let mut lines = top::title(report, scenario, style);
    lines.push(String::new());
    if style.extent == Extent::Full && !scenario.about.is_empty() {
        lines.extend(wrap(&scenario.about, "", ""));
        lines.push(String::new());
    }
    lines.extend(top::headline(report, scenario));
    lines.push(String::new());
    let picture = top::picture(report, scenario, style);
    if !picture.is_empty() {
        lines.extend(picture);
        lines.push(String::new());
    }
    lines.extend(table::draw(report, style));
    let prices = report.prices.as_ref().map(|all| prices::draw(all, &report.contenders, style));
    let sections = [
        ("Prices", prices.unwrap_or_default()),
        ("Why", why(report, scenario, style)),
        ("Still under way", unsettled(report, scenario)),
        ("Answers that the broker asked for", sentences(&facts::answers(report))),
        ("Claims", claims(report, style)),
        ("Recoveries", sentences(&facts::recoveries(report))),
        ("Anomalies", sentences(&facts::anomalies(report))),
        ("Faults that did nothing", sentences(&facts::idle_faults(report, scenario))),
        ("Expectations", expectations(report, scenario, style)),
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

fn why(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    for missed in facts::missed(report) {
        lines.push(format!("  {}:", missed.phrase()));
        for reason in &missed.reasons {
            let phrase = words::cause(reason.cause);
            let ids = ids::compact(&reason.ids, style);
            let at = match reason.at(missed.of) {
                at if at.is_empty() => at,
                at => format!(" ({at})"),
            };
            let count = words::count(reason.count);
            let first = format!("  {count:>6}  ");
            let text = format!("{phrase} [{}]: {ids}{at}", reason.cause);
            lines.extend(wrap(&text, &first, "          "));
        }
    }
    let away = facts::away(report);
    lines.extend(away.iter().flat_map(|away| wrap(&away.sentence(), "  ", "    ")));
    for gone in facts::replaced(report) {
        lines.extend(wrap(&gone, "  ", "    "));
    }
    for alive in facts::seemed_alive(report, scenario) {
        lines.extend(wrap(&alive, "  ", "    "));
    }
    for early in facts::before_subscription(report) {
        lines.extend(wrap(&early.sentence(&ids::compact(&early.ids, style)), "  ", "    "));
    }
    lines
}

/// Says what is still under way, with the command that runs for longer.
fn unsettled(report: &Report, scenario: &Scenario) -> Vec<String> {
    let Some(facts::Unsettled { sentences: said, longer }) = facts::unsettled(report, scenario)
    else {
        return Vec::new();
    };
    let mut lines = sentences(&said);
    lines.extend(longer.iter().flat_map(|command| replay::lines(command, "  Longer: ")));
    lines
}

fn claims(report: &Report, style: &Style) -> Vec<String> {
    let mut lines = super::claims::draw(report, style);
    if facts::claims(report, Claim::Broken).is_empty() {
        lines.push("  No claim was broken.".to_owned());
    }
    lines.extend(facts::untested(report).iter().flat_map(|said| wrap(said, "  ", "    ")));
    for state in [Claim::Broken, Claim::OutsideTerms, Claim::Open] {
        for (claim, others) in facts::claims(report, state) {
            let ink = if state == Claim::Broken { Ink::Bad } else { Ink::Plain };
            let sentence = wrap(&claim.sentence(others), "  ", "    ");
            lines.extend(sentence.iter().map(|line| style.paint(ink, line)));
        }
    }
    lines
}

fn expectations(report: &Report, scenario: &Scenario, style: &Style) -> Vec<String> {
    let mut lines = wrap(&facts::expectations(report), "  ", "  ");
    let changed = facts::changed(report, scenario).map(|changed| changed.sentence());
    lines.extend(changed.iter().flat_map(|said| wrap(said, "  ", "  ")));
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

//! The first screen of a report: headline, picture, table and the first reasons, in as many lines
//! as a terminal has. It says how to see the rest, and nothing that the rest does not say.

use crate::scenario::Scenario;

use super::facts::Changed;
use super::measure::wrap;
use super::style::{Ink, Style};
use super::{Report, RunResult, facts, ids, replay, table, top};

/// Returns at most about `most` lines: the picture gives way to the table, the reasons to both.
/// A title or headline of several lines is not cut.
pub fn lines(report: &Report, scenario: &Scenario, style: &Style, most: usize) -> Vec<String> {
    let mut lines = top::title(report, scenario, style);
    lines.extend(top::headline(report, scenario));
    let longer = facts::unsettled(report, scenario).and_then(|one| one.longer);
    let longer: Vec<String> =
        longer.iter().flat_map(|command| replay::lines(command, "Longer: ")).collect();
    let (mut left_out, mut room) = (Vec::new(), most.saturating_sub(lines.len() + longer.len()));
    let picture = top::picture(report, scenario, style);
    let table = table::draw(report, style);
    let first = [("Picture", &picture), ("Table", &table)];
    // Where only one of them has room, it is the table: it has every contender's numbers. A blank
    // line goes before each, unless both have room only without.
    let taken = picture.len() + table.len() + end(report, scenario, &[], style).len();
    let both = taken <= room;
    let gap = usize::from(!both || taken + 2 <= room);
    for (name, part) in first {
        let fits = part.len() + gap + end(report, scenario, &left_out, style).len() <= room;
        if part.is_empty() || !fits || (name == "Picture" && !both) {
            left_out.extend((!part.is_empty()).then_some(name));
            continue;
        }
        room -= part.len() + gap;
        lines.extend(std::iter::repeat_n(String::new(), gap));
        lines.extend(part.iter().cloned());
    }
    let longest = [&left_out[..], &["10 more reasons"]].concat();
    let room = room.saturating_sub(end(report, scenario, &longest, style).len());
    let (reasons, unsaid) = reasons(report, scenario, style, room);
    lines.extend(reasons);
    lines.extend(longer);
    let more = format!("{unsaid} more reasons");
    left_out.extend((unsaid > 1).then_some(&*more));
    left_out.extend((unsaid == 1).then_some("1 more reason"));
    lines.extend(end(report, scenario, &left_out, style));
    lines
}

/// Returns how many answers came that the broker asked for, and the reasons for which messages were
/// missed, a contender a sentence, as many as there is room for, and the number of those for which there is none.
fn reasons(
    report: &Report,
    scenario: &Scenario,
    style: &Style,
    room: usize,
) -> (Vec<String>, usize) {
    let away = facts::away(report);
    let early = facts::before_subscription(report);
    let early = early.iter().map(|one| one.sentence(&ids::compact(&one.ids, style)));
    let alive = facts::seemed_alive(report, scenario);
    let replaced = facts::replaced(report);
    let away = away.iter().map(facts::Absence::sentence);
    let (mut lines, mut left) = (Vec::new(), 0);
    for sentence in facts::answers(report)
        .into_iter()
        .chain(facts::missed_in_short(report))
        .chain(away)
        .chain(early)
        .chain(replaced)
        .chain(alive)
    {
        let wrapped = wrap(&sentence, "", "  ");
        if left > 0 || lines.len() + wrapped.len() > room {
            left += 1;
            continue;
        }
        lines.extend(wrapped);
    }
    (lines, left)
}

/// Returns what came of the expectations, and how to see the rest, with what was left out.
fn end(report: &Report, scenario: &Scenario, left_out: &[&str], style: &Style) -> Vec<String> {
    let changed = match facts::changed(report, scenario) {
        Some(Changed::Numbers) => " (they are for the scenario without --set)".to_owned(),
        Some(Changed::Seed(own)) => format!(" (they are for seed {own})"),
        None => String::new(),
    };
    let expected = match report.expectations.is_empty() {
        true => String::new(),
        false => format!("Expectations: {}{changed}. ", facts::expectations(report)),
    };
    let (ink, verdict) = match report.result {
        RunResult::Failed => (Ink::Bad, ""),
        RunResult::Inconclusive => (Ink::Plain, "Inconclusive: no fault did anything. "),
        RunResult::Met | RunResult::Unchecked => (Ink::Plain, ""),
    };
    let rest = match left_out {
        [] => "Why, claims and more".to_owned(),
        some => format!("{}, claims and more", some.join(", ")),
    };
    let text = format!("{expected}{verdict}{rest}: add --full");
    wrap(&text, "", "").iter().map(|line| style.paint(ink, line)).collect()
}

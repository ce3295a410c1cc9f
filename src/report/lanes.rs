//! The lane diagram: when faults were on, and how the messages published at that time fared.
//!
//! A message is drawn in the column of its publication, so that a miss appears under the outage
//! that caused it. If several messages share a column, the worst outcome is shown; a column in
//! which only some were missed has a glyph of its own. The diagram never exceeds the columns of its
//! style.

use crate::terms::{Cause, Outcome};
use std::collections::{BTreeMap, BTreeSet};

use crate::message::MessageId;
use crate::scenario::Scenario;
use crate::time::Duration;
use crate::verdict::{MessageOutcome, SubscriberReport};

use super::axis::Axis;
use super::bars;
use super::measure::{clean, fit, left, width, wrap};
use super::style::{Extent, Glyph, Ink, Style};
use super::{Report, words};

/// The most subscribers with a lane each. A contender with more has one lane for all of them.
pub const SUBSCRIBERS: usize = 6;
/// The most columns that names may take.
const LABEL: usize = 28;

/// A live message is late if it took more than so many times the scenario's longest latency: two of
/// them are the way from publisher to broker to subscriber.
const LATE_LATENCIES: u64 = 5;
/// The least delay that is called late.
const LATE: Duration = Duration::from_millis(100);

/// One lane: its label, and a glyph or nothing in each column.
struct Lane {
    label: String,
    cells: Vec<Option<Glyph>>,
}

/// Returns the diagram's lines, and the glyphs that it uses.
pub fn draw(report: &Report, scenario: &Scenario, style: &Style) -> (Vec<String>, BTreeSet<Glyph>) {
    let mut used = BTreeSet::new();
    let bar_labels = bars::labels(scenario);
    let label = label_columns(report, &bar_labels);
    let axis =
        Axis::new(last_moment(report, scenario), scenario.run_for, style.columns - label - 1);
    let late = late(scenario);

    let mut lines = vec![format!("{} {}", " ".repeat(label), axis.ruler()).trim_end().to_owned()];
    let published = published(report, &axis);
    lines.push(line(&published, label, &axis, style, &mut used));
    for (who, bar) in bars::draw(scenario, &axis, style) {
        used.insert(Glyph::Fault);
        let who = left(&fit(&who, label, style.ellipsis()), label);
        lines.push(format!("{who} {bar}").trim_end().to_owned());
    }
    if scenario.faults.len() > bars::FAULTS {
        let more = (scenario.faults.len() - bars::FAULTS) as u64;
        lines.push(format!("{} and {} more", " ".repeat(label), words::counted(more, "fault")));
    }
    for row in &report.contenders {
        let named = row.contender().to_string();
        if row.subscribers.len() > 1 && row.subscribers.len() <= SUBSCRIBERS {
            lines.push(style.paint(Ink::Heading, &fit(&named, label, style.ellipsis())));
            for subscriber in &row.subscribers {
                let name = format!("  {}", subscriber.client);
                let lane = outcomes(name, std::slice::from_ref(subscriber), &axis, late);
                lines.push(line(&lane, label, &axis, style, &mut used));
            }
        } else {
            let lane = outcomes(named, &row.subscribers, &axis, late);
            lines.push(line(&lane, label, &axis, style, &mut used));
        }
    }
    let mut notes = notes(report, scenario, &axis, style, &used);
    if used.contains(&Glyph::Late) {
        notes.push(format!("Late is more than {late} after it was published."));
    }
    // On a screen every line counts.
    if matches!(style.extent, Extent::Lines(_)) {
        notes = vec![notes.join(" ")];
    }
    for note in notes {
        let note = wrap(&note, "", "");
        lines.extend(note.iter().map(|line| style.paint(Ink::Quiet, line)));
    }
    (lines, used)
}

/// Returns the number of columns for the names: the width of the longest, within limits.
fn label_columns(report: &Report, bar_labels: &[String]) -> usize {
    let contenders = report.contenders.iter().map(|row| row.contender().to_string());
    let subscribers = report
        .contenders
        .iter()
        .filter(|row| row.subscribers.len() > 1 && row.subscribers.len() <= SUBSCRIBERS)
        .flat_map(|row| row.subscribers.iter().map(|s| format!("  {}", s.client)));
    let longest = contenders
        .chain(subscribers)
        .chain(bar_labels.iter().cloned())
        .map(|name| width(&clean(&name)))
        .max();
    longest.unwrap_or(0).clamp("published".len(), LABEL)
}

/// Returns the moment of the last thing that the diagram shows, in milliseconds.
fn last_moment(report: &Report, scenario: &Scenario) -> f64 {
    let end = scenario.run_for.as_millis_f64();
    let messages = drawn(report).map(|(_, published_ms)| published_ms);
    let faults = scenario
        .faults
        .iter()
        .flat_map(|fault| [fault.at, fault.until])
        .map(|moment| moment.as_millis_f64())
        .filter(|&ms| ms <= end);
    messages.chain(faults).fold(0.0, f64::max)
}

/// Returns every message that a subscriber wanted or that came before its subscription, and the
/// instant at which it was published.
fn drawn(report: &Report) -> impl Iterator<Item = (&MessageId, f64)> {
    let subscribers = report.contenders.iter().flat_map(|row| &row.subscribers);
    subscribers.flat_map(|one| {
        let wanted = one.messages.iter().map(|message| (&message.id, message.published_ms));
        let before = one.before_subscription.iter();
        wanted.chain(before.map(|message| (&message.id, message.published_ms)))
    })
}

/// Returns the lane of all messages that are drawn, each at its moment of publication in the first
/// contender that has it.
fn published(report: &Report, axis: &Axis) -> Lane {
    let mut moments = BTreeMap::new();
    for (id, published_ms) in drawn(report) {
        moments.entry(id).or_insert(published_ms);
    }
    let mut cells = vec![None; axis.columns];
    for ms in moments.into_values() {
        cells[axis.column(ms)] = Some(Glyph::Published);
    }
    Lane { label: "published".to_owned(), cells }
}

/// Returns the common lane of some subscribers: the worst outcome of each column, unless only some
/// of its messages were missed.
fn outcomes(label: String, subscribers: &[SubscriberReport], axis: &Axis, late: Duration) -> Lane {
    let mut cells: Vec<Option<Glyph>> = vec![None; axis.columns];
    for subscriber in subscribers {
        let before = subscriber.before_subscription.iter();
        let before = before.map(|message| (message.published_ms, Glyph::BeforeSubscription));
        let wanted = subscriber.messages.iter();
        let wanted = wanted.map(|message| (message.published_ms, glyph(message, late)));
        for (published_ms, glyph) in before.chain(wanted) {
            let cell = &mut cells[axis.column(published_ms)];
            *cell = Some(cell.map_or(glyph, |other| together(other, glyph)));
        }
    }
    Lane { label, cells }
}

/// Returns the delay beyond which a live message is drawn as late.
fn late(scenario: &Scenario) -> Duration {
    (scenario.latency.max * LATE_LATENCIES).max(LATE)
}

fn glyph(message: &MessageOutcome, late: Duration) -> Glyph {
    let delay = message.handled_ms.map_or(0.0, |handled| handled - message.published_ms);
    match message.outcome {
        Outcome::Live if delay > late.as_millis_f64() => Glyph::Late,
        Outcome::Live => Glyph::Live,
        Outcome::CaughtUp => Glyph::CaughtUp,
        Outcome::Missed if message.cause == Some(Cause::Unsettled) => Glyph::Unsettled,
        Outcome::Missed => Glyph::Missed,
    }
}

/// Returns the glyph of a column that two glyphs share: the later one in the legend is the worse.
/// A message that nobody wanted gives way to one that somebody did.
fn together(one: Glyph, other: Glyph) -> Glyph {
    match (one.min(other), one.max(other)) {
        (Glyph::BeforeSubscription, wanted) => wanted,
        (least, Glyph::Missed) if least != Glyph::Missed => Glyph::SomeMissed,
        (_, worse) => worse,
    }
}

fn line(
    lane: &Lane,
    label: usize,
    axis: &Axis,
    style: &Style,
    used: &mut BTreeSet<Glyph>,
) -> String {
    let mut text = left(&fit(&lane.label, label, style.ellipsis()), label);
    text.push(' ');
    for (column, cell) in lane.cells.iter().enumerate() {
        match cell {
            Some(glyph) => {
                used.insert(*glyph);
                text.push_str(&style.painted(*glyph));
            }
            None if axis.is_tick(column) => {
                text.push_str(&style.paint(Ink::Quiet, style.either("·", ".")));
            }
            None => text.push(' '),
        }
    }
    text.trim_end().to_owned()
}

/// Returns the notes below the diagram: on shared lanes, shared columns, messages not drawn, and
/// the length of the run.
fn notes(
    report: &Report,
    scenario: &Scenario,
    axis: &Axis,
    style: &Style,
    used: &BTreeSet<Glyph>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let most = report.contenders.iter().map(|row| row.subscribers.len()).max().unwrap_or(0);
    if most > SUBSCRIBERS {
        notes.push(format!("One lane a contender, for {} subscribers together.", most));
    }
    let crowded = report.contenders.iter().any(|row| {
        let joined = row.subscribers.len() > SUBSCRIBERS;
        joined || row.subscribers.iter().any(|subscriber| shares_columns(subscriber, axis))
    });
    if crowded {
        let column = words::millis(axis.column_ms());
        notes.push(match used.contains(&Glyph::SomeMissed) {
            true => {
                let some = style.glyph(Glyph::SomeMissed);
                format!(
                    "A column is {column}: its worst is shown, {some} if only some were missed."
                )
            }
            false => format!("A column is {column}; where messages share one, the worst is shown."),
        });
    }
    let drawn = drawn(report).map(|(id, _)| id).collect::<BTreeSet<_>>().len();
    let handed = report.contenders.iter().map(|row| row.published).max().unwrap_or(0);
    if handed > drawn as u64 {
        let unwanted = words::counted(handed - drawn as u64, "message");
        notes.push(format!("Not drawn: {unwanted} that no subscriber wanted."));
    }
    if axis.end_ms < scenario.run_for.as_millis_f64() {
        notes.push(format!("(the run lasts {})", scenario.run_for));
    }
    notes
}

/// Whether two wanted messages of a subscriber are drawn in one column.
fn shares_columns(subscriber: &SubscriberReport, axis: &Axis) -> bool {
    let mut taken = BTreeSet::new();
    subscriber.messages.iter().any(|message| !taken.insert(axis.column(message.published_ms)))
}

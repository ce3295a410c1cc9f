//! The headline: one sentence on the outcome. It states nothing that the table does not show.

use std::collections::BTreeSet;

use super::facts::{self, Absence};
use super::{Report, words};
use crate::message::Mode;
use crate::terms::Cause;
use crate::verdict::{Row, Totals};

/// The most contenders of a mode that are named one by one.
const NAMED: usize = 3;

/// Returns the headline: how much was published, how each mode did, and which contenders handled
/// messages twice or out of order.
pub fn sentence(report: &Report) -> String {
    let mut text = main_sentence(report);
    text.push_str(&before_subscription(report).unwrap_or_default());
    text.push_str(&handled(report, "twice", |totals| totals.handled_again));
    text.push_str(&handled(report, "out of order", |totals| totals.out_of_order));
    text
}

/// Says how many messages came before a subscription stood.
fn before_subscription(report: &Report) -> Option<String> {
    let early = facts::before_subscription(report);
    let clients: BTreeSet<&str> =
        early.iter().flat_map(|one| one.clients.iter().copied()).collect();
    let most = early.iter().map(|one| one.ids.len() as u64).max()?;
    let least = early.iter().map(|one| one.ids.len() as u64).min().unwrap_or_default();
    let is_each = early.len() == report.contenders.len();
    let how_many = match is_each {
        true => between(least, most),
        false => format!("up to {}", words::count(most)),
    };
    let whose = match clients.first() {
        Some(client) if clients.len() == 1 => format!("{client}'s subscription"),
        _ => "a subscription".to_owned(),
    };
    Some(format!(
        " Of the messages, {how_many} came before {whose} stood: not wanted, so not missed."
    ))
}

/// Names the contenders for which `count` is not zero, with the count. Empty if there is none.
fn handled(report: &Report, how: &str, count: impl Fn(&Totals) -> u64) -> String {
    let rows = report.contenders.iter().map(|row| (row, count(&Totals::of(&row.subscribers))));
    let parts: Vec<String> = rows
        .filter(|(_, count)| *count > 0)
        .map(|(row, count)| format!("{} handled {} {how}", row.contender(), words::count(count)))
        .collect();
    if parts.is_empty() { String::new() } else { format!(" {}.", parts.join(", ")) }
}

fn main_sentence(report: &Report) -> String {
    let subscribers = report.contenders.iter().map(|row| row.subscribers.len()).max().unwrap_or(0);
    let published = spread(report.contenders.iter().map(|row| row.published));
    let begin = match published {
        None => return "Nothing was run.".to_owned(),
        Some((1, 1)) => "1 message was published".to_owned(),
        Some((least, most)) => format!("{} messages were published", between(least, most)),
    };
    if subscribers == 0 {
        return format!("{begin}, and nobody had subscribed.");
    }
    let listeners =
        if subscribers == 1 { String::new() } else { format!(" for {subscribers} subscribers") };

    let away = facts::away(report);
    let nowhere: Vec<&Absence> = away.iter().filter(|away| away.nowhere.is_some()).collect();
    let is_reached = |row: &&Row| nowhere.iter().all(|away| away.contender != row.contender());
    let rows: Vec<&Row> = report.contenders.iter().filter(is_reached).collect();
    let modes: Vec<Sums> = Mode::ALL.iter().filter_map(|&mode| Sums::of(&rows, mode)).collect();
    let begin = match unreached(&nowhere) {
        None => format!("{begin}{listeners}; "),
        Some(unreached) if rows.is_empty() => return format!("{begin}{listeners}; {unreached}."),
        Some(unreached) => format!("{begin}{listeners}; {unreached}. With the others "),
    };
    if modes.iter().all(|sums| sums.wanted == (0, 0)) {
        return format!("{begin}no subscriber wanted any.");
    }
    if modes.iter().all(|sums| sums.missed == (0, 0)) {
        return format!("{begin}{}.", nothing_missed(&modes, report.contenders.len()));
    }
    let wanted = spread(modes.iter().flat_map(|sums| [sums.wanted.0, sums.wanted.1]));
    // "of them" is true only if each published message is wanted exactly once.
    let of_them = wanted == published && subscribers == 1;
    let parts: Vec<String> = modes.iter().map(|sums| sums.phrase(of_them)).collect();
    format!("{begin}{}.", parts.join(", "))
}

/// Names the contenders that no subscriber could reach, if there are any.
fn unreached(nowhere: &[&Absence]) -> Option<String> {
    let why = nowhere.last()?.phrase();
    let names: Vec<String> = nowhere.iter().map(|away| away.contender.to_string()).collect();
    let names = match names.len() {
        count if count > NAMED => format!("{count} contenders"),
        _ => words::listed(&names),
    };
    Some(format!("with {names} they went nowhere, since {why}"))
}

/// Says that a mode or a contender lacks so many messages: missed them, or had them still on the
/// way at the end.
fn lacks(mode: Mode, how_many: &str, missed: u64, unsettled: u64) -> String {
    match (mode, unsettled) {
        (_, 0) => format!("missed {how_many}"),
        (Mode::CatchUp, open) if open == missed => format!("still owes {how_many}"),
        (Mode::FireAndForget, open) if open == missed => format!("still has {how_many} on the way"),
        (_, open) => format!("missed {how_many} ({} still on the way)", words::count(open)),
    }
}

/// The least and the most of each number, over all contenders of a mode.
struct Sums {
    mode: Mode,
    contenders: Vec<Named>,
    wanted: (u64, u64),
    caught_up: (u64, u64),
    missed: (u64, u64),
}

/// The numbers of one contender.
struct Named {
    name: String,
    caught_up: u64,
    missed: u64,
    /// Those of the missed messages that are still on the way.
    open: u64,
}

impl Sums {
    fn of(rows: &[&Row], mode: Mode) -> Option<Sums> {
        let rows = || rows.iter().filter(|row| row.mode == mode);
        let totals: Vec<Totals> = rows().map(|row| Totals::of(&row.subscribers)).collect();
        let contenders = rows().zip(&totals).map(|(row, totals)| {
            let open = totals.causes.get(&Cause::Unsettled).copied().unwrap_or_default();
            let Totals { caught_up, missed, .. } = *totals;
            Named { name: row.contender().to_string(), caught_up, missed, open }
        });
        Some(Sums {
            mode,
            contenders: contenders.collect(),
            wanted: spread(totals.iter().map(|totals| totals.wanted))?,
            caught_up: spread(totals.iter().map(|totals| totals.caught_up))?,
            missed: spread(totals.iter().map(|totals| totals.missed))?,
        })
    }

    fn phrase(&self, of_them: bool) -> String {
        let mode = self.mode;
        if self.missed.1 == 0 {
            return format!("{mode} {}missed none", caught_up(self.caught_up));
        }
        let wanted = range(self.wanted);
        let of = if of_them { "of them".to_owned() } else { format!("of {wanted} wanted") };
        let open = spread(self.contenders.iter().map(|one| one.open)).unwrap_or_default();
        let differ = self.missed.0 != self.missed.1 || open.0 != open.1;
        if differ {
            return self.one_by_one(&of);
        }
        let how_many = match self.missed == self.wanted {
            true => format!("all {wanted}"),
            false => format!("{} {of}", range(self.missed)),
        };
        let lacks = lacks(mode, &how_many, self.missed.0, open.0);
        format!("{mode} {}{lacks}", caught_up(self.caught_up))
    }

    /// For contenders of one mode that differ by link: each of them, or the range if there are
    /// many.
    fn one_by_one(&self, of: &str) -> String {
        if self.contenders.len() > NAMED {
            let (mode, caught_up) = (self.mode, caught_up(self.caught_up));
            let missed = range(self.missed);
            return format!("{mode} {caught_up}missed {missed} {of}, depending on the link");
        }
        let parts = self.contenders.iter().map(|one| {
            let how_many = format!("{} {of}", words::count(one.missed));
            let lacks = match one.missed {
                0 => "missed none".to_owned(),
                missed => lacks(self.mode, &how_many, missed, one.open),
            };
            format!("{} {}{lacks}", one.name, caught_up((one.caught_up, one.caught_up)))
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// Says how many messages were caught up on, before what was missed; nothing if none was.
fn caught_up(number: (u64, u64)) -> String {
    match number.1 {
        0 => String::new(),
        _ => format!("caught up on {} and ", at_most(number)),
    }
}

/// The same as [`range`], to stand after "on".
fn at_most((least, most): (u64, u64)) -> String {
    match least {
        0 if most > 0 => format!("at most {}", words::count(most)),
        _ => between(least, most),
    }
}

/// The phrase for contenders that missed nothing. `of` is the number of all contenders.
fn nothing_missed(modes: &[Sums], of: usize) -> String {
    let caught_up = modes.iter().map(|sums| sums.caught_up.1).max().unwrap_or(0);
    let contenders: usize = modes.iter().map(|sums| sums.contenders.len()).sum();
    let is_each = contenders == of && of > 1;
    let nobody = if is_each { "no contender missed any" } else { "none was missed" };
    match caught_up {
        0 => nobody.to_owned(),
        _ => {
            let late = modes.iter().filter(|sums| sums.caught_up.1 > 0);
            let late: Vec<String> = late
                .map(|sums| format!("{} caught up on {}", sums.mode, at_most(sums.caught_up)))
                .collect();
            format!("{nobody}, {}", late.join(", "))
        }
    }
}

fn spread(numbers: impl Iterator<Item = u64>) -> Option<(u64, u64)> {
    numbers.fold(None, |spread, number| {
        let (least, most) = spread.unwrap_or((number, number));
        Some((least.min(number), most.max(number)))
    })
}

fn range((least, most): (u64, u64)) -> String {
    if least == 0 && most > 0 {
        return format!("up to {}", words::count(most));
    }
    between(least, most)
}

fn between(least: u64, most: u64) -> String {
    if least == most {
        words::count(least)
    } else {
        format!("{} to {}", words::count(least), words::count(most))
    }
}

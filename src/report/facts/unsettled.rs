//! The facts about what is still under way when a run ends.

use crate::report::{Report, words};
use crate::scenario::{ClientEntry, Direction, Effect, Fault, Scenario, Who, limits};
use crate::terms::Cause;
use crate::time::{Duration, Instant};
use crate::verdict::SubscriberReport;

/// The facts about what is still under way at the end of a run.
pub struct Unsettled {
    /// Sentences: what waits since when, and until when a fault holds it up.
    pub sentences: Vec<String>,
    /// The command that runs the same for longer. `None` if no run may be longer, or none would
    /// settle it.
    pub longer: Option<String>,
}

/// The most contenders that are named with their number.
const NAMED: usize = 3;

/// Returns how many of the messages that a subscriber missed were still under way at the end.
pub fn under_way(subscriber: &SubscriberReport) -> u64 {
    subscriber.causes.get(&Cause::Unsettled).copied().unwrap_or_default()
}

/// Says, if it is so, that the number of missed messages has some in it that are not lost: they were
/// still under way at the end.
pub fn counted_as_missed(report: &Report) -> Option<String> {
    let rows = report.contenders.iter();
    let open = rows.map(|row| (row, row.subscribers.iter().map(under_way).sum::<u64>()));
    let open: Vec<_> = open.filter(|(_, count)| *count > 0).collect();
    let most = open.iter().map(|(_, count)| *count).max()?;
    let which = match open.len() {
        many if many > NAMED => format!("up to {} in {many} contenders", words::count(most)),
        _ => {
            let named = open
                .iter()
                .map(|(row, count)| format!("{} {}", row.contender(), words::count(*count)));
            words::listed(&named.collect::<Vec<_>>())
        }
    };
    Some(format!("Missed counts what was still under way at the end: {which}."))
}

/// Returns what is still under way when the run ends, if anything is.
pub fn unsettled(report: &Report, scenario: &Scenario) -> Option<Unsettled> {
    let subscribers = report.contenders.iter().flat_map(|row| &row.subscribers);
    let open = subscribers.flat_map(|one| {
        let open = one.messages.iter().filter(|message| message.cause == Some(Cause::Unsettled));
        open.map(|message| (one.client.as_str(), message))
    });
    let open: Vec<_> = open.collect();
    let (_, first) = open
        .iter()
        .min_by(|(_, one), (_, other)| one.published_ms.total_cmp(&other.published_ms))?;
    let ends = scenario.run_for;
    let since = Duration::from_micros((first.published_ms * 1e3) as u64);
    let mut sentences = vec![format!(
        "The run ended at {ends}, and {} had been under way since {since}: what is still under way \
         is not lost, and nobody knows yet whether it will come.",
        first.id
    )];
    let end = Instant::ZERO + ends;
    let is_on = |fault: &&Fault| fault.at < end && fault.until > end;
    let is_in_the_way =
        |fault: &&Fault| open.iter().any(|(client, _)| holds_up(fault, client, scenario));
    let on = scenario.faults.iter().filter(is_on).filter(is_in_the_way);
    let (mut least, mut may_settle) = (ends * 2, true);
    if let Some(fault) = on.max_by_key(|fault| fault.until) {
        let (what, who) = (words::fault(fault), words::who(fault, scenario));
        if fault.until == Instant::NEVER {
            sentences.push(format!(
                "\"{what}\" ({who}) never ends: what waits for its end would wait in a longer run, \
                 too."
            ));
            let is_held = |(client, _): &(&str, _)| holds_up(fault, client, scenario);
            may_settle = !open.iter().all(is_held);
        } else {
            let until = fault.until.since(Instant::ZERO);
            sentences.push(format!(
                "\"{what}\" ({who}) lasts until {until}, so the run is too short by at least {}.",
                until - ends
            ));
            least = least.max(until + ends / 2);
        }
    }
    // Whole seconds are easier to read, and nobody knows how long it takes.
    let longer = Duration::from_secs(least.as_micros().div_ceil(1_000_000));
    let longer = (may_settle && longer <= limits::RUN_FOR)
        .then(|| format!("{} --set run_for={longer}", report.replay));
    Some(Unsettled { sentences, longer })
}

/// Whether nothing gets to a process of this client while the fault is on.
fn holds_up(fault: &Fault, client: &str, scenario: &Scenario) -> bool {
    let is_about = match &fault.who {
        Who::Clients(about) => {
            let processes = scenario.clients.iter().flat_map(ClientEntry::processes);
            let mut own = processes.filter(|(_, name)| name.as_str() == client);
            own.any(|(process, _)| about.contains(&process))
        }
        Who::Broker => true,
        Who::Nobody => false,
    };
    let stops_all = match &fault.effect {
        Effect::Disconnect | Effect::Crash { .. } | Effect::Pause | Effect::Freeze => true,
        Effect::Cut => fault.direction == Direction::Both,
        Effect::Partition { .. }
        | Effect::IdleTimeout { .. }
        | Effect::Loss { .. }
        | Effect::Duplicate { .. }
        | Effect::Corrupt { .. }
        | Effect::Reorder { .. }
        | Effect::Latency { .. }
        | Effect::Bandwidth { .. }
        | Effect::Reset
        | Effect::Slow { .. }
        | Effect::Deaf { .. } => false,
    };
    is_about && stops_all
}

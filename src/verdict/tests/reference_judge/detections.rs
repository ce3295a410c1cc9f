//! The detections: which side noticed a fault when, and which faults were unnoticed at an instant.

use crate::message::{EndReason, Note};
use crate::scenario::{Effect, Fault, Who};
use crate::time::Instant;
use crate::verdict::Detection;

use super::trial::{BROKER, Trial, When, longest_queue};

/// The view of a fault from one side of one link, which had a session when the fault began.
pub struct Notice {
    pub detection: Detection,
    pub process: u32,
    /// The beginning of the fault for the process, and the instant at which it was noticed. If it was not, the
    /// latter is the first of the ends of fault, session and trial.
    pub blind: (Instant, Instant),
}

pub fn notices(trial: Trial<'_>) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (index, fault) in trial.scenario.faults.iter().enumerate() {
        if fault.at > trial.history.ended_at {
            continue;
        }
        for process in 1..trial.history.processes.len() as u32 {
            let Some(begin) = begin(trial, index, process) else { continue };
            let sides = sides(fault).iter();
            let seen = sides.filter_map(|side| notice(trial, (index, begin), process, side));
            notices.extend(seen.filter(|one| is_sure(&fault.effect) || one.detection.by.is_some()));
        }
    }
    notices
}

/// Whether a fault on the link of one of these processes was unnoticed at this instant. The
/// broker's entry decides, or the client's if the broker has none.
pub fn is_blind(notices: &[Notice], processes: &[u32], at: Instant) -> bool {
    let decides = |one: &&Notice| {
        let other = notices.iter().find(|other| {
            other.detection.fault == one.detection.fault && other.process == one.process
        });
        other.is_some_and(|other| std::ptr::eq(other, *one))
    };
    let of_these = notices.iter().filter(|one| processes.contains(&one.process));
    of_these.filter(decides).any(|one| one.blind.0 <= at && at < one.blind.1)
}

/// Returns the sides of a link that can notice a fault. A side does not notice what it does itself.
fn sides(fault: &Fault) -> &'static [&'static str] {
    match (&fault.effect, &fault.who) {
        (Effect::Disconnect, _) => &["broker"],
        (Effect::Crash { .. }, Who::Broker) => &["client"],
        (Effect::Crash { .. }, _) => &["broker"],
        (Effect::Cut | Effect::Partition { .. } | Effect::Pause | Effect::Freeze, _) => {
            &["broker", "client"]
        }
        (kind, _) if spoils_packets(kind) => &["broker", "client"],
        _ => &[],
    }
}

/// Whether a fault of this kind surely ends sessions if it lasts.
fn is_sure(kind: &Effect) -> bool {
    use Effect::{Crash, Cut, Disconnect, Freeze, Partition, Pause};
    matches!(kind, Disconnect | Crash { .. } | Pause | Freeze | Cut | Partition { .. })
}

/// Whether a fault of this kind may end a session, if it spoils packets or connections that the
/// session needs.
fn spoils_packets(kind: &Effect) -> bool {
    use Effect::{Bandwidth, Corrupt, IdleTimeout, Loss, Reset};
    matches!(kind, Loss { .. } | Corrupt { .. } | Bandwidth { .. } | Reset | IdleTimeout { .. })
}

/// Returns the beginning of a fault on the link of a process to the broker: for an `idle-timeout`
/// that of the first silence that was too long. `None` if it is not on that link.
fn begin(trial: Trial<'_>, index: usize, process: u32) -> Option<Instant> {
    let fault = &trial.scenario.faults[index];
    let begin = match fault.effect {
        Effect::IdleTimeout { .. } => trial.first_forgotten(index, process)?,
        _ => fault.at,
    };
    is_on(trial, fault, process).then_some(begin)
}

/// Whether a fault is on the link of a process to the broker.
fn is_on(trial: Trial<'_>, fault: &Fault, process: u32) -> bool {
    let name = &trial.history.processes[process as usize].name;
    match (&fault.effect, &fault.who) {
        (Effect::Partition { groups }, _) => {
            let of = |name| groups.iter().position(|group| group.contains(name));
            let (broker, client) = (of(&"broker".into()), of(name));
            broker.is_some() && client.is_some() && broker != client
        }
        (_, Who::Clients(names)) => names.contains(name),
        (_, Who::Broker) => true,
        (_, Who::Nobody) => false,
    }
}

fn notice(
    trial: Trial<'_>,
    (index, begin): (usize, Instant),
    process: u32,
    side: &'static str,
) -> Option<Notice> {
    let fault = &trial.scenario.faults[index];
    let span = |id| {
        let session = trial.session(id);
        match side {
            "broker" => (session.opened, session.forgotten),
            _ => {
                let died = session.welcomed.and_then(|begun| trial.death_after(process, begun));
                let lost = session.lost.map(|(when, _)| when);
                (session.welcomed, [died, lost].into_iter().flatten().min())
            }
        }
    };
    let open = trial.sessions_of(process).into_iter().rfind(|id| {
        let (begun, over) = span(id);
        begun.is_some_and(|begun| trial.at(begun) <= begin)
            && over.is_none_or(|over| trial.at(over) >= begin)
    })?;
    let session = trial.session(open);
    let ended = match side {
        "broker" => session.closed,
        _ => {
            let failed = trial.notes().find_map(|(when, _, note)| match note {
                Note::RequestFailed { session, reason }
                    if session == open && trial.at(when) >= begin =>
                {
                    Some((when, *reason))
                }
                _ => None,
            });
            failed.or(session.lost)
        }
    };
    let noticed = ended.filter(|(when, reason)| {
        let left = side == "client" && *reason == EndReason::Left;
        let replaced = *reason == EndReason::Replaced && is_taken_over(trial, process, *when);
        !left
            && !replaced
            && !is_of_another_fault(trial, (fault, begin), process, *when)
            && is_in_time(trial, fault, *when)
    });
    let over = span(open).1.map_or(trial.history.ended_at, |over| trial.at(over));
    let until = match noticed {
        Some((when, _)) => trial.at(when),
        None => over.min(fault.until),
    };
    let detection = Detection {
        fault: index,
        client: trial.client(process).to_string(),
        side,
        after_ms: noticed.map(|(when, _)| trial.at(when).since(begin).as_millis_f64()),
        by: noticed.map(|(_, reason)| reason.words()),
    };
    Some(Notice { detection, process, blind: (begin, until) })
}

/// Whether the newest session of the client at this time belongs to another process.
fn is_taken_over(trial: Trial<'_>, process: u32, when: When) -> bool {
    let mut newest = None;
    for twin in trial.processes_of(trial.client(process)) {
        for session in trial.sessions_of(twin) {
            let opened = trial.session(session).opened;
            if let Some(opened) = opened.filter(|opened| trial.at(*opened) <= trial.at(when)) {
                newest = newest.max(Some((opened, twin)));
            }
        }
    }
    newest.is_some_and(|(_, twin)| twin != process)
}

/// Whether another fault on the link explains this end better. That fault began no later than the
/// end, and one of these is so:
///
/// - it can end sessions, and began when this one was over;
/// - it surely ends sessions, was on beside this one, and this one only may end them.
fn is_of_another_fault(
    trial: Trial<'_>,
    (fault, begin): (&Fault, Instant),
    process: u32,
    end: When,
) -> bool {
    trial.scenario.faults.iter().enumerate().any(|(index, other)| {
        let Some(other_begin) = self::begin(trial, index, process) else { return false };
        let is_later = fault.until <= other_begin;
        let is_surer =
            is_sure(&other.effect) && spoils_packets(&fault.effect) && other.until >= begin;
        (is_sure(&other.effect) || spoils_packets(&other.effect))
            && (is_later || is_surer)
            && other_begin <= trial.at(end)
            && process != BROKER
    })
}

/// Whether an end came early enough to be due to a fault. One that only may end sessions does so no
/// later than a heartbeat after it is over and its queue has drained.
fn is_in_time(trial: Trial<'_>, fault: &Fault, end: When) -> bool {
    let heartbeat = trial.scenario.broker.heartbeat;
    let last = fault.until + longest_queue(&fault.effect) + heartbeat.every + heartbeat.timeout;
    is_sure(&fault.effect) || trial.at(end) <= last
}

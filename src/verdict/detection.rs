//! Finds out whether each side noticed each fault, when, and by what: one entry for each fault,
//! client and side.
//!
//! A side notices a fault when the session that it had open as the fault began ends. That does not
//! count if something else explains the end:
//!
//! - the side closed the session on purpose;
//! - another process of the client took over;
//! - the fault had healed before another fault began that can end sessions too.
//!
//! A side that acts itself (it crashes, or closes its own sockets) has nothing to notice and gets
//! no entry.
//!
//! An `idle-timeout` begins, for a client, when a flow of that client is forgotten.
//!
//! A fault that spoils packets without stopping them (`loss`, `corrupt`, `bandwidth`) may end a
//! session or fail a request, but need not. It has an entry only where it did: the end came while
//! the fault was on, or at most a heartbeat after it, and no fault that surely ends sessions was on
//! at the same time.

use crate::history::ProcessId;
use crate::message::EndReason;
use crate::scenario::{Effect, Fault, SessionEffect, Who};
use crate::terms::FaultKind;
use crate::time::Instant;

use super::Detection;
use super::facts::{BROKER, Facts, Map, Moment, SessionEnd, SessionFacts, Set, sides};
use super::switch::rule;

/// One entry of the report, with what the anomalies need to know about it.
pub struct Notice {
    /// The entry of the report.
    pub detection: Detection,
    /// The process whose link the fault was on.
    pub process: ProcessId,
    /// The beginning of the fault for this process.
    pub from: Instant,
    /// The instant at which it was noticed. If it was not, the first of the ends of fault, session
    /// and trial.
    pub until: Instant,
}

/// One end of a link.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Broker,
    Client,
}

impl Side {
    const fn name(self) -> &'static str {
        match self {
            Side::Broker => "broker",
            Side::Client => "client",
        }
    }
}

/// Returns all entries, by fault, client and side.
pub fn notices(facts: &Facts<'_>) -> Vec<Notice> {
    let troubles = facts.scenario.faults.iter().enumerate();
    let troubles =
        troubles.map(|(index, fault)| Trouble { index, fault, on: on(facts, index, fault) });
    let troubles: Vec<Trouble<'_>> = troubles.collect();
    let mut notices = Vec::new();
    let has_begun = |trouble: &&Trouble<'_>| {
        trouble.fault.at <= facts.ended_at || !rule("a-fault-that-never-began-has-no-entry")
    };
    for trouble in troubles.iter().filter(has_begun) {
        for side in observers(trouble.fault.effect.kind(), &trouble.fault.who) {
            let all = trouble.on.iter();
            let seen = all.filter_map(|one| notice(facts, &troubles, trouble, (*one, *side)));
            let is_sure = trouble.fault.effect.kind().on_sessions() == SessionEffect::Ends;
            notices.extend(seen.filter(|notice| is_sure || notice.detection.by.is_some()));
        }
    }
    let link = |notice: &Notice| (notice.detection.fault, notice.process);
    notices.sort_by_key(|notice| rule("entries-by-fault-and-process").then(|| link(notice)));
    notices
}

/// A fault, and the processes whose links to the broker it is on.
struct Trouble<'f> {
    index: usize,
    fault: &'f Fault,
    /// The processes, in order, and the beginning of the fault for each.
    on: Vec<(ProcessId, Instant)>,
}

impl Trouble<'_> {
    /// Returns the beginning of the fault for a process, if it is on that process's link.
    fn begin(&self, process: ProcessId) -> Option<Instant> {
        let index = self.on.binary_search_by_key(&process, |(one, _)| *one).ok()?;
        Some(self.on[index].1)
    }
}

/// Returns, for each process, the intervals in which a fault on its link went unnoticed by the
/// broker, or by the client where the broker had no session that could end.
pub fn blind_spots(notices: &[Notice]) -> Map<ProcessId, Vec<(Instant, Instant)>> {
    let mut spots: Map<ProcessId, Vec<(Instant, Instant)>> = Map::default();
    let mut links: Set<(usize, ProcessId)> = Set::default();
    for notice in notices {
        // The broker's entry comes before the client's of the same link and fault.
        let link = (notice.detection.fault, notice.process);
        if links.insert(link) {
            spots.entry(notice.process).or_default().push((notice.from, notice.until));
        }
    }
    spots
}

/// Returns the sides of a link that can notice a fault.
fn observers(kind: FaultKind, who: &Who) -> &'static [Side] {
    match kind {
        FaultKind::Disconnect => &[Side::Broker],
        FaultKind::Crash if *who == Who::Broker => &[Side::Client],
        FaultKind::Crash => &[Side::Broker],
        FaultKind::Cut
        | FaultKind::Partition
        | FaultKind::Pause
        | FaultKind::Freeze
        | FaultKind::Reset
        | FaultKind::IdleTimeout
        | FaultKind::Loss
        | FaultKind::Corrupt
        | FaultKind::Bandwidth => &[Side::Broker, Side::Client],
        FaultKind::Duplicate
        | FaultKind::Reorder
        | FaultKind::Latency
        | FaultKind::Slow
        | FaultKind::Deaf => &[],
    }
}

/// Returns the processes whose links to the broker a fault is on, in order, and its beginning for
/// each: an `idle-timeout` begins when it has forgotten a flow of the process.
fn on(facts: &Facts<'_>, index: usize, fault: &Fault) -> Vec<(ProcessId, Instant)> {
    let begin = |process| match fault.effect {
        Effect::IdleTimeout { .. } => Some((process, facts.flows.first_forgotten(index, process)?)),
        _ => Some((process, fault.at)),
    };
    links(facts, fault).into_iter().filter_map(begin).collect()
}

/// Returns the processes whose links to the broker a fault is about, in order.
fn links(facts: &Facts<'_>, fault: &Fault) -> Vec<ProcessId> {
    if let Effect::Partition { groups } = &fault.effect {
        let sides = sides(groups, &facts.participants);
        let Some(broker) = sides.get(&BROKER) else { return Vec::new() };
        let apart = |process: &ProcessId| sides.get(process).is_some_and(|side| side != broker);
        return facts.participants.client_processes().filter(apart).collect();
    }
    let mut processes: Vec<ProcessId> = match &fault.who {
        Who::Clients(names) => {
            names.iter().filter_map(|name| facts.participants.process(name)).collect()
        }
        Who::Broker => facts.participants.client_processes().collect(),
        Who::Nobody => Vec::new(),
    };
    processes.sort_unstable();
    processes
}

/// Returns the entry of one side of one link, if that side had a session when the fault began.
fn notice(
    facts: &Facts<'_>,
    troubles: &[Trouble<'_>],
    trouble: &Trouble<'_>,
    ((process, begin), side): ((ProcessId, Instant), Side),
) -> Option<Notice> {
    let Trouble { index, fault, .. } = trouble;
    let open = facts.sessions.of_process(process).filter(|session| {
        let (begun, over) = interval(facts, session, process, side);
        begun.is_some_and(|begun| begun.at <= begin) && over.is_none_or(|over| over.at >= begin)
    });
    let session = open.last()?;
    let (_, over) = interval(facts, session, process, side);
    let unseen = over.map_or(facts.ended_at, |over| over.at).min(fault.until);
    let ended = match side {
        Side::Broker => session.closed,
        // A failed request counts as a notice, as does the end of a session.
        Side::Client => {
            let failed = session.failures.iter().find(|failed| failed.moment.at >= begin);
            let failed = failed.filter(|_| rule("a-failed-request-is-a-notice"));
            failed.copied().or(session.lost)
        }
    };
    let noticed = ended.filter(|end| {
        // A client that leaves has nothing to notice; the broker, which is told so, has.
        (side == Side::Broker || end.reason != EndReason::Left)
            && !is_taken_over(facts, process, *end)
            && !is_explained_by_another(troubles, (fault, begin), process, *end)
            && is_in_time(facts, fault, *end)
    });
    Some(Notice {
        detection: Detection {
            fault: *index,
            client: facts.participants.client_of(process).to_string(),
            side: side.name(),
            after_ms: noticed.map(|end| end.moment.at.since(begin).as_millis_f64()),
            by: noticed.map(|end| end.reason.words()),
        },
        process,
        from: begin,
        until: noticed.map_or(unseen, |end| end.moment.at),
    })
}

/// Whether a session ended because another process of the same client opened one: the broker
/// opens the newer one as soon as it has closed the older.
fn is_taken_over(facts: &Facts<'_>, process: ProcessId, end: SessionEnd) -> bool {
    if end.reason != EndReason::Replaced {
        return false;
    }
    let opened = facts.participants.twins(process).iter().flat_map(|twin| {
        let sessions = facts.sessions.of_process(*twin);
        sessions.filter_map(move |session| Some((session.opened?, *twin)))
    });
    let newest = opened.filter(|(opened, _)| opened.at <= end.moment.at).max();
    newest.is_some_and(|(_, twin)| twin != process)
}

/// Whether another fault on the same link explains the end of a session:
///
/// - the fault had healed before the other one began, and the session ended after that; or
/// - the fault only may end sessions, and the other one, which surely does, was on beside it.
fn is_explained_by_another(
    troubles: &[Trouble<'_>],
    (fault, begin): (&Fault, Instant),
    process: ProcessId,
    end: SessionEnd,
) -> bool {
    troubles.iter().any(|trouble| {
        let Some(other_begin) = trouble.begin(process) else { return false };
        let other = trouble.fault;
        let is_later = fault.until <= other_begin;
        let is_surer = fault.effect.kind().on_sessions() == SessionEffect::MayEnd
            && other.effect.kind().on_sessions() == SessionEffect::Ends
            && begin <= other.until;
        other.effect.kind().on_sessions() != SessionEffect::None
            && (is_later || is_surer)
            && other_begin <= end.moment.at
    })
}

/// Whether a session ended early enough to have ended because of a fault. A fault that only may end
/// sessions does so by silence, which is noticed a heartbeat after the last packet at the latest.
fn is_in_time(facts: &Facts<'_>, fault: &Fault, end: SessionEnd) -> bool {
    let heartbeat = facts.scenario.broker.heartbeat;
    let silence = fault.effect.longest_queue() + heartbeat.every + heartbeat.timeout;
    fault.effect.kind().on_sessions() == SessionEffect::Ends
        || end.moment.at <= fault.until + silence
}

/// Returns when a side began and ceased to hold a session to be open.
fn interval(
    facts: &Facts<'_>,
    session: &SessionFacts,
    process: ProcessId,
    side: Side,
) -> (Option<Moment>, Option<Moment>) {
    match side {
        Side::Broker => (session.opened, session.forgotten),
        Side::Client => {
            let begun = session.welcomed;
            let died = begun.and_then(|begun| facts.lifetimes.death_after(process, begun));
            let lost = session.lost.map(|SessionEnd { moment, .. }| moment);
            let died = died.filter(|_| rule("a-session-dies-with-its-client"));
            (begun, [died, lost].into_iter().flatten().min())
        }
    }
}

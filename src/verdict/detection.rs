//! Who noticed which fault when, and by what: per fault, client and side.
//!
//! A side notices a fault when the session that it had open as the fault began ends. A side that
//! acts itself (it crashes, or closes its own sockets) has nothing to notice and no entry.

use crate::scenario::{Fault, FaultKind, Who};
use crate::time::Instant;

use super::Detection;
use super::facts::{BROKER, Ending, Facts, Map, Moment, Session, Set, sides};

/// One entry, with what the anomalies ask of it.
pub struct Notice {
    /// The entry of the report.
    pub detection: Detection,
    /// Whose link it was.
    pub process: u32,
    /// From the beginning of the fault …
    pub from: Instant,
    /// … until it was noticed, or the trial ended.
    pub until: Instant,
}

/// Which end of a link.
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

/// Every entry, by fault, client and side.
pub fn notices(facts: &Facts<'_>) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (index, fault) in facts.scenario.faults.iter().enumerate() {
        let observers = observers(&fault.kind, &fault.who);
        if observers.is_empty() || fault.at > facts.ended_at {
            continue;
        }
        for process in affected(facts, fault) {
            for side in observers {
                notices.extend(notice(facts, (index, fault), process, *side));
            }
        }
    }
    notices
}

/// For each process, from when to when a fault on its link went unnoticed: by the broker, or by
/// the client where the broker had no session that could end.
pub fn blind_spots(notices: &[Notice]) -> Map<u32, Vec<(Instant, Instant)>> {
    let mut spots: Map<u32, Vec<(Instant, Instant)>> = Map::default();
    let mut links: Set<(usize, u32)> = Set::default();
    for notice in notices {
        // Of one link and fault the broker's entry comes first.
        let link = (notice.detection.fault, notice.process);
        if links.insert(link) {
            spots.entry(notice.process).or_default().push((notice.from, notice.until));
        }
    }
    spots
}

/// Which sides of a link can notice a fault.
fn observers(kind: &FaultKind, who: &Who) -> &'static [Side] {
    match (kind, who) {
        (FaultKind::Disconnect, _) => &[Side::Broker],
        (FaultKind::Crash { .. }, Who::Broker) => &[Side::Client],
        (FaultKind::Crash { .. }, _) => &[Side::Broker],
        (FaultKind::Cut | FaultKind::Partition { .. } | FaultKind::Pause, _) => {
            &[Side::Broker, Side::Client]
        }
        _ => &[],
    }
}

/// The processes whose links to the broker a fault is on.
fn affected(facts: &Facts<'_>, fault: &Fault) -> Vec<u32> {
    if let FaultKind::Partition { groups } = &fault.kind {
        let sides = sides(groups, &facts.roll);
        let Some(broker) = sides.get(&BROKER) else { return Vec::new() };
        let apart = |process: &u32| sides.get(process).is_some_and(|side| side != broker);
        return facts.roll.client_processes().filter(apart).collect();
    }
    match &fault.who {
        Who::Clients(names) => names.iter().filter_map(|name| facts.roll.process(name)).collect(),
        Who::Broker => facts.roll.client_processes().collect(),
        Who::Nobody => Vec::new(),
    }
}

/// What one side of one link noticed, if it had a session when the fault began.
fn notice(
    facts: &Facts<'_>,
    (index, fault): (usize, &Fault),
    process: u32,
    side: Side,
) -> Option<Notice> {
    let open = facts.sessions.of_process(process).filter(|session| {
        let (begun, over) = interval(facts, session, process, side);
        begun.is_some_and(|begun| begun.at <= fault.at)
            && over.is_none_or(|over| over.at >= fault.at)
    });
    let session = open.last()?;
    let noticed = match side {
        Side::Broker => session.closed,
        Side::Client => session.lost,
    };
    Some(Notice {
        detection: Detection {
            fault: index,
            client: facts.roll.client_of(process).to_string(),
            side: side.name(),
            after_ms: noticed.map(|end| end.moment.at.since(fault.at).as_millis_f64()),
            by: noticed.map(|end| end.reason.words()),
        },
        process,
        from: fault.at,
        until: noticed.map_or(facts.ended_at, |end| end.moment.at),
    })
}

/// From when to when a side held a session to be open.
fn interval(
    facts: &Facts<'_>,
    session: &Session,
    process: u32,
    side: Side,
) -> (Option<Moment>, Option<Moment>) {
    match side {
        Side::Broker => (session.opened, session.forgotten),
        Side::Client => {
            let begun = session.welcomed;
            let died = begun.and_then(|begun| facts.lives.death_after(process, begun));
            let lost = session.lost.map(|Ending { moment, .. }| moment);
            (begun, [died, lost].into_iter().flatten().min())
        }
    }
}

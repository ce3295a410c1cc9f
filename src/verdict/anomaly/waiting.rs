//! Patterns of time: what waits for nothing, and what was lost before anybody noticed.

use crate::time::Instant;
use crate::verdict::outcome::Judged;
use crate::verdict::{Cause, Outcome};

use super::Scene;

/// Messages that still wait at the end although nothing has been in their way for longer than a
/// heartbeat (a ping's interval and its timeout) and an `ack_timeout`.
///
/// In the way is, to be on the safe side, any fault of the scenario, a handler call that ran
/// later (messages are handled one at a time), and a client that is not in a session for want of
/// time. A message that waits for an absent handler is `no-handler`, not stalled.
pub fn stalled(scene: &Scene<'_, '_, '_>) -> u64 {
    let facts = scene.case.facts;
    let broker = &facts.scenario.broker;
    let patience = broker.heartbeat.every + broker.heartbeat.timeout + broker.ack_timeout;
    let faults = facts.scenario.faults.iter().filter(|fault| fault.at <= facts.ended_at);
    let quiet = faults.map(|fault| fault.until).max().unwrap_or(Instant::ZERO);
    let handlings = facts.deliveries.handlings(scene.case.subscriber);
    let idle = handlings.iter().map(|handling| handling.returned.at).max().unwrap_or(Instant::ZERO);
    let waits = |one: &&Judged<'_, '_>| {
        let Some(dated) = one.way.message.dated() else { return false };
        let free_since = quiet.max(idle).max(dated.at);
        one.loss.is_some_and(|end| end.cause == Cause::Unsettled)
            && free_since < facts.ended_at
            && facts.ended_at.since(free_since) > patience
    };
    scene.case.judged.iter().filter(waits).count() as u64
}

/// Messages that are lost and were accepted between a fault on the subscriber's link and the
/// moment at which the broker (or, where it had no session to end, the client) noticed it.
pub fn late_detection(scene: &Scene<'_, '_, '_>) -> u64 {
    let facts = scene.case.facts;
    let processes = &facts.roll.members()[scene.case.subscriber].processes;
    let spots = processes.iter().filter_map(|process| scene.blind_spots.get(process)).flatten();
    let blind: Vec<(Instant, Instant)> = spots.copied().collect();
    let unnoticed = |one: &&Judged<'_, '_>| {
        let Some(accepted) = one.way.message.first_accepted() else { return false };
        let at = accepted.moment.at;
        one.outcome == Outcome::Missed
            && one.lost().is_some()
            && blind.iter().any(|(from, until)| *from <= at && at < *until)
    };
    scene.case.judged.iter().filter(unnoticed).count() as u64
}

//! Patterns of time: messages that wait without a reason, and messages lost before a fault was
//! noticed.

use crate::message::{Liveness, longest_resend_wait};
use crate::scenario::Fault;
use crate::terms::Cause;
use crate::time::{Duration, Instant};
use crate::verdict::facts::SessionFacts;
use crate::verdict::outcome::Judged;
use crate::verdict::switch::rule;

use super::Scene;

/// Counts messages that still wait at the end although nothing has been in their way for longer
/// than a heartbeat (a ping's interval and its timeout), the longest wait of a resend and, where the
/// client polls, the interval of its polls: time enough to join again.
///
/// To be on the safe side, each of these counts as in the way:
///
/// - any fault of the scenario, and the queue that outlives it for as long as it takes to drain;
/// - a handler call that ran later, because messages are handled one at a time;
/// - a missing session: the publisher's for a message that waits with it, the subscriber's for one
///   that waits with the broker.
///
/// A message that waits for an absent handler is `no-handler`, not stalled.
pub fn stalled(scene: &Scene<'_, '_, '_>) -> u64 {
    let facts = scene.case.facts;
    let broker = &facts.scenario.broker;
    let polls = facts.contender.link.semantics().liveness == Liveness::Requests;
    let next_poll = if polls { facts.scenario.polling_interval } else { Duration::ZERO };
    let patience = broker.heartbeat.every
        + broker.heartbeat.timeout
        + longest_resend_wait(broker.ack_timeout)
        + next_poll;
    let has_begun = |fault: &&Fault| {
        fault.at <= facts.ended_at || !rule("a-fault-that-never-began-is-not-in-the-way")
    };
    let faults = facts.scenario.faults.iter().filter(has_begun);
    let over = faults.map(|fault| fault.until + fault.effect.longest_queue());
    let quiet = over.max().filter(|_| rule("a-fault-is-in-the-way")).unwrap_or(Instant::ZERO);
    let handlings = facts.deliveries.handlings(scene.case.subscriber);
    let idle = handlings.iter().map(|handling| handling.returned.at).max();
    let idle = idle.filter(|_| rule("a-handler-is-in-the-way")).unwrap_or(Instant::ZERO);
    let waits = |one: &&Judged<'_, '_>| {
        let Some(dated) = one.path.message.dated() else { return false };
        let Some(path) = path_since(one) else { return false };
        let free_since = quiet.max(idle).max(dated.at).max(path);
        one.loss.is_some_and(|end| end.cause == Cause::Unsettled)
            && facts.ended_at.since(free_since) > patience
    };
    scene.case.judged.iter().filter(waits).count() as u64
}

/// Returns the beginning of the session over which a waiting message could move: the publisher's,
/// or the subscriber's once the broker has the message. `None` if that session does not last to
/// the end.
fn path_since(one: &Judged<'_, '_>) -> Option<Instant> {
    let path = one.path;
    let facts = path.facts;
    let lasts = |session: &SessionFacts| session.outlives(facts.ended_at);
    let is_with_the_broker =
        path.message.last_accepted().is_some_and(|last| last.life == facts.lifetimes.broker_life());
    if !is_with_the_broker {
        let (_, publisher) = path.message.published?;
        let open = facts.sessions.of_process(publisher).filter(|session| lasts(session));
        return open.filter_map(|session| Some(session.welcomed?.at)).max();
    }
    let processes = facts.participants.member(path.subscriber).processes.iter();
    let sessions = processes.flat_map(|process| facts.sessions.of_process(*process));
    let open = sessions.filter(|session| lasts(session) || !rule("the-subscribers-session-lasts"));
    open.filter_map(|session| Some(session.opened?.at)).max()
}

/// Counts messages that are lost and were accepted between a fault on the subscriber's link and the
/// moment at which the broker (or, where it had no session to end, the client) noticed it.
pub fn late_detection(scene: &Scene<'_, '_, '_>) -> u64 {
    let facts = scene.case.facts;
    let processes = &facts.participants.member(scene.case.subscriber).processes;
    let spots = processes.iter().filter_map(|process| scene.blind_spots.get(process)).flatten();
    let blind: Vec<(Instant, Instant)> = spots.copied().collect();
    let unnoticed = |one: &&Judged<'_, '_>| {
        let Some(accepted) = one.path.message.first_accepted() else { return false };
        let at = accepted.moment.at;
        one.lost().is_some() && blind.iter().any(|(from, until)| *from <= at && at < *until)
    };
    scene.case.judged.iter().filter(unnoticed).count() as u64
}

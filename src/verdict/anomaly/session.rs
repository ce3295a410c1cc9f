//! Patterns of sessions: two at once, and deliveries from one that is over.

use crate::verdict::facts::{Handling, Moment, SessionFacts};
use crate::verdict::switch::rule;

use super::Scene;

/// Counts pairs of sessions of one client that the broker had open at the same time and both pushed
/// to in that time.
pub fn two_sessions(scene: &Scene<'_, '_, '_>) -> u64 {
    let facts = scene.case.facts;
    let processes = &facts.participants.member(scene.case.subscriber).processes;
    let all = processes.iter().flat_map(|process| facts.sessions.of_process(*process));
    let mut sessions: Vec<(Moment, &SessionFacts)> =
        all.filter_map(|session| Some((session.opened?, session))).collect();
    sessions.sort_by_key(|(opened, _)| rule("sessions-in-order-of-opening").then_some(*opened));
    let mut open: Vec<&SessionFacts> = Vec::new();
    let mut count = 0;
    for (opened, session) in sessions {
        // Keeps the comparison short: a session that was over before this one opened forms no pair.
        open.retain(|earlier| earlier.is_open_at(opened));
        count += open.iter().filter(|earlier| are_both_pushed_to(earlier, session, opened)).count();
        open.push(session);
    }
    count as u64
}

fn are_both_pushed_to(one: &SessionFacts, other: &SessionFacts, since: Moment) -> bool {
    let until = [one.forgotten, other.forgotten].into_iter().flatten().min();
    [one, other].into_iter().all(|session| {
        let next = session.pushes.partition_point(|push| push.is_before(since));
        let push = session.pushes.get(next);
        push.is_some_and(|push| until.is_none_or(|until| push.is_before(until)))
    })
}

/// Counts handler calls for a message that was read from a session after the client had lost it. A
/// message that was read before that and waited in the inbox does not count.
pub fn delivered_after_end(scene: &Scene<'_, '_, '_>) -> u64 {
    let facts = scene.case.facts;
    let is_after_end = |handling: &&Handling| {
        let session = facts.sessions.get(handling.session);
        session.lost.is_some_and(|lost| lost.moment.is_before(handling.read))
    };
    facts.deliveries.handlings(scene.case.subscriber).iter().filter(is_after_end).count() as u64
}

//! Patterns of sessions: two at once, and one that speaks after its end.

use crate::verdict::facts::{Handling, Moment, SessionFacts};
use crate::verdict::switch::rule;

use super::Scene;

/// Pairs of sessions of one client that the broker had open at the same time and pushed to, both,
/// in that time.
pub fn two_sessions(scene: &Scene<'_, '_, '_>) -> u64 {
    let facts = scene.case.facts;
    let processes = &facts.roll.member(scene.case.subscriber).processes;
    let all = processes.iter().flat_map(|process| facts.sessions.of_process(*process));
    let mut sessions: Vec<(Moment, &SessionFacts)> =
        all.filter_map(|session| Some((session.opened?, session))).collect();
    sessions.sort_by_key(|(opened, _)| rule("sessions-in-order-of-opening").then_some(*opened));
    let mut open: Vec<&SessionFacts> = Vec::new();
    let mut count = 0;
    for (opened, session) in sessions {
        // Only to compare with few: what was over before it was opened is none of two anyway.
        open.retain(|earlier| earlier.is_open_at(opened));
        count += open.iter().filter(|earlier| are_both_pushed_to(earlier, session, opened)).count();
        open.push(session);
    }
    count as u64
}

fn are_both_pushed_to(one: &SessionFacts, other: &SessionFacts, since: Moment) -> bool {
    let until = [one.forgotten, other.forgotten].into_iter().flatten().min();
    [one, other].into_iter().all(|session| {
        let next = session.pushes.partition_point(|push| *push < since);
        let push = session.pushes.get(next);
        push.is_some_and(|push| until.is_none_or(|until| *push < until))
    })
}

/// Calls of a handler for a message that was read from a session which the client had already
/// lost. What was read before and waited in the inbox is no such call: nobody un-reads it.
pub fn delivered_after_end(scene: &Scene<'_, '_, '_>) -> u64 {
    let facts = scene.case.facts;
    let is_after_end = |handling: &&Handling| {
        let session = facts.sessions.get(handling.session);
        session.lost.is_some_and(|lost| lost.moment < handling.read)
    };
    facts.deliveries.handlings(scene.case.subscriber).iter().filter(is_after_end).count() as u64
}

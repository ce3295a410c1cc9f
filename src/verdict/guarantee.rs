//! The plain truth about each guarantee, with the shortest evidence. Never what was claimed.

use super::evidence;
use super::facts::{MessageIndex, Moment};
use super::outcome::{Judged, Late, Repeat, SubscriberCase};
use crate::terms::{Cause, Guarantee, Verdict};

/// One thing that a guarantee was violated by.
#[derive(Clone, Copy)]
pub enum Violation<'c, 'f, 'a> {
    /// Missed, or missed in silence.
    Missed(&'c Judged<'f, 'a>),
    /// Handled again.
    Repeated(Repeat),
    /// Handled too late.
    Late(Late),
}

/// The truth about one guarantee.
pub struct Judgement<'c, 'f, 'a> {
    /// The plain truth.
    pub truth: Verdict,
    /// All that violated it, in order.
    pub violations: Vec<Violation<'c, 'f, 'a>>,
    /// Why it is unknown, if it is.
    pub unknown: Option<String>,
}

/// Judges one guarantee for one subscriber.
pub fn judge<'c, 'f, 'a>(
    case: &'c SubscriberCase<'f, 'a>,
    guarantee: Guarantee,
) -> Judgement<'c, 'f, 'a> {
    let (violations, unknown) = match guarantee {
        Guarantee::AtMostOnce => (repeated(case), None),
        Guarantee::AtLeastOnce => (missed(case), unsettled(case)),
        Guarantee::ExactlyOnce => {
            let all = repeated(case).into_iter().chain(missed(case));
            (all.collect(), unsettled(case))
        }
        Guarantee::InOrder => (case.late.iter().copied().map(Violation::Late).collect(), None),
        Guarantee::NoSilentGap => (silent(case), unsettled(case).or_else(|| untold(case))),
    };
    let truth = match (violations.is_empty(), &unknown) {
        (false, _) => Verdict::Violated,
        (true, Some(_)) => Verdict::Unknown,
        (true, None) => Verdict::Holds,
    };
    Judgement { truth, violations, unknown }
}

fn repeated<'c, 'f, 'a>(case: &'c SubscriberCase<'f, 'a>) -> Vec<Violation<'c, 'f, 'a>> {
    case.repeats.iter().copied().map(Violation::Repeated).collect()
}

fn missed<'c, 'f, 'a>(case: &'c SubscriberCase<'f, 'a>) -> Vec<Violation<'c, 'f, 'a>> {
    case.judged.iter().filter(|one| one.lost().is_some()).map(Violation::Missed).collect()
}

fn silent<'c, 'f, 'a>(case: &'c SubscriberCase<'f, 'a>) -> Vec<Violation<'c, 'f, 'a>> {
    silent_losses(case).map(Violation::Missed).collect()
}

/// Messages that are lost, and of which the subscriber was told nothing although it had a session
/// since.
pub fn silent_losses<'c, 'f, 'a>(
    case: &'c SubscriberCase<'f, 'a>,
) -> impl Iterator<Item = &'c Judged<'f, 'a>> {
    case.judged.iter().filter(|one| {
        one.lost().is_some_and(|end| !is_announced(one) && had_session_since(one, end.at))
    })
}

/// Whether the loss lies in a gap or an ended epoch that the subscriber was told of, or was told
/// to the publisher.
pub fn is_announced(one: &Judged<'_, '_>) -> bool {
    if one.loss.is_some_and(|end| end.cause == Cause::Refused) {
        return true;
    }
    let places = &one.way.facts.places;
    one.places().any(|stored| places.is_announced(one.way.subscriber, stored))
}

fn had_session_since(one: &Judged<'_, '_>, lost: crate::time::Instant) -> bool {
    let facts = one.way.facts;
    let processes = &facts.roll.member(one.way.subscriber).processes;
    processes.iter().any(|process| {
        let mut sessions = facts.sessions.of_process(*process);
        sessions.any(|session| {
            let begun = session.welcomed.or(session.opened);
            let death = begun.and_then(|begun| facts.lives.death_after(*process, begun));
            session.outlives(lost) && death.is_none_or(|death| death.at > lost)
        })
    })
}

/// Why at-least-once cannot be told: something was still under way.
fn unsettled(case: &SubscriberCase<'_, '_>) -> Option<String> {
    let alive = |one: &&Judged<'_, '_>| one.loss.is_some() && one.lost().is_none();
    let one = case.judged.iter().find(alive)?;
    Some(format!("{} was still under way when the run ended", published(one)))
}

/// Why silence cannot be told: there was no session in which to be told.
fn untold(case: &SubscriberCase<'_, '_>) -> Option<String> {
    let unheard = |one: &&Judged<'_, '_>| one.lost().is_some() && !is_announced(one);
    let one = case.judged.iter().find(unheard)?;
    Some(format!("{} was lost, and there was no session since", published(one)))
}

/// A violation in one sentence without its full stop.
pub fn evidence(case: &SubscriberCase<'_, '_>, violation: Violation<'_, '_, '_>) -> String {
    let id = |message: MessageIndex| case.facts.messages.get(message).id;
    match violation {
        Violation::Missed(one) => format!("{} was never handled", published(one)),
        Violation::Repeated(Repeat { message, first, again }) => {
            evidence::handled_again(id(message), first.at, again.at)
        }
        Violation::Late(Late { message, after, handled }) => {
            evidence::handled_after(id(message), handled.at, id(after))
        }
    }
}

fn published(one: &Judged<'_, '_>) -> String {
    let handed_over = one.way.message.handed_over.map(|(moment, _)| moment.at).unwrap_or_default();
    evidence::published(one.way.message.id, handed_over)
}

impl Violation<'_, '_, '_> {
    /// Which message violated it.
    pub fn message(&self) -> MessageIndex {
        match self {
            Violation::Missed(one) => one.index,
            Violation::Repeated(Repeat { message, .. }) | Violation::Late(Late { message, .. }) => {
                *message
            }
        }
    }

    /// Until when it can have mattered what happened: a loss, to the end.
    pub fn until(&self) -> Option<Moment> {
        match self {
            Violation::Missed(_) => None,
            Violation::Repeated(Repeat { again, .. }) => Some(*again),
            Violation::Late(Late { handled, .. }) => Some(*handled),
        }
    }
}

//! Judges the truth about each guarantee, with the shortest evidence. Never what was claimed.

use super::facts::{MessageIndex, Moment};
use super::outcome::{Judged, Late, Repeat, SubscriberCase};
use crate::message::MessageId;
use crate::terms::{Cause, Guarantee, Verdict};
use crate::time::Instant;

/// One violation of a guarantee.
#[derive(Clone, Copy)]
pub enum Violation<'c, 'f, 'a> {
    /// A message was missed, for no-silent-gap also unannounced.
    Missed(&'c Judged<'f, 'a>),
    /// A message was handled again.
    Repeated(Repeat),
    /// A message was handled after a later one of its publisher and queue.
    Late(Late),
}

/// The truth about one guarantee.
pub struct Judgement<'c, 'f, 'a> {
    /// The verdict.
    pub truth: Verdict,
    /// All violations, in order.
    pub violations: Vec<Violation<'c, 'f, 'a>>,
    /// The reason why the truth is unknown, if it is.
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

/// Returns the messages that are lost although the subscriber was not told so, even though it had a
/// session since.
pub fn silent_losses<'c, 'f, 'a>(
    case: &'c SubscriberCase<'f, 'a>,
) -> impl Iterator<Item = &'c Judged<'f, 'a>> {
    case.judged.iter().filter(|one| {
        one.lost().is_some_and(|end| !is_announced(one) && had_session_since(one, end.at))
    })
}

/// Whether the loss was announced: it lies in a gap or an ended epoch that the subscriber was told
/// of, or the broker refused the message.
pub fn is_announced(one: &Judged<'_, '_>) -> bool {
    if one.loss.is_some_and(|end| end.cause == Cause::Refused) {
        return true;
    }
    let positions = &one.path.facts.positions;
    one.stored().any(|stored| positions.is_announced(one.path.subscriber, stored))
}

fn had_session_since(one: &Judged<'_, '_>, lost: crate::time::Instant) -> bool {
    let facts = one.path.facts;
    let processes = &facts.participants.member(one.path.subscriber).processes;
    processes.iter().any(|process| {
        let mut sessions = facts.sessions.of_process(*process);
        sessions.any(|session| {
            let begun = session.welcomed.or(session.opened);
            let death = begun.and_then(|begun| facts.lifetimes.death_after(*process, begun));
            session.outlives(lost) && death.is_none_or(|death| death.at > lost)
        })
    })
}

/// Returns the reason why at-least-once cannot be judged: a message was still under way.
fn unsettled(case: &SubscriberCase<'_, '_>) -> Option<String> {
    let alive = |one: &&Judged<'_, '_>| one.loss.is_some() && one.lost().is_none();
    let one = case.judged.iter().find(alive)?;
    Some(format!("{} was still under way when the run ended", published(one)))
}

/// Returns the reason why silence cannot be judged: there was no session in which to announce a
/// loss.
fn untold(case: &SubscriberCase<'_, '_>) -> Option<String> {
    let unheard = |one: &&Judged<'_, '_>| one.lost().is_some() && !is_announced(one);
    let one = case.judged.iter().find(unheard)?;
    Some(format!("{} was lost, and there was no session since", published(one)))
}

/// Returns a violation in one sentence without its full stop.
pub fn evidence(case: &SubscriberCase<'_, '_>, violation: Violation<'_, '_, '_>) -> String {
    let id = |message: MessageIndex| case.facts.messages.get(message).id;
    match violation {
        Violation::Missed(one) => format!("{} was never handled", published(one)),
        Violation::Repeated(Repeat { message, first, again }) => {
            handled_again(id(message), first.at, again.at)
        }
        Violation::Late(Late { message, after, handled }) => {
            handled_after(id(message), handled.at, id(after))
        }
    }
}

/// Names a message, and the instant at which it was published.
pub fn published_at(id: &MessageId, at: Instant) -> String {
    format!("{id}, published at {at},")
}

/// Says that a message was handled twice.
pub fn handled_again(id: &MessageId, first: Instant, again: Instant) -> String {
    format!("{id} was handled at {first} and again at {again}")
}

/// Says that a message was handled after one that was published later.
pub fn handled_after(id: &MessageId, at: Instant, later: &MessageId) -> String {
    format!("{id} was handled at {at}, after {later}")
}

fn published(one: &Judged<'_, '_>) -> String {
    let published = one.path.message.published.map(|(moment, _)| moment.at).unwrap_or_default();
    published_at(one.path.message.id, published)
}

impl Violation<'_, '_, '_> {
    /// Returns the message that was missed, repeated or late.
    pub fn message(&self) -> MessageIndex {
        match self {
            Violation::Missed(one) => one.index,
            Violation::Repeated(Repeat { message, .. }) | Violation::Late(Late { message, .. }) => {
                *message
            }
        }
    }

    /// Returns the moment up to which other events can have caused the violation; `None` for a
    /// loss, which stays open to the end.
    pub fn until(&self) -> Option<Moment> {
        match self {
            Violation::Missed(_) => None,
            Violation::Repeated(Repeat { again, .. }) => Some(*again),
            Violation::Late(Late { handled, .. }) => Some(*handled),
        }
    }
}

//! Finds the cause of a miss: what ended the last copy that could still have reached the handler.
//!
//! The copies are all pushes, the backlog's copy in each life of the broker, and the one in the
//! publisher's outbox. Of two ends at the same instant, the one whose [`Cause`] comes first in the
//! list of causes counts. Nothing is guessed: a copy that no event ends is alive.

use crate::message::{GapReason, Mode};
use crate::terms::Cause;

use super::copies::{self, ALIVE, DeliveryPath, End};
use super::facts::{
    Applied, BROKER, Begins, Facts, MessageFacts, Moment, PublisherWord, Sending, Stored,
    SubscriberId,
};
use super::switch::rule;

/// Returns the cause and the instant of a missed message's loss.
pub fn of(path: DeliveryPath<'_, '_>) -> End {
    let Some(accepted) = path.message.first_accepted() else {
        return before_broker(path.facts, path.message);
    };
    if let Some(end) = too_long(path) {
        return end;
    }
    let pushed = path.delivery.copies.iter().filter_map(|copy| copies::end_of(path, copy));
    let last = pushed.chain(in_backlog(path)).chain(in_outbox_again(path)).reduce(later);
    if let Some(last) = last {
        return last;
    }
    // Every copy was dropped as a duplicate of another, so the end of the last one counts as if it
    // had not been dropped.
    let dropped = path.delivery.copies.iter().map(|copy| copies::unstopped(path, copy));
    if let Some(last) = dropped.reduce(later)
        && rule("copies-of-copies")
    {
        return last;
    }
    if let Some(acked) = path.delivery.acked_by_client
        && rule("acknowledged-without-a-copy")
    {
        return End { at: acked.at, cause: Cause::LostAfterAck };
    }
    if !path.delivery.kept.is_empty() {
        // The broker noted an acknowledgement that no client gave: the message was passed over.
        let acknowledged = path.delivery.acked_at_broker.iter().map(|moment| moment.at).max();
        let at = acknowledged.filter(|_| rule("skipped-when-it-was-acknowledged"));
        let at = at.unwrap_or(accepted.moment.at);
        return End { at, cause: Cause::Skipped };
    }
    let processes = &path.facts.participants.member(path.subscriber).processes;
    let connected = processes.iter().any(|process| {
        let mut sessions = path.facts.sessions.of_process(*process);
        sessions.any(|session| session.is_open_at(accepted.moment))
    });
    let cause = if connected { Cause::NotJoined } else { Cause::NotConnected };
    End { at: accepted.moment.at, cause }
}

/// Returns the first end of a copy that no frame can carry. Whatever is stored of the message can
/// never arrive either.
fn too_long(path: DeliveryPath<'_, '_>) -> Option<End> {
    let ends = path.delivery.copies.iter().filter_map(|copy| copies::end_of(path, copy));
    ends.filter(|end| end.cause == Cause::TooLong).min()
}

/// Returns the later of two ends; of two at the same instant, the one whose cause comes first in
/// the list.
fn later(one: End, other: End) -> End {
    match one.at.cmp(&other.at) {
        std::cmp::Ordering::Less if rule("the-last-copy-counts") => other,
        std::cmp::Ordering::Less | std::cmp::Ordering::Greater => one,
        std::cmp::Ordering::Equal if rule("the-upper-row-counts") => one.min(other),
        std::cmp::Ordering::Equal => one.max(other),
    }
}

/// Returns the ends of the copies that the backlog kept for this subscriber, one for each life of
/// the broker.
///
/// An acknowledged copy has no end here: what the client did with the message decides.
pub(super) fn in_backlog<'f>(path: DeliveryPath<'f, '_>) -> impl Iterator<Item = End> + use<'f> {
    let DeliveryPath { facts, delivery, message, subscriber } = path;
    let lives = message.accepted.iter().filter_map(move |accepted| {
        let kept = delivery.kept.iter().find(|(life, _)| *life == accepted.life);
        kept.map(|(life, since)| (*life, *since, accepted.position))
    });
    lives.filter_map(move |(life, since, position)| {
        // Events from before the backlog held it for this subscriber do not end this copy.
        let end = |ends: &[Moment]| ends.iter().copied().find(|at| since.is_before(*at));
        let acknowledged = end(&delivery.acked_at_broker)
            .filter(|_| rule("acknowledged-ends-the-backlogs-copy"))
            .map(|at| (at, None));
        let gap = delivery.became_gap.iter().copied().find(|(at, _)| since.is_before(*at));
        let gap = gap.filter(|_| rule("a-gap-ends-the-backlogs-copy"));
        let crashed = facts.lifetimes.death_after(BROKER, since);
        let crashed = crashed.filter(|_| rule("a-crash-ends-the-backlogs-copy"));
        let passed = position.and_then(|position| {
            let queue = facts.positions.find_queue(&message.message?.queue)?;
            passed_over(facts, subscriber, Stored { queue, life, position }, since)
        });
        let ends = [
            acknowledged,
            gap.map(|(at, reason)| (at, Some(of_gap(reason)))),
            passed.map(|(at, cause)| (at, Some(cause))),
            crashed.map(|at| (at, Some(Cause::BrokerCrashed))),
        ];
        match ends.into_iter().flatten().min() {
            Some((moment, Some(cause))) => Some(End { at: moment.at, cause }),
            Some((_, None)) => None,
            None => Some(ALIVE),
        }
    })
}

/// Returns the cause of a miss whose last copy became a gap.
pub(super) fn of_gap(reason: GapReason) -> Cause {
    match reason {
        GapReason::Evicted => Cause::Evicted,
        GapReason::Overflowed => Cause::Overflowed,
        GapReason::Expired => Cause::Expired,
    }
}

/// Returns the moment at which an attachment made the deliveries begin beyond this position, and
/// the cause: `skipped`, or `wrong-epoch` if the attachment goes on from a position of another
/// epoch.
///
/// As long as no other attachment follows, it also passes over messages that are kept below its
/// position later: what was retained for a subscription from the start, or what a new epoch numbers
/// anew. A correct broker or client does neither.
fn passed_over(
    facts: &Facts<'_>,
    subscriber: SubscriberId,
    stored: Stored,
    since: Moment,
) -> Option<(Moment, Cause)> {
    let Stored { queue, life, position } = stored;
    let attachments = facts.positions.attachments(subscriber).iter();
    let in_life = attachments.filter(|one| one.queue == queue && one.life == life);
    let in_force = in_life.clone().rfind(|one| one.moment.is_before(since));
    let in_force = in_force.filter(|_| rule("a-position-stays-in-force"));
    let mut since_then =
        in_force.into_iter().chain(in_life.filter(|one| since.is_before(one.moment)));
    let beyond = since_then
        .find(|one| one.begins == Begins::WhereItWas && one.answer.position() >= position)?;
    let cause = match beyond.applied {
        Applied::Foreign => Cause::WrongEpoch,
        Applied::Own => Cause::Skipped,
    };
    Some((beyond.moment.max(since), cause))
}

/// Returns the end of a message that its publisher still keeps when the broker's last life does not
/// have it: alive, or refused in that life.
fn in_outbox_again(path: DeliveryPath<'_, '_>) -> Option<End> {
    let DeliveryPath { facts, message, .. } = path;
    let last = message.last_accepted()?;
    if last.life == facts.lifetimes.broker_life() {
        return None;
    }
    if let Some((moment, life)) = message.refused
        && life > last.life
    {
        return Some(End { at: moment.at, cause: Cause::Refused });
    }
    let outbox = in_outbox(facts, message)?;
    (outbox == ALIVE).then_some(ALIVE)
}

/// Returns the end of a message that no broker accepted: `lost-before-broker` or `refused`, or what
/// its publisher says.
///
/// A broker refuses every copy of what it has refused, until it forgets that in a crash. What the
/// publisher still keeps or sends then can be accepted.
pub(super) fn before_broker(facts: &Facts<'_>, message: &MessageFacts<'_>) -> End {
    if let Some((moment, cause)) = message.unsent_for {
        return End { at: moment.at, cause };
    }
    let published = message.published.map(|(moment, _)| moment.at).unwrap_or_default();
    let never_sent = End { at: published, cause: Cause::LostBeforeBroker };
    let (refused, since) = match message.refused {
        None => (never_sent, None),
        Some((moment, _)) => {
            let refused = End { at: moment.at, cause: Cause::Refused };
            let forgotten = facts.lifetimes.death_after(BROKER, moment);
            let forgotten = forgotten.filter(|_| rule("a-crash-forgets-a-refusal"));
            let Some(forgotten) = forgotten else { return refused };
            (refused, Some(forgotten))
        }
    };
    let is_after = |sending: &&Sending| since.is_none_or(|since| since.is_before(sending.moment));
    let sent = message.sent.iter().filter(is_after);
    let sent = sent.map(|sending| sent_end(facts, message, sending));
    sent.chain(in_outbox(facts, message)).fold(refused, later)
}

/// Returns the end of the outbox's copy, if there is an outbox: it ends when the publisher is
/// answered, drops it, or dies.
pub(super) fn in_outbox(facts: &Facts<'_>, message: &MessageFacts<'_>) -> Option<End> {
    let kept = message.message.is_some_and(|message| !message.is_volatile());
    let (published, process) = message.published?;
    if facts.contender.mode != Mode::CatchUp || !kept {
        return None;
    }
    let died = facts.lifetimes.death_after(process, published);
    let died = died.filter(|_| rule("an-outbox-dies-with-its-publisher"));
    let unsent = message.unsent.filter(|_| rule("an-outbox-drops"));
    let lost = [unsent, died].into_iter().flatten().min();
    let lost = lost.map(|moment| (moment, Cause::LostBeforeBroker));
    let answered = message.answered.map(|(moment, word)| match word {
        PublisherWord::Accepted => (moment, Cause::LostBeforeBroker),
        PublisherWord::Refused => (moment, Cause::Refused),
    });
    let answered = answered.filter(|_| rule("an-answer-ends-the-outboxs-copy"));
    let end = [lost, answered].into_iter().flatten().min();
    Some(end.map_or(ALIVE, |(moment, cause)| End { at: moment.at, cause }))
}

/// Returns the end of a copy on the way to the broker. It is alive while both ends are there and
/// the broker has not read it; over datagrams, while it can still be under way.
fn sent_end(facts: &Facts<'_>, message: &MessageFacts<'_>, sending: &Sending) -> End {
    let sent = sending.moment;
    let lost = |at| End { at, cause: Cause::LostBeforeBroker };
    let Some((flow, end)) = sending.carried else { return unwritten(facts, message, sending) };
    if facts.contender.link.is_datagrams() {
        let landed = sent.at + facts.paths.longest_flight();
        return match facts.connections.drop_of(flow, end) {
            Some((moment, _)) => lost(moment.at),
            None if landed < facts.ended_at => lost(landed),
            None => ALIVE,
        };
    }
    let receiver = facts.connections.receiving(flow, sent);
    let sender = facts.connections.sending(flow, sent);
    let sender_gone = sender.and_then(|of_end| of_end.gone);
    let sender_gone = sender_gone.filter(|_| rule("a-stream-to-the-broker-ends-at-either-end"));
    let gone = [receiver.and_then(|of_end| of_end.gone), sender_gone].into_iter().flatten().min();
    let was_read = receiver.is_some_and(|of_end| end <= of_end.read);
    match gone {
        Some(at) => lost(at.max(sent.at)),
        None if was_read => lost(sent.at),
        None => ALIVE,
    }
}

/// Returns the end of a copy that has no place in a flow. Either a socket had no room for it, or it
/// waits in the driver until its session is lost, its request fails or its publisher dies.
fn unwritten(facts: &Facts<'_>, message: &MessageFacts<'_>, sending: &Sending) -> End {
    let sent = sending.moment;
    let lost = |at| End { at, cause: Cause::LostBeforeBroker };
    let session = sending.session.map(|session| facts.sessions.get(session));
    let (Some(session), false) = (session, facts.contender.link.is_datagrams()) else {
        return lost(sent.at);
    };
    let died = session.process.and_then(|process| facts.lifetimes.death_after(process, sent));
    let lost_at = session.lost.map(|lost| lost.moment);
    let ends = [
        lost_at.filter(|_| rule("unwritten-until-the-session-is-lost")),
        message.unsent.filter(|_| rule("unwritten-until-its-request-fails")),
        died.filter(|_| rule("unwritten-until-its-publisher-dies")),
    ];
    let end = ends.into_iter().flatten().filter(|end| *end >= sent).min();
    end.map_or(ALIVE, |end| lost(end.at))
}

//! The cause of a miss: what ended the last copy that could still have reached the handler.

use std::cmp::Reverse;

use crate::history::EventKind;
use crate::message::{
    DropReason, GapReason, Link, MessageId, Mode, Name, Note, Position, ResumeOutcome, SessionId,
};
use crate::terms::Cause;
use crate::time::Instant;

use super::copies::{ALIVE, DeliveryPath, End};
use super::subscriber::Subscriber;
use super::trial::{BROKER, Trial, When};

impl DeliveryPath<'_, '_> {
    /// Returns the cause of a miss, and its instant.
    pub fn cause(&self) -> End {
        let Subscriber { trial, processes, .. } = self.subscriber;
        let accepted = trial.accepted_by_life(self.id);
        let Some((_, first, _)) = accepted.first().copied() else {
            return before_broker(*trial, self.id);
        };
        let ends = self.copies.iter().filter_map(|copy| self.end(copy));
        if let Some(end) = ends.filter(|(_, cause)| *cause == Cause::TooLong).min() {
            return end;
        }
        let pushed = self.copies.iter().filter_map(|copy| self.end(copy));
        let kept = accepted.iter().filter_map(|one| self.in_backlog(*one));
        let ends: Vec<End> = pushed.chain(kept).chain(self.in_outbox_after_crash()).collect();
        if let Some(end) = last(&ends) {
            return end;
        }
        let thrown: Vec<End> = self.copies.iter().map(|copy| self.end_unthrown(copy)).collect();
        if let Some(end) = last(&thrown) {
            return end;
        }
        if let Some(acked) = self.acked {
            return (trial.at(acked), Cause::LostAfterAck);
        }
        // The backlog had it, and the broker received an acknowledgement that no client gave.
        if accepted.iter().any(|(life, ..)| self.subscriber.kept(self.id, *life).is_some()) {
            let heard = self.acknowledged().map(|when| trial.at(when)).last();
            return (heard.unwrap_or(trial.at(first)), Cause::Skipped);
        }
        let is_connected =
            processes.iter().flat_map(|one| trial.sessions_of(*one)).any(|session| {
                let session = trial.session(session);
                session.opened.is_some_and(|opened| opened < first)
                    && session.forgotten.is_none_or(|forgotten| forgotten > first)
            });
        let cause = if is_connected { Cause::NotJoined } else { Cause::NotConnected };
        (trial.at(first), cause)
    }

    /// Returns the end of the backlog's copy in one life of the broker, if there is such a copy.
    ///
    /// An acknowledged copy has no end here: only what the client did with the message counts.
    fn in_backlog(&self, (life, _, position): (usize, When, Option<Position>)) -> Option<End> {
        let Subscriber { trial, name, .. } = self.subscriber;
        let kept = self.subscriber.kept(self.id, life)?;
        let (_, _, message) = trial.published(self.id)?;
        if let Some(position) = position
            && let Some(attached) = self.attached_before(&message.queue, kept)
            && !attached.begins_anew
            && attached.answer.position() >= position
        {
            let foreign = attached.is_foreign;
            let cause = if foreign { Cause::WrongEpoch } else { Cause::Skipped };
            return Some((trial.at(kept), cause));
        }
        for (when, process, what) in trial.events().filter(|(when, ..)| *when > kept) {
            if trial.life(when) != life {
                break;
            }
            match what {
                EventKind::Note(Note::Acknowledged { queue, position, client })
                    if client == name
                        && trial.message_at(queue, *position, when) == Some(self.id) =>
                {
                    return None;
                }
                EventKind::Note(Note::BecameGap { id, client, reason, .. })
                    if id == self.id && client == name =>
                {
                    let cause = match reason {
                        GapReason::Evicted => Cause::Evicted,
                        GapReason::Overflowed => Cause::Overflowed,
                        GapReason::Expired => Cause::Expired,
                    };
                    return Some((trial.at(when), cause));
                }
                EventKind::Note(Note::Attached { queue, client, .. })
                    if client == name && *queue == message.queue =>
                {
                    let attached = Attached::of(self.subscriber, when)?;
                    let is_beyond = position.is_some_and(|at| attached.answer.position() >= at);
                    if is_beyond && !attached.begins_anew {
                        let foreign = attached.is_foreign;
                        let cause = if foreign { Cause::WrongEpoch } else { Cause::Skipped };
                        return Some((trial.at(when), cause));
                    }
                }
                EventKind::Power(_)
                    if process == BROKER && trial.deaths(BROKER).any(|one| one == when) =>
                {
                    return Some((trial.at(when), Cause::BrokerCrashed));
                }
                _ => {}
            }
        }
        Some(ALIVE)
    }

    /// Returns the moments at which the broker received this client's acknowledgement of the
    /// message.
    fn acknowledged(&self) -> impl Iterator<Item = When> {
        let Subscriber { trial, name, .. } = self.subscriber;
        trial.notes().filter_map(move |(when, _, note)| match note {
            Note::Acknowledged { queue, position, client } => {
                let is_it = trial.message_at(queue, *position, when) == Some(self.id);
                (client == name && is_it).then_some(when)
            }
            _ => None,
        })
    }

    /// Returns the attachment that is in force at a moment, if it is of this life of the broker.
    fn attached_before(&self, queue: &Name, when: When) -> Option<Attached> {
        let life = self.subscriber.trial.life(when);
        let all = attachments(self.subscriber, queue);
        let last = all.into_iter().rfind(|attached| *attached < when)?;
        (self.subscriber.trial.life(last) == life).then(|| Attached::of(self.subscriber, last))?
    }

    /// Returns the end of the publisher's copy, if the broker has crashed since it last accepted
    /// the message.
    ///
    /// The copy is refused if the broker refused it in a later life. Else it is alive, if the
    /// publisher still keeps it.
    fn in_outbox_after_crash(&self) -> Option<End> {
        let trial = self.subscriber.trial;
        let (life, ..) = trial.accepted_by_life(self.id).last().copied()?;
        if life == trial.last_life() {
            return None;
        }
        match last_refusal(trial, self.id) {
            Some(refused) if trial.life(refused) > life => {
                Some((trial.at(refused), Cause::Refused))
            }
            _ => in_outbox(trial, self.id).filter(|end| *end == ALIVE),
        }
    }
}

/// The attachment of a session to a subscription.
pub struct Attached {
    pub answer: ResumeOutcome,
    /// Whether a room of the subscription was left since the attachment before.
    pub begins_anew: bool,
    /// Whether it goes on from a position, though the attachment before was of another epoch.
    pub is_foreign: bool,
}

impl Attached {
    pub fn of(subscriber: &Subscriber<'_>, when: When) -> Option<Attached> {
        let trial = subscriber.trial;
        let (_, note) =
            trial.notes().find_map(|(at, _, note)| (at == when).then_some((at, note)))?;
        let Note::Attached { queue, answer, .. } = note else { return None };
        let before = attachments(subscriber, queue).into_iter().rfind(|one| *one < when);
        let begins_anew = trial.notes().any(|(at, _, note)| {
            at < when
                && before.is_none_or(|before| at > before)
                && matches!(note, Note::Unsubscribed { client, queue: of, .. }
                    if *client == subscriber.name && of == queue)
        });
        let epoch_before = before.and_then(|before| {
            trial.notes().find_map(|(at, _, note)| match note {
                Note::Attached { answer, .. } if at == before => Some(answer.epoch()),
                _ => None,
            })
        });
        let goes_on = matches!(**answer, ResumeOutcome::Resumed { .. } | ResumeOutcome::Gap { .. });
        Some(Attached {
            answer: **answer,
            begins_anew,
            is_foreign: goes_on && epoch_before.is_some_and(|epoch| epoch != answer.epoch()),
        })
    }
}

/// Returns the moment of every attachment of a subscriber to a queue.
pub fn attachments(subscriber: &Subscriber<'_>, queue: &Name) -> Vec<When> {
    let attached = subscriber.trial.notes().filter_map(|(when, _, note)| match note {
        Note::Attached { client, queue: of, .. } if *client == subscriber.name && of == queue => {
            Some(when)
        }
        _ => None,
    });
    attached.collect()
}

/// Returns the last end; of two at the same instant, the one whose cause comes first in the table.
fn last(ends: &[End]) -> Option<End> {
    ends.iter().copied().max_by_key(|(at, cause)| (*at, Reverse(*cause)))
}

fn last_refusal(trial: Trial<'_>, id: &MessageId) -> Option<When> {
    let refusals =
        trial.notes().filter(|(_, _, note)| matches!(note, Note::Refused { id: of } if of == id));
    refusals.last().map(|(when, ..)| when)
}

/// Returns the end of a message that no broker ever accepted.
///
/// A refusal is the end, unless the broker has forgotten it in a crash. Then the copies that were
/// sent since, and the one in the outbox, count as well.
fn before_broker(trial: Trial<'_>, id: &MessageId) -> End {
    let Some((published, ..)) = trial.published(id) else { return ALIVE };
    let told = trial.notes().find_map(|(when, _, note)| match note {
        Note::Unsent { id: of, reason: DropReason::TransportBusy } if of == id => {
            Some((trial.at(when), Cause::TransportBusy))
        }
        Note::Unsent { id: of, reason: DropReason::TooLong } if of == id => {
            Some((trial.at(when), Cause::TooLong))
        }
        _ => None,
    });
    if let Some(told) = told {
        return told;
    }
    let refused = last_refusal(trial, id);
    let mut ends = vec![match refused {
        Some(refused) => (trial.at(refused), Cause::Refused),
        None => (trial.at(published), Cause::LostBeforeBroker),
    }];
    let forgotten = refused.and_then(|refused| trial.death_after(BROKER, refused));
    if refused.is_none() || forgotten.is_some() {
        let sent = sendings(trial, id);
        let since = sent.iter().filter(|sent| forgotten.is_none_or(|since| sent.when > since));
        ends.extend(since.map(|sent| sent_end(trial, id, sent)));
        ends.extend(in_outbox(trial, id));
    }
    last(&ends).unwrap_or(ALIVE)
}

/// Returns the end of the copy in the publisher's outbox: the publisher is answered, drops it, or
/// dies. Only catch-up mode has an outbox, and volatile messages are not kept in it.
fn in_outbox(trial: Trial<'_>, id: &MessageId) -> Option<End> {
    let (published, process, message) = trial.published(id)?;
    if trial.contender.mode == Mode::FireAndForget || message.is_volatile() {
        return None;
    }
    let accepted =
        trial.first(|note| matches!(note, Note::AcceptedReceived { id: of } if of == id));
    let refused = trial.first(|note| matches!(note, Note::RefusedReceived { id: of } if of == id));
    let died = trial.death_after(process, published);
    let end = [accepted, refused, unsent(trial, id), died].into_iter().flatten().min();
    let Some(end) = end else { return Some(ALIVE) };
    let cause = if refused == Some(end) { Cause::Refused } else { Cause::LostBeforeBroker };
    Some((trial.at(end), cause))
}

/// Returns the moment at which its publisher dropped a message.
fn unsent(trial: Trial<'_>, id: &MessageId) -> Option<When> {
    trial.first(|note| matches!(note, Note::Unsent { id: of, .. } if of == id))
}

/// A copy on its way to the broker.
struct Sending {
    when: When,
    session: SessionId,
    place: Option<(crate::history::Flow, u64)>,
}

fn sendings(trial: Trial<'_>, id: &MessageId) -> Vec<Sending> {
    let mut sendings: Vec<Sending> = Vec::new();
    for (when, process, what) in trial.events() {
        match what {
            EventKind::Note(Note::Sent { id: of, session }) if of == id => {
                sendings.push(Sending { when, session: session.clone(), place: None });
            }
            EventKind::Carried { id: of, session, flow, end } if of == id && process != BROKER => {
                let waits = |one: &&mut Sending| one.session == *session && one.place.is_none();
                if let Some(one) = sendings.iter_mut().find(waits) {
                    one.place = Some((**flow, *end));
                }
            }
            _ => {}
        }
    }
    sendings
}

fn sent_end(trial: Trial<'_>, id: &MessageId, sending: &Sending) -> End {
    let sent = trial.at(sending.when);
    let lost = |at: Instant| (at.max(sent), Cause::LostBeforeBroker);
    let is_udp = trial.contender.link == Link::Udp;
    match sending.place {
        // A socket had no room for it.
        None if is_udp => lost(sent),
        // It waits until its session is lost, its publisher drops it (as when its request fails),
        // or its publisher dies.
        None => {
            let process = trial.process(&sending.session.process);
            let ends = [
                trial.session(&sending.session).lost.map(|(when, _)| when),
                unsent(trial, id),
                process.and_then(|process| trial.death_after(process, sending.when)),
            ];
            let end = ends.into_iter().flatten().filter(|end| *end > sending.when).min();
            end.map_or(ALIVE, |when| lost(trial.at(when)))
        }
        Some((flow, datagram)) if is_udp => {
            let landed = sent + trial.longest_flight();
            match trial.drop_of(flow, datagram) {
                Some((when, _)) => (trial.at(when), Cause::LostBeforeBroker),
                None if landed < trial.history.ended_at => lost(landed),
                None => ALIVE,
            }
        }
        Some((flow, end)) => {
            let broker = trial.stats(flow.to, flow.from, sending.when);
            let publisher = trial.stats(flow.from, flow.to, sending.when);
            let of_ends = [broker, publisher].into_iter().flatten();
            let gone = of_ends
                .filter(|of_end| of_end.stats.reason.is_some())
                .map(|of_end| trial.at(of_end.when));
            match gone.min() {
                Some(at) => lost(at),
                None if broker.is_some_and(|of_end| of_end.stats.read >= end) => lost(sent),
                None => ALIVE,
            }
        }
    }
}

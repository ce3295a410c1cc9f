//! Compares with the truth what a subscriber was told when it came back.

use crate::message::{GapReason, Name, Note, Position, ResumeOutcome};
use crate::verdict::Recoveries;

use super::outcomes::Case;
use super::promises::{life_last_told, life_of};
use super::trial::When;
use crate::terms::Cause;

/// An answer that a process of the subscriber received.
struct ReceivedAnswer<'a> {
    when: When,
    process: u32,
    queue: &'a Name,
    answer: ResumeOutcome,
}

impl<'s, 'a> Case<'s, 'a> {
    /// Counts the recoveries: each answer but `started`, and each gap that the answer before it did
    /// not name already, is compared with what happened in its queue.
    pub fn recoveries(&self) -> Recoveries {
        let mut recoveries = Recoveries::default();
        let answers = self.answers();
        for received in &answers {
            let ReceivedAnswer { when, process, queue, answer } = *received;
            let earlier = || answers.iter().filter(|one| one.when < when && one.queue == queue);
            let counter = match answer {
                ResumeOutcome::Started { .. } => continue,
                ResumeOutcome::Resumed { .. } => {
                    let until = self.given(received);
                    let since = earlier().next_back().map(|before| self.given(before));
                    match self.is_something_missing(queue, since, until) {
                        true => &mut recoveries.false_comfort,
                        false => &mut recoveries.honest_success,
                    }
                }
                ResumeOutcome::Gap { from, to, .. } => {
                    let life = life_of(self.trial, answer.epoch(), when);
                    self.gap(&mut recoveries, (when, process, queue), life, (from, to))
                }
                ResumeOutcome::NewEpoch { epoch, .. } => {
                    match earlier().rfind(|one| one.process == process) {
                        Some(before) if before.answer.epoch() == epoch => {
                            &mut recoveries.false_alarm
                        }
                        _ => &mut recoveries.honest_failure,
                    }
                }
            };
            *counter += 1;
        }
        for (when, process, note) in self.trial.notes() {
            let Note::GapReceived { queue, from, to } = note else { continue };
            if !self.subscriber.is(process) {
                continue;
            }
            let mut own = answers
                .iter()
                .filter(|one| one.when < when && one.process == process && one.queue == queue);
            let is_told = own.next_back().is_some_and(|one| one.answer.is_gap(*from, *to));
            if !is_told {
                let life = life_last_told(self.trial, process, queue, when);
                *self.gap(&mut recoveries, (when, process, queue), life, (*from, *to)) += 1;
            }
        }
        recoveries
    }

    fn answers(&self) -> Vec<ReceivedAnswer<'a>> {
        let answers = self.trial.notes().filter_map(|(when, process, note)| match note {
            Note::ResumeReceived { queue, answer } if self.subscriber.is(process) => {
                Some(ReceivedAnswer { when, process, queue, answer: *answer })
            }
            _ => None,
        });
        answers.collect()
    }

    /// Returns the moment at which the broker gave an answer that was received, or else the moment
    /// at which it was received.
    fn given(&self, received: &ReceivedAnswer<'_>) -> When {
        let given = self.trial.notes().filter(|(when, _, note)| {
            *when < received.when
                && matches!(note, Note::Attached { client, queue, answer, .. }
                    if *client == self.subscriber.name
                        && queue == received.queue
                        && answer.epoch() == received.answer.epoch()
                        && answer.position() == received.answer.position())
        });
        given.last().map_or(received.when, |(when, ..)| when)
    }

    /// Whether a message to which a broker had given a position was lost since the answer before,
    /// and nobody ever tells of it. A message for which `has_left` holds does not count.
    fn is_something_missing(&self, queue: &Name, since: Option<When>, until: When) -> bool {
        let mut lost = self.wanted.iter().filter_map(|one| Some((one, one.lost()?)));
        lost.any(|(one, (at, cause))| {
            let became_gap = self.trial.notes().find(|(when, _, note)| {
                let Note::BecameGap { id, client, reason, .. } = note else { return false };
                let is_cause = match reason {
                    GapReason::Evicted => cause == Cause::Evicted,
                    GapReason::Overflowed => cause == Cause::Overflowed,
                    GapReason::Expired => cause == Cause::Expired,
                };
                self.trial.at(*when) == at
                    && is_cause
                    && *id == one.message.id
                    && *client == self.subscriber.name
            });
            let is_by = |when: When| match became_gap {
                Some((since, ..)) => since <= when,
                None => at <= self.trial.at(when),
            };
            one.message.queue == *queue
                && is_by(until)
                && since.is_none_or(|since| !is_by(since))
                && self.stored(one).next().is_some()
                && !self.is_told(one)
                && !self.has_left(one, until)
        })
    }

    /// Whether the broker had forgotten the subscriber when it accepted a message, and the
    /// subscriber left the message's rooms before the answer.
    fn has_left(&self, one: &super::outcomes::Wanted<'_, '_>, until: When) -> bool {
        let message = one.message;
        let accepted = self.trial.accepted(&message.id).into_iter().map(|(when, _)| when);
        let mut unrouted = accepted.filter(|when| {
            let recorded = self.subscriber.route(message, *when);
            recorded.is_some_and(|life| life != self.trial.life(*when))
        });
        unrouted.any(|accepted| {
            self.trial.notes().any(|(when, _, note)| {
                matches!(note, Note::Unsubscribed { client, .. } if *client == self.subscriber.name)
                    && accepted < when
                    && when < until
                    && self.subscriber.route(message, when + 1).is_none()
            })
        })
    }

    /// Whether the process was told that the gap's epoch is new. All of the gap must have been
    /// accepted when the broker gave that answer.
    fn is_of_new_epoch(
        &self,
        (when, process, queue): (When, u32, &Name),
        life: usize,
        to: Position,
    ) -> bool {
        self.answers().iter().any(|received| {
            let given = self.given(received);
            received.when < when
                && received.process == process
                && received.queue == queue
                && matches!(received.answer, ResumeOutcome::NewEpoch { .. })
                && life_of(self.trial, received.answer.epoch(), received.when) == life
                && to <= self.head(queue, given)
        })
    }

    /// Whether a gap has positions that were given after the client's session had expired, and before
    /// the next attachment to the queue. The subscription existed before it expired.
    fn is_of_expired(&self, queue: &Name, life: usize, (from, to): (Position, Position)) -> bool {
        let attached = super::causes::attachments(self.subscriber, queue);
        let of_life: Vec<When> =
            attached.into_iter().filter(|when| self.trial.life(*when) == life).collect();
        let expiries = self.subscriber.expiries().filter(|when| self.trial.life(*when) == life);
        expiries.into_iter().any(|expired| {
            let is_subscribed = of_life.iter().any(|when| *when < expired);
            let next = of_life.iter().copied().find(|when| *when > expired);
            let Some(next) = next.filter(|_| is_subscribed) else { return false };
            let (first, last) = (self.head(queue, expired).next(), self.head(queue, next));
            first.max(from) <= last.min(to)
        })
    }

    /// Returns the last position that was given in a queue before this moment, in the same life of
    /// the broker.
    fn head(&self, queue: &Name, before: When) -> Position {
        let accepted = self.trial.notes().filter_map(|(when, _, note)| match note {
            Note::Accepted { queue: of, position: Some(position), .. }
                if of == queue
                    && when < before
                    && self.trial.life(when) == self.trial.life(before) =>
            {
                Some(*position)
            }
            _ => None,
        });
        accepted.max().unwrap_or_default()
    }

    /// Returns the counter for a gap. The gap is honest if it is of a new epoch that the process
    /// was told of, if the broker cannot know what is in it because the session had expired, or if
    /// a wanted message in it is missing, for one of these reasons:
    ///
    /// - it is lost;
    /// - it was handled by a process other than the one that is told;
    /// - it was handled by a process that has died since;
    /// - it had been read, and waited for its handler.
    ///
    /// Else the gap is a false alarm.
    fn gap<'r>(
        &self,
        recoveries: &'r mut Recoveries,
        (when, process, queue): (When, u32, &Name),
        life: usize,
        (from, to): (Position, Position),
    ) -> &'r mut u64 {
        let is_missing = |one: &super::outcomes::Wanted<'_, '_>| {
            let mut handlings = self.handlings.iter().filter(|call| *call.id == one.message.id);
            let is_unknown = handlings.any(|call| {
                let died = self.trial.death_after(call.process, call.when);
                let waited = self.read_at(call) < when && when < call.when;
                call.process != process || died.is_some_and(|died| died < when) || waited
            });
            one.lost().is_some() || is_unknown
        };
        let is_new = self.is_of_new_epoch((when, process, queue), life, to);
        let is_true = is_new
            || self.is_of_expired(queue, life, (from, to))
            || self.wanted.iter().any(|one| {
                let is_in = |(of, position)| of == life && from <= position && position <= to;
                one.message.queue == *queue && self.stored(one).any(is_in) && is_missing(one)
            });
        if is_true { &mut recoveries.honest_failure } else { &mut recoveries.false_alarm }
    }

    /// Returns every life of the broker in which a message had a position, with that position.
    fn stored(
        &self,
        one: &super::outcomes::Wanted<'_, '_>,
    ) -> impl Iterator<Item = (usize, Position)> + use<> {
        let accepted = self.trial.accepted_by_life(&one.message.id);
        let stored: Vec<_> =
            accepted.iter().filter_map(|(life, _, position)| Some((*life, (*position)?))).collect();
        stored.into_iter()
    }
}

//! Counts each anomaly in a history, for one subscriber.

use std::collections::BTreeMap;

use crate::message::{Link, Note, SessionId, longest_resend_wait};
use crate::terms::{Anomaly, Cause};
use crate::time::{Duration, Instant};

use super::causes::Attached;
use super::detections::{Notice, is_blind};
use super::outcomes::{Case, Handling, Wanted};
use super::trial::{When, longest_queue};

impl Case<'_, '_> {
    pub fn anomalies(&self, notices: &[Notice]) -> BTreeMap<Anomaly, u64> {
        let recoveries = self.recoveries();
        let count = |anomaly: &Anomaly| match anomaly {
            Anomaly::Duplicate => self.repeats().len() as u64,
            Anomaly::OrderBroken => self.late().len() as u64,
            Anomaly::SilentLoss => self.silent().len() as u64,
            Anomaly::LostAfterAck => {
                let by = |one: &&Wanted<'_, '_>| {
                    one.missed.is_some_and(|(_, cause)| cause == Cause::LostAfterAck)
                };
                self.wanted.iter().filter(by).count() as u64
            }
            Anomaly::NotWanted => self.not_wanted(),
            Anomaly::PositionMovedBack => self.positions_moved_back(),
            Anomaly::TwoSessions => self.two_sessions(),
            Anomaly::DeliveredAfterEnd => {
                self.handlings.iter().filter(|one| self.is_after_end(one)).count() as u64
            }
            Anomaly::ForeignEpoch => self.attached().filter(|one| one.is_foreign).count() as u64,
            Anomaly::Stalled => {
                self.wanted.iter().filter(|one| self.is_stalled(one)).count() as u64
            }
            Anomaly::Poison => {
                let by = |one: &&Wanted<'_, '_>| {
                    let accepted = self.trial.accepted(&one.message.id);
                    !accepted.is_empty()
                        && one.missed.is_some_and(|(_, cause)| cause == Cause::TooLong)
                };
                self.wanted.iter().filter(by).count() as u64
            }
            Anomaly::LateDetection => {
                let is_late = |one: &&Wanted<'_, '_>| {
                    let accepted = self.trial.accepted(&one.message.id).first().copied();
                    accepted.is_some_and(|(accepted, _)| {
                        is_blind(notices, &self.subscriber.processes, self.trial.at(accepted))
                    }) && one.lost().is_some()
                };
                self.wanted.iter().filter(is_late).count() as u64
            }
            Anomaly::FalseComfort => recoveries.false_comfort,
            Anomaly::FalseAlarm => recoveries.false_alarm,
        };
        let all = Anomaly::ALL.iter().map(|anomaly| (*anomaly, count(anomaly)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    fn attached(&self) -> impl Iterator<Item = Attached> {
        self.attachments_with_queues().into_iter().map(|(_, attached)| attached)
    }

    fn attachments_with_queues(&self) -> Vec<(crate::message::Name, Attached)> {
        let all = self.trial.notes().filter_map(|(when, _, note)| match note {
            Note::Attached { client, queue, .. } if *client == self.subscriber.name => {
                Some((queue.clone(), Attached::of(self.subscriber, when)?))
            }
            _ => None,
        });
        all.collect()
    }

    /// Returns the number of attachments below the position of the one before in the same queue and
    /// epoch, though no room was left since the last attachment.
    fn positions_moved_back(&self) -> u64 {
        let all = self.attachments_with_queues();
        let moved = (0..all.len()).filter(|index| {
            let (queue, this) = &all[*index];
            let before = all[..*index]
                .iter()
                .rfind(|(of, one)| of == queue && one.answer.epoch() == this.answer.epoch());
            !this.begins_anew
                && before.is_some_and(|(_, one)| this.answer.position() < one.answer.position())
        });
        moved.count() as u64
    }

    /// Returns the number of pairs of sessions of which the broker pushed to both while it had both
    /// open.
    fn two_sessions(&self) -> u64 {
        let trial = self.trial;
        let own = self.subscriber.processes.iter().flat_map(|one| trial.sessions_of(*one));
        let sessions: Vec<&SessionId> = own.collect();
        let mut pairs = 0;
        for (index, one) in sessions.iter().enumerate() {
            for other in &sessions[..index] {
                let both = [trial.session(one), trial.session(other)];
                let [Some(first), Some(second)] = both.each_ref().map(|session| session.opened)
                else {
                    continue;
                };
                let since = first.max(second);
                let until = both.iter().filter_map(|session| session.forgotten).min();
                let is_pushed_to = |to: &SessionId| {
                    trial.notes().any(|(when, _, note)| {
                        when > since
                            && until.is_none_or(|until| when < until)
                            && matches!(note, Note::Pushed { session, .. } if session == to)
                    })
                };
                pairs += u64::from(is_pushed_to(one) && is_pushed_to(other));
            }
        }
        pairs
    }

    /// Whether a handler was called for a message that was read from a session which the client had
    /// already lost.
    fn is_after_end(&self, handling: &Handling<'_>) -> bool {
        let read = self.read_at(handling);
        self.trial.session(handling.session).lost.is_some_and(|(lost, _)| lost < read)
    }

    /// Returns the moment at which a handled message had been read, or else the moment at which its
    /// handler was called.
    pub fn read_at(&self, handling: &Handling<'_>) -> When {
        let trial = self.trial;
        let calls = trial.notes().filter(|(when, process, note)| {
            *when < handling.when
                && *process == handling.process
                && matches!(note, Note::Handling { .. })
        });
        let called = calls.last().map_or(handling.when, |(when, ..)| when);
        let reads = trial.notes().filter(|(when, process, note)| {
            *when <= called
                && self.subscriber.is(*process)
                && matches!(note, Note::Read { id, session, .. }
                    if id == handling.id && session == handling.session)
        });
        reads.last().map_or(called, |(when, ..)| when)
    }

    /// Whether a message still waits, though nothing was in its way for longer than a heartbeat and
    /// an acknowledgement take.
    ///
    /// Nothing was in its way if no fault was on, no handler ran, and the session that it waits for
    /// was there.
    fn is_stalled(&self, one: &Wanted<'_, '_>) -> bool {
        let trial = self.trial;
        let broker = &trial.scenario.broker;
        let polls = matches!(trial.contender.link, Link::Polling | Link::LongPolling);
        let next_poll = if polls { trial.scenario.polling_interval } else { Duration::ZERO };
        let patience = broker.heartbeat.every
            + broker.heartbeat.timeout
            + longest_resend_wait(broker.ack_timeout)
            + next_poll;
        let accepted = trial.accepted(&one.message.id);
        let dated = accepted.first().map_or(one.published, |(when, _)| *when);
        let is_here = |when| trial.life(when) == trial.last_life();
        let is_with_publisher = !accepted.iter().any(|(when, _)| is_here(*when));
        let Some(path) = self.path_since(one, is_with_publisher) else { return false };
        let begun = trial.scenario.faults.iter().filter(|one| one.at <= trial.history.ended_at);
        let faults = begun.map(|fault| fault.until + longest_queue(&fault.effect));
        let calls = self.handlings.iter().map(|one| trial.at(one.when));
        let free = faults.chain(calls).chain([trial.at(dated), path]).max().unwrap_or_default();
        one.missed.is_some_and(|(_, cause)| cause == Cause::Unsettled)
            && trial.history.ended_at > free
            && trial.history.ended_at.since(free) > patience
    }

    /// Returns the instant since which there is a session over which a message could move, and
    /// which lasts to the end.
    fn path_since(&self, one: &Wanted<'_, '_>, is_with_publisher: bool) -> Option<Instant> {
        let trial = self.trial;
        let ended_at = trial.history.ended_at;
        let lasts = |session: &SessionId| trial.session(session).outlives(trial, ended_at);
        if is_with_publisher {
            let own = trial.sessions_of(one.publisher).into_iter().filter(|one| lasts(one));
            let welcomed = own.filter_map(|session| trial.session(session).welcomed);
            return welcomed.map(|when| trial.at(when)).max();
        }
        let processes = self.subscriber.processes.iter();
        let own = processes.flat_map(|process| trial.sessions_of(*process));
        let opened = own.filter(|one| lasts(one)).filter_map(|one| trial.session(one).opened);
        opened.map(|when| trial.at(when)).max()
    }
}

//! The guarantees to a subscriber: whether each was claimed, and whether it held.

use std::collections::BTreeMap;

use crate::message::{
    AckPolicy, Dedup, Epoch, GapReason, Link, MessageId, Mode, Name, Note, Position, ResumeOutcome,
};
use crate::verdict::{Evidence, GuaranteeFinding};

use super::copies::End;
use super::outcomes::{Case, Handling, Wanted};
use super::trial::{BROKER, Trial, When};
use crate::terms::{Cause, Claim, Guarantee, Verdict};

/// One violation of a guarantee.
#[derive(Clone, Copy)]
enum Offence<'c, 's, 'a> {
    Lost(&'c Wanted<'s, 'a>, End),
    Twice(Handling<'a>, Handling<'a>),
    Late(Handling<'a>, &'a MessageId),
}

impl<'s, 'a> Case<'s, 'a> {
    pub fn findings(&self) -> BTreeMap<Guarantee, GuaranteeFinding> {
        Guarantee::ALL.iter().map(|guarantee| (*guarantee, self.finding(*guarantee))).collect()
    }

    fn finding(&self, guarantee: Guarantee) -> GuaranteeFinding {
        let offences = self.offences(guarantee);
        let unknown = self.unknown(guarantee);
        let is_claimed = self.is_claimed(guarantee);
        let said = |verdict, claim, said| GuaranteeFinding {
            verdict,
            claim,
            evidence: Evidence::Said(said),
        };
        let claimed = |claim| if is_claimed { claim } else { Claim::NotClaimed };
        let Some(first) = offences.first() else {
            return match unknown {
                None => said(Verdict::Holds, claimed(Claim::Kept), None),
                unknown => said(Verdict::Unknown, claimed(Claim::Open), unknown),
            };
        };
        let terms = || offences.iter().map(|one| (one, self.outside(*one)));
        let (claim, evidence) = match terms().find(|(_, term)| term.is_none()) {
            _ if !is_claimed => (Claim::NotClaimed, self.sentence(first)),
            Some((within, _)) => (Claim::Broken, self.sentence(within)),
            None => {
                let term = self.outside(*first).unwrap_or_default();
                (Claim::OutsideTerms, format!("{}: {term}", self.sentence(first)))
            }
        };
        said(Verdict::Violated, claim, Some(evidence))
    }

    fn offences(&self, guarantee: Guarantee) -> Vec<Offence<'_, 's, 'a>> {
        let twice =
            || self.repeats().into_iter().map(|(first, again)| Offence::Twice(first, again));
        let lost = || self.wanted.iter().filter_map(|one| Some(Offence::Lost(one, one.lost()?)));
        match guarantee {
            Guarantee::AtMostOnce => twice().collect(),
            Guarantee::AtLeastOnce => lost().collect(),
            Guarantee::ExactlyOnce => twice().chain(lost()).collect(),
            Guarantee::InOrder => {
                self.late().into_iter().map(|(one, after)| Offence::Late(one, after)).collect()
            }
            Guarantee::NoSilentGap => {
                let silent = self.silent().into_iter();
                silent.filter_map(|one| Some(Offence::Lost(one, one.lost()?))).collect()
            }
        }
    }

    /// Returns the reason why the run cannot decide a guarantee that it did not violate, if there
    /// is one.
    fn unknown(&self, guarantee: Guarantee) -> Option<String> {
        if matches!(guarantee, Guarantee::AtMostOnce | Guarantee::InOrder) {
            return None;
        }
        let open = self.wanted.iter().find(|one| one.missed.is_some() && one.lost().is_none());
        if let Some(one) = open {
            return Some(format!("{} was still under way when the run ended", self.published(one)));
        }
        let mut lost = self.wanted.iter().filter(|one| one.lost().is_some());
        let untold = lost.find(|one| guarantee == Guarantee::NoSilentGap && !self.is_told(one))?;
        Some(format!("{} was lost, and there was no session since", self.published(untold)))
    }

    fn published(&self, one: &Wanted<'_, '_>) -> String {
        format!("{}, published at {},", one.message.id, self.trial.at(one.published))
    }

    fn sentence(&self, offence: &Offence<'_, '_, '_>) -> String {
        let at = |handling: &Handling<'_>| self.trial.at(handling.when);
        match offence {
            Offence::Lost(one, _) => format!("{} was never handled", self.published(one)),
            Offence::Twice(first, again) => {
                format!("{} was handled at {} and again at {}", first.id, at(first), at(again))
            }
            Offence::Late(one, after) => {
                format!("{} was handled at {}, after {after}", one.id, at(one))
            }
        }
    }

    // ── silent losses ───────────────────────────────────────────────────────────────────────

    /// Returns the messages that were lost without the subscriber being told, though there was a
    /// session in which it could have been.
    pub fn silent(&self) -> Vec<&Wanted<'s, 'a>> {
        let lost = self.wanted.iter().filter(|one| !self.is_told(one));
        lost.filter(|one| one.lost().is_some_and(|end| self.had_session_since(end))).collect()
    }

    fn had_session_since(&self, (lost, _): End) -> bool {
        let trial = self.trial;
        self.subscriber.processes.iter().any(|process| {
            trial.sessions_of(*process).into_iter().any(|session| {
                let session = trial.session(session);
                let begun = session.welcomed.or(session.opened);
                let died = begun.and_then(|begun| trial.death_after(*process, begun));
                session.outlives(trial, lost) && died.is_none_or(|died| trial.at(died) > lost)
            })
        })
    }

    /// Whether the subscriber was told of a loss, or the publisher of a refusal.
    pub fn is_told(&self, one: &Wanted<'_, '_>) -> bool {
        if matches!(one.missed, Some((_, Cause::Refused))) {
            return true;
        }
        let accepted = self.trial.accepted_by_life(&one.message.id);
        let mut stored =
            accepted.iter().filter_map(|(life, _, position)| Some((*life, (*position)?)));
        stored.any(|place| self.is_told_of(&one.message.queue, place))
    }

    /// Whether the subscriber was told that a position is lost, or that the life of the broker in
    /// which it was accepted is over.
    fn is_told_of(&self, queue: &Name, (life, position): (usize, Position)) -> bool {
        self.trial.notes().any(|(when, process, note)| match note {
            _ if !self.subscriber.is(process) => false,
            Note::ResumeReceived { queue: of, answer } if of == queue => {
                let told = life_of(self.trial, answer.epoch(), when);
                match answer {
                    ResumeOutcome::Gap { from, to, .. } => {
                        told == life && *from <= position && position <= *to
                    }
                    ResumeOutcome::NewEpoch { .. } => told > life,
                    ResumeOutcome::Started { .. } | ResumeOutcome::Resumed { .. } => false,
                }
            }
            Note::GapReceived { queue: of, from, to } if of == queue => {
                let told = life_last_told(self.trial, process, queue, when);
                told == life && *from <= position && position <= *to
            }
            _ => false,
        })
    }

    // ── claims and terms ────────────────────────────────────────────────────────────────────

    fn is_claimed(&self, guarantee: Guarantee) -> bool {
        let contender = self.trial.contender;
        let needs_dedup = matches!(guarantee, Guarantee::AtMostOnce | Guarantee::ExactlyOnce);
        match contender.mode {
            Mode::CatchUp => self.subscriber.dedup == Dedup::On || !needs_dedup,
            Mode::FireAndForget => {
                contender.link != Link::Udp
                    && matches!(guarantee, Guarantee::AtMostOnce | Guarantee::InOrder)
            }
        }
    }

    /// Returns the first term that an offence lies outside of, if it lies outside of any.
    fn outside(&self, offence: Offence<'_, '_, '_>) -> Option<&'static str> {
        let trial = self.trial;
        let is_alone = self.subscriber.process_count == 1;
        let not_alone = "the client was not the only process of its name";
        if trial.contender.mode == Mode::FireAndForget {
            let Offence::Late(late, _) = offence else { return None };
            let is_given_up = trial.notes().any(|(when, _, note)| {
                when < late.when && matches!(note, Note::Unsent { id, .. } if id == late.id)
            });
            let given_up = is_given_up.then_some("the request that carried it had failed");
            return if is_alone { given_up } else { Some(not_alone) };
        }
        let (id, until, cause) = match offence {
            Offence::Lost(one, (_, cause)) => (&one.message.id, None, Some(cause)),
            Offence::Twice(_, again) => (again.id, Some(again.when), None),
            Offence::Late(one, _) => (one.id, Some(one.when), None),
        };
        let of = |id: &MessageId| trial.published(id).is_some_and(|(.., one)| one.is_volatile());
        let accepted = trial.accepted(id).first().map(|(when, _)| *when);
        let crashed = accepted.and_then(|accepted| trial.death_after(BROKER, accepted));
        let terms: [(&dyn Fn() -> bool, &'static str); 14] = [
            (&|| of(id), "it was volatile"),
            (
                &|| matches!(offence, Offence::Late(_, after) if of(after)),
                "the one before it was volatile",
            ),
            (&|| cause == Some(Cause::Refused), "the broker refused it"),
            (&|| accepted.is_none(), "the broker never accepted it"),
            (
                &|| crashed.is_some_and(|crashed| until.is_none_or(|until| crashed < until)),
                "the broker crashed after accepting it",
            ),
            (
                &|| match offence {
                    Offence::Late(late, after) => {
                        let accepted = trial.accepted(after).first().map(|(when, _)| *when);
                        let died = accepted.and_then(|when| trial.death_after(BROKER, when));
                        died.is_some_and(|died| died < late.when)
                    }
                    Offence::Lost(..) | Offence::Twice(..) => false,
                },
                "the broker crashed after accepting the one before it",
            ),
            (
                &|| {
                    let reasons = [GapReason::Evicted, GapReason::Overflowed];
                    reasons.into_iter().any(|reason| self.became_gap(id, reason))
                },
                "retention did not keep it",
            ),
            (
                &|| {
                    let is_unmade = matches!(cause, Some(Cause::NotConnected | Cause::NotJoined));
                    self.became_gap(id, GapReason::Expired)
                        || (is_unmade && self.was_accepted_after_expiry(id))
                },
                "the client's session had expired",
            ),
            (
                &|| self.is_forgotten(id, accepted, cause),
                "the broker had forgotten the subscription in a crash",
            ),
            (
                &|| self.subscriber.ack == AckPolicy::BeforeHandler,
                "the client acknowledges before its handler",
            ),
            (&|| self.subscriber.ack == AckPolicy::Never, "the client never acknowledges"),
            (
                &|| cause == Some(Cause::NoHandler) || self.found_no_handler(id),
                "the client had no handler",
            ),
            (&|| is_twice(offence) && !is_alone, not_alone),
            (
                &|| {
                    let deaths =
                        self.subscriber.processes.iter().flat_map(|one| trial.deaths(*one));
                    let mut deaths = deaths.filter(|died| until.is_some_and(|until| *died < until));
                    is_twice(offence) && deaths.next().is_some()
                },
                "the client crashed",
            ),
        ];
        terms.iter().find(|(is_outside, _)| is_outside()).map(|(_, term)| *term)
    }

    fn became_gap(&self, id: &MessageId, why: GapReason) -> bool {
        self.trial.notes().any(|(_, _, note)| {
            matches!(note, Note::BecameGap { id: of, client, reason, .. }
                if of == id && *client == self.subscriber.name && *reason == why)
        })
    }

    /// Whether a broker accepted a message after forgetting, because the session had expired, that
    /// it routes to the subscriber.
    fn was_accepted_after_expiry(&self, id: &MessageId) -> bool {
        let Some((_, _, message)) = self.trial.published(id) else { return false };
        let mut accepted = self.trial.accepted(id).into_iter();
        accepted.any(|(when, _)| self.subscriber.has_expired(message, when))
    }

    fn found_no_handler(&self, id: &MessageId) -> bool {
        self.trial.notes().any(|(_, process, note)| {
            self.subscriber.is(process) && matches!(note, Note::NoHandler { id: of } if of == id)
        })
    }

    /// Whether a message was lost because the broker had forgotten the subscription in a crash.
    ///
    /// A broker that has forgotten a subscription, and is not asked for it again, does not route to
    /// the subscriber.
    fn is_forgotten(&self, id: &MessageId, accepted: Option<When>, cause: Option<Cause>) -> bool {
        let lives = 0..=self.trial.last_life();
        accepted.is_some_and(|accepted| self.trial.life(accepted) > 0)
            && matches!(cause, Some(Cause::NotConnected | Cause::NotJoined))
            && lives.into_iter().all(|life| self.subscriber.kept(id, life).is_none())
    }
}

fn is_twice(offence: Offence<'_, '_, '_>) -> bool {
    matches!(offence, Offence::Twice(..))
}

/// Returns the life of the broker that an epoch belongs to, if an earlier answer named the epoch;
/// else the present one.
pub fn life_of(trial: Trial<'_>, epoch: Epoch, when: When) -> usize {
    let named = trial.notes().find(|(earlier, _, note)| {
        *earlier < when && matches!(note, Note::Attached { answer, .. } if answer.epoch() == epoch)
    });
    trial.life(named.map_or(when, |(earlier, ..)| earlier))
}

/// Returns the life of the broker that a process was last told of in a queue; the present one if it
/// was told of none.
pub fn life_last_told(trial: Trial<'_>, process: u32, queue: &Name, when: When) -> usize {
    let answers = trial.notes().filter(|(earlier, who, _)| *earlier < when && *who == process);
    let answers = answers.filter_map(|(earlier, _, note)| match note {
        Note::ResumeReceived { queue: of, answer } if of == queue => {
            Some((earlier, answer.epoch()))
        }
        _ => None,
    });
    match answers.last() {
        Some((earlier, epoch)) => life_of(trial, epoch, earlier),
        None => trial.life(when),
    }
}

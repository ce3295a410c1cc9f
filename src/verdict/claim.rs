//! Judges what each contender claims, and on which terms. Never the truth.

use std::collections::BTreeMap;

use crate::message::{AckPolicy, GapReason, Mode, Reliability};

use super::facts::{BROKER, BrokerLife};
use super::guarantee::{self, Violation};
use super::outcome::SubscriberCase;
use super::switch::rule;
use super::{Evidence, GuaranteeFinding, SubscriberReport};
use crate::terms::{Cause, Claim, Guarantee, Verdict};

/// Returns the truth, the claim and the evidence of each guarantee for one subscriber.
pub fn findings(case: &SubscriberCase<'_, '_>) -> BTreeMap<Guarantee, GuaranteeFinding> {
    Guarantee::ALL.iter().map(|guarantee| (*guarantee, finding(case, *guarantee))).collect()
}

fn finding(case: &SubscriberCase<'_, '_>, guarantee: Guarantee) -> GuaranteeFinding {
    let judgement = guarantee::judge(case, guarantee);
    let verdict = judgement.truth;
    let said =
        |claim, evidence| GuaranteeFinding { verdict, claim, evidence: Evidence::Said(evidence) };
    let claimed = is_claimed(case, guarantee);
    match verdict {
        Verdict::Holds if claimed => said(Claim::Kept, None),
        Verdict::Unknown if claimed => said(Claim::Open, judgement.unknown),
        Verdict::Holds | Verdict::Unknown => said(Claim::NotClaimed, judgement.unknown),
        Verdict::Violated => {
            let violations = judgement.violations;
            let first = || violations.first().map(|one| guarantee::evidence(case, *one));
            if !claimed {
                return said(Claim::NotClaimed, first());
            }
            let within = violations.iter().find(|one| outside_terms(case, **one).is_none());
            if let Some(within) = within {
                return said(Claim::Broken, Some(guarantee::evidence(case, *within)));
            }
            let term = violations.first().and_then(|one| outside_terms(case, *one));
            let evidence = first().zip(term).map(|(said, term)| format!("{said}: {term}"));
            said(Claim::OutsideTerms, evidence)
        }
    }
}

/// Whether the contender claims a guarantee to this subscriber.
fn is_claimed(case: &SubscriberCase<'_, '_>, guarantee: Guarantee) -> bool {
    let contender = case.facts.contender;
    let dedup = case.facts.participants.member(case.subscriber).dedup;
    let reliability = match contender.link.semantics().reliability {
        Reliability::Lossy if !rule("udp-promises-nothing") => Reliability::Reliable,
        reliability => reliability,
    };
    contender.mode.claims(guarantee, reliability, dedup)
}

/// The term that a client is one process only. With several of one name, nothing is promised about
/// what they get together.
const NOT_ALONE: &str = "the client was not the only process of its name";

/// Returns the term that a violation lies outside of, if it does.
///
/// Fire-and-forget mode has two terms, both for in-order. Two processes of one name get messages in
/// turn, and each handles them when it can. And a message of a failed request may still arrive
/// later, whenever its connection gets it through.
fn outside_terms(
    case: &SubscriberCase<'_, '_>,
    violation: Violation<'_, '_, '_>,
) -> Option<&'static str> {
    if case.facts.contender.mode == Mode::FireAndForget {
        let Violation::Late(late) = violation else { return None };
        let unsent = case.facts.messages.get(late.message).unsent;
        let is_given_up = unsent.is_some_and(|unsent| unsent.is_before(late.handled));
        return match (is_alone(case), is_given_up) {
            (false, _) => Some(NOT_ALONE),
            (true, true) => Some("the request that carried it had failed"),
            (true, false) => None,
        };
    }
    broker_term(case, violation)
        .or_else(|| client_term(case, violation))
        .or_else(|| single_process_term(case, violation))
}

/// Checks the broker's terms: it accepted the message and did not crash since, retention kept the
/// message, the client's session did not expire, and the message was not volatile.
fn broker_term(
    case: &SubscriberCase<'_, '_>,
    violation: Violation<'_, '_, '_>,
) -> Option<&'static str> {
    let facts = case.facts;
    let message = facts.messages.get(violation.message());
    let is_volatile =
        |index| facts.messages.get(index).message.is_some_and(|message| message.is_volatile());
    if is_volatile(violation.message()) {
        return Some("it was volatile");
    }
    if matches!(violation, Violation::Late(late) if is_volatile(late.after)) {
        return Some("the one before it was volatile");
    }
    let loss = match violation {
        Violation::Missed(one) => one.loss.map(|end| end.cause),
        Violation::Repeated(_) | Violation::Late(_) => None,
    };
    if loss == Some(Cause::Refused) {
        return Some("the broker refused it");
    }
    let Some(accepted) = message.first_accepted() else {
        return Some("the broker never accepted it");
    };
    let crashed = facts.lifetimes.death_after(BROKER, accepted.moment);
    if crashed.is_some_and(|crashed| violation.until().is_none_or(|until| crashed.is_before(until)))
    {
        return Some("the broker crashed after accepting it");
    }
    // A restarted broker has forgotten both messages, and accepts the earlier one when it comes
    // again.
    if let Violation::Late(late) = violation
        && let Some(before) = facts.messages.get(late.after).first_accepted()
        && let Some(crashed) = facts.lifetimes.death_after(BROKER, before.moment)
        && crashed.is_before(late.handled)
    {
        return Some("the broker crashed after accepting the one before it");
    }
    let delivery = facts.deliveries.get(case.subscriber, violation.message());
    let became_gap = |reason| {
        let mut gaps = delivery.into_iter().flat_map(|one| &one.became_gap);
        gaps.any(|(_, of)| *of == reason)
    };
    if became_gap(GapReason::Evicted) || became_gap(GapReason::Overflowed) {
        return Some("retention did not keep it");
    }
    let unmade = matches!(loss, Some(Cause::NotConnected | Cause::NotJoined));
    let unrouted = unmade && delivery.is_some_and(|one| one.is_after_expiry);
    if became_gap(GapReason::Expired) || unrouted {
        return Some("the client's session had expired");
    }
    // A restarted broker routes to no subscriber until it is told of the subscription
    // again.
    let forgotten = unmade && accepted.life != BrokerLife::FIRST;
    forgotten.then_some("the broker had forgotten the subscription in a crash")
}

/// Checks the client's terms: it acknowledges after its handler, and has a handler.
fn client_term(
    case: &SubscriberCase<'_, '_>,
    violation: Violation<'_, '_, '_>,
) -> Option<&'static str> {
    match case.facts.participants.member(case.subscriber).ack {
        AckPolicy::BeforeHandler => return Some("the client acknowledges before its handler"),
        AckPolicy::Never => return Some("the client never acknowledges"),
        AckPolicy::AfterHandler => {}
    }
    let delivery = case.facts.deliveries.get(case.subscriber, violation.message());
    let no_handler = delivery.is_some_and(|one| one.no_handler.is_some());
    let missed_by = |cause| match violation {
        Violation::Missed(one) => one.loss.is_some_and(|end| end.cause == cause),
        Violation::Repeated(_) | Violation::Late(_) => false,
    };
    (no_handler || missed_by(Cause::NoHandler)).then_some("the client had no handler")
}

/// Checks the terms for not handling a message twice: the client did not crash, and was the only
/// process of its name.
fn single_process_term(
    case: &SubscriberCase<'_, '_>,
    violation: Violation<'_, '_, '_>,
) -> Option<&'static str> {
    let Violation::Repeated(repeat) = violation else { return None };
    if !is_alone(case) {
        return Some(NOT_ALONE);
    }
    let member = &case.facts.participants.member(case.subscriber);
    let crashed = member.processes.iter().any(|process| {
        case.facts.lifetimes.deaths(*process).iter().any(|death| death.is_before(repeat.again))
    });
    crashed.then_some("the client crashed")
}

fn is_alone(case: &SubscriberCase<'_, '_>) -> bool {
    case.facts.participants.member(case.subscriber).process_count == 1
}

/// Summarizes a contender's findings: for each guarantee the worst verdict of all subscribers, and
/// of their claims the first in the order of [`Claim`].
pub fn summary(subscribers: &[&SubscriberReport]) -> BTreeMap<Guarantee, GuaranteeFinding> {
    let severity = |truth: Verdict| match truth {
        Verdict::Violated => 2,
        Verdict::Unknown => 1,
        Verdict::Holds => 0,
    };
    let one = |guarantee: &Guarantee| {
        let findings = || subscribers.iter().filter_map(|one| one.guarantees.get(guarantee));
        let verdict = findings().map(|finding| finding.verdict).max_by_key(|one| severity(*one));
        let claims = findings().map(|finding| finding.claim);
        let claim = claims.min_by_key(|one| rule("the-worst-claim-of-all").then_some(*one));
        let verdict = verdict.unwrap_or(Verdict::Holds);
        let claim = claim.unwrap_or(Claim::NotClaimed);
        (*guarantee, GuaranteeFinding { verdict, claim, evidence: Evidence::LeftOut })
    };
    Guarantee::ALL.iter().map(one).collect()
}

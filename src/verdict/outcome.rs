//! Determines the outcome of every message that a subscriber wants, and the counters of its row.
//!
//! It only counts: causes come from `cause`, and guarantees and anomalies are judged from what is
//! here.

use std::collections::BTreeMap;

use crate::message::{Mode, Name, PushKind};

use super::copies::{DeliveryPath, End};
use super::facts::{
    BROKER, Delivery, Facts, Handling, Map, MessageCopy, MessageIndex, Moment, Stored, SubscriberId,
};
use super::switch::rule;
use super::{MessageOutcome, SubscriberReport, cause};
use crate::terms::{Cause, Outcome};

/// One subscriber's case: the facts, the outcome of each wanted message, and the evidence.
pub struct SubscriberCase<'f, 'a> {
    /// The whole history.
    pub facts: &'f Facts<'a>,
    /// The subscriber.
    pub subscriber: SubscriberId,
    /// Every wanted message, in the order of publishing.
    pub judged: Vec<Judged<'f, 'a>>,
    /// Every handling beyond the first of its message.
    pub repeats: Vec<Repeat>,
    /// First handlings below a sequence that was handled before.
    pub late: Vec<Late>,
}

/// The outcome of one wanted message.
pub struct Judged<'f, 'a> {
    /// The message and what happened to it.
    pub path: DeliveryPath<'f, 'a>,
    /// The message's index.
    pub index: MessageIndex,
    /// Live, caught up or missed.
    pub outcome: Outcome,
    /// The moment at which its handler first returned.
    pub handled: Option<Moment>,
    /// The cause and the instant of the loss, if it was missed.
    pub loss: Option<End>,
}

/// A message that was handled again.
#[derive(Clone, Copy)]
pub struct Repeat {
    /// The message.
    pub message: MessageIndex,
    /// The moment at which it was first handled.
    pub first: Moment,
    /// The moment at which it was handled again.
    pub again: Moment,
}

/// A message that was handled for the first time after a later one of its publisher and queue.
#[derive(Clone, Copy)]
pub struct Late {
    /// The message.
    pub message: MessageIndex,
    /// The later message that was handled first.
    pub after: MessageIndex,
    /// The moment at which it was handled.
    pub handled: Moment,
}

impl<'f, 'a> SubscriberCase<'f, 'a> {
    /// Finds the outcome of every message that a subscriber wants.
    pub fn of(facts: &'f Facts<'a>, subscriber: SubscriberId) -> SubscriberCase<'f, 'a> {
        let handlings = facts.deliveries.handlings(subscriber);
        let again = handlings.iter().filter(|handling| !handling.first);
        let repeats = again.filter_map(|handling| {
            let delivery = facts.deliveries.get(subscriber, handling.message)?;
            let first = handlings[delivery.first_handling?].returned;
            Some(Repeat { message: handling.message, first, again: handling.returned })
        });
        let repeats = repeats.collect();
        let deliveries = facts.deliveries.of_subscriber(subscriber).iter();
        let wanted = deliveries.filter(|one| one.wanted || !rule("only-what-is-wanted-is-judged"));
        let mut judged: Vec<Judged<'f, 'a>> = wanted
            .map(|delivery| {
                let message = facts.messages.get(delivery.message);
                let path = DeliveryPath { facts, subscriber, message, delivery };
                let first = delivery.first_handling.map(|first| &handlings[first]);
                Judged::of(path, delivery.message, first)
            })
            .collect();
        judged.sort_by_key(|one| {
            rule("messages-in-order-of-publish").then_some(one.path.message.published)
        });
        SubscriberCase { facts, subscriber, judged, repeats, late: late(facts, handlings) }
    }

    /// Counts for the row; guarantees and anomalies are filled in elsewhere.
    pub fn count(&self) -> SubscriberReport {
        let facts = self.facts;
        let with = |outcome| self.judged.iter().filter(move |one| one.outcome == outcome).count();
        let mut causes = BTreeMap::new();
        for end in self.judged.iter().filter_map(|one| one.loss) {
            *causes.entry(end.cause).or_default() += 1;
        }
        let deliveries = facts.deliveries.of_subscriber(self.subscriber);
        // A message that a broker kept for a join it was told of is asked for, even if the record
        // that the broker has forgotten says otherwise.
        let is_not_wanted = |delivery: &&Delivery| {
            !delivery.wanted && delivery.kept.is_empty() && delivery.first_handling.is_some()
        };
        let not_wanted = deliveries.iter().filter(is_not_wanted).count();
        let mut delays: Vec<f64> = self.judged.iter().filter_map(Judged::delay_ms).collect();
        delays.sort_unstable_by(f64::total_cmp);
        SubscriberReport {
            client: facts.participants.member(self.subscriber).name.to_string(),
            wanted: self.judged.len() as u64,
            live: with(Outcome::Live) as u64,
            caught_up: with(Outcome::CaughtUp) as u64,
            missed: with(Outcome::Missed) as u64,
            handled_again: self.repeats.len() as u64,
            out_of_order: self.late.len() as u64,
            interrupted: deliveries.iter().map(|one| one.interrupted).sum(),
            not_wanted: not_wanted as u64,
            worst_delay_ms: delays.last().copied(),
            median_delay_ms: lower_median(&delays),
            causes,
            gaps_announced: facts.positions.gaps_announced(self.subscriber),
            messages: self.judged.iter().filter_map(Judged::report).collect(),
            ..SubscriberReport::default()
        }
    }
}

impl<'f, 'a> Judged<'f, 'a> {
    fn of(
        path: DeliveryPath<'f, 'a>,
        index: MessageIndex,
        handling: Option<&Handling>,
    ) -> Judged<'f, 'a> {
        let outcome = match handling.map(|handling| handling.kind) {
            None => Outcome::Missed,
            Some(PushKind::Live) if is_sent_in_an_earlier_life(path, handling) => Outcome::CaughtUp,
            Some(PushKind::Live) => Outcome::Live,
            Some(PushKind::Replay | PushKind::Again) => Outcome::CaughtUp,
        };
        let handled = handling.map(|handling| handling.returned);
        let loss = (outcome == Outcome::Missed).then(|| cause::of(path));
        Judged { path, index, outcome, handled, loss }
    }

    /// Returns the loss, if the message is lost for good.
    pub fn lost(&self) -> Option<End> {
        self.loss.filter(|end| end.cause != Cause::Unsettled)
    }

    /// Returns every position that it had. If its publisher sent it again after a crash of the
    /// broker, it has one in each life that accepted it.
    pub fn stored(&self) -> impl Iterator<Item = Stored> + use<'f, 'a> {
        let DeliveryPath { facts, message, .. } = self.path;
        let queue = message.message.and_then(|message| facts.positions.find_queue(&message.queue));
        let accepted = message.accepted.iter();
        accepted.filter_map(move |one| {
            Some(Stored { queue: queue?, life: one.life, position: one.position? })
        })
    }

    /// Returns the time from publish to handled.
    fn delay_ms(&self) -> Option<f64> {
        let (published, _) = self.path.message.published?;
        Some(self.handled?.at.since(published.at).as_millis_f64())
    }

    fn report(&self) -> Option<MessageOutcome> {
        let message = self.path.message.message?;
        let (published, _) = self.path.message.published?;
        Some(MessageOutcome {
            id: message.id.clone(),
            queue: message.queue.clone(),
            event: message.event.clone(),
            published_ms: published.at.as_millis_f64(),
            outcome: self.outcome,
            handled_ms: self.handled.map(|handled| handled.at.as_millis_f64()),
            cause: self.loss.map(|end| end.cause),
        })
    }
}

/// Whether an earlier life of the broker pushed the message. Then the first push of a restarted
/// broker, which has forgotten that, is a repeat for the subscriber. In fire-and-forget mode each
/// push counts as a first sending.
fn is_sent_in_an_earlier_life(path: DeliveryPath<'_, '_>, handling: Option<&Handling>) -> bool {
    let DeliveryPath { facts, delivery, .. } = path;
    let opened = handling.and_then(|handling| facts.sessions.get(handling.session).opened);
    let Some(opened) = opened.filter(|_| facts.contender.mode == Mode::CatchUp) else {
        return false;
    };
    let crashed = |copy: &MessageCopy| facts.lifetimes.death_after(BROKER, copy.pushed);
    delivery
        .copies
        .iter()
        .any(|copy| crashed(copy).is_some_and(|crashed| crashed.is_before(opened)))
}

/// A message with its sequence.
type Sequenced = (u64, MessageIndex);

/// Returns the first handlings below a sequence already handled from the same publisher and queue.
fn late(facts: &Facts<'_>, handlings: &[Handling]) -> Vec<Late> {
    // The highest sequence so far, and the highest of a message that is not volatile: the latter is
    // the better evidence.
    let mut highest: Map<(&Name, &Name), [Option<Sequenced>; 2]> = Map::default();
    let mut late = Vec::new();
    let counts = |one: &&Handling| one.first || !rule("only-a-first-handling-is-late");
    for handling in handlings.iter().filter(counts) {
        let Some(message) = facts.messages.get(handling.message).message else { continue };
        let sequence = message.id.sequence;
        let group = (&message.id.publisher, &message.queue);
        let [all, kept] = highest.entry(group).or_default();
        // No message is handled for the first time twice: the sequences differ.
        let mut before = [*kept, *all].into_iter().flatten();
        if let Some((_, after)) = before.find(|(before, _)| sequence.cmp(before).is_lt()) {
            let handled = handling.returned;
            late.push(Late { message: handling.message, after, handled });
        }
        let this = Some((sequence, handling.message));
        *all = (*all).max(this);
        if !message.is_volatile() {
            *kept = (*kept).max(this);
        }
    }
    late
}

/// Returns the median of sorted numbers: the lower of the two in the middle.
pub fn lower_median(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

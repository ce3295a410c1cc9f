//! Finds what was published to a subscriber's rooms before its subscription stood. It wants none of
//! that, so that no other number shows it.

use std::collections::BTreeSet;

use crate::message::{Echo, Message, MessageId, Name};
use crate::time::Instant;

use super::UnwantedMessage;
use super::facts::{Facts, MessageIndex, Moment, SubscriberId};

/// The moments at which it was decided to whom each message goes, in their order: the first
/// acceptance, or the publishing of what was never accepted.
pub struct Decisions(Vec<(Moment, MessageIndex)>);

impl Decisions {
    /// Collects the decisions on all messages that were published.
    pub fn of(facts: &Facts<'_>) -> Decisions {
        let decided = |index| {
            let fact = facts.messages.get(index);
            let (published, _) = fact.published?;
            Some((fact.first_accepted().map_or(published, |accepted| accepted.moment), index))
        };
        let mut all: Vec<_> = facts.messages.indices().filter_map(decided).collect();
        all.sort_unstable();
        Decisions(all)
    }

    /// Returns the instant of the decision on a message.
    pub fn instant_of(&self, facts: &Facts<'_>, id: &MessageId) -> Option<Instant> {
        let (decided, _) = self.0.iter().find(|(_, index)| facts.messages.get(*index).id == id)?;
        Some(decided.at)
    }

    /// Returns the messages that would have gone to this subscriber if the rooms with which it
    /// begins had been on record, in the order of publishing. What it wants all the same, by another
    /// room or from the start, is not among them.
    pub fn before_subscription(
        &self,
        facts: &Facts<'_>,
        subscriber: SubscriberId,
    ) -> Vec<UnwantedMessage> {
        let member = facts.participants.member(subscriber);
        let Some(entry) = member.subscribes else { return Vec::new() };
        // With the first join of a queue comes the room of its own name.
        let subscribed = &facts.scenario.clients[entry].subscribe;
        let own = subscribed.iter().map(|one| (&one.queue, &member.name));
        let asked: BTreeSet<(&Name, &Name)> =
            subscribed.iter().map(|one| (&one.queue, &one.event)).chain(own).collect();
        let stood = |&(queue, room): &(&Name, &Name)| {
            facts.recorded.get(&(subscriber, queue, room)).copied()
        };
        let stands =
            |room: &(&Name, &Name), at: Moment| stood(room).is_some_and(|since| since < at);
        let is_own_echo = |message: &Message| {
            message.target.echo == Echo::NotSender && message.id.publisher == member.name
        };
        let would_go = |message: &Message, at: Moment| {
            let mut own = asked.iter().filter(|(queue, _)| **queue == message.queue);
            own.clone().any(|one| message.rooms().contains(one.1) && !stands(one, at))
                && !own.any(|(_, room)| message.target.except.contains(room))
                && !is_own_echo(message)
        };
        let is_wanted =
            |index| facts.deliveries.get(subscriber, index).is_some_and(|delivery| delivery.wanted);
        // From then on every room stands; never, if one of them never did.
        let all_stand = asked.iter().map(stood).reduce(|one, other| Some(one?.max(other?)));
        let all_stand = all_stand.flatten();
        let decided = self.0.iter().take_while(|(at, _)| all_stand.is_none_or(|stand| *at < stand));
        let unwanted = decided.filter_map(|&(at, index)| {
            let fact = facts.messages.get(index);
            let (message, (published, _)) = (fact.message?, fact.published?);
            (would_go(message, at) && !is_wanted(index)).then_some((published, &message.id))
        });
        let mut unwanted: Vec<_> = unwanted.collect();
        unwanted.sort_unstable();
        let found = unwanted.into_iter().map(|(published, id)| UnwantedMessage {
            id: id.clone(),
            published_ms: published.at.as_millis_f64(),
        });
        found.collect()
    }
}

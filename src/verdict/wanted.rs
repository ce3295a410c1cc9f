//! Determines which subscriber wants which message, from the broker's record of subscriptions, read
//! in the broker's own order.
//!
//! Neither the end of a session nor a crash ends a record, so a message that a restarted broker
//! routes to no subscriber is still wanted; and so is one that is accepted after the subscriber's
//! session has expired. A crash and an expiry do end what the backlog keeps. So the second result
//! is, for each subscriber and message, the lives of the broker in which the backlog held it.

mod retained;

use std::cmp::Reverse;

use crate::history::{EventKind, PowerState};
use crate::message::{Echo, Message, Name, Note, Position, ResumeOutcome, RoomJoin, StartAt};

use self::retained::Retained;
use super::facts::{BrokerLife, Facts, Map, MessageIndex, Moment, Set, SubscriberId};
use super::switch::rule;

/// Marks in `facts` what every subscriber wants, and what the backlog kept for it.
pub fn mark(facts: &mut Facts<'_>) {
    let asked = facts.record.iter().any(|(_, event, _)| asks_what_is_retained(&event.kind));
    let retained = asked.then(Retained::default);
    let mut record = Record {
        rooms: Map::default(),
        subscribed: Set::default(),
        made: Map::default(),
        unrouted: Map::default(),
        expired: Map::default(),
        retained,
        life: BrokerLife::FIRST,
    };
    for (moment, event, message) in std::mem::take(&mut facts.record) {
        match &event.kind {
            EventKind::Power(PowerState::Killed | PowerState::PowerLost) => {
                record.life = record.life.next();
                if rule("a-crash-ends-subscriptions") {
                    record.subscribed.clear();
                }
                record.made.clear();
                record.retained.iter_mut().for_each(Retained::clear);
            }
            EventKind::Note(note) => record.see(facts, (moment, message), note),
            _ => {}
        }
    }
}

/// Whether an event may ask for retained messages: by a subscription from the start, or one that a
/// broker has forgotten.
fn asks_what_is_retained(what: &EventKind) -> bool {
    matches!(what, EventKind::Note(Note::Subscribed { rooms, .. })
        if rooms.iter().any(|join| join.from != StartAt::Now))
}

/// The broker's record of subscriptions, and what the backlog retains.
struct Record<'h> {
    /// The subscribers of each room, each with the last time that it was recorded.
    rooms: Map<(&'h Name, &'h Name), Map<SubscriberId, Recorded>>,
    /// The subscribers that have a subscription to a queue in this life of the broker.
    subscribed: Set<(SubscriberId, &'h Name)>,
    /// The subscribers whose last attachment to a queue created the subscription, and how. The next
    /// rooms that the session joins begin where the subscription does.
    made: Map<(SubscriberId, &'h Name), Made>,
    /// The messages that a broker accepted after forgetting that the subscriber was on record.
    unrouted: Map<SubscriberId, Vec<MessageIndex>>,
    /// The moment of each subscriber's last expiry.
    expired: Map<SubscriberId, Moment>,
    /// `None` if no subscriber ever asks for retained messages.
    retained: Option<Retained<'h>>,
    life: BrokerLife,
}

/// Says how a subscription was created.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// The client knew no position.
    Fresh,
    /// The client knew a position, which can only be of an earlier epoch. To tell it so is the
    /// broker's task, and changes nothing in what the client is to be sent.
    WithAPosition,
}

/// The life of the broker and the moment in which a subscriber was recorded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Recorded {
    life: BrokerLife,
    moment: Moment,
}

/// A subscriber that a message routes to.
struct Member {
    subscriber: SubscriberId,
    /// The last time that it was recorded.
    recorded: Recorded,
}

impl<'h> Record<'h> {
    fn see(
        &mut self,
        facts: &mut Facts<'h>,
        (moment, named): (Moment, Option<MessageIndex>),
        note: &'h Note,
    ) {
        match note {
            Note::Subscribed { client, queue, rooms } => {
                if let Some(subscriber) = facts.participants.by_name(client) {
                    facts.on_record.insert(subscriber);
                    for RoomJoin { room, .. } in rooms {
                        facts.recorded.entry((subscriber, queue, room)).or_insert(moment);
                    }
                    self.join(facts, moment, subscriber, (queue, rooms));
                }
            }
            Note::Unsubscribed { client, queue, room } => {
                let Some(subscriber) = facts.participants.by_name(client) else { return };
                if let Some(members) = self.rooms.get_mut(&(queue, room)) {
                    members.remove(&subscriber);
                }
                self.leave(facts, moment, subscriber);
            }
            Note::SessionExpired { client } => {
                if let Some(subscriber) = facts.participants.by_name(client) {
                    self.expired.insert(subscriber, moment);
                }
            }
            Note::Published { message } => {
                let Some(index) = named else { return };
                let fact = facts.messages.get(index);
                let first = fact.published.is_some_and(|(first, _)| first == moment);
                if first && fact.accepted.is_empty() {
                    for member in self.members(facts, message) {
                        facts.deliveries.entry(member.subscriber, index).wanted = true;
                    }
                }
            }
            Note::Accepted { queue, position, .. } => {
                let Some(index) = named else { return };
                self.accept(facts, moment, (index, *position));
                if let (Some(position), Some(retained)) = (position, &mut self.retained) {
                    retained.add(queue, *position, index);
                }
            }
            Note::Trimmed { queue, position, .. } => {
                if let Some(retained) = &mut self.retained {
                    retained.remove(queue, *position);
                }
            }
            Note::Attached { queue, client, answer, .. } => {
                let Some(subscriber) = facts.participants.by_name(client) else { return };
                if rule("only-until-the-next-attachment") {
                    self.made.remove(&(subscriber, queue));
                }
                if self.subscribed.insert((subscriber, queue)) {
                    let made = match **answer {
                        ResumeOutcome::Started { .. } => Made::Fresh,
                        _ => Made::WithAPosition,
                    };
                    self.made.insert((subscriber, queue), made);
                }
            }
            _ => {}
        }
    }

    /// Marks an accepted message as wanted, and as kept by the backlog, for the subscribers that it
    /// routes to now. Each acceptance decides anew: a copy may be accepted after a join that the
    /// original preceded.
    fn accept(
        &mut self,
        facts: &mut Facts<'_>,
        moment: Moment,
        (index, position): (MessageIndex, Option<Position>),
    ) {
        let Some(message) = facts.messages.get(index).message else { return };
        for member in self.members(facts, message) {
            let delivery = facts.deliveries.entry(member.subscriber, index);
            delivery.wanted = true;
            let has_expired = self.has_expired(&member);
            delivery.is_after_expiry |= has_expired;
            let is_of_life = member.recorded.life == self.life;
            if position.is_some() && is_of_life && !has_expired {
                delivery.keep(self.life, moment);
            }
            if !is_of_life {
                self.unrouted.entry(member.subscriber).or_default().push(index);
            }
        }
    }

    /// Whether a member's session has expired since it was recorded.
    fn has_expired(&self, member: &Member) -> bool {
        let expired = self.expired.get(&member.subscriber);
        expired.is_some_and(|expired| member.recorded.moment.is_before(*expired))
    }

    /// Records that a subscriber left rooms whose messages a restarted broker, which had forgotten
    /// the subscription, had routed to nobody. Messages that still route to it are not concerned.
    fn leave(&self, facts: &mut Facts<'_>, moment: Moment, subscriber: SubscriberId) {
        for &index in self.unrouted.get(&subscriber).into_iter().flatten() {
            let Some(message) = facts.messages.get(index).message else { continue };
            if self.members(facts, message).iter().all(|member| member.subscriber != subscriber) {
                facts.deliveries.entry(subscriber, index).left.get_or_insert(moment);
            }
        }
    }

    /// Records a join, and marks the retained messages that it asks for.
    ///
    /// A new record that begins at the start wants what is retained. A record that is renewed in a
    /// new life of the broker wants nothing new, but is sent what is retained, as far as it routes
    /// to the rooms of this join. All rooms of the join count, whatever else was on record before:
    /// a broker that has forgotten the record knows only the join.
    fn join(
        &mut self,
        facts: &mut Facts<'_>,
        moment: Moment,
        subscriber: SubscriberId,
        (queue, rooms): (&'h Name, &'h [RoomJoin]),
    ) {
        let made = self.made.remove(&(subscriber, queue));
        let mut outstanding = Vec::new();
        for RoomJoin { room, from } in rooms {
            let members = self.rooms.entry((queue, room)).or_default();
            let before = members.insert(subscriber, Recorded { life: self.life, moment });
            let before = before.map(|recorded| recorded.life);
            let begins_at_the_start = match from {
                StartAt::Now => false,
                StartAt::Start => made.is_some() && before != Some(self.life),
                StartAt::Before => made == Some(Made::WithAPosition),
            };
            if begins_at_the_start {
                outstanding.push((room, *from == StartAt::Start && before.is_none()));
            }
        }
        if outstanding.is_empty() {
            return;
        }
        for index in self.retained(queue) {
            let Some(message) = facts.messages.get(index).message else { continue };
            let mut routed = outstanding.iter().filter(|(room, _)| message.rooms().contains(room));
            let is_routed = routed.clone().next().is_some();
            let excluded = |join: &RoomJoin| message.target.except.contains(&join.room);
            let is_routed = is_routed && message.queue == *queue;
            if is_routed && !rooms.iter().any(excluded) && !is_own_echo(facts, message, subscriber)
            {
                let delivery = facts.deliveries.entry(subscriber, index);
                delivery.wanted |= routed.any(|(_, is_new)| *is_new);
                if rule("what-precedes-a-join-is-kept-for-it") {
                    delivery.keep(self.life, moment);
                }
            }
        }
    }

    fn retained(&self, queue: &Name) -> Vec<MessageIndex> {
        self.retained.as_ref().map(|retained| retained.of_queue(queue)).unwrap_or_default()
    }

    /// Returns the subscribers that a message routes to now: the members of its rooms, each once,
    /// minus those that it excludes.
    fn members(&self, facts: &Facts<'_>, message: &Message) -> Vec<Member> {
        let room = |room| self.rooms.get(&(&message.queue, room));
        let targets = message.rooms().iter().filter_map(room).flatten();
        let mut members: Vec<Member> = targets
            .map(|(subscriber, recorded)| Member { subscriber: *subscriber, recorded: *recorded })
            .collect();
        members.sort_unstable_by_key(|member| (member.subscriber, Reverse(member.recorded)));
        members.dedup_by_key(|member| member.subscriber);
        for excluded in message.target.except.iter().filter_map(room) {
            members.retain(|member| !excluded.contains_key(&member.subscriber));
        }
        members.retain(|member| !is_own_echo(facts, message, member.subscriber));
        members
    }
}

/// Whether a message goes to all but its sender, and this is its sender.
fn is_own_echo(facts: &Facts<'_>, message: &Message, subscriber: SubscriberId) -> bool {
    message.target.echo == Echo::NotSender
        && facts.participants.by_name(&message.id.publisher) == Some(subscriber)
}

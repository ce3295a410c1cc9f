//! Who wants what: the broker's record of subscriptions, read in the broker's own order.
//!
//! Neither the end of a session nor any crash ends a record, so what a restarted broker routes to
//! nobody is still wanted. A broker's crash does end what the backlog keeps: the second thing
//! found here is in which lives of the broker it held a message for whom.

mod retained;

use std::cmp::Reverse;

use crate::history::{EventKind, PowerState};
use crate::message::{Echo, Message, Name, Note, Position, ResumeOutcome, RoomJoin, StartAt};

use self::retained::Retained;
use super::facts::{BrokerLife, Facts, Map, MessageIndex, Moment, Set, SubscriberId};
use super::switch::rule;

/// Marks in `facts` what every subscriber wants, and what the backlog kept for it.
pub fn mark(facts: &mut Facts<'_>) {
    let asked = facts.record.iter().any(|(_, event, _)| asks_what_is_retained(&event.what));
    let retained = asked.then(Retained::default);
    let mut record = Record {
        rooms: Map::default(),
        subscribed: Set::default(),
        made: Map::default(),
        unrouted: Map::default(),
        retained,
        life: BrokerLife::FIRST,
    };
    for (moment, event, message) in std::mem::take(&mut facts.record) {
        match &event.what {
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

/// Whether somebody may be owed what is retained: in a subscription from the start, or in one that
/// a broker has forgotten.
fn asks_what_is_retained(what: &EventKind) -> bool {
    matches!(what, EventKind::Note(Note::Subscribed { rooms, .. })
        if rooms.iter().any(|join| join.from != StartAt::Now))
}

/// Who is on record where, and what the backlog retains.
struct Record<'h> {
    /// The subscribers of a room, and in which life of the broker they were last recorded.
    rooms: Map<(&'h Name, &'h Name), Map<SubscriberId, BrokerLife>>,
    /// Who has a subscription to which queue in this life of the broker.
    subscribed: Set<(SubscriberId, &'h Name)>,
    /// Whose last attachment to which queue made its subscription, and how: what that session
    /// joins next begins as the subscription does.
    made: Map<(SubscriberId, &'h Name), Made>,
    /// What a broker accepted for whom it had forgotten.
    unrouted: Map<SubscriberId, Vec<MessageIndex>>,
    /// `None` if nobody ever asks.
    retained: Option<Retained<'h>>,
    life: BrokerLife,
}

/// How a subscription came to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// The client knew no position.
    Fresh,
    /// The client knew a position, which can only be of an epoch before: that it is told so is for
    /// the broker to do, and changes nothing of what it is owed.
    WithAPosition,
}

/// A subscriber to whom a message routes.
struct Member {
    subscriber: SubscriberId,
    /// The last life of the broker in which it was recorded.
    recorded: BrokerLife,
}

impl<'h> Record<'h> {
    fn see(
        &mut self,
        facts: &mut Facts<'_>,
        (moment, named): (Moment, Option<MessageIndex>),
        note: &'h Note,
    ) {
        match note {
            Note::Subscribed { client, queue, rooms } => {
                if let Some(subscriber) = facts.roll.by_name(client) {
                    facts.on_record.insert(subscriber);
                    self.join(facts, moment, subscriber, (queue, rooms));
                }
            }
            Note::Unsubscribed { client, queue, room } => {
                let Some(subscriber) = facts.roll.by_name(client) else { return };
                if let Some(members) = self.rooms.get_mut(&(queue, room)) {
                    members.remove(&subscriber);
                }
                self.leave(facts, moment, subscriber);
            }
            Note::Published { message } => {
                let Some(index) = named else { return };
                let fact = facts.messages.get(index);
                let first = fact.handed_over.is_some_and(|(first, _)| first == moment);
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
                let Some(subscriber) = facts.roll.by_name(client) else { return };
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

    /// Each acceptance decides who wants it, and for whom the backlog keeps it: a copy may be
    /// accepted after a join that the original came before.
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
            if position.is_some() && member.recorded == self.life {
                delivery.keep(self.life, moment);
            }
            if member.recorded != self.life {
                self.unrouted.entry(member.subscriber).or_default().push(index);
            }
        }
    }

    /// What was accepted for a subscriber that the broker had forgotten, and routes to it no longer.
    fn leave(&self, facts: &mut Facts<'_>, moment: Moment, subscriber: SubscriberId) {
        for &index in self.unrouted.get(&subscriber).into_iter().flatten() {
            let Some(message) = facts.messages.get(index).message else { continue };
            if self.members(facts, message).iter().all(|member| member.subscriber != subscriber) {
                facts.deliveries.entry(subscriber, index).left.get_or_insert(moment);
            }
        }
    }

    /// A new record that begins at the start wants what is retained; a record that is renewed in
    /// a new life of the broker wants nothing new, but is sent what is retained, as far as the
    /// rooms of this join are its. All of them count, whatever else was on record before: to a
    /// broker that has forgotten it there is nothing else.
    fn join(
        &mut self,
        facts: &mut Facts<'_>,
        moment: Moment,
        subscriber: SubscriberId,
        (queue, rooms): (&'h Name, &'h [RoomJoin]),
    ) {
        let made = self.made.remove(&(subscriber, queue));
        let mut owed = Vec::new();
        for RoomJoin { room, from } in rooms {
            let members = self.rooms.entry((queue, room)).or_default();
            let before = members.insert(subscriber, self.life);
            let begins_at_the_start = match from {
                StartAt::Now => false,
                StartAt::Start => made.is_some() && before != Some(self.life),
                StartAt::Before => made == Some(Made::WithAPosition),
            };
            if begins_at_the_start {
                owed.push((room, *from == StartAt::Start && before.is_none()));
            }
        }
        if owed.is_empty() {
            return;
        }
        for index in self.retained(queue) {
            let Some(message) = facts.messages.get(index).message else { continue };
            let mut routed = owed.iter().filter(|(room, _)| message.rooms().contains(room));
            let is_routed = routed.clone().next().is_some();
            let excluded = |join: &RoomJoin| message.target.except.contains(&join.room);
            let is_routed = is_routed && message.queue == *queue;
            if is_routed && !rooms.iter().any(excluded) && !is_own_echo(facts, message, subscriber)
            {
                let delivery = facts.deliveries.entry(subscriber, index);
                delivery.wanted |= routed.any(|(_, is_new)| *is_new);
                if rule("what-a-join-is-owed-is-kept-for-it") {
                    delivery.keep(self.life, moment);
                }
            }
        }
    }

    fn retained(&self, queue: &Name) -> Vec<MessageIndex> {
        self.retained.as_ref().map(|retained| retained.of_queue(queue)).unwrap_or_default()
    }

    /// To whom a message routes now: the union of its rooms, each subscriber once, less those
    /// that it excludes.
    fn members(&self, facts: &Facts<'_>, message: &Message) -> Vec<Member> {
        let room = |room| self.rooms.get(&(&message.queue, room));
        let targets = message.rooms().iter().filter_map(room).flatten();
        let mut members: Vec<Member> = targets
            .map(|(subscriber, life)| Member { subscriber: *subscriber, recorded: *life })
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
        && facts.roll.by_name(&message.id.publisher) == Some(subscriber)
}

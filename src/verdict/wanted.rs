//! Who wants what: the broker's record of subscriptions, read in the broker's own order.
//!
//! Neither the end of a session nor any crash ends a record, so what a restarted broker routes to
//! nobody is still wanted. A broker's crash does end what the backlog keeps: the second thing
//! found here is in which lives of the broker it held a message for whom.

mod retained;

use crate::history::{PowerState, What};
use crate::message::{Answer, Echo, From, Message, Name, Note, RoomJoin};

use self::retained::Retained;
use super::facts::{Facts, Map, Moment};

/// Marks in `facts` what every subscriber wants, and what the backlog kept for it.
pub fn mark(facts: &mut Facts<'_>) {
    let asked = facts.record.iter().any(|(_, event, _)| asks_what_is_retained(&event.what));
    let retained = asked.then(Retained::default);
    let mut record = Record { rooms: Map::default(), retained, life: 0 };
    for (moment, event, message) in std::mem::take(&mut facts.record) {
        match &event.what {
            What::Power(PowerState::Killed | PowerState::PowerLost) => {
                record.life += 1;
                record.retained.iter_mut().for_each(Retained::clear);
            }
            What::Note(note) => record.see(facts, (moment, message), note),
            _ => {}
        }
    }
}

/// Whether somebody is owed what is retained: a subscription from the start, or a new epoch.
fn asks_what_is_retained(what: &What) -> bool {
    matches!(what, What::Note(Note::Attached { answer, .. })
        if matches!(**answer, Answer::NewEpoch { .. }))
        || matches!(what, What::Note(Note::Recorded { rooms, .. })
        if rooms.iter().any(|join| join.from == From::Start))
}

/// Who is on record where, and what the backlog retains.
struct Record<'h> {
    /// The subscribers of a room, and in which life of the broker they were last recorded.
    rooms: Map<(&'h Name, &'h Name), Map<usize, u32>>,
    /// `None` if nobody ever asks.
    retained: Option<Retained<'h>>,
    life: u32,
}

/// A subscriber to whom a message routes.
struct Member {
    subscriber: usize,
    /// The last life of the broker in which it was recorded.
    recorded: u32,
}

impl<'h> Record<'h> {
    fn see(
        &mut self,
        facts: &mut Facts<'_>,
        (moment, named): (Moment, Option<usize>),
        note: &'h Note,
    ) {
        match note {
            Note::Recorded { client, queue, rooms } => {
                if let Some(subscriber) = facts.roll.by_name(client) {
                    self.join(facts, moment, subscriber, (queue, rooms));
                }
            }
            Note::Unrecorded { client, queue, room } => {
                let subscriber = facts.roll.by_name(client);
                if let (Some(members), Some(subscriber)) =
                    (self.rooms.get_mut(&(queue, room)), subscriber)
                {
                    members.remove(&subscriber);
                }
            }
            Note::HandedOver { message } => {
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
                self.accept(facts, moment, index);
                if let (Some(position), Some(retained)) = (position, &mut self.retained) {
                    retained.add(queue, *position, index);
                }
            }
            Note::Forgotten { queue, position, .. } => {
                if let Some(retained) = &mut self.retained {
                    retained.remove(queue, *position);
                }
            }
            Note::Attached { queue, client, answer, .. }
                if matches!(**answer, Answer::NewEpoch { .. }) =>
            {
                let Some(subscriber) = facts.roll.by_name(client) else { return };
                for index in self.retained(queue) {
                    let delivery = facts.deliveries.entry(subscriber, index);
                    if delivery.wanted {
                        delivery.keep(self.life, moment);
                    }
                }
            }
            _ => {}
        }
    }

    /// The first acceptance decides who wants it, each one for whom the backlog keeps it.
    fn accept(&mut self, facts: &mut Facts<'_>, moment: Moment, index: usize) {
        let fact = facts.messages.get(index);
        let Some(message) = fact.message else { return };
        let Some(acceptance) = fact.accepted.iter().find(|one| one.moment == moment) else {
            return;
        };
        let first = fact.first_accepted().is_some_and(|first| first.moment == moment);
        let keeps = acceptance.position.is_some();
        for member in self.members(facts, message) {
            let delivery = facts.deliveries.entry(member.subscriber, index);
            delivery.wanted |= first;
            if keeps && member.recorded == self.life {
                delivery.keep(self.life, moment);
            }
        }
    }

    /// A new record that begins at the start wants what is retained; a record that is renewed in
    /// a new life of the broker wants nothing new, but is sent what is retained. All rooms of one
    /// join are on record before anything is looked at: one of them may be excluded.
    fn join(
        &mut self,
        facts: &mut Facts<'_>,
        moment: Moment,
        subscriber: usize,
        (queue, rooms): (&'h Name, &'h [RoomJoin]),
    ) {
        let mut before = Vec::new();
        for RoomJoin { room, .. } in rooms {
            let members = self.rooms.entry((queue, room)).or_default();
            before.push(members.insert(subscriber, self.life));
        }
        for (RoomJoin { room, from }, before) in rooms.iter().zip(before) {
            if *from != From::Start || before == Some(self.life) {
                continue;
            }
            for index in self.retained(queue) {
                let Some(message) = facts.messages.get(index).message else { continue };
                if !message.rooms().contains(room) {
                    continue;
                }
                let routed = self.members(facts, message);
                if routed.iter().any(|member| member.subscriber == subscriber) {
                    let delivery = facts.deliveries.entry(subscriber, index);
                    delivery.wanted |= before.is_none();
                    delivery.keep(self.life, moment);
                }
            }
        }
    }

    fn retained(&self, queue: &Name) -> Vec<usize> {
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
        members.sort_unstable_by_key(|member| (member.subscriber, u32::MAX - member.recorded));
        members.dedup_by_key(|member| member.subscriber);
        for excluded in message.target.except.iter().filter_map(room) {
            members.retain(|member| !excluded.contains_key(&member.subscriber));
        }
        if message.target.echo == Echo::NotSender {
            let sender = facts.roll.by_name(&message.id.publisher);
            members.retain(|member| Some(member.subscriber) != sender);
        }
        members
    }
}

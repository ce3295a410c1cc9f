//! The subscribers, and the messages that each of them wants of all that were published.

use crate::message::{
    AckPolicy, Dedup, Echo, Message, MessageId, Name, Note, ResumeOutcome, RoomJoin, StartAt,
};

use super::trial::{Trial, When};
use crate::verdict::UnwantedMessage;

/// One client that subscribes: all of its processes together.
pub struct Subscriber<'a> {
    pub trial: Trial<'a>,
    pub name: Name,
    pub processes: Vec<u32>,
    /// The number of processes that the scenario gives it.
    pub process_count: usize,
    /// On if all of its entries drop duplicates.
    pub dedup: Dedup,
    /// The first policy among its entries that is not after the handler, if there is one.
    pub ack: AckPolicy,
}

/// The effect of a join on a message that the backlog retains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replay {
    /// The broker sends it, and the subscriber wants it.
    Wanted,
    /// The broker sends it, but the join does not make it wanted.
    Sent,
}

impl<'a> Subscriber<'a> {
    /// Returns every subscriber, in the order of the scenario.
    pub fn all(trial: Trial<'a>) -> Vec<Subscriber<'a>> {
        let mut names: Vec<Name> = Vec::new();
        for client in &trial.scenario.clients {
            if client.subscribe.is_empty() && client.join.is_empty() {
                continue;
            }
            for (_, name) in client.processes() {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names.into_iter().map(|name| Subscriber::of(trial, name)).collect()
    }

    fn of(trial: Trial<'a>, name: Name) -> Subscriber<'a> {
        let entries = trial.scenario.clients.iter();
        let own: Vec<_> = entries
            .flat_map(|client| client.processes().map(move |(_, name)| (name, &client.limits)))
            .filter(|(of, _)| *of == name)
            .map(|(_, limits)| limits)
            .collect();
        let without = own.iter().any(|limits| limits.dedup == Dedup::Off);
        let unsafe_ack =
            own.iter().map(|limits| limits.ack).find(|ack| *ack != AckPolicy::AfterHandler);
        Subscriber {
            trial,
            processes: trial.processes_of(&name),
            process_count: own.len(),
            dedup: if without { Dedup::Off } else { Dedup::On },
            ack: unsafe_ack.unwrap_or_default(),
            name,
        }
    }

    pub fn is(&self, process: u32) -> bool {
        self.processes.contains(&process)
    }

    /// Whether the subscriber wants a message. It does if any of this is so:
    ///
    /// - it was accepted at a moment at which it routed here;
    /// - it was never accepted, and was published at such a moment;
    /// - it was retained when the subscriber began a subscription at the start.
    pub fn wants(&self, id: &MessageId) -> bool {
        let Some((published, _, message)) = self.trial.published(id) else { return false };
        let accepted = self.trial.accepted(id);
        let decided = match accepted.is_empty() {
            true => vec![published],
            false => accepted.iter().map(|(when, _)| *when).collect(),
        };
        decided.iter().any(|when| self.route(message, *when).is_some())
            || self.joins().any(|join| self.replay(message, join) == Some(Replay::Wanted))
    }

    /// Returns the messages that it does not want, although they are for rooms that the scenario
    /// subscribes it to: none of these rooms had ever been on record when the message was accepted
    /// for the first time, or published, if it never was accepted.
    pub fn before_subscription(&self) -> Vec<UnwantedMessage> {
        let entries = self.trial.scenario.clients.iter();
        let own = entries.filter(|one| one.processes().any(|(_, client)| client == self.name));
        let asked: Vec<_> = own.flat_map(|one| &one.subscribe).collect();
        let mut found = Vec::new();
        for id in self.trial.messages() {
            let Some((published, _, message)) = self.trial.published(id) else { continue };
            let accepted = self.trial.accepted(id);
            let decided = accepted.iter().map(|(when, _)| *when).min().unwrap_or(published);
            let had_stood = |room: &Name| {
                let joins = self.joins().filter(|join| *join < decided);
                joins.filter_map(|join| self.join(join)).any(|(queue, rooms)| {
                    *queue == message.queue && rooms.iter().any(|one| one.room == *room)
                })
            };
            let asks = |room: &&Name| {
                asked.iter().any(|one| one.queue == message.queue && one.event == **room)
            };
            let mut targets = message.rooms().iter().filter(asks);
            let excluded = message.target.except.iter().any(|room| asks(&room));
            if targets.any(|room| !had_stood(room))
                && !excluded
                && !self.is_own_echo(message)
                && !self.wants(id)
            {
                found.push((published, id));
            }
        }
        found.sort_unstable();
        let unwanted = found.into_iter().map(|(published, id)| UnwantedMessage {
            id: id.clone(),
            published_ms: self.trial.at(published).as_millis_f64(),
        });
        unwanted.collect()
    }

    /// Returns the first moment at which the backlog of this life of the broker kept a message for
    /// the subscriber.
    pub fn kept(&self, id: &MessageId, life: usize) -> Option<When> {
        let (_, _, message) = self.trial.published(id)?;
        let accepted = self.trial.accepted(id).into_iter();
        let accepted = accepted.filter(|(when, position)| {
            position.is_some()
                && self.route(message, *when) == Some(self.trial.life(*when))
                && !self.has_expired(message, *when)
        });
        let joins = self.joins().filter(|join| self.replay(message, *join).is_some());
        let kept = accepted.map(|(when, _)| when).chain(joins);
        kept.filter(|when| self.trial.life(*when) == life).min()
    }

    /// Returns the last life of the broker in which one of a message's rooms was recorded. `None`
    /// if the message does not route here at this moment.
    pub fn route(&self, message: &Message, when: When) -> Option<usize> {
        self.recorded(message, when).map(|recorded| self.trial.life(recorded))
    }

    /// Whether the client's session expired after one of a message's rooms was last recorded, and
    /// before this moment: then the broker has forgotten that the message routes here.
    pub fn has_expired(&self, message: &Message, when: When) -> bool {
        let Some(recorded) = self.recorded(message, when) else { return false };
        self.expiries().any(|expired| recorded < expired && expired < when)
    }

    /// Returns the moments at which the client's session expired.
    pub fn expiries(&self) -> impl Iterator<Item = When> {
        self.trial.notes().filter_map(|(when, _, note)| match note {
            Note::SessionExpired { client } if *client == self.name => Some(when),
            _ => None,
        })
    }

    /// Returns the last moment at which one of a message's rooms was recorded. `None` if the message
    /// does not route here at this moment.
    fn recorded(&self, message: &Message, when: When) -> Option<When> {
        let record = |room: &Name| self.on_record(&message.queue, room, when);
        if self.is_own_echo(message)
            || message.target.except.iter().any(|out| record(out).is_some())
        {
            return None;
        }
        message.rooms().iter().filter_map(record).max()
    }

    fn is_own_echo(&self, message: &Message) -> bool {
        message.target.echo == Echo::NotSender && message.id.publisher == self.name
    }

    /// Returns the moment at which a room was last recorded, if it is on record before this moment.
    fn on_record(&self, queue: &Name, room: &Name, before: When) -> Option<When> {
        let mut on_record = None;
        for (when, _, note) in self.trial.notes().filter(|(when, ..)| *when < before) {
            match note {
                Note::Subscribed { client, queue: of, rooms }
                    if *client == self.name
                        && of == queue
                        && rooms.iter().any(|join| join.room == *room) =>
                {
                    on_record = Some(when);
                }
                Note::Unsubscribed { client, queue: of, room: left }
                    if *client == self.name && of == queue && left == room =>
                {
                    on_record = None;
                }
                _ => {}
            }
        }
        on_record
    }

    fn joins(&self) -> impl Iterator<Item = When> {
        self.trial.notes().filter_map(|(when, _, note)| match note {
            Note::Subscribed { client, .. } if *client == self.name => Some(when),
            _ => None,
        })
    }

    /// Returns the effect of this join on a message. There is one if the message is retained, and
    /// the join begins a new subscription that reaches back to it.
    ///
    /// To the broker, such a subscription has the rooms of this join and no others.
    fn replay(&self, message: &Message, join: When) -> Option<Replay> {
        let (queue, rooms) = self.join(join)?;
        if *queue != message.queue || !self.is_retained(message, join) || self.is_own_echo(message)
        {
            return None;
        }
        if rooms.iter().any(|join| message.target.except.contains(&join.room)) {
            return None;
        }
        let made = self.answer_that_made(queue, join)?;
        let life = self.trial.life(join);
        let mut replay = None;
        for RoomJoin { room, from } in rooms {
            let before = self.on_record(queue, room, join).map(|when| self.trial.life(when));
            let is_replayed = match from {
                StartAt::Now => false,
                StartAt::Start => before != Some(life),
                StartAt::Before => !matches!(made, ResumeOutcome::Started { .. }),
            };
            if !is_replayed || !message.rooms().contains(room) {
                continue;
            }
            let is_wanted = *from == StartAt::Start && before.is_none();
            replay = Some(if is_wanted || replay == Some(Replay::Wanted) {
                Replay::Wanted
            } else {
                Replay::Sent
            });
        }
        replay
    }

    fn join(&self, when: When) -> Option<(&'a Name, &'a [RoomJoin])> {
        self.trial.notes().find_map(|(at, _, note)| match note {
            Note::Subscribed { queue, rooms, .. } if at == when => Some((queue, &rooms[..])),
            _ => None,
        })
    }

    /// Returns the answer of the attachment that made the subscription, if this join is the first
    /// one in it. That attachment has to be the only one before the join in this life of the
    /// broker.
    fn answer_that_made(&self, queue: &Name, join: When) -> Option<ResumeOutcome> {
        let life = self.trial.life(join);
        let before = self.trial.notes().filter(|(when, ..)| *when < join);
        let in_life = before.filter(|(when, ..)| self.trial.life(*when) == life);
        let mut made = None;
        let mut attachments = 0;
        for (_, _, note) in in_life {
            match note {
                Note::Attached { client, queue: of, answer, .. }
                    if *client == self.name && of == queue =>
                {
                    attachments += 1;
                    made = Some(**answer);
                }
                Note::Subscribed { client, queue: of, .. }
                    if *client == self.name && of == queue =>
                {
                    made = None;
                }
                _ => {}
            }
        }
        made.filter(|_| attachments == 1)
    }

    /// Whether the backlog has a message: it was accepted at a position in this life of the broker,
    /// is still the message of that position, and was not trimmed since.
    fn is_retained(&self, message: &Message, when: When) -> bool {
        let life = self.trial.life(when);
        self.trial.accepted(&message.id).into_iter().any(|(accepted, position)| {
            let Some(position) = position else { return false };
            let forgotten = self.trial.notes().any(|(later, _, note)| {
                accepted < later
                    && later < when
                    && matches!(note, Note::Trimmed { queue, position: at, .. }
                        if *queue == message.queue && *at == position)
            });
            accepted < when
                && self.trial.life(accepted) == life
                && !forgotten
                && self.trial.message_at(&message.queue, position, when) == Some(&message.id)
        })
    }
}

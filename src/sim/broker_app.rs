//! The application on the broker's side, as the scenario defines it.
//!
//! It publishes on a schedule or in answer to an event, makes clients join and leave rooms, and ends
//! sessions. A crash ends it together with the broker; that of the next life continues the schedule
//! from the moment of its start.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::slot::Slot;
use crate::core::BrokerInput;
use crate::link::BrokerDriver;
use crate::message::Message;
use crate::net::Net;
use crate::scenario::{BrokerAct, BrokerApp, MemberChange, Publish, When};
use crate::time::Instant;

/// Gives the broker the inputs of its application, each at its time. Never ends.
pub async fn run<N: Net>(net: &N, broker: &BrokerDriver<N>, app: &BrokerApp) {
    let mut acts: Vec<&BrokerAct> = app.acts.iter().filter(|act| act.at >= net.now()).collect();
    acts.sort_by_key(|act| act.at);
    let slots = Slot::all(&app.publish, net.now());
    let mut script =
        Script { app, slots, acts, acted: 0, answers: BTreeSet::new(), answers_made: 0 };
    let listens = app.publish.iter().any(|entry| matches!(entry.when, When::On { .. }));
    let mut handler = listens.then(|| broker.handler());
    loop {
        let next = script.upcoming();
        let at = next.map_or(Instant::NEVER, |(at, _)| at);
        tokio::select! {
            biased;
            message = heard(handler.as_mut()) => script.answer(net.now(), &message),
            () = until(net, at) => {
                let (_, next) = next.expect("it is due");
                broker.tell(script.take(net.now(), next));
            }
        }
    }
}

/// The application's state.
struct Script<'a> {
    app: &'a BrokerApp,
    /// The next slot of each publish that has a schedule.
    slots: Vec<Slot>,
    /// What it does to members, by time, and how many of these are done.
    acts: Vec<&'a BrokerAct>,
    acted: usize,
    /// Publishes in answer to an event: moment, order of creation, index of the entry.
    answers: BTreeSet<(Instant, u64, usize)>,
    answers_made: u64,
}

/// The next step of the script. At the same moment, variants are taken in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Act,
    Slot(usize),
    Answer(u64, usize),
}

impl Script<'_> {
    fn upcoming(&self) -> Option<(Instant, Next)> {
        let act = self.acts.get(self.acted).map(|act| (act.at, Next::Act));
        let slots = self.slots.iter().enumerate().filter(|(_, slot)| slot.left > 0);
        let slots = slots.map(|(index, slot)| (slot.at, Next::Slot(index)));
        let answer = self.answers.first().map(|(at, n, index)| (*at, Next::Answer(*n, *index)));
        act.into_iter().chain(slots).chain(answer).min()
    }

    fn take(&mut self, now: Instant, next: Next) -> BrokerInput {
        match next {
            Next::Act => {
                self.acted += 1;
                input(self.acts[self.acted - 1])
            }
            Next::Slot(index) => {
                let slot = &mut self.slots[index];
                slot.advance();
                // After a sleep a timer fires once, however often it came due.
                slot.skip_until(now);
                self.publish(self.slots[index].publish)
            }
            Next::Answer(_, index) => {
                self.answers.pop_first();
                self.publish(index)
            }
        }
    }

    /// Schedules what is published in answer to a message of a client.
    fn answer(&mut self, now: Instant, message: &Message) {
        for (index, entry) in self.app.publish.iter().enumerate() {
            if let When::On { event, after } = &entry.when
                && *event == message.event
            {
                self.answers.insert((now + *after, self.answers_made, index));
                self.answers_made += 1;
            }
        }
    }

    fn publish(&self, index: usize) -> BrokerInput {
        let Publish { draft, ack_within, .. } = &self.app.publish[index];
        BrokerInput::Publish { draft: draft.clone(), confirm_within: *ack_within }
    }
}

/// Returns the next message for which the handler is called; never, if nothing listens.
async fn heard(handler: Option<&mut mpsc::UnboundedReceiver<Arc<Message>>>) -> Arc<Message> {
    let message = match handler {
        Some(handler) => handler.recv().await,
        None => None,
    };
    match message {
        Some(message) => message,
        None => std::future::pending().await,
    }
}

async fn until<N: Net>(net: &N, at: Instant) {
    match at {
        Instant::NEVER => std::future::pending().await,
        at => net.sleep_until(at).await,
    }
}

fn input(act: &BrokerAct) -> BrokerInput {
    let members = act.members.clone();
    match &act.change {
        MemberChange::Join(room) => BrokerInput::Join { members, room: room.clone() },
        MemberChange::Leave(room) => BrokerInput::Leave { members, room: room.clone() },
        MemberChange::Disconnect => BrokerInput::Disconnect { members },
    }
}

//! The application on the broker's side, as the scenario defines it.
//!
//! It publishes on a schedule, makes clients join and leave rooms, and ends sessions. A crash ends it
//! together with the broker; that of the next life continues the schedule from the moment of its
//! start.

use super::slot::{Slot, draft};
use crate::core::BrokerInput;
use crate::link::BrokerDriver;
use crate::net::Net;
use crate::scenario::{BrokerAct, BrokerApp, MemberChange};
use crate::time::Instant;

/// Gives the broker the inputs of its application, each at its time. Never ends.
pub async fn run<N: Net>(net: &N, broker: &BrokerDriver<N>, app: &BrokerApp) {
    let mut slots = Slot::all(&app.publish, net.now());
    let mut acts: Vec<&BrokerAct> = app.acts.iter().filter(|act| act.at >= net.now()).collect();
    acts.sort_by_key(|act| act.at);
    let mut acts = acts.into_iter().peekable();
    loop {
        let act = acts.peek().map_or(Instant::NEVER, |act| act.at);
        let due = slots.iter_mut().filter(|slot| slot.left > 0).min_by_key(|slot| slot.at);
        let publish = due.as_ref().map_or(Instant::NEVER, |slot| slot.at);
        let at = act.min(publish);
        if at == Instant::NEVER {
            return std::future::pending().await;
        }
        net.sleep_until(at).await;
        match due {
            Some(slot) if publish < act => {
                slot.advance();
                // After a sleep a timer fires once, however often it came due.
                slot.skip_until(net.now());
                let draft = draft(&app.publish[slot.publish]);
                broker.tell(BrokerInput::Publish { draft });
            }
            _ => broker.tell(input(acts.next().expect("it is due"))),
        }
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

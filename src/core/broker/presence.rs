//! Presence: the broker publishes who came to a queue and who left it, and last wills. These are
//! messages like others: they can be late, missed, or caught up.

use serde_json::{Value, json};

use crate::core::io::Draft;
use crate::message::{EndReason, Name, Target};
use crate::time::Instant;

use super::session::Session;
use super::{Broker, ConnectionId};

/// The event that says who came to a queue.
pub const CONNECTED: &str = "connected";
/// The event that says who left a queue, and the reason.
pub const DISCONNECTED: &str = "disconnected";

impl Broker {
    /// Publishes that a client's session has joined a queue, if the queue has presence.
    pub(super) fn tell_of_the_join(&mut self, now: Instant, by: ConnectionId, queue: &Name) {
        let (_, client) = self.open_session(by);
        let (client, payload) = (client.clone(), json!({ "client": client }));
        self.tell_the_others(now, queue, &client, (CONNECTED, payload));
    }

    /// Publishes that a session has ended to each of its queues that has presence; and its will,
    /// unless it ended with a goodbye of the client.
    pub(super) fn tell_of_the_end(&mut self, now: Instant, session: &Session, reason: EndReason) {
        let client = &session.client;
        for queue in session.attached.keys() {
            let payload = json!({ "client": client, "reason": reason });
            self.tell_the_others(now, queue, client, (DISCONNECTED, payload));
        }
        if let Some(will) = session.will.as_deref().filter(|_| reason != EndReason::Left) {
            let draft = Draft {
                queue: will.queue.clone(),
                event: will.event.clone(),
                target: will.target.clone(),
                payload: will.payload.clone(),
                confirm_within: None,
            };
            self.publish_own(now, draft);
        }
    }

    /// Publishes an event of presence to all subscribers of it but the one that it is about.
    fn tell_the_others(
        &mut self,
        now: Instant,
        queue: &Name,
        client: &Name,
        (event, payload): (&str, Value),
    ) {
        if self.options.limits.presence.contains(queue) {
            let target = Target { except: vec![client.clone()], ..Target::default() };
            let (queue, event, payload) = (queue.clone(), event.into(), (&payload).into());
            self.publish_own(now, Draft { queue, event, target, payload, confirm_within: None });
        }
    }
}

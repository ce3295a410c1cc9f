//! Presence: the broker publishes who came to a queue and who left it, and last wills. These are
//! messages like others: they can be late, missed, or caught up.

use serde_json::json;

use crate::message::{CONNECTED, DISCONNECTED, Draft, EndReason, Name, Target};
use crate::time::Instant;

use super::session::Session;
use super::{Broker, ConnectionId};

impl Broker {
    /// Publishes that a client's session has joined a queue, if the queue has presence.
    pub(super) fn tell_of_the_join(&mut self, now: Instant, by: ConnectionId, queue: &Name) {
        let client = self.open_session(by).1.clone();
        self.tell_the_others(now, queue, &client, None);
    }

    /// Publishes that a session has ended to each of its queues that has presence; and its will,
    /// unless it ended with a goodbye of the client.
    pub(super) fn tell_of_the_end(&mut self, now: Instant, session: &Session, reason: EndReason) {
        let client = &session.client;
        for queue in session.attached.keys() {
            self.tell_the_others(now, queue, client, Some(reason));
        }
        if let Some(will) = session.will.as_deref().filter(|_| reason != EndReason::Left) {
            self.publish_own(now, will.clone(), None);
        }
    }

    /// Publishes that a client came to a queue, or left it for a reason, to all subscribers but itself,
    /// if the queue has presence.
    fn tell_the_others(
        &mut self,
        now: Instant,
        queue: &Name,
        client: &Name,
        left: Option<EndReason>,
    ) {
        if !self.options.limits.presence.contains(queue) {
            return;
        }
        let (event, payload) = match left {
            None => (CONNECTED, json!({ "client": client })),
            Some(reason) => (DISCONNECTED, json!({ "client": client, "reason": reason })),
        };
        let target = Target { except: vec![client.clone()], ..Target::default() };
        let draft = Draft::new(queue.clone(), event.into(), (&payload).into());
        self.publish_own(now, Draft { target, ..draft }, None);
    }
}

//! The expiry of sessions (catch-up only): the broker discards what it keeps for a client that has
//! been without a session for too long. What it knows of the client as a publisher stays.

use crate::message::{GapReason, MessageId, Mode, Name, Note, Position};
use crate::time::Instant;

use super::{Broker, Timer};

impl Broker {
    /// Takes note that a client has no session from now on.
    pub(super) fn watch_expiry(&mut self, now: Instant, client: &Name) {
        if let (Mode::CatchUp, Some(expiry)) =
            (self.options.mode, self.options.limits.session_expiry)
        {
            self.timers.set(Timer::SessionExpiry(client.clone()), now + expiry);
        }
    }

    /// Discards what is outstanding for a client, and takes it off the record.
    ///
    /// Its subscriptions remain without rooms and messages: each remembers its position, so that
    /// the client is told of a gap when it joins again.
    pub(super) fn expire_session(&mut self, client: &Name) {
        let queues = self.queues.iter();
        let subscribed = queues.filter(|(_, queue)| queue.subscriptions.contains_key(client));
        let names: Vec<Name> = subscribed.map(|(name, _)| name.clone()).collect();
        if names.is_empty() {
            return;
        }
        self.note(Note::SessionExpired { client: client.clone() });
        for name in names {
            for (id, position) in self.expire_subscription(&name, client) {
                let (queue, client, reason) = (name.clone(), client.clone(), GapReason::Expired);
                self.note(Note::BecameGap { id, queue, position, client, reason });
            }
        }
    }

    /// Returns the messages that were outstanding.
    fn expire_subscription(&mut self, name: &Name, client: &Name) -> Vec<(MessageId, Position)> {
        let queue = self.queues.get_mut(name).expect("it has a subscription");
        let subscription = queue.subscriptions.get_mut(client).expect("it subscribed");
        let rooms = queue.recorded.of(client);
        queue.put.remove(client);
        for room in &rooms {
            queue.recorded.leave(room, client);
        }
        if !rooms.is_empty() {
            subscription.stop_routing(queue.backlog.head());
        }
        let mut lost = Vec::new();
        for position in subscription.expire() {
            let message = queue.backlog.get(position).expect("what is outstanding is kept");
            lost.push((message.id.clone(), position));
            queue.backlog.acknowledge(position);
        }
        lost
    }
}

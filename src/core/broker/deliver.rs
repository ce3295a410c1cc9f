//! Delivery to subscriptions (catch-up only): pushing, acknowledging, pushing again.

use crate::message::{Frame, GapReason, Name, Note, Position, Reliability};
use crate::time::Instant;

use super::super::subscription::{Acknowledged, Due};
use super::{Broker, ConnectionId, Mode, Timer};

impl Broker {
    /// Sends the outstanding items of a session's subscription, as far as window and send queue
    /// allow.
    pub(super) fn pump(&mut self, now: Instant, name: &Name, connection: ConnectionId) {
        if self.options.mode == Mode::CatchUp {
            let (_, client) = self.open_session(connection);
            let client = client.clone();
            self.pump_client(now, name, &client);
        }
    }

    /// Does the same as [`Broker::pump`] for a client, if a session of it is attached.
    pub(super) fn pump_client(&mut self, now: Instant, name: &Name, client: &Name) {
        let (window, send_queue) = (self.options.limits.window, self.options.limits.send_queue);
        let timeout = self.options.limits.ack_timeout;
        loop {
            let Some(queue) = self.queues.get_mut(name) else { return };
            let Some(subscription) = queue.subscriptions.get_mut(client) else { return };
            let Some(connection) = subscription.connection() else { return };
            if self.connections[&connection].queued >= send_queue {
                return;
            }
            let Some(due) = subscription.next_due(now, window, timeout) else { break };
            self.send_due(name, connection, due);
        }
        self.watch_redelivery(name, client);
    }

    /// Sends the items again whose acknowledgement timed out on a lossy link.
    pub(super) fn redeliver(&mut self, now: Instant, name: &Name, client: &Name) {
        let timeout = self.options.limits.ack_timeout;
        let Some(queue) = self.queues.get_mut(name) else { return };
        let Some(subscription) = queue.subscriptions.get_mut(client) else { return };
        let Some(connection) = subscription.connection() else { return };
        for due in subscription.redeliver(now, timeout) {
            self.send_due(name, connection, due);
        }
        self.watch_redelivery(name, client);
    }

    /// Repeats frames that may not have arrived, while the session goes on.
    ///
    /// | frame | action |
    /// | --- | --- |
    /// | push or gap with a position | sent again, if it is still unacknowledged |
    /// | push without a position, ping | not sent again |
    /// | any other, which is an answer | sent again |
    pub(super) fn undelivered(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        frames: Vec<Frame>,
    ) {
        let Some(session) = self.session(connection) else { return };
        let client = session.client.clone();
        for frame in frames {
            let (name, position) = match &frame {
                Frame::Push { message, offset: Some(offset), .. } => {
                    (&message.queue, offset.position)
                }
                Frame::Gap { queue, to, .. } => (queue, *to),
                Frame::Push { offset: None, .. } | Frame::Ping => continue,
                _ => {
                    self.send(connection, frame);
                    continue;
                }
            };
            let subscriptions = self.queues.get_mut(name).map(|queue| &mut queue.subscriptions);
            let subscription = subscriptions.and_then(|all| all.get_mut(&client));
            if let Some(due) = subscription.and_then(|one| one.send_again(now, position)) {
                self.send_due(name, connection, due);
            }
        }
    }

    /// Processes a client's acknowledgement of a message or gap.
    pub(super) fn acknowledge(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        name: &Name,
        at: Position,
    ) {
        let (_, client) = self.open_session(connection);
        let client = client.clone();
        let Some(queue) = self.queues.get_mut(name) else { return };
        let Some(subscription) = queue.subscriptions.get_mut(&client) else { return };
        match subscription.acknowledge(at) {
            Acknowledged::Unknown => return,
            Acknowledged::InBacklog => queue.backlog.acknowledge(at),
            Acknowledged::NotInBacklog => {}
        }
        self.note(Note::Acknowledged { queue: name.clone(), position: at, client: client.clone() });
        if let Some(id) = self.answers.at(name, at).cloned() {
            self.take_answer(&id, &client);
        }
        self.pump_client(now, name, &client);
    }

    /// Detaches a session that has ended from its subscription, which waits for the next one.
    pub(super) fn detach(&mut self, name: &Name, client: &Name) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        let Some(subscription) = queue.subscriptions.get_mut(client) else { return };
        for (position, message) in subscription.detach() {
            let (id, queue, client) = (message.id.clone(), name.clone(), client.clone());
            let reason = GapReason::Evicted;
            self.note(Note::BecameGap { id, queue, position, client, reason });
        }
        self.timers.clear(&Timer::Redeliver(name.clone(), client.clone()));
    }

    /// Takes note of the bytes that wait for a connection, and goes on sending if the send queue
    /// was full and has room again.
    pub(super) fn queued(&mut self, now: Instant, connection: ConnectionId, bytes: usize) {
        let send_queue = self.options.limits.send_queue;
        let Some(state) = self.connections.get_mut(&connection) else { return };
        let was_full = state.queued >= send_queue;
        state.queued = bytes;
        if !was_full || bytes >= send_queue || self.options.mode == Mode::FireAndForget {
            return;
        }
        let Some(session) = self.session(connection) else { return };
        let attached: Vec<Name> = session.attached.keys().cloned().collect();
        for name in attached {
            self.pump(now, &name, connection);
        }
    }

    fn send_due(&mut self, name: &Name, connection: ConnectionId, due: Due) {
        match due {
            Due::Kept { offset, kind } => {
                let kept = self.queues[name].backlog.get(offset.position);
                let message = kept.expect("what is outstanding is kept, or a gap").clone();
                self.push(connection, message, Some(offset), kind);
            }
            Due::Evicted { message, offset, kind } => {
                self.push(connection, message, Some(offset), kind);
            }
            Due::Gap { from, offset } => {
                let (to, after) = (offset.position, offset.previous);
                self.send(connection, Frame::Gap { queue: name.clone(), from, to, after });
            }
        }
    }

    fn watch_redelivery(&mut self, name: &Name, client: &Name) {
        if self.options.link.reliability == Reliability::Reliable {
            return;
        }
        let timer = Timer::Redeliver(name.clone(), client.clone());
        let queue = self.queues.get_mut(name).expect("it has a subscription");
        let subscription = queue.subscriptions.get_mut(client).expect("it was served");
        match subscription.redelivery() {
            Some(at) => self.timers.set(timer, at),
            None => self.timers.clear(&timer),
        }
    }
}

//! Publishing: accepts or refuses each message once and in sequence, and routes it.

use std::sync::Arc;

use crate::message::{
    Confirm, Draft, EndReason, Epoch, Frame, GapReason, Message, MessageId, Mode, Name, Note,
    Offset, PushKind,
};
use crate::time::{Duration, Instant};

use super::super::backlog::Removed;
use super::super::limits::MOST_NAMES;
use super::super::publisher_sequence::SequenceArrival;
use super::super::subscription::EvictionEffect;
use super::queue::Queue;
use super::{Broker, BrokerOutput, ConnectionId, Timer, is_from, is_own_echo};

/// The fields of a `Publish` frame.
pub struct IncomingPublish {
    pub message: Arc<Message>,
    pub after: Option<u64>,
    pub confirm: Confirm,
}

/// The origin of a message that the broker accepts.
#[derive(Clone, Copy)]
enum Origin {
    /// A client, on this connection.
    Client(ConnectionId),
    /// The application on the broker's side, which may wait for answers.
    Own { answer_within: Option<Duration> },
}

impl Origin {
    fn publisher(self) -> Option<ConnectionId> {
        match self {
            Origin::Client(connection) => Some(connection),
            Origin::Own { .. } => None,
        }
    }
}

impl Broker {
    /// Processes a message from its publisher.
    pub(super) fn publish(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        published: IncomingPublish,
    ) {
        let IncomingPublish { message, after, confirm } = published;
        let (_, client) = self.open_session(connection);
        if !is_from(&message.id, client) {
            return self.close(now, connection, EndReason::Unexpected);
        }
        if !self.queues.contains_key(&message.queue) {
            if self.queues.len() >= MOST_NAMES {
                return self.close(now, connection, EndReason::LimitReached);
            }
            self.queues.insert(message.queue.clone(), Queue::new());
        }
        if self.options.mode == Mode::FireAndForget || message.is_volatile() {
            if !self.options.link.carries(&message) {
                return self.refuse(Some(connection), &message);
            }
            self.pass_on(now, Origin::Client(connection), &message);
            if confirm == Confirm::Wanted {
                self.send(connection, Frame::Accepted { id: message.id.clone() });
            }
            return;
        }
        self.take_in_sequence(now, connection, message, after);
    }

    /// Publishes a message of the application on the broker's side. It is accepted at once, or
    /// refused if the backlog is full or no frame could carry it. Those that it goes to are asked for
    /// an answer, if the application waits for one.
    pub(super) fn publish_own(
        &mut self,
        now: Instant,
        draft: Draft,
        answer_within: Option<Duration>,
    ) {
        self.published += 1;
        let id = MessageId { publisher: own_name(self.options.epoch), sequence: self.published };
        let message = Arc::new(Message::new(id, draft));
        self.note(Note::Published { message: message.clone() });
        if !self.queues.contains_key(&message.queue) {
            // A will may name any queue.
            if self.queues.len() >= MOST_NAMES {
                return self.refuse(None, &message);
            }
            self.queues.insert(message.queue.clone(), Queue::new());
        }
        if self.options.mode == Mode::CatchUp && !message.is_volatile() {
            return self.take(now, Origin::Own { answer_within }, message);
        }
        match self.options.link.carries(&message) {
            true => self.pass_on(now, Origin::Own { answer_within }, &message),
            false => self.refuse(None, &message),
        }
    }

    /// Routes a message to the sessions that are in its rooms now, and keeps nothing.
    fn pass_on(&mut self, now: Instant, origin: Origin, message: &Arc<Message>) {
        let name = &message.queue;
        self.note(Note::Accepted { id: message.id.clone(), queue: name.clone(), position: None });
        let targets = self.queues[name].sessions.route(message);
        match origin {
            Origin::Client(_) => self.order(BrokerOutput::CallHandler { message: message.clone() }),
            Origin::Own { answer_within: None } => {}
            Origin::Own { answer_within: Some(within) } => {
                let name = |connection: &ConnectionId| self.open_session(*connection).1.clone();
                let clients = targets.iter().map(name).collect();
                self.ask(now, (&message.id, None), clients, within);
            }
        }
        for connection in targets {
            let (_, client) = self.open_session(connection);
            if !is_own_echo(message, client) {
                self.push(connection, message.clone(), None, PushKind::Live);
            }
        }
    }

    /// Takes a publisher's messages in sequence, each once, and answers each.
    fn take_in_sequence(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        message: Arc<Message>,
        after: Option<u64>,
    ) {
        let client = message.id.publisher.clone();
        let most = self.options.limits.early;
        let id = message.id.clone();
        match self.publisher_sequence(&client).arrive(&message, after, most) {
            SequenceArrival::Next => {
                let publisher = Origin::Client(connection);
                self.take(now, publisher, message);
                while let Some(next) = self.publisher_sequence(&client).next() {
                    self.take(now, publisher, next);
                }
            }
            SequenceArrival::AcceptedBefore => {
                self.note(Note::PublishedAgain { id: id.clone() });
                self.send(connection, Frame::Accepted { id });
            }
            SequenceArrival::RefusedBefore => {
                self.note(Note::PublishedAgain { id: id.clone() });
                self.send(connection, Frame::Refused { id });
            }
            SequenceArrival::Held => {}
            SequenceArrival::Dropped => self.note(Note::EarlyDropped { id }),
        }
    }

    /// Appends a message to its queue's backlog, or refuses it, and answers its publisher, if that is
    /// a client.
    fn take(&mut self, now: Instant, origin: Origin, message: Arc<Message>) {
        let publisher = origin.publisher();
        let (id, name) = (message.id.clone(), message.queue.clone());
        if !self.queues.contains_key(&name) {
            self.queues.insert(name.clone(), Queue::new());
        }
        let queue = self.queues.get_mut(&name).expect("it was made");
        let limits = &self.options.limits.backlog;
        let fits = self.options.link.carries(&message);
        let room = fits.then(|| queue.backlog.make_room(message.size(), limits)).flatten();
        let Some(removed) = room else {
            if publisher.is_some() {
                self.publisher_sequence(&id.publisher).refused(id.sequence);
            }
            return self.refuse(publisher, &message);
        };
        self.evict(now, &name, removed);
        let queue = self.queues.get_mut(&name).expect("it was made");
        let mut targets = queue.recorded.route(&message);
        targets.retain(|client| !is_own_echo(&message, client));
        let most = self.options.limits.backlog.per_subscription.unwrap_or(usize::MAX);
        let is_full = |client: &&Name| queue.subscriptions[*client].unacknowledged() >= most;
        let full: Vec<Name> = targets.iter().filter(is_full).cloned().collect();
        let position = queue.backlog.append(now, message.clone(), targets.len() - full.len());
        for client in &targets {
            let subscription = queue.subscriptions.get_mut(client).expect("on record");
            match full.contains(client) {
                true => subscription.route_gap(position, position),
                false => subscription.route(position),
            }
        }
        if publisher.is_some() {
            self.publisher_sequence(&id.publisher).accepted(id.sequence);
        }
        let (of, at) = (name.clone(), Some(position));
        self.note(Note::Accepted { id: id.clone(), queue: of, position: at });
        for client in full {
            let (id, queue, reason) = (id.clone(), name.clone(), GapReason::Overflowed);
            self.note(Note::BecameGap { id, queue, position, client, reason });
        }
        match origin {
            Origin::Client(connection) => {
                self.send(connection, Frame::Accepted { id });
                self.order(BrokerOutput::CallHandler { message });
            }
            Origin::Own { answer_within: None } => {}
            Origin::Own { answer_within: Some(within) } => {
                let place = Some((name.clone(), position));
                self.ask(now, (&id, place), targets.iter().cloned().collect(), within);
            }
        }
        self.watch_age(&name);
        for client in targets {
            self.pump_client(now, &name, &client);
        }
    }

    /// Refuses a message: the backlog is full, or no frame could carry it to a subscriber.
    fn refuse(&mut self, publisher: Option<ConnectionId>, message: &Message) {
        let id = message.id.clone();
        self.note(Note::Refused { id: id.clone() });
        match publisher {
            Some(connection) => self.send(connection, Frame::Refused { id }),
            None => self.note(Note::RefusedReceived { id }),
        }
    }

    /// Removes the messages of a queue that have reached the age limit.
    pub(super) fn expire(&mut self, now: Instant, name: &Name) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        let removed = queue.backlog.expire(now, &self.options.limits.backlog);
        self.evict(now, name, removed);
        self.watch_age(name);
    }

    /// Processes the removal of messages from the backlog. For a subscription that has not
    /// acknowledged one, it becomes a gap, unless it is on its way on an open session.
    fn evict(&mut self, now: Instant, name: &Name, removed: Vec<Removed>) {
        let mut with_gap: Vec<Name> = Vec::new();
        for Removed { position, message, outstanding } in removed {
            let (id, queue_name) = (message.id.clone(), name.clone());
            self.note(Note::Trimmed { id: id.clone(), queue: queue_name, position });
            if outstanding == 0 {
                continue;
            }
            let queue = self.queues.get_mut(name).expect("it lost a message");
            let is_gap = |(client, evicted): (&Name, EvictionEffect)| {
                (evicted == EvictionEffect::Gap).then(|| client.clone())
            };
            let clients: Vec<Name> = queue
                .subscriptions
                .iter_mut()
                .map(|(client, subscription)| (client, subscription.evict(position, &message)))
                .filter_map(is_gap)
                .collect();
            for client in clients {
                let (id, queue, reason) = (id.clone(), name.clone(), GapReason::Evicted);
                let of = client.clone();
                self.note(Note::BecameGap { id, queue, position, client: of, reason });
                with_gap.push(client);
            }
        }
        with_gap.sort();
        with_gap.dedup();
        for client in with_gap {
            self.pump_client(now, name, &client);
        }
    }

    fn watch_age(&mut self, name: &Name) {
        let expires = self.queues[name].backlog.expires(&self.options.limits.backlog);
        match expires {
            Some(at) => self.timers.set(Timer::Expire(name.clone()), at),
            None => self.timers.clear(&Timer::Expire(name.clone())),
        }
    }

    fn publisher_sequence(&mut self, client: &Name) -> &mut super::PublisherSequence {
        &mut self.clients.entry(client.clone()).or_default().publisher_sequence
    }

    /// Pushes a message to a session. One without a position is dropped if the session's send queue
    /// is full; for the others their callers decide.
    pub(super) fn push(
        &mut self,
        connection: ConnectionId,
        message: Arc<Message>,
        offset: Option<Offset>,
        kind: PushKind,
    ) {
        let (session, client) = self.open_session(connection);
        let (session, client, id) = (session.clone(), client.clone(), message.id.clone());
        let state = self.connections.get_mut(&connection).expect("it has a session");
        let size = message.size();
        if offset.is_none() && state.queued >= self.options.limits.send_queue {
            return self.note(Note::SendQueueFull { id, session, client });
        }
        state.queued += size;
        self.note(Note::Pushed { id, session, client, kind });
        // The acknowledgement of a message with a position is an answer, too.
        let asks = offset.is_none() && self.answers.are_asked(&message.id);
        let confirm = if asks { Confirm::Wanted } else { Confirm::Unwanted };
        self.send(connection, Frame::Push { message, offset, kind, confirm });
    }
}

/// Returns the name under which the broker publishes. An epoch numbers its messages anew, so that
/// each but the first has a name of its own: `broker`, `broker/2`, ...
fn own_name(epoch: Epoch) -> Name {
    match epoch {
        Epoch::FIRST => Name::from("broker"),
        later => Name::from(format!("broker/{later}")),
    }
}

//! The broker compared with a small, slow model that keeps nothing but a log of what happened.
//!
//! From the log the model computes each time the order in which clients get messages, the answers
//! to publishers, and the members of rooms. Links are reliable, so that no timer repeats anything.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use delivery_lab::core::{
    Broker, BrokerInput, BrokerMachine, BrokerOptions, BrokerOutput, ConnectionId, Machine,
};
use delivery_lab::message::{
    BrokerLimits, Confirm, Draft, Echo, EndReason, Epoch, Frame, LinkSemantics, Members, Message,
    MessageId, Mode, Name, Payload, Position, RoomJoin, SessionId, StartAt, Target,
};
use delivery_lab::time::Instant;
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestRunner};

const CLIENTS: [&str; 3] = ["ann", "bob", "cyd"];
/// The rooms: those of the events of presence and of every publish, then each client's own.
const ROOMS: [&str; 6] = ["connected", "disconnected", "e", "ann", "bob", "cyd"];
const CONNECTED: usize = 0;
const DISCONNECTED: usize = 1;
const EVENT: usize = 2;
/// The index of the first own room.
const OWN: usize = 3;
/// The broker's window; small, so that it fills.
const WINDOW: usize = 3;

/// One step of a test. Small numbers are indices of a client or room; others select a message or
/// position by remainder.
#[derive(Clone, Debug)]
enum Step {
    Hello(usize),
    Join(usize, usize),
    Leave(usize, usize),
    Publish {
        by: usize,
        to: Vec<usize>,
        except: Vec<usize>,
        echo: Echo,
    },
    /// A copy of a message that the client published before.
    PublishAgain(usize, usize),
    /// The application on the broker's side publishes.
    PublishOwn {
        to: Vec<usize>,
        except: Vec<usize>,
    },
    /// It makes the members of rooms join a room, or leave it.
    Put(Vec<usize>, usize),
    TakeOut(Vec<usize>, usize),
    /// It ends their sessions.
    Disconnect(Vec<usize>),
    /// Acknowledges one of the pushes that are out.
    Ack(usize, usize),
    Close(usize),
    /// Ends the session with a goodbye.
    SayBye(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (client, room) = (0..3_usize, 0..3_usize);
    let rooms = || prop::collection::vec(0..ROOMS.len(), 0..3);
    let some_rooms = || prop::collection::vec(0..ROOMS.len(), 1..3);
    let echo = prop::sample::select(vec![Echo::Everyone, Echo::NotSender]);
    let step = prop_oneof![
        3 => client.clone().prop_map(Step::Hello),
        4 => (client.clone(), room.clone()).prop_map(|(who, room)| Step::Join(who, room)),
        1 => (client.clone(), room).prop_map(|(who, room)| Step::Leave(who, room)),
        8 => (client.clone(), rooms(), rooms(), echo)
            .prop_map(|(by, to, except, echo)| Step::Publish { by, to, except, echo }),
        2 => (rooms(), rooms()).prop_map(|(to, except)| Step::PublishOwn { to, except }),
        1 => (rooms(), 0..3_usize).prop_map(|(to, room)| Step::Put(to, room)),
        1 => (rooms(), 0..3_usize).prop_map(|(to, room)| Step::TakeOut(to, room)),
        1 => some_rooms().prop_map(Step::Disconnect),
        1 => client.clone().prop_map(Step::SayBye),
        1 => (client.clone(), any::<usize>()).prop_map(|(who, which)| Step::PublishAgain(who, which)),
        5 => (client.clone(), any::<usize>()).prop_map(|(who, which)| Step::Ack(who, which)),
        1 => client.prop_map(Step::Close),
    ];
    prop::collection::vec(step, 10..150)
}

/// An output of the broker, as far as the model computes it.
#[derive(Clone, Debug, PartialEq)]
enum Output {
    Welcome(String),
    Joined,
    Left,
    Accepted(String),
    Pushed { id: String, position: Option<Position>, after: Option<Position> },
    Closed(EndReason),
}

/// Outputs in order, each with its connection.
type Outputs = Vec<(u64, Output)>;

// ── the model ───────────────────────────────────────────────────────────────────────────────

/// One entry of the model's log.
#[derive(Clone, Debug)]
enum Entry {
    Opened {
        who: usize,
        connection: u64,
    },
    Ended {
        who: usize,
    },
    Joined {
        who: usize,
        room: usize,
    },
    Left {
        who: usize,
        room: usize,
    },
    /// The broker's application put a client into a room, or took it out.
    Put {
        who: usize,
        room: usize,
    },
    TakenOut {
        who: usize,
        room: usize,
    },
    /// Accepted from a client, or from the broker itself.
    Accepted {
        message: Arc<Message>,
        by: Option<usize>,
    },
    Acked {
        who: usize,
        position: Position,
    },
    Pushed {
        who: usize,
        position: Position,
    },
}

#[derive(Default)]
struct Model {
    log: Vec<Entry>,
    /// Number of messages that the broker itself has published.
    own: u64,
    /// Whether the queue has presence.
    has_presence: bool,
    /// Whether the record outlives sessions.
    is_catch_up: bool,
}

impl Model {
    /// Returns the connection of a client's open session.
    fn connection(&self, who: usize) -> Option<u64> {
        self.log.iter().rev().find_map(|entry| match entry {
            Entry::Opened { who: one, connection } if *one == who => Some(Some(*connection)),
            Entry::Ended { who: one } if *one == who => Some(None),
            _ => None,
        })?
    }

    /// Returns the rooms of a client after the first `until` entries: those of its session in
    /// fire-and-forget mode, those on record in catch-up mode.
    fn rooms(&self, who: usize, until: usize, mode: Mode) -> BTreeSet<usize> {
        let mut rooms = BTreeSet::new();
        let (of_sessions, mut is_attached) = (mode == Mode::FireAndForget, false);
        // On record, and those of them into which the broker's application put it.
        let (mut recorded, mut put) = (BTreeSet::new(), BTreeSet::new());
        for entry in &self.log[..until] {
            match entry {
                Entry::Joined { who: one, room } if *one == who => {
                    put.remove(room);
                    recorded.extend([*room, OWN + who]);
                    rooms.extend([*room, OWN + who]);
                    if !is_attached {
                        rooms.extend(&put);
                    }
                    is_attached = true;
                }
                Entry::Put { who: one, room } if *one == who => {
                    if recorded.insert(*room) {
                        put.insert(*room);
                    }
                    // A session that has not joined the queue is in none of its rooms.
                    if is_attached || !of_sessions {
                        rooms.insert(*room);
                    }
                }
                Entry::Left { who: one, room } | Entry::TakenOut { who: one, room }
                    if *one == who =>
                {
                    rooms.remove(room);
                    recorded.remove(room);
                    put.remove(room);
                }
                Entry::Ended { who: one } if *one == who => {
                    is_attached = false;
                    if of_sessions {
                        rooms.clear();
                    }
                    if !self.is_catch_up {
                        recorded.clear();
                        put.clear();
                    }
                }
                _ => {}
            }
        }
        rooms
    }

    fn is_for(
        &self,
        message: &Message,
        by: Option<usize>,
        who: usize,
        until: usize,
        mode: Mode,
    ) -> bool {
        let rooms = self.rooms(who, until, mode);
        let is_in = |name: &Name| rooms.iter().any(|room| ROOMS[*room] == name.as_str());
        let to: &[Name] = match &message.target.to[..] {
            [] => std::slice::from_ref(&message.event),
            to => to,
        };
        let hears = message.target.echo == Echo::Everyone || by != Some(who);
        hears && to.iter().any(is_in) && !message.target.except.iter().any(is_in)
    }

    /// Returns the positions and ids of all messages that were for a client.
    fn wanted(&self, who: usize) -> Vec<(Position, String)> {
        let mut position = Position::START;
        let mut wanted = Vec::new();
        for (at, entry) in self.log.iter().enumerate() {
            let Entry::Accepted { message, by } = entry else { continue };
            position = position.next();
            if self.is_for(message, *by, who, at, Mode::CatchUp) {
                wanted.push((position, message.id.to_string()));
            }
        }
        wanted
    }

    fn is_acked(&self, who: usize, position: Position) -> bool {
        self.log.iter().any(|entry| {
            matches!(entry, Entry::Acked { who: one, position: at } if (*one, *at) == (who, position))
        })
    }

    /// Returns the positions that were acknowledged when a session attached, while one before them
    /// was not. Later pushes do not name them as the position before, since a client that has
    /// crashed does not know that it read them.
    fn holes(&self, who: usize) -> BTreeSet<Position> {
        let mut holes = BTreeSet::new();
        for at in 0..self.log.len() {
            let before = Model {
                log: self.log[..at].to_vec(),
                is_catch_up: self.is_catch_up,
                ..Model::default()
            };
            let joins = matches!(&self.log[at], Entry::Joined { who: one, .. } if *one == who);
            if !joins || before.is_attached(who) {
                continue;
            }
            let wanted = before.wanted(who).into_iter().map(|(position, _)| position);
            let later = wanted.skip_while(|position| before.is_acked(who, *position));
            holes.extend(later.filter(|position| before.is_acked(who, *position)));
        }
        holes
    }

    /// Returns the positions that were pushed on the open session and are not acknowledged.
    fn out(&self, who: usize) -> Vec<Position> {
        let opened = |entry: &Entry| matches!(entry, Entry::Opened { who: one, .. } if *one == who);
        let since = self.log.iter().rposition(opened).unwrap_or(self.log.len());
        let pushed = self.log[since..].iter().filter_map(|entry| match entry {
            Entry::Pushed { who: one, position } if *one == who => Some(*position),
            _ => None,
        });
        pushed.filter(|position| !self.is_acked(who, *position)).collect()
    }

    /// Whether the open session has joined a room, and so gets pushes.
    fn is_attached(&self, who: usize) -> bool {
        let mut is_attached = false;
        for entry in &self.log {
            match entry {
                Entry::Joined { who: one, .. } if *one == who => is_attached = true,
                Entry::Ended { who: one } if *one == who => is_attached = false,
                _ => {}
            }
        }
        is_attached && self.connection(who).is_some()
    }

    /// Returns the position after which a client's subscription began: the newest one when it first
    /// joined.
    fn began(&self, who: usize) -> Position {
        let first = |entry: &Entry| matches!(entry, Entry::Joined { who: one, .. } if *one == who);
        let first = self.log.iter().position(first).unwrap_or(self.log.len());
        let before = self.log[..first].iter();
        Position(before.filter(|one| matches!(one, Entry::Accepted { .. })).count() as u64)
    }

    /// Pushes the outstanding messages that are not out, in order, as far as the window allows.
    fn pump(&mut self, who: usize, sent: &mut Outputs) {
        let Some(connection) = self.connection(who).filter(|_| self.is_attached(who)) else {
            return;
        };
        let mut after = self.began(who);
        let holes = self.holes(who);
        for (position, id) in self.wanted(who) {
            if holes.contains(&position) {
                continue;
            }
            let out = self.out(who);
            if !self.is_acked(who, position) && !out.contains(&position) && out.len() < WINDOW {
                self.log.push(Entry::Pushed { who, position });
                let (position, after) = (Some(position), Some(after));
                sent.push((connection, Output::Pushed { id, position, after }));
            }
            after = position;
        }
    }

    fn accept(
        &mut self,
        mode: Mode,
        message: &Arc<Message>,
        by: Option<usize>,
        sent: &mut Outputs,
    ) {
        let publisher = by.map(|by| self.connection(by).expect("it has a session"));
        let id = message.id.to_string();
        let at = self.log.len();
        let targets = (0..CLIENTS.len()).filter(|who| self.is_for(message, by, *who, at, mode));
        let mut targets: Vec<usize> = targets.collect();
        self.log.push(Entry::Accepted { message: message.clone(), by });
        if mode == Mode::CatchUp {
            sent.extend(publisher.map(|connection| (connection, Output::Accepted(id))));
            targets.into_iter().for_each(|who| self.pump(who, sent));
        } else {
            // Sessions are served in the order of their connections.
            targets.sort_by_key(|who| self.connection(*who));
            for who in targets {
                let connection = self.connection(who).expect("only sessions are in rooms");
                sent.push((
                    connection,
                    Output::Pushed { id: id.clone(), position: None, after: None },
                ));
            }
        }
    }

    /// Accepts a message of the broker itself.
    fn publish_own(&mut self, mode: Mode, event: &str, target: Target, sent: &mut Outputs) {
        self.own += 1;
        let id = MessageId { publisher: "broker".into(), sequence: self.own };
        let message = Arc::new(Message::new(id, Draft { target, ..draft(event) }));
        self.accept(mode, &message, None, sent);
    }

    /// Tells all but one client that it came or left, if the queue has presence.
    fn tell(&mut self, mode: Mode, event: usize, who: usize, sent: &mut Outputs) {
        if self.has_presence {
            let target = Target { except: vec![CLIENTS[who].into()], ..Target::default() };
            self.publish_own(mode, ROOMS[event], target, sent);
        }
    }

    /// Ends a session: the others are told if it had joined the queue, and the will of the first
    /// client is published if it has not said goodbye.
    fn end(&mut self, mode: Mode, who: usize, reason: EndReason, sent: &mut Outputs) {
        let was_attached = self.is_attached(who);
        self.log.push(Entry::Ended { who });
        if was_attached {
            self.tell(mode, DISCONNECTED, who, sent);
        }
        if who == 0 && reason != EndReason::Left {
            self.publish_own(mode, ROOMS[EVENT], Target::default(), sent);
        }
    }

    /// Returns the clients that are in any of these rooms, by session or on record; without rooms
    /// those that are in any.
    fn clients_in(&self, rooms: &[usize], mode: Mode) -> Vec<usize> {
        let is_in = |who: &usize| {
            let own = self.rooms(*who, self.log.len(), mode);
            if rooms.is_empty() {
                !own.is_empty()
            } else {
                rooms.iter().any(|one| own.contains(one))
            }
        };
        (0..CLIENTS.len()).filter(is_in).collect()
    }

    /// Returns the rooms of a client's session: those that it has joined on it, or was put into.
    fn session_rooms(&self, who: usize) -> BTreeSet<usize> {
        self.rooms(who, self.log.len(), Mode::FireAndForget)
    }

    /// Returns the names of the rooms and of their members that have a session.
    fn members(&self) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        let mut members: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (who, client) in CLIENTS.into_iter().enumerate() {
            for room in self.session_rooms(who) {
                members.entry(ROOMS[room]).or_default().insert(client);
            }
        }
        members
    }
}

// ── both side by side ───────────────────────────────────────────────────────────────────────

struct Pair {
    mode: Mode,
    broker: Broker,
    model: Model,
    last_peer: u64,
    sessions: [u64; 3],
    requests: [u64; 3],
    published: [Vec<Arc<Message>>; 3],
}

impl Pair {
    fn new(mode: Mode, has_presence: bool) -> Pair {
        let presence = if has_presence { vec!["q".into()] } else { Vec::new() };
        let limits = BrokerLimits { window: WINDOW, presence, ..BrokerLimits::default() };
        let options =
            BrokerOptions { mode, link: LinkSemantics::RELIABLE, limits, epoch: Epoch::FIRST };
        Pair {
            mode,
            broker: Broker::new(options),
            model: Model { has_presence, is_catch_up: mode == Mode::CatchUp, ..Model::default() },
            last_peer: 0,
            sessions: [0; 3],
            requests: [0; 3],
            published: Default::default(),
        }
    }

    /// Takes a step in both, and returns the outputs of the broker and of the model.
    fn step(&mut self, step: &Step) -> (Outputs, Outputs) {
        let mut expected = Vec::new();
        let sent = match step {
            Step::Hello(who) => self.hello(*who, &mut expected),
            Step::Join(who, room) => self.join(*who, *room, &mut expected),
            Step::Leave(who, room) => self.leave(*who, *room, &mut expected),
            Step::PublishOwn { to, except } => {
                let target = Target { to: names(to), except: names(except), ..Target::default() };
                self.model.publish_own(self.mode, ROOMS[EVENT], target.clone(), &mut expected);
                let draft = Draft { target, ..draft(ROOMS[EVENT]) };
                self.tell(BrokerInput::Publish { draft, confirm_within: None })
            }
            Step::Put(to, room) => self.put(to, *room),
            Step::TakeOut(to, room) => self.take_out(to, *room),
            Step::Disconnect(to) => self.disconnect(to, &mut expected),
            Step::SayBye(who) => self.say_bye(*who, &mut expected),
            Step::Publish { by, to, except, echo } => {
                let (to, except) = (names(to), names(except));
                let target = Target { to, except, echo: *echo, ..Target::default() };
                self.publish(*by, target, &mut expected)
            }
            Step::PublishAgain(by, which) => self.publish_again(*by, *which, &mut expected),
            Step::Ack(who, which) => self.ack(*who, *which, &mut expected),
            Step::Close(who) => self.close(*who, &mut expected),
        };
        (sent, expected)
    }

    fn hello(&mut self, who: usize, expected: &mut Outputs) -> Outputs {
        self.last_peer += 1;
        self.sessions[who] += 1;
        self.requests[who] = 0;
        let (connection, number) = (self.last_peer, self.sessions[who]);
        if let Some(older) = self.model.connection(who) {
            expected.push((older, Output::Closed(EndReason::Replaced)));
            self.model.end(self.mode, who, EndReason::Replaced, expected);
        }
        self.model.log.push(Entry::Opened { who, connection });
        expected.push((connection, Output::Welcome(format!("{}/{number}", CLIENTS[who]))));
        self.tell(BrokerInput::Opened { connection: ConnectionId(connection) });
        let session = SessionId { process: CLIENTS[who].into(), number };
        let will = (who == 0).then(|| Arc::new(draft(ROOMS[EVENT])));
        self.say(connection, Frame::Hello { client: CLIENTS[who].into(), session, will })
    }

    fn join(&mut self, who: usize, room: usize, expected: &mut Outputs) -> Outputs {
        let Some(connection) = self.model.connection(who) else { return Vec::new() };
        self.requests[who] += 1;
        let is_first = !self.model.is_attached(who);
        self.model.log.push(Entry::Joined { who, room });
        if is_first {
            self.model.tell(self.mode, CONNECTED, who, expected);
        }
        expected.push((connection, Output::Joined));
        if self.mode == Mode::CatchUp {
            self.model.pump(who, expected);
        }
        let rooms = vec![RoomJoin { room: ROOMS[room].into(), from: StartAt::Now }];
        let request = self.requests[who];
        self.say(connection, Frame::Join { request, queue: "q".into(), rooms, known: None })
    }

    fn leave(&mut self, who: usize, room: usize, expected: &mut Outputs) -> Outputs {
        let Some(connection) = self.model.connection(who) else { return Vec::new() };
        self.requests[who] += 1;
        self.model.log.push(Entry::Left { who, room });
        expected.push((connection, Output::Left));
        let (request, rooms) = (self.requests[who], vec![ROOMS[room].into()]);
        self.say(connection, Frame::Leave { request, queue: "q".into(), rooms })
    }

    /// Puts clients into a room: those with a session in the rooms, and in catch-up mode those on
    /// record, too.
    fn put(&mut self, to: &[usize], room: usize) -> Outputs {
        for who in self.model.clients_in(to, self.mode) {
            self.model.log.push(Entry::Put { who, room });
        }
        let room = ROOMS[room].into();
        self.tell(BrokerInput::Join { members: members(to), room })
    }

    fn take_out(&mut self, to: &[usize], room: usize) -> Outputs {
        for who in self.model.clients_in(to, self.mode) {
            self.model.log.push(Entry::TakenOut { who, room });
        }
        let room = ROOMS[room].into();
        self.tell(BrokerInput::Leave { members: members(to), room })
    }

    fn disconnect(&mut self, to: &[usize], expected: &mut Outputs) -> Outputs {
        for who in self.model.clients_in(to, self.mode) {
            if !self.model.is_attached(who) {
                continue;
            }
            let connection = self.model.connection(who).expect("it is attached");
            expected.push((connection, Output::Closed(EndReason::ServerDisconnect)));
            self.model.end(self.mode, who, EndReason::ServerDisconnect, expected);
        }
        self.tell(BrokerInput::Disconnect { members: members(to) })
    }

    fn say_bye(&mut self, who: usize, expected: &mut Outputs) -> Outputs {
        let Some(connection) = self.model.connection(who) else { return Vec::new() };
        expected.push((connection, Output::Closed(EndReason::Left)));
        self.model.end(self.mode, who, EndReason::Left, expected);
        self.say(connection, Frame::Bye { reason: EndReason::Left })
    }

    fn publish(&mut self, by: usize, target: Target, expected: &mut Outputs) -> Outputs {
        let Some(connection) = self.model.connection(by) else { return Vec::new() };
        let sequence = self.published[by].len() as u64 + 1;
        let id = MessageId { publisher: CLIENTS[by].into(), sequence };
        let message = Arc::new(Message::new(id, Draft { target, ..draft("e") }));
        self.published[by].push(message.clone());
        self.model.accept(self.mode, &message, Some(by), expected);
        self.say(connection, Frame::Publish { message, after: None, confirm: Confirm::Unwanted })
    }

    /// Publishes a copy. In catch-up mode it is answered and not delivered; in fire-and-forget mode
    /// it is not recognized as a copy.
    fn publish_again(&mut self, by: usize, which: usize, expected: &mut Outputs) -> Outputs {
        let Some(connection) = self.model.connection(by) else { return Vec::new() };
        let published = &self.published[by];
        if published.is_empty() {
            return Vec::new();
        }
        let message = published[which % published.len()].clone();
        match self.mode {
            Mode::CatchUp => expected.push((connection, Output::Accepted(message.id.to_string()))),
            Mode::FireAndForget => self.model.accept(self.mode, &message, Some(by), expected),
        }
        self.say(connection, Frame::Publish { message, after: None, confirm: Confirm::Unwanted })
    }

    fn ack(&mut self, who: usize, which: usize, expected: &mut Outputs) -> Outputs {
        let Some(connection) = self.model.connection(who) else { return Vec::new() };
        let out = self.model.out(who);
        if out.is_empty() {
            return Vec::new();
        }
        let position = out[which % out.len()];
        self.model.log.push(Entry::Acked { who, position });
        self.model.pump(who, expected);
        self.say(connection, Frame::Ack { queue: "q".into(), position })
    }

    fn close(&mut self, who: usize, expected: &mut Outputs) -> Outputs {
        let Some(connection) = self.model.connection(who) else { return Vec::new() };
        self.model.end(self.mode, who, EndReason::Fin, expected);
        self.tell(BrokerInput::Closed {
            connection: ConnectionId(connection),
            reason: EndReason::Fin,
        })
    }

    fn say(&mut self, connection: u64, frame: Frame) -> Outputs {
        self.tell(BrokerInput::Received { connection: ConnectionId(connection), frame })
    }

    fn tell(&mut self, input: BrokerInput) -> Outputs {
        self.broker.handle(Instant::ZERO, input);
        let mut sent = Vec::new();
        while let Some(output) = self.broker.poll() {
            match output {
                BrokerOutput::Note(_) | BrokerOutput::CallHandler { .. } => {}
                BrokerOutput::Close { connection, reason } => {
                    sent.push((connection.0, Output::Closed(reason)))
                }
                BrokerOutput::Send { connection, frame } => {
                    sent.push((connection.0, simplified(frame)))
                }
            }
        }
        sent
    }

    /// Returns the rooms and their members, as the broker's view has them.
    fn members(&self) -> BTreeMap<String, BTreeSet<String>> {
        let view = self.broker.view().expect("ours shows its state");
        let rooms = view.queues.into_iter().flat_map(|queue| queue.rooms);
        let named = |(room, members): (Name, Vec<Name>)| {
            (room.to_string(), members.iter().map(Name::to_string).collect())
        };
        rooms.map(named).collect()
    }
}

fn names(rooms: &[usize]) -> Vec<Name> {
    rooms.iter().map(|room| ROOMS[*room].into()).collect()
}

fn members(rooms: &[usize]) -> Members {
    Members { queue: "q".into(), rooms: names(rooms) }
}

fn simplified(frame: Frame) -> Output {
    match frame {
        Frame::Welcome { session, .. } => Output::Welcome(session.to_string()),
        Frame::Joined { .. } => Output::Joined,
        Frame::Left { .. } => Output::Left,
        Frame::Accepted { id } => Output::Accepted(id.to_string()),
        Frame::Push { message, offset, .. } => Output::Pushed {
            id: message.id.to_string(),
            position: offset.map(|offset| offset.position),
            after: offset.map(|offset| offset.previous),
        },
        frame => panic!("nothing here makes the broker say {frame:?}"),
    }
}

/// Compares step by step; returns the number of pushes, and of those that were repeated.
fn check(mode: Mode, has_presence: bool, steps: &[Step]) -> (u64, u64) {
    let mut pair = Pair::new(mode, has_presence);
    let (mut pushes, mut again, mut seen) = (0, 0, BTreeSet::new());
    for (number, step) in steps.iter().enumerate() {
        let (sent, expected) = pair.step(step);
        assert_eq!(sent, expected, "step {number}, {step:?}: the broker is left, the model right");
        let members = pair.model.members().into_iter().map(|(room, members)| {
            (room.to_owned(), members.into_iter().map(str::to_owned).collect())
        });
        assert_eq!(pair.members(), members.collect(), "rooms after step {number}, {step:?}");
        for (connection, output) in sent {
            let Output::Pushed { id, .. } = output else { continue };
            let who = pair.broker_client(connection);
            pushes += 1;
            again += u64::from(!seen.insert((who, id)));
        }
    }
    (pushes, again)
}

impl Pair {
    /// Returns the client of a connection, open or not.
    fn broker_client(&self, connection: u64) -> usize {
        let opened = self.model.log.iter().find_map(|entry| match entry {
            Entry::Opened { who, connection: one } if *one == connection => Some(*who),
            _ => None,
        });
        opened.expect("it said hello")
    }
}

fn run(mode: Mode) -> (u64, u64) {
    let regressions = FileFailurePersistence::Direct("tests/regressions/broker_model.txt");
    let config = ProptestConfig {
        cases: 300,
        failure_persistence: Some(Box::new(regressions)),
        source_file: Some(file!()),
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    };
    let (pushes, again) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::new(config).run(&(any::<bool>(), steps()), |(presence, steps)| {
        let counted = check(mode, presence, &steps);
        pushes.set(pushes.get() + counted.0);
        again.set(again.get() + counted.1);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    (pushes.get(), again.get())
}

#[test]
fn in_catch_up_everyone_is_pushed_what_the_log_says_is_outstanding() {
    let (pushes, again) = run(Mode::CatchUp);
    assert!(pushes > 1_000 && again > 100, "{pushes} pushes, {again} of them again");
}

#[test]
fn in_fire_and_forget_everyone_who_is_in_a_room_is_pushed_once() {
    let (pushes, _) = run(Mode::FireAndForget);
    assert!(pushes > 500, "{pushes} pushes");
}

fn draft(event: &str) -> Draft {
    Draft::new("q".into(), event.into(), Payload::null())
}

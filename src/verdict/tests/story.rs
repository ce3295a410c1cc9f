//! Hand-made histories: a broker, a `driver` that publishes, a `shop` subscribed to `e` in `q`.
//!
//! Events are added in order; `at` sets the clock. Every push is carried, as a hundred bytes of the
//! session's stream or as one datagram. Nothing is checked: a story may be nonsense.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::history::{
    ConnectionStats, Endpoint, EventKind, Flow, History, LossReason, PowerState, Process, Recorder,
    TransportKind,
};
use crate::message::{
    BrokerLimits, ClientLimits, Contender, Draft, EndReason, Epoch, GapReason, HttpConnections,
    Link, Message, MessageId, Mode, Name, Note, Payload, Position, PushKind, ResumeOutcome,
    SessionId, StartAt, Target,
};
use crate::scenario::{ClientEntry, Direction, Effect, Fault, Latency, Scenario, Subscribe, Who};
use crate::time::{Duration, Instant};
use crate::verdict::{Row, SubscriberReport, judge};

pub const BROKER: usize = 0;
pub const DRIVER: usize = 1;
pub const SHOP: usize = 2;

/// A hand-made history that is being built.
pub struct Story {
    pub scenario: Scenario,
    pub contender: Contender,
    pub processes: Vec<Process>,
    events: Vec<(usize, Instant, EventKind)>,
    now: Instant,
    session: u64,
    pushes: u64,
    sends: u64,
    epoch: Epoch,
    position: Position,
    ended_at: Instant,
}

/// Begins a story, in which no client is connected yet.
pub fn story(contender: &str) -> Story {
    let process = |name: &str| Process { name: name.into(), client: name.into() };
    Story {
        scenario: scenario(),
        contender: contender.parse().unwrap(),
        processes: ["broker", "driver", "shop"].map(process).to_vec(),
        events: Vec::new(),
        now: Instant::ZERO,
        session: 0,
        pushes: 0,
        sends: 0,
        epoch: Epoch::FIRST,
        position: Position::START,
        ended_at: Instant::from_millis(100_000),
    }
}

/// Returns the scenario of all stories: it subscribes the shop, and has no faults.
pub fn scenario() -> Scenario {
    let client = |id: &str| ClientEntry {
        id: id.into(),
        name: None,
        count: 1,
        publish: vec![],
        subscribe: vec![],
        join: vec![],
        leave: vec![],
        will: None,
        limits: ClientLimits::default(),
    };
    let subscribe = vec![Subscribe { queue: "q".into(), event: "e".into(), from: StartAt::Now }];
    let latency = Duration::from_millis(20);
    Scenario {
        name: "story".into(),
        title: "A story".into(),
        about: String::new(),
        seed: 1,
        run_for: Duration::from_secs(100),
        latency: Latency { min: latency, max: latency },
        contenders: vec![],
        broker: BrokerLimits::default(),
        broker_app: crate::scenario::BrokerApp::default(),
        polling_interval: Duration::from_secs(1),
        http_timeout: Duration::from_secs(20),
        http_connections: HttpConnections::default(),
        mutant: None,
        clients: vec![client("driver"), ClientEntry { subscribe, ..client("shop") }],
        faults: vec![],
        expectations: vec![],
    }
}

/// Returns the id of the driver's message of this number.
pub fn id(number: u64) -> MessageId {
    MessageId { publisher: "driver".into(), sequence: number }
}

pub fn message(number: u64, target: Target) -> Arc<Message> {
    let draft = Draft { target, ..Draft::new("q".into(), "e".into(), Payload::null()) };
    Arc::new(Message::new(id(number), draft))
}

impl Story {
    // ── time, events, faults ────────────────────────────────────────────────────────────────

    /// Sets the clock: the events that follow happen at this millisecond.
    pub fn at(mut self, ms: u64) -> Story {
        self.now = Instant::from_millis(ms);
        self
    }

    pub fn event(mut self, process: usize, what: EventKind) -> Story {
        self.events.push((process, self.now, what));
        self
    }

    pub fn note(self, process: usize, note: Note) -> Story {
        self.event(process, EventKind::Note(note))
    }

    pub fn power(self, process: usize, state: PowerState) -> Story {
        self.event(process, EventKind::Power(state))
    }

    /// Adds a fault of this kind on the shop, between two milliseconds. It adds no events.
    pub fn fault(mut self, effect: Effect, from: u64, until: u64) -> Story {
        self.scenario.faults.push(Fault {
            effect,
            who: Who::Clients(vec!["shop".into()]),
            at: Instant::from_millis(from),
            until: Instant::from_millis(until),
            direction: Direction::Both,
        });
        self
    }

    /// Changes the limits of the shop's entry.
    pub fn limits(mut self, change: impl FnOnce(&mut ClientLimits)) -> Story {
        change(&mut self.scenario.clients[1].limits);
        self
    }

    // ── sessions and subscriptions ──────────────────────────────────────────────────────────

    /// The shop opens its next session.
    pub fn connected(mut self) -> Story {
        self.session += 1;
        self.pushes = 0;
        let session = self.session_id();
        self.note(BROKER, Note::SessionOpened { session: session.clone(), client: "shop".into() })
            .note(SHOP, Note::Welcomed { session })
    }

    pub fn subscribed(self, from: StartAt) -> Story {
        let (client, queue, room) = shop_in_e();
        let rooms = vec![crate::message::RoomJoin { room, from }];
        self.note(BROKER, Note::Subscribed { client, queue, rooms })
    }

    pub fn unsubscribed(self) -> Story {
        let (client, queue, room) = shop_in_e();
        self.note(BROKER, Note::Unsubscribed { client, queue, room })
    }

    /// The shop opens a session and subscribes from now on.
    pub fn joined(self) -> Story {
        let story = self.connected().subscribed(StartAt::Now);
        match story.contender.mode {
            Mode::FireAndForget => story,
            Mode::CatchUp => {
                let (epoch, position) = (story.epoch, story.position);
                story.answered(ResumeOutcome::Started { epoch, position })
            }
        }
    }

    /// The broker attaches the session, and the shop receives the answer.
    pub fn answered(self, answer: ResumeOutcome) -> Story {
        let (queue, client, session) = ("q".into(), "shop".into(), self.session_id());
        self.note(BROKER, Note::Attached { queue, client, session, answer: Box::new(answer) })
            .note(SHOP, Note::ResumeReceived { queue: "q".into(), answer })
    }

    /// Both sides see the session end.
    pub fn disconnected(self, reason: EndReason) -> Story {
        self.lost(reason).closed(reason)
    }

    /// The shop sees its session end.
    pub fn lost(self, reason: EndReason) -> Story {
        let session = self.session_id();
        self.note(SHOP, Note::Lost { session, reason })
    }

    /// The broker sees the shop's session end.
    pub fn closed(self, reason: EndReason) -> Story {
        let (session, client) = (self.session_id(), "shop".into());
        self.note(BROKER, Note::SessionClosed { session, client, reason })
    }

    /// The broker crashes; its next epoch begins.
    pub fn broker_crashed(mut self) -> Story {
        self.epoch = self.epoch.next();
        self.position = Position::START;
        self.power(BROKER, PowerState::PowerLost)
    }

    // ── messages ────────────────────────────────────────────────────────────────────────────

    pub fn published(self, number: u64) -> Story {
        self.published_to(number, Target::default())
    }

    pub fn published_to(self, number: u64, target: Target) -> Story {
        self.note(DRIVER, Note::Published { message: message(number, target) })
    }

    /// The driver sends it: as the next hundred bytes, or the next datagram, of its flow.
    pub fn sent(mut self, number: u64) -> Story {
        self.sends += 1;
        let session = SessionId { process: "driver".into(), number: 1 };
        let (flow, end) = (driver_flow(), self.end(self.sends));
        self.note(DRIVER, Note::Sent { id: id(number), session: session.clone() })
            .event(DRIVER, EventKind::Carried { id: id(number), session, flow: flow.into(), end })
    }

    /// The broker accepts it, in catch-up mode at the next position.
    pub fn accepted(mut self, number: u64) -> Story {
        let position = match self.contender.mode {
            Mode::FireAndForget => None,
            Mode::CatchUp => {
                self.position = self.position.next();
                Some(self.position)
            }
        };
        let note = Note::Accepted { id: id(number), queue: "q".into(), position };
        let story = self.note(BROKER, note);
        match story.contender.mode {
            Mode::FireAndForget => story,
            Mode::CatchUp => story.note(DRIVER, Note::AcceptedReceived { id: id(number) }),
        }
    }

    pub fn pushed(self, number: u64, kind: PushKind) -> Story {
        let story = self.pushed_but_not_carried(number, kind);
        let (flow, end) = (story.flow(), story.end(story.pushes));
        let session = story.session_id();
        story.event(BROKER, EventKind::Carried { id: id(number), session, flow: flow.into(), end })
    }

    pub fn pushed_but_not_carried(mut self, number: u64, kind: PushKind) -> Story {
        self.pushes += 1;
        let (session, client) = (self.session_id(), "shop".into());
        self.note(BROKER, Note::Pushed { id: id(number), session, client, kind })
    }

    pub fn read(self, number: u64, kind: PushKind) -> Story {
        let session = self.session_id();
        self.note(SHOP, Note::Read { id: id(number), session, kind })
    }

    pub fn handled(self, number: u64, kind: PushKind) -> Story {
        let session = self.session_id();
        self.note(SHOP, Note::Handling { id: id(number), kind })
            .note(SHOP, Note::Handled { id: id(number), kind, session })
    }

    /// The shop acknowledges a position, and the broker receives it.
    pub fn acknowledged(self, number: u64, position: Position) -> Story {
        let ack = Note::Ack { queue: "q".into(), position, id: Some(id(number)) };
        let (queue, client) = ("q".into(), "shop".into());
        self.note(SHOP, ack).note(BROKER, Note::Acknowledged { queue, position, client })
    }

    /// The message is published, accepted, pushed, read and handled at one instant, and in catch-up
    /// mode acknowledged.
    pub fn delivered(self, number: u64) -> Story {
        let story = self.published(number).accepted(number).pushed(number, PushKind::Live);
        let story = story.read(number, PushKind::Live).handled(number, PushKind::Live);
        match story.contender.mode {
            Mode::FireAndForget => story,
            Mode::CatchUp => {
                let position = story.position;
                story.acknowledged(number, position)
            }
        }
    }

    /// The message is published, accepted and pushed live.
    pub fn under_way(self, number: u64) -> Story {
        self.published(number).accepted(number).pushed(number, PushKind::Live)
    }

    pub fn trimmed(self, number: u64, position: Position) -> Story {
        self.note(BROKER, Note::Trimmed { id: id(number), queue: "q".into(), position })
    }

    pub fn became_gap(self, number: u64, position: Position) -> Story {
        self.became_gap_for(number, position, GapReason::Evicted)
    }

    pub fn became_gap_for(self, number: u64, position: Position, reason: GapReason) -> Story {
        let (queue, client) = ("q".into(), "shop".into());
        self.note(BROKER, Note::BecameGap { id: id(number), queue, position, client, reason })
    }

    /// The broker discards what it keeps for the shop, which has had no session for too long.
    pub fn expired(self) -> Story {
        self.note(BROKER, Note::SessionExpired { client: "shop".into() })
    }

    // ── connections ─────────────────────────────────────────────────────────────────────────

    /// The shop's end of the session's connection reports how many bytes had arrived and were read.
    /// With a reason, that end is gone.
    pub fn shop_end(self, reason: Option<EndReason>, (arrived, read): (u64, u64)) -> Story {
        let flow = self.flow();
        let ends = Endpoint { local: flow.to, peer: flow.from };
        let stats = self.stats(ends, reason, (arrived, read));
        self.event(SHOP, EventKind::Ended(Box::new(stats)))
    }

    /// The broker's end of the session's connection reports. With a reason, that end is gone.
    pub fn broker_end(self, reason: Option<EndReason>) -> Story {
        let flow = self.flow();
        let ends = Endpoint { local: flow.from, peer: flow.to };
        let stats = self.stats(ends, reason, (0, 0));
        self.event(BROKER, EventKind::Ended(Box::new(stats)))
    }

    /// The broker's end of the driver's connection reports how many bytes had arrived and were
    /// read. With a reason, that end is gone.
    pub fn publish_end(self, reason: Option<EndReason>, read: u64) -> Story {
        let flow = driver_flow();
        let ends = Endpoint { local: flow.to, peer: flow.from };
        let stats = self.stats(ends, reason, (read, read));
        self.event(BROKER, EventKind::Ended(Box::new(stats)))
    }

    /// The last push is dropped for this reason.
    pub fn dropped(self, reason: LossReason) -> Story {
        let (flow, datagram) = (self.flow(), self.pushes);
        self.event(SHOP, EventKind::Dropped { flow: Box::new(flow), datagram, reason })
    }

    /// The middlebox of a fault drops the first packet of the session's flow, which it had forgotten
    /// at a millisecond.
    pub fn forgotten(self, fault: usize, since: u64) -> Story {
        let (flow, since) = (Box::new(self.flow()), Instant::from_millis(since));
        self.event(SHOP, EventKind::FlowForgotten { fault, flow, since })
    }

    /// The shop opens the session's flow anew, and the middlebox of a fault remembers it again.
    pub fn renewed(self, fault: usize) -> Story {
        let flow = Box::new(self.flow().reversed());
        self.event(SHOP, EventKind::FlowRenewed { fault, flow })
    }

    /// The shop's end of the session's connection was let go of at this millisecond, and is reported
    /// open now.
    pub fn shop_let_go(self, at: u64) -> Story {
        let flow = self.flow();
        let ends = Endpoint { local: flow.to, peer: flow.from };
        let let_go = Some(Instant::from_millis(at));
        let stats = ConnectionStats { let_go, ..self.stats(ends, None, (0, 0)) };
        self.event(SHOP, EventKind::Ended(Box::new(stats)))
    }

    /// The driver's last datagram is dropped for this reason.
    pub fn publish_dropped(self, reason: LossReason) -> Story {
        let (flow, datagram) = (Box::new(driver_flow()), self.sends);
        self.event(BROKER, EventKind::Dropped { flow, datagram, reason })
    }

    // ── the end ─────────────────────────────────────────────────────────────────────────────

    pub fn history(&self) -> History {
        let recorders = Recorder::one_each(&["broker".into(), "driver".into(), "shop".into()]);
        for (process, at, what) in &self.events {
            recorders[*process].record(*at, what.clone());
        }
        let history = History::assemble(self.processes.clone(), &recorders);
        History { ended_at: self.ended_at, ..history }
    }

    pub fn row(&self) -> Row {
        judge(&self.scenario, self.contender, &self.history())
    }

    /// Returns the report of the shop.
    pub fn shop(&self) -> SubscriberReport {
        let row = self.row();
        row.subscribers.into_iter().find(|one| one.client == "shop").unwrap()
    }

    pub fn session_id(&self) -> SessionId {
        SessionId { process: "shop".into(), number: self.session }
    }

    fn flow(&self) -> Flow {
        Flow { from: address(1, 7_000), to: address(3, 50_000 + self.session as u16) }
    }

    fn end(&self, count: u64) -> u64 {
        match self.contender.link {
            Link::Udp => count,
            _ => 100 * count,
        }
    }

    fn stats(
        &self,
        end: Endpoint,
        reason: Option<EndReason>,
        (arrived, read): (u64, u64),
    ) -> ConnectionStats {
        let transport = match self.contender.link {
            Link::Udp => TransportKind::Datagram,
            _ => TransportKind::Stream,
        };
        ConnectionStats {
            transport,
            end,
            reason,
            let_go: None,
            written: 0,
            acknowledged: 0,
            arrived,
            read,
        }
    }
}

fn shop_in_e() -> (Name, Name, Name) {
    ("shop".into(), "q".into(), "e".into())
}

fn driver_flow() -> Flow {
    Flow { from: address(2, 50_000), to: address(1, 7_000) }
}

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], port))
}

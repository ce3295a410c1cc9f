//! The core machines alone over a mailbag of frames: no sockets, no simulator.
//!
//! A case is a list of steps: publish, deliver, lose, double, overtake, break a connection, go
//! away and come back, let time pass. Afterwards there is peace, and each subscriber must have
//! handled exactly what it wanted, once and in order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use delivery_lab::core::{
    Broker, BrokerInput, BrokerOptions, BrokerOutput, Client, ClientInput, ClientOptions,
    ClientOutput, Draft, Frames, Numbering, Path, Peer,
};
use delivery_lab::message::{
    BrokerLimits, ClientLimits, EndReason, Frame, From, Mode, Note, Payload, Retention, Target,
    WhenFull,
};
use delivery_lab::time::{Duration, Instant};
use delivery_lab::wire;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

struct Bag {
    path: Path,
    now: Instant,
    broker: Broker,
    nodes: Vec<Node>,
    last_peer: u64,
    accepted: Vec<String>,
    refused: Vec<String>,
    seen: Seen,
}

/// What the steps exercised: a property that never met its trouble proves nothing.
#[derive(Debug, Default)]
struct Seen {
    published_while_away: u64,
    redelivered: u64,
    replayed: u64,
    copies_dropped: u64,
    gaps: u64,
    takeovers: u64,
}

struct Node {
    client: Client,
    pipe: Option<Pipe>,
    is_connecting: bool,
    runs_handler: bool,
    is_away: bool,
    handled: Vec<String>,
    gaps: Vec<(u64, u64)>,
    evicted: u64,
}

struct Pipe {
    peer: Peer,
    is_open_at_broker: bool,
    to_broker: VecDeque<Vec<u8>>,
    to_client: VecDeque<Vec<u8>>,
}

#[derive(Clone, Debug)]
enum Step {
    Publish,
    ToBroker(usize),
    ToClient(usize),
    Handler(usize),
    Lose(usize),
    Double(usize),
    Overtake(usize),
    Break(usize),
    BreakUnnoticed(usize),
    GoAway(usize),
    ComeBack(usize),
    Wait(u64),
}

impl Bag {
    /// A driver that publishes, and shops that subscribe; all are connected.
    fn new(path: Path, limits: BrokerLimits, shops: usize) -> Bag {
        let options = BrokerOptions { mode: Mode::CatchUp, path, limits, epoch: 7 };
        let names = (0..=shops).map(|n| if n == 0 { "driver".into() } else { format!("shop{n}") });
        let nodes = names.map(|name| Node::new(&name, path)).collect();
        let mut bag = Bag {
            path,
            now: Instant::ZERO,
            broker: Broker::new(options),
            nodes,
            last_peer: 0,
            accepted: Vec::new(),
            refused: Vec::new(),
            seen: Seen::default(),
        };
        for n in 0..=shops {
            if n > 0 {
                let (queue, room, from) = ("q".into(), "e".into(), From::Now);
                bag.tell(n, ClientInput::Join { queue, room, from });
            }
            bag.tell(n, ClientInput::Started);
        }
        bag.settle();
        bag
    }

    fn step(&mut self, step: &Step) {
        let count = self.nodes.len();
        match *step {
            Step::Publish => self.publish(),
            Step::ToBroker(n) => drop(self.reach_broker(n % count)),
            Step::ToClient(n) => drop(self.reach_client(n % count)),
            Step::Handler(n) => drop(self.return_handler(n % count)),
            Step::Lose(n) => self.disturb(n % count, |mail| drop(mail.pop_front())),
            Step::Double(n) => self.disturb(n % count, |mail| {
                if let Some(first) = mail.front().cloned() {
                    mail.push_back(first);
                }
            }),
            Step::Overtake(n) => self.disturb(n % count, |mail| {
                if let Some(first) = mail.pop_front() {
                    mail.push_back(first);
                }
            }),
            Step::Break(n) => self.break_off(n % count),
            Step::BreakUnnoticed(n) => self.break_unnoticed(n % count),
            Step::GoAway(n) if n % count > 0 => {
                self.nodes[n % count].is_away = true;
                self.tell(n % count, ClientInput::GoAway);
            }
            Step::GoAway(_) => {}
            Step::ComeBack(n) => self.come_back(n % count),
            Step::Wait(ms) => self.wait(Duration::from_millis(ms)),
        }
        self.connect_all();
    }

    fn publish(&mut self) {
        self.seen.published_while_away += u64::from(self.nodes.iter().any(|node| node.is_away));
        let (queue, event) = ("q".into(), "e".into());
        let (target, payload) = (Target::default(), Payload::null());
        let draft = Draft { queue, event, target, payload, answer_within: None };
        self.tell(0, ClientInput::Publish { draft });
    }

    fn come_back(&mut self, n: usize) {
        if std::mem::take(&mut self.nodes[n].is_away) {
            self.tell(n, ClientInput::ComeBack);
        }
    }

    /// Peace: everyone comes back, everything is delivered, time passes, until nothing is left.
    fn settle(&mut self) {
        for n in 0..self.nodes.len() {
            self.come_back(n);
        }
        for _ in 0..200 {
            self.connect_all();
            while (0..self.nodes.len())
                .any(|n| self.reach_broker(n) || self.reach_client(n) || self.return_handler(n))
            {
            }
            self.wait(Duration::from_millis(700));
        }
    }

    fn connect_all(&mut self) {
        for n in 0..self.nodes.len() {
            if std::mem::take(&mut self.nodes[n].is_connecting) {
                self.last_peer += 1;
                let peer = Peer(self.last_peer);
                self.nodes[n].pipe = Some(Pipe {
                    peer,
                    is_open_at_broker: true,
                    to_broker: VecDeque::new(),
                    to_client: VecDeque::new(),
                });
                self.tell_broker(BrokerInput::Opened { peer });
                self.tell(n, ClientInput::Connected);
            }
        }
    }

    fn reach_broker(&mut self, n: usize) -> bool {
        let Some(pipe) = &mut self.nodes[n].pipe else { return false };
        let Some(mail) = pipe.to_broker.pop_front() else { return false };
        if !pipe.is_open_at_broker && self.path.frames == Frames::Reliable {
            self.break_off(n);
            return true;
        }
        if !pipe.is_open_at_broker {
            self.last_peer += 1;
            pipe.peer = Peer(self.last_peer);
            pipe.is_open_at_broker = true;
            let peer = pipe.peer;
            self.tell_broker(BrokerInput::Opened { peer });
        }
        let peer = self.nodes[n].pipe.as_ref().expect("it has one").peer;
        self.tell_broker(BrokerInput::Received { peer, frame: wire::decode(&mail).unwrap() });
        true
    }

    fn reach_client(&mut self, n: usize) -> bool {
        let Some(pipe) = &mut self.nodes[n].pipe else { return false };
        let Some(mail) = pipe.to_client.pop_front() else { return false };
        let frame = wire::decode(&mail).unwrap();
        self.tell(n, ClientInput::Received { frame });
        true
    }

    fn return_handler(&mut self, n: usize) -> bool {
        let runs = std::mem::take(&mut self.nodes[n].runs_handler);
        if runs {
            self.tell(n, ClientInput::HandlerReturned);
        }
        runs
    }

    fn disturb(&mut self, n: usize, disturb: impl Fn(&mut VecDeque<Vec<u8>>)) {
        if self.path.frames == Frames::Lossy
            && let Some(pipe) = &mut self.nodes[n].pipe
        {
            disturb(&mut pipe.to_broker);
            disturb(&mut pipe.to_client);
        }
    }

    /// Both sides learn that the connection is gone.
    fn break_off(&mut self, n: usize) {
        if let Some(pipe) = self.nodes[n].pipe.take() {
            let (peer, reason) = (pipe.peer, EndReason::Reset);
            self.tell_broker(BrokerInput::Closed { peer, reason });
            self.tell(n, ClientInput::Disconnected { reason });
        }
    }

    /// Only the client learns it: the broker goes on writing into a dead connection.
    fn break_unnoticed(&mut self, n: usize) {
        if self.nodes[n].pipe.take().is_some() {
            self.tell(n, ClientInput::Disconnected { reason: EndReason::Reset });
        }
    }

    fn wait(&mut self, span: Duration) {
        let until = self.now + span;
        loop {
            let clients = self
                .nodes
                .iter()
                .enumerate()
                .filter_map(|(n, node)| Some((node.client.deadline()?, Some(n))));
            let broker = self.broker.deadline().map(|at| (at, None));
            let Some((at, who)) = clients.chain(broker).min() else { break };
            if at > until {
                break;
            }
            self.now = self.now.max(at);
            match who {
                Some(n) => self.tell(n, ClientInput::Elapsed),
                None => self.tell_broker(BrokerInput::Elapsed),
            }
        }
        self.now = until;
    }

    fn tell(&mut self, n: usize, input: ClientInput) {
        self.nodes[n].client.handle(self.now, input);
        while let Some(output) = self.nodes[n].client.poll() {
            let node = &mut self.nodes[n];
            match output {
                ClientOutput::Connect { .. } => node.is_connecting = true,
                ClientOutput::Close { .. } => {
                    node.is_connecting = false;
                    let closed = node.pipe.take().filter(|_| self.path.frames == Frames::Reliable);
                    if let Some(pipe) = closed {
                        let (peer, reason) = (pipe.peer, EndReason::Fin);
                        self.tell_broker(BrokerInput::Closed { peer, reason });
                    }
                }
                ClientOutput::Send { frame } => {
                    let pipe = node.pipe.as_mut().expect("it sends when it has a connection");
                    pipe.to_broker.push_back(wire::encode(&frame));
                }
                ClientOutput::Handle { message, .. } => {
                    node.runs_handler = true;
                    node.handled.push(message.id.to_string());
                }
                ClientOutput::Note(Note::ToldGap { from, to, .. }) => {
                    node.gaps.push((from, to));
                    self.seen.gaps += 1;
                }
                ClientOutput::Note(Note::DroppedCopy { .. }) => self.seen.copies_dropped += 1,
                ClientOutput::Note(_) => {}
            }
        }
    }

    fn tell_broker(&mut self, input: BrokerInput) {
        self.broker.handle(self.now, input);
        while let Some(output) = self.broker.poll() {
            match output {
                BrokerOutput::Send { peer, frame } => {
                    if let Some(pipe) = self.pipe(peer) {
                        pipe.to_client.push_back(wire::encode(&frame));
                    }
                }
                BrokerOutput::Close { peer, reason } => {
                    self.seen.takeovers += u64::from(reason == EndReason::Replaced);
                    if let Some(pipe) = self.pipe(peer) {
                        pipe.to_client.push_back(wire::encode(&Frame::Bye { reason }));
                        pipe.is_open_at_broker = false;
                    }
                }
                BrokerOutput::Note(note) => self.noted(note),
            }
        }
    }

    fn noted(&mut self, note: Note) {
        use delivery_lab::message::PushKind;
        match note {
            Note::Accepted { id, .. } => self.accepted.push(id.to_string()),
            Note::Refused { id } => self.refused.push(id.to_string()),
            Note::Pushed { kind: PushKind::Again, .. } => self.seen.redelivered += 1,
            Note::Pushed { kind: PushKind::Replay, .. } => self.seen.replayed += 1,
            Note::Evicted { client, .. } => {
                let n: usize = client.as_str().trim_start_matches("shop").parse().unwrap();
                self.nodes[n].evicted += 1;
            }
            _ => {}
        }
    }

    fn pipe(&mut self, peer: Peer) -> Option<&mut Pipe> {
        self.nodes.iter_mut().filter_map(|node| node.pipe.as_mut()).find(|pipe| pipe.peer == peer)
    }
}

impl Seen {
    fn add(&mut self, other: &Seen) {
        self.redelivered += other.redelivered;
        self.replayed += other.replayed;
        self.copies_dropped += other.copies_dropped;
        self.takeovers += other.takeovers;
    }
}

impl Node {
    fn new(name: &str, path: Path) -> Node {
        let options = ClientOptions {
            client: name.into(),
            process: name.into(),
            mode: Mode::CatchUp,
            path,
            limits: ClientLimits::default(),
            jitter_seed: 1,
            numbering: Numbering::default(),
        };
        Node {
            client: Client::new(options),
            pipe: None,
            is_connecting: false,
            runs_handler: false,
            is_away: false,
            handled: Vec::new(),
            gaps: Vec::new(),
            evicted: 0,
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Publish),
        8 => (0..3_usize).prop_map(Step::ToBroker),
        8 => (0..3_usize).prop_map(Step::ToClient),
        4 => (0..3_usize).prop_map(Step::Handler),
        2 => (0..3_usize).prop_map(Step::Lose),
        2 => (0..3_usize).prop_map(Step::Double),
        2 => (0..3_usize).prop_map(Step::Overtake),
        1 => (0..3_usize).prop_map(Step::Break),
        1 => (0..3_usize).prop_map(Step::BreakUnnoticed),
        1 => (0..3_usize).prop_map(Step::GoAway),
        1 => (0..3_usize).prop_map(Step::ComeBack),
        2 => (1..3_000_u64).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 20..200)
}

/// Plays the steps, then peace, and compares with what the reference says: everything published
/// is accepted once and in sequence, and handled once and in order by every subscriber.
fn check(path: Path, limits: BrokerLimits, steps: &[Step]) -> Bag {
    let mut bag = Bag::new(path, limits, 2);
    let published = steps.iter().filter(|step| matches!(step, Step::Publish)).count();
    for step in steps {
        bag.step(step);
    }
    bag.settle();
    let mut answered: Vec<&String> = bag.accepted.iter().chain(&bag.refused).collect();
    answered.sort_by_key(|id| id[7..].parse::<u64>().unwrap());
    let wanted: Vec<String> = (1..=published).map(|n| format!("driver-{n}")).collect();
    assert_eq!(answered, wanted.iter().collect::<Vec<_>>(), "each is answered once");
    let in_sequence = bag.accepted.is_sorted_by_key(|id| id[7..].parse::<u64>().unwrap());
    assert!(in_sequence, "accepted in sequence: {:?}", bag.accepted);
    for node in &bag.nodes[1..] {
        // An evicted message may have been read before its session ended, and is handled then.
        let missing = (bag.accepted.len() - node.handled.len()) as u64;
        assert!(missing <= node.evicted, "{missing} missing, {} evicted", node.evicted);
        let position = |id: &String| bag.accepted.iter().position(|a| a == id).unwrap() as u64 + 1;
        let positions: Vec<u64> = node.handled.iter().map(position).collect();
        assert!(positions.is_sorted_by(|a, b| a < b), "once and in order: {positions:?}");
        for lost in (1..=bag.accepted.len() as u64).filter(|at| !positions.contains(at)) {
            let announced = node.gaps.iter().any(|(from, to)| (*from..=*to).contains(&lost));
            assert!(announced, "position {lost} is missing and in no gap of {:?}", node.gaps);
        }
    }
    bag
}

/// Runs a property over 400 cases that are the same in every run.
fn run(property: impl Fn(Vec<Step>)) {
    let config = ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(&steps(), |steps| {
        property(steps);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[test]
fn catch_up_delivers_everything_once_and_in_order_whatever_happens_to_the_mail() {
    for path in [Path::RELIABLE, Path::LOSSY] {
        let (sum, away) = (RefCell::new(Seen::default()), Cell::new(0));
        run(|steps| {
            let bag = check(path, BrokerLimits::default(), &steps);
            away.set(away.get() + u64::from(bag.seen.published_while_away > 0));
            sum.borrow_mut().add(&bag.seen);
        });
        let (sum, away) = (sum.into_inner(), away.get());
        assert!(away > 100, "published while away in {away} of 400 cases");
        assert!(sum.redelivered > 0 && sum.replayed > 0, "{sum:?}");
        assert!(sum.copies_dropped > 0 && sum.takeovers > 0, "{sum:?}");
    }
}

#[test]
fn what_a_small_backlog_evicts_is_announced_as_a_gap() {
    for (path, when_full) in [
        (Path::RELIABLE, WhenFull::DropOldest),
        (Path::LOSSY, WhenFull::DropOldest),
        (Path::RELIABLE, WhenFull::Refuse),
        (Path::LOSSY, WhenFull::Refuse),
    ] {
        let limits = BrokerLimits {
            backlog: Retention { messages: 3, when_full, ..Retention::default() },
            window: 2,
            ..BrokerLimits::default()
        };
        let troubles = Cell::new(0);
        run(|steps| {
            let bag = check(path, limits.clone(), &steps);
            troubles.set(troubles.get() + bag.seen.gaps + bag.refused.len() as u64);
        });
        assert!(troubles.get() > 100, "{path:?} {when_full:?}: {} troubles", troubles.get());
    }
}

//! One suite over every link and mode, in the simulator and on this computer's own sockets:
//! connect, join, publish, receive, disconnect, reconnect, catch up.
//!
//! No test relies on time passing: every step waits until the one before it is seen, at the broker
//! or in a handler.

use std::collections::VecDeque;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use delivery_lab::core::{
    Broker, BrokerOptions, BrokerView, Client, ClientInput, ClientOptions, Machine, Numbering,
};
use delivery_lab::history::Recorder;
use delivery_lab::link::{
    self, BrokerDriver, ClientApp, ConnectContext, LinkDriver, LinkVisitor, Settings,
};
use delivery_lab::message::{
    BrokerLimits, ClientLimits, Contender, Draft, Epoch, Heartbeat, Message, Mode, Payload,
    PushKind, StartAt, Target,
};
use delivery_lab::net::Net;
use delivery_lab::net::real::Loopback;
use delivery_lab::scenario::Latency;
use delivery_lab::sim::net::address;
use delivery_lab::sim::world::{Plan, World};
use delivery_lab::time::{Duration, Instant};
use tokio::sync::Notify;

/// The interval at which the broker's view is read.
const LOOK: Duration = Duration::from_millis(5);

/// State shared by the two clients, the broker and the test.
#[derive(Clone, Default)]
struct Board {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Default)]
struct State {
    /// The broker's view.
    view: Option<BrokerView>,
    /// The events that the shop has handled, with the kind of each push.
    shop: Vec<(String, PushKind)>,
    /// The events that the driver has handled. It gets its own messages, and so learns that the
    /// broker has accepted them.
    driver: Vec<(String, PushKind)>,
}

impl Board {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("the lock is not poisoned"));
        self.changed.notify_waiters();
    }

    /// Waits until a condition holds.
    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_so(&self.state.lock().expect("the lock is not poisoned")) {
                return;
            }
            changed.await;
        }
    }
}

/// A condition, and the input that a client gets once it holds.
type Step = (fn(&State) -> bool, ClientInput);

/// An application that takes one step after the other, and whose handler returns at once.
struct Steps {
    board: Board,
    who: &'static str,
    steps: VecDeque<Step>,
    handler_runs: bool,
}

impl ClientApp for Steps {
    async fn next(&mut self) -> ClientInput {
        if std::mem::take(&mut self.handler_runs) {
            return ClientInput::HandlerReturned;
        }
        let Some((is_time, _)) = self.steps.front() else { return std::future::pending().await };
        self.board.until(is_time).await;
        self.steps.pop_front().expect("it is there").1
    }

    fn handle(&mut self, message: &Arc<Message>, kind: PushKind) {
        self.handler_runs = true;
        let handled = (message.event.to_string(), kind);
        self.board.change(|state| match self.who {
            "shop" => state.shop.push(handled),
            _ => state.driver.push(handled),
        });
    }

    fn keep(&mut self, _: Numbering) {}
}

/// The shop handles the first message, disconnects, misses the second, and reconnects.
fn shop() -> Vec<Step> {
    vec![
        (|state| has(&state.shop, "first"), ClientInput::GoAway),
        (|state| has(&state.driver, "second"), ClientInput::ComeBack),
    ]
}

/// The driver publishes while the shop is connected, while it is away, and when it is connected
/// again.
fn driver() -> Vec<Step> {
    let publish = |event: &str| {
        let target = Target { to: vec!["shop".into(), "driver".into()], ..Target::default() };
        let draft = Draft { target, ..Draft::new("q".into(), event.into(), Payload::null()) };
        ClientInput::Publish { draft, confirm_within: None }
    };
    vec![
        (|state| is_there(state, "shop") && is_there(state, "driver"), publish("first")),
        (|state| has(&state.shop, "first") && !is_there(state, "shop"), publish("second")),
        (|state| has(&state.driver, "second") && is_there(state, "shop"), publish("third")),
    ]
}

fn has(handled: &[(String, PushKind)], event: &str) -> bool {
    handled.iter().any(|(one, _)| one == event)
}

/// Whether a client's session is in its room.
fn is_there(state: &State, who: &str) -> bool {
    let mut queues = state.view.iter().flat_map(|view| &view.queues);
    queues.any(|queue| {
        queue.rooms.iter().any(|(room, members)| room.as_str() == who && *members == [room.clone()])
    })
}

/// Runs the parts of a test, each for ever.
struct Setup<N> {
    net: N,
    mode: Mode,
    board: Board,
    recorder: Recorder,
}

impl<N: Net> Setup<N> {
    async fn broker<C: LinkDriver>(self, link_driver: C, port: u16) {
        // Short enough to notice soon over udp that a client is gone. The timeout is a second, so
        // that a busy computer is not taken for a dead client.
        let (every, timeout) = (Duration::from_millis(100), Duration::from_secs(1));
        let heartbeat = Heartbeat { every, timeout };
        let limits = BrokerLimits { heartbeat, ..BrokerLimits::default() };
        let options =
            BrokerOptions { mode: self.mode, link: C::SEMANTICS, limits, epoch: Epoch::FIRST };
        let broker =
            BrokerDriver::new(self.net.clone(), Box::new(Broker::new(options)), self.recorder);
        let look = async {
            loop {
                let view = Some(broker.view().expect("ours has one"));
                self.board.change(|state| state.view = view);
                self.net.sleep_until(self.net.now() + LOOK).await;
            }
        };
        tokio::select! {
            biased;
            () = broker.run_timers() => {}
            served = link_driver.serve(port, broker.clone()) => served.expect("the port is free"),
            () = look => {}
        }
    }

    async fn client<C: LinkDriver>(
        self,
        link_driver: C,
        to: SocketAddr,
        who: &'static str,
        steps: Vec<Step>,
    ) {
        let mut client = Client::new(ClientOptions {
            client: who.into(),
            process: who.into(),
            mode: self.mode,
            link: C::SEMANTICS,
            limits: ClientLimits::default(),
            jitter_seed: 1,
            numbering: Numbering::default(),
            will: None,
        });
        let (queue, room, from) = ("q".into(), who.into(), StartAt::Now);
        client.handle(self.net.now(), ClientInput::Join { queue, room, from });
        let Setup { net, recorder, board, .. } = self;
        let steps = Steps { board, who, steps: steps.into(), handler_runs: false };
        let context = ConnectContext { net, recorder, to, known: Vec::new() };
        link::client::run(link_driver, context, Box::new(client), steps).await;
    }
}

/// Returns the events that the shop must have handled in the end.
fn expected(mode: Mode) -> Vec<(String, PushKind)> {
    let all = [("first", PushKind::Live), ("second", PushKind::Replay), ("third", PushKind::Live)];
    let is_expected = |(event, _): &(&str, PushKind)| mode == Mode::CatchUp || *event != "second";
    all.into_iter().filter(is_expected).map(|(event, kind)| (event.to_owned(), kind)).collect()
}

/// Returns settings with a short polling interval, so that polling does not slow the test.
fn settings(mode: Mode) -> Settings {
    Settings { polling_interval: Duration::from_millis(50), mode, ..Settings::default() }
}

/// Runs the test over one link in the simulator.
struct Simulated(Contender);

impl LinkVisitor for Simulated {
    type Output = Board;

    fn visit<C: LinkDriver>(self) -> Board {
        let latency = Latency { min: Duration::from_millis(5), max: Duration::from_millis(5) };
        let names = ["broker", "shop", "driver"].map(Into::into).to_vec();
        // Three round trips to join, three messages, and twice 1.1 s to notice that a client is
        // gone.
        let end = Instant::from_millis(5_000);
        let mut world = World::new(Plan::new(1, latency, Vec::new(), names, end));
        let (board, to) = (Board::default(), SocketAddr::from((address(0), 7_000)));
        for (process, steps) in [(0, Vec::new()), (1, shop()), (2, driver())] {
            let host = world.sim_host(process);
            let recorder = world.recorders()[process as usize].clone();
            let (mode, board, settings) = (self.0.mode, board.clone(), settings(self.0.mode));
            world.add(process, async move {
                let setup = Setup { net: host.power_on(1), mode, board, recorder };
                match process {
                    0 => setup.broker(C::new(&settings), to.port()).await,
                    1 => setup.client(C::new(&settings), to, "shop", steps).await,
                    _ => setup.client(C::new(&settings), to, "driver", steps).await,
                }
            });
        }
        world.run(None).expect("nothing panics");
        world.finish();
        board
    }
}

/// Runs the test over one link on this computer's own sockets.
struct Real(Contender);

impl LinkVisitor for Real {
    type Output = Board;

    fn visit<C: LinkDriver>(self) -> Board {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let board = Board::default();
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let settings = settings(self.0.mode);
        let play = async {
            let net = Loopback::new();
            let recorders = Recorder::one_each(&["broker".into(), "one".into(), "other".into()]);
            let setup = |process: usize| Setup {
                net: net.clone(),
                mode: self.0.mode,
                board: board.clone(),
                recorder: recorders[process].clone(),
            };
            tokio::select! {
                biased;
                () = setup(0).broker(C::new(&settings), to.port()) => {}
                () = setup(1).client(C::new(&settings), to, "shop", shop()) => {}
                () = setup(2).client(C::new(&settings), to, "driver", driver()) => {}
                () = board.until(|state| has(&state.shop, "third")) => {}
            }
        };
        runtime.block_on(in_time(self.0, play));
        board
    }
}

/// Fails the test if it hangs.
async fn in_time(contender: Contender, play: impl Future<Output = ()>) {
    let patience = std::time::Duration::from_secs(20);
    let result = tokio::time::timeout(patience, play).await;
    result.unwrap_or_else(|_| panic!("{contender}: the third message never came"));
}

/// Returns a port that is free both for streams and for datagrams.
fn free_port() -> u16 {
    loop {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

fn check(contender: Contender, board: &Board) {
    let state = board.state.lock().unwrap();
    assert_eq!(state.shop, expected(contender.mode), "{contender}:\n{:?}", state.view);
}

#[test]
fn in_the_simulator_whoever_comes_back_catches_up_if_that_was_promised() {
    for contender in Contender::all() {
        check(contender, &link::with_link_driver(contender.link, Simulated(contender)));
    }
}

#[test]
fn on_real_sockets_whoever_comes_back_catches_up_if_that_was_promised() {
    // Each waits about a second for a heartbeat, so all run at the same time.
    std::thread::scope(|scope| {
        for contender in Contender::all() {
            scope.spawn(move || {
                check(contender, &link::with_link_driver(contender.link, Real(contender)))
            });
        }
    });
}

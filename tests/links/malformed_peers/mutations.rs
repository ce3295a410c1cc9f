//! Valid conversations with a mutation: cut short, garbled, too long, of another version, without
//! an end. Whatever is sent, the broker does not panic, no session is left over, and a client that
//! was connected before is served as before.

use std::collections::BTreeSet;

use delivery_lab::core::{BrokerView, Machine};
use delivery_lab::link::{SocketIo, Tcp};
use delivery_lab::message::{Confirm, Draft, Heartbeat, MessageId, Payload, RoomJoin, StartAt};
use delivery_lab::sim::world::Checks;
use delivery_lab::wire;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestRunner};
use tokio::sync::Notify;

use super::*;

/// A misbehaving client: the piece up to which it is correct, the mutation of that piece, and the
/// way in which it disconnects.
#[derive(Clone, Debug)]
struct Stranger {
    until: Index,
    change: Change,
    leaving: Leaving,
}

#[derive(Clone, Debug)]
enum Change {
    Nothing,
    /// Other bytes instead.
    Garbage(Vec<u8>),
    Truncated(Index),
    Byte(Index, u8),
    Inserted(Index, Vec<u8>),
    Twice,
    /// A head, or a frame, that announces a length beyond every limit.
    Oversize,
    /// A body with a wrong length.
    Length(i8),
    /// A chunk, or a fragment, after which nothing follows.
    Endless,
    Version,
    /// A correct frame around other bytes.
    Body(Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// Shuts down its sending side, and reads until the broker closes.
    Ended,
    /// Drops its connections at once.
    Gone,
}

fn strangers(count: usize) -> impl Strategy<Value = Vec<Stranger>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let change = prop_oneof![
        1 => Just(Change::Nothing),
        2 => bytes().prop_map(Change::Garbage),
        2 => any::<Index>().prop_map(Change::Truncated),
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        2 => (any::<Index>(), bytes()).prop_map(|(at, bytes)| Change::Inserted(at, bytes)),
        1 => Just(Change::Twice),
        2 => Just(Change::Oversize),
        2 => any::<i8>().prop_map(Change::Length),
        1 => Just(Change::Endless),
        1 => Just(Change::Version),
        2 => bytes().prop_map(Change::Body),
    ];
    let leaving = prop::sample::select(vec![Leaving::Ended, Leaving::Gone]);
    let stranger = (any::<Index>(), change, leaving)
        .prop_map(|(until, change, leaving)| Stranger { until, change, leaving });
    prop::collection::vec(stranger, 1..=count)
}

// ── conversations ───────────────────────────────────────────────────────────────────────────

/// Something to send on one of the client's connections.
struct Piece {
    connection: usize,
    what: Says,
    /// Whether an answer comes at once.
    answer: Answered,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    AtOnce,
    Never,
}

enum Says {
    /// The first line of a request, its other headers, and a body.
    Request(String, &'static str, Option<String>),
    /// A frame of ours, prefixed with its length.
    Prefixed(String),
    /// A WebSocket text message.
    Message(String),
}

impl Says {
    fn bytes(&self, change: &Change) -> Vec<u8> {
        let bytes = match self {
            Says::Request(line, headers, body) => request(line, headers, body.as_deref(), change),
            Says::Prefixed(text) => {
                let body = body_of(text, change);
                let length = match change {
                    Change::Oversize => u32::MAX,
                    Change::Length(delta) => {
                        (body.len() as u32).saturating_add_signed(i32::from(*delta))
                    }
                    _ => body.len() as u32,
                };
                [&length.to_be_bytes()[..], &body].concat()
            }
            Says::Message(text) => message(&body_of(text, change), change),
        };
        match change {
            Change::Garbage(garbage) => garbage.clone(),
            Change::Truncated(at) => bytes[..at.index(bytes.len())].to_vec(),
            Change::Byte(at, byte) => {
                let mut bytes = bytes;
                let at = at.index(bytes.len());
                bytes[at] = *byte;
                bytes
            }
            Change::Inserted(at, more) => {
                let (before, after) = bytes.split_at(at.index(bytes.len()));
                [before, more, after].concat()
            }
            Change::Twice => bytes.repeat(2),
            _ => bytes,
        }
    }
}

fn body_of(text: &str, change: &Change) -> Vec<u8> {
    match change {
        Change::Body(body) => body.clone(),
        _ => text.as_bytes().to_vec(),
    }
}

fn request(line: &str, headers: &str, body: Option<&str>, change: &Change) -> Vec<u8> {
    let mut head = format!("{line} HTTP/1.1\r\nhost: a\r\n{headers}");
    if let Change::Oversize = change {
        head += &format!("x: {}\r\n", "x".repeat(200_000));
    }
    if let Change::Version = change {
        let (old, new) = match &head {
            head if head.contains("EIO=4") => ("EIO=4", "EIO=3"),
            head if head.contains("version: 13") => ("version: 13", "version: 7"),
            _ => ("HTTP/1.1", "HTTP/3.7"),
        };
        head = head.replace(old, new);
    }
    let body = body.map(|body| body_of(body, change)).unwrap_or_default();
    match change {
        Change::Endless => {
            let head = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len());
            [head.as_bytes(), &body, b"\r\n"].concat()
        }
        Change::Length(delta) => {
            let length = body.len().saturating_add_signed(isize::from(*delta));
            [format!("{head}content-length: {length}\r\n\r\n").as_bytes(), &body].concat()
        }
        _ => [format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat(),
    }
}

/// Encodes a masked text message (RFC 6455 §5.2), with a mask of 0.
fn message(body: &[u8], change: &Change) -> Vec<u8> {
    let first = match change {
        Change::Endless => 0x01,
        Change::Version => 0xf1,
        _ => 0x81,
    };
    let length = match change {
        Change::Oversize => 1 << 40,
        Change::Length(delta) => (body.len() as u64).saturating_add_signed(i64::from(*delta)),
        _ => body.len() as u64,
    };
    [&[first, 0xff][..], &length.to_be_bytes(), &[0; 4], body].concat()
}

/// A link with a whole conversation: connect, join, publish, receive the own message.
trait Spoken: LinkDriver {
    fn conversation(name: &str) -> Vec<Piece>;
}

const UPGRADE: &str = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Returns hello, join and publish as JSON.
fn frames(name: &str) -> [String; 3] {
    let rooms = vec![RoomJoin { room: "e".into(), from: StartAt::Now }];
    let message = Arc::new(Message::new(
        MessageId { publisher: name.into(), sequence: 1 },
        Draft::new("theirs".into(), "e".into(), Payload::null()),
    ));
    let session = SessionId { process: name.into(), number: 1 };
    let all = [
        Frame::Hello { client: name.into(), session, will: None },
        Frame::Join { request: 1, queue: "theirs".into(), rooms, known: None },
        Frame::Publish { message, after: None, confirm: Confirm::Wanted },
    ];
    all.map(|frame| String::from_utf8(wire::encode(&frame)).expect("JSON is UTF-8"))
}

fn answered(connection: usize, what: Says) -> Piece {
    Piece { connection, what, answer: Answered::AtOnce }
}

fn posted(connection: usize, path: &str, body: String) -> Piece {
    answered(connection, Says::Request(format!("POST {path}"), "", Some(body)))
}

fn fetched(connection: usize, path: &str) -> Piece {
    answered(connection, Says::Request(format!("GET {path}"), "", None))
}

fn polled(name: &str) -> Vec<Piece> {
    let path = format!("/{name}/1");
    let mut all: Vec<Piece> = frames(name).map(|frame| posted(0, &path, frame)).into();
    all.push(fetched(1, &format!("{path}?got=0")));
    all
}

impl Spoken for Tcp {
    fn conversation(name: &str) -> Vec<Piece> {
        frames(name).map(|frame| answered(0, Says::Prefixed(frame))).into()
    }
}

impl Spoken for WebSocket {
    fn conversation(name: &str) -> Vec<Piece> {
        let upgrade = answered(0, Says::Request("GET /".into(), UPGRADE, None));
        let frames = frames(name).map(|frame| answered(0, Says::Message(frame)));
        std::iter::once(upgrade).chain(frames).collect()
    }
}

impl Spoken for Polling {
    fn conversation(name: &str) -> Vec<Piece> {
        polled(name)
    }
}

impl Spoken for LongPolling {
    fn conversation(name: &str) -> Vec<Piece> {
        polled(name)
    }
}

impl Spoken for Sse {
    fn conversation(name: &str) -> Vec<Piece> {
        let path = format!("/{name}/1");
        let [_, join, publish] = frames(name);
        let stream = fetched(0, &format!("{path}?client={name}"));
        vec![stream, posted(1, &path, join), posted(1, &path, publish)]
    }
}

impl Spoken for SocketIo {
    fn conversation(name: &str) -> Vec<Piece> {
        let path = "/socket.io/?EIO=4&transport=polling";
        let session = format!("{path}&sid={{sid}}");
        let socket = "/socket.io/?EIO=4&transport=websocket&sid={sid}";
        let hello = format!("40/theirs,{{\"client\":\"{name}\",\"rooms\":[\"e\"]}}");
        let event = "42/theirs,1[\"e\",null]";
        let upgrade = Says::Message("5".into());
        vec![
            fetched(0, path),
            posted(0, &session, hello),
            fetched(0, &session),
            posted(0, &session, event.into()),
            answered(1, Says::Request(format!("GET {socket}"), UPGRADE, None)),
            answered(1, Says::Message("2probe".into())),
            Piece { connection: 1, what: upgrade, answer: Answered::Never },
            answered(1, Says::Message(format!("4{}", &event[1..]))),
        ]
    }
}

impl Piece {
    /// Puts the session's id into the piece.
    fn of_session(mut self, sid: &str) -> Piece {
        if let Says::Request(line, ..) = &mut self.what {
            *line = line.replace("{sid}", sid);
        }
        self
    }
}

/// Sends the pieces of a conversation up to one, that one mutated, and disconnects.
async fn visit<C: Spoken, N: Net>(net: &N, to: SocketAddr, name: &str, stranger: &Stranger) {
    let pieces = C::conversation(name);
    let last = stranger.until.index(pieces.len());
    let (mut streams, mut sid) = (Vec::new(), String::new());
    for (index, piece) in pieces.into_iter().take(last + 1).enumerate() {
        let piece = piece.of_session(&sid);
        if piece.connection == streams.len() {
            streams.push(net.connect(to).await.expect("the broker listens"));
        }
        let stream = &mut streams[piece.connection];
        if index == last {
            // The write fails if the broker closes the connection in the middle of a long piece.
            let _ = stream.write_all(&piece.what.bytes(&stranger.change)).await;
        } else {
            stream.write_all(&piece.what.bytes(&Change::Nothing)).await.expect("it is right");
            if piece.answer == Answered::AtOnce {
                let mut heard = vec![0; 4_096];
                let length = stream.read(&mut heard).await.expect("it is answered");
                assert!(length > 0, "{name}: closed after piece {index}");
                let heard = String::from_utf8_lossy(&heard[..length]);
                if let (true, Some((_, rest))) = (sid.is_empty(), heard.split_once("\"sid\":\"")) {
                    sid = rest.split('"').next().expect("it ends").to_owned();
                }
            }
        }
    }
    if let Leaving::Ended = stranger.leaving {
        for stream in &mut streams {
            let _ = stream.shutdown().await;
        }
        for mut stream in streams {
            let mut heard = vec![0; 4_096];
            while stream.read(&mut heard).await.is_ok_and(|length| length > 0) {}
        }
    }
}

// ── the test ────────────────────────────────────────────────────────────────────────────────

/// The interval at which the broker's view is read.
const LOOK: Duration = Duration::from_millis(50);

/// State shared by the client, the broker and the test.
#[derive(Clone, Default)]
struct Board {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

#[derive(Default)]
struct State {
    view: Option<BrokerView>,
    /// The number of messages that the client must have published, and the number it has handled.
    wanted: usize,
    handled: usize,
    is_over: bool,
}

impl Board {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("the lock is not poisoned"));
        self.changed.notify_waiters();
    }

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

/// An application that publishes to itself on demand.
struct Regular {
    board: Board,
    published: usize,
    handler_runs: bool,
}

impl ClientApp for Regular {
    async fn next(&mut self) -> ClientInput {
        if std::mem::take(&mut self.handler_runs) {
            return ClientInput::HandlerReturned;
        }
        let published = self.published;
        self.board.until(|state| state.wanted > published).await;
        self.published += 1;
        let draft = Draft::new("q".into(), "e".into(), Payload::null());
        ClientInput::Publish { draft, confirm_within: None }
    }

    fn handle(&mut self, _: &Arc<Message>, _: PushKind) {
        self.handler_runs = true;
        self.board.change(|state| state.handled += 1);
    }

    fn keep(&mut self, _: Numbering) {}
}

fn settings() -> Settings {
    Settings {
        polling_interval: Duration::from_millis(50),
        mode: Mode::CatchUp,
        ..Settings::default()
    }
}

/// Runs a broker that believes a client dead after two seconds of silence.
async fn broker<C: LinkDriver, N: Net>(net: N, port: u16, recorder: Recorder, board: Board) {
    let second = Duration::from_secs(1);
    let heartbeat = Heartbeat { every: second, timeout: second };
    let limits = BrokerLimits { heartbeat, ..BrokerLimits::default() };
    let options =
        BrokerOptions { mode: Mode::CatchUp, link: C::SEMANTICS, limits, epoch: Epoch::FIRST };
    let broker = BrokerDriver::new(net.clone(), Box::new(Broker::new(options)), recorder);
    let link_driver = C::new(&settings());
    let look = async {
        loop {
            let view = Some(broker.view().expect("ours has one"));
            board.change(|state| state.view = view);
            net.sleep_until(net.now() + LOOK).await;
        }
    };
    tokio::select! {
        biased;
        () = broker.run_timers() => {}
        served = link_driver.serve(port, broker.clone()) => served.expect("the port is free"),
        () = look => {}
    }
}

async fn regular<C: LinkDriver, N: Net>(net: N, to: SocketAddr, recorder: Recorder, board: Board) {
    let mut client = Client::new(ClientOptions {
        client: "regular".into(),
        process: "regular".into(),
        mode: Mode::CatchUp,
        link: C::SEMANTICS,
        limits: ClientLimits::default(),
        jitter_seed: 1,
        numbering: Numbering::default(),
        will: None,
    });
    let (queue, room, from) = ("q".into(), "e".into(), StartAt::Now);
    client.handle(net.now(), ClientInput::Join { queue, room, from });
    let app = Regular { board, published: 0, handler_runs: false };
    let context = ConnectContext { net, recorder, to, known: Vec::new() };
    link::client::run(C::new(&settings()), context, Box::new(client), app).await;
}

/// The regular client gets its own message. Then the misbehaving clients come one after the other,
/// and it gets its own message again. A new client is welcomed, and in the end only the regular
/// client has a session.
async fn play<C: Spoken, N: Net>(net: N, to: SocketAddr, all: &[Stranger], board: &Board) {
    board.change(|state| state.wanted = 1);
    board.until(|state| state.handled == 1).await;
    for (index, stranger) in all.iter().enumerate() {
        visit::<C, N>(&net, to, &format!("stranger-{index}"), stranger).await;
    }
    board.change(|state| state.wanted = 2);
    board.until(|state| state.handled == 2).await;
    behave::<C, N>(&net, to).await;
    // A view from before the new client does not count.
    board.change(|state| state.view = None);
    let is_alone = |view: &BrokerView| match view.sessions.as_slice() {
        [(_, client)] => client.as_str() == "regular",
        _ => false,
    };
    board.until(|state| state.view.as_ref().is_some_and(is_alone)).await;
    board.change(|state| state.is_over = true);
}

/// The events in the broker's history that concern misbehaving clients.
#[derive(Debug, Default)]
struct Seen {
    /// The number of their sessions, and the reasons for the end of any session.
    opened: usize,
    closed: BTreeSet<String>,
    reject: BTreeSet<String>,
}

impl Seen {
    /// Reads a history. Every session except the regular client's must have ended, and the regular
    /// client must have one session.
    fn read(&mut self, recorders: &[Recorder]) {
        let process_of = |n: usize| Process { name: n.to_string().into(), client: "x".into() };
        let processes = (0..recorders.len()).map(process_of).collect();
        let mut open = BTreeSet::new();
        let mut regular = 0;
        for event in History::assemble(processes, recorders).events {
            match event.kind {
                EventKind::Note(Note::SessionOpened { session, .. }) => {
                    let process = session.process.as_str();
                    regular += usize::from(process == "regular");
                    self.opened += usize::from(process.starts_with("stranger"));
                    open.insert(session.to_string());
                }
                EventKind::Note(Note::SessionClosed { session, reason, .. }) => {
                    open.remove(&session.to_string());
                    self.closed.insert(format!("{reason:?}"));
                }
                EventKind::Note(Note::ConnectionClosed { reason }) => {
                    self.reject.insert(format!("{reason:?}"));
                }
                _ => {}
            }
        }
        assert_eq!((regular, open.len()), (1, 1), "only the regular is there: {open:?}");
    }

    fn check(&self, link: &str) {
        assert!(self.opened > 100, "{link}: some strangers come as far as a session: {self:?}");
        assert!(self.closed.contains("Malformed"), "{link}: sessions end: {self:?}");
        for reason in ["Malformed", "TooLong"] {
            assert!(self.reject.contains(reason), "{link}: {reason}: {self:?}");
        }
    }
}

fn simulate<C: Spoken>(all: &[Stranger], seen: &mut Seen) {
    let mut world = world(120_000);
    let recorders = world.recorders().to_vec();
    let (server, client) = (world.sim_host(0), world.sim_host(1));
    let (board, to) = (Board::default(), SocketAddr::from((address(0), 7_000)));
    let (at_broker, recorder) = (board.clone(), recorders[0].clone());
    world.add(0, async move {
        broker::<C, _>(server.power_on(1), 7_000, recorder, at_broker).await;
    });
    let (at_client, recorder, all) = (board.clone(), recorders[1].clone(), all.to_vec());
    world.add(1, async move {
        let net = client.power_on(1);
        let regular = regular::<C, _>(net.clone(), to, recorder, at_client.clone());
        tokio::join!(biased; regular, play::<C, _>(net, to, &all, &at_client));
    });
    let second = Duration::from_millis(1_000);
    let watched = board.clone();
    let check = move |now| {
        let is_over = watched.state.lock().expect("one thread").is_over;
        (!is_over).then_some(now + second)
    };
    let checks = Checks { first: Instant::ZERO + second, check: Box::new(check) };
    world.run(Some(checks)).expect("nothing panics");
    let state = board.state.lock().expect("one thread");
    assert!(state.is_over, "{:?}", state.view);
    seen.read(&recorders);
}

fn runner(cases: u32) -> TestRunner {
    let regressions = FileFailurePersistence::Direct("tests/regressions/malformed_peers.txt");
    TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(regressions)),
        source_file: Some(file!()),
        rng_seed: RngSeed::Fixed(1),
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    })
}

fn in_the_simulator<C: Spoken>() {
    let seen = std::cell::RefCell::new(Seen::default());
    let played = runner(60).run(&strangers(12), |all| {
        simulate::<C>(&all, &mut seen.borrow_mut());
        Ok(())
    });
    let link = std::any::type_name::<C>();
    played.unwrap_or_else(|failure| panic!("{link}: {failure}"));
    seen.into_inner().check(link);
}

fn on_real_sockets<C: Spoken>() {
    let mut runner = runner(1);
    let drawn = (0..10).map(|_| strangers(12).new_tree(&mut runner).expect("it draws").current());
    let all: Vec<Stranger> = drawn.flatten().collect();
    let (board, port) = (Board::default(), free_port());
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let recorders = Recorder::one_each(&["broker".into(), "client".into()]);
    in_time(async {
        let net = Loopback::new();
        let (broker_recorder, recorder) = (recorders[0].clone(), recorders[1].clone());
        tokio::select! {
            biased;
            () = broker::<C, _>(net.clone(), port, broker_recorder, board.clone()) => {}
            () = regular::<C, _>(net.clone(), to, recorder, board.clone()) => {}
            () = play::<C, _>(net, to, &all, &board) => {}
        }
    });
}

#[test]
fn a_conversation_changed_anywhere_harms_nobody_in_the_simulator() {
    let tests = each_link!(in_the_simulator of Tcp, WebSocket, Polling, LongPolling, Sse, SocketIo; none of Udp);
    tests.into_iter().for_each(|test| test());
}

#[test]
fn a_conversation_changed_anywhere_harms_nobody_on_real_sockets() {
    // Each waits two seconds for the last heartbeats, so all run at the same time.
    let tests = each_link!(on_real_sockets of Tcp, WebSocket, Polling, LongPolling, Sse, SocketIo; none of Udp);
    std::thread::scope(|scope| tests.into_iter().for_each(|test| drop(scope.spawn(test))));
}

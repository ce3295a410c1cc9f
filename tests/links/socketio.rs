//! The link `socketio`, beyond the tests of all links: malformed input, a broker that is killed or
//! paused, a refused upgrade, and determinism.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use delivery_lab::core::{Broker, BrokerOptions};
use delivery_lab::history::{EventKind, History, Process, ProcessId, Recorder};
use delivery_lab::link::{BrokerDriver, LinkDriver, Settings, SocketIo};
use delivery_lab::message::{BrokerLimits, Contender, EndReason, Epoch, Link, Mode, Note};
use delivery_lab::net::Net;
use delivery_lab::net::real::Loopback;
use delivery_lab::scenario::{Latency, Scenario, builtin};
use delivery_lab::sim::net::address;
use delivery_lab::sim::socket::SimNet;
use delivery_lab::sim::world::{Plan, World};
use delivery_lab::sim::{Apart, Placement, Trial, TrialOptions, TurmoilOrder, run_trial, tick};
use delivery_lab::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

const BOTH: [Contender; 2] = [
    Contender { link: Link::SocketIo, mode: Mode::FireAndForget },
    Contender { link: Link::SocketIo, mode: Mode::CatchUp },
];

// ── malformed input ─────────────────────────────────────────────────────────────────────────

/// The event in the broker's history about a misbehaving client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// Its connection was closed before it had a session.
    TurnedAway(EndReason),
    /// Its session was closed.
    Closed(EndReason),
}

/// Returns the cases without a session: a name, the bytes sent, the beginning of the answer, and
/// the event in the history.
fn nonsense() -> Vec<(&'static str, Vec<u8>, &'static str, Seen)> {
    use EndReason::{Malformed, TooLong, Unexpected, UnknownSession};
    use Seen::{Nothing, TurnedAway};
    let get =
        |query: &str| format!("GET /socket.io/?{query} HTTP/1.1\r\nHost: b\r\n\r\n").into_bytes();
    let post = |query: &str| {
        format!("POST /socket.io/?{query} HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\n40")
            .into_bytes()
    };
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1_000_000)).into_bytes();
    let page = b"GET / HTTP/1.1\r\nHost: b\r\n\r\n".to_vec();
    let bad = "HTTP/1.1 400 Bad Request";
    let nobody = "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA";
    let upgrade = "EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAA";
    let socket = "EIO=4&transport=websocket";
    let half =
        format!("GET /socket.io/?{socket} HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\n\r\n");
    let half = half.into_bytes();
    vec![
        ("no HTTP", b"\x16\x03\x01 hello\r\n\r\n".to_vec(), bad, TurnedAway(Malformed)),
        ("a head too long", long, "", TurnedAway(TooLong)),
        ("another page", page, "HTTP/1.1 404 Not Found", Nothing),
        ("version 3", get("EIO=3&transport=polling"), bad, TurnedAway(Unexpected)),
        ("version 3 as WebSocket", get("EIO=3&transport=websocket"), bad, TurnedAway(Unexpected)),
        ("no transport that is known", get("EIO=4&transport=pigeon"), bad, TurnedAway(Unexpected)),
        ("no session", get(nobody), bad, TurnedAway(UnknownSession)),
        ("a post to no session", post(nobody), bad, TurnedAway(UnknownSession)),
        (
            "a session's name that is none",
            get("EIO=4&transport=polling&sid=%00"),
            bad,
            TurnedAway(UnknownSession),
        ),
        ("a post before the session", post("EIO=4&transport=polling"), bad, TurnedAway(Unexpected)),
        // The server first checks whether the session exists.
        ("a WebSocket for no session", get(upgrade), bad, TurnedAway(UnknownSession)),
        ("a WebSocket without an upgrade", get(socket), bad, TurnedAway(Unexpected)),
        ("half a handshake of WebSocket", half, bad, TurnedAway(Malformed)),
    ]
}

/// Returns the cases of posts to an open session: a name, the bodies, and the event in the history.
fn garbled() -> Vec<(&'static str, Vec<String>, Seen)> {
    use EndReason::{Left, Malformed, Replaced, TooLong, Unexpected};
    use Seen::{Closed, TurnedAway};
    let one = |post: &str| vec![post.to_owned()];
    let after_hello = |post: &str| vec![HELLO.to_owned(), post.to_owned()];
    vec![
        ("no packet", one("x"), TurnedAway(Malformed)),
        // An empty packet is not valid, and Node's server closes a session without a namespace.
        ("nothing", one(""), TurnedAway(Malformed)),
        ("an event before its CONNECT", one("42[\"e\"]"), TurnedAway(Unexpected)),
        ("no JSON in auth", one("40/q,{"), TurnedAway(Malformed)),
        ("a payload too long", one(&"4".repeat(2_000_000)), TurnedAway(TooLong)),
        // The packet is ignored: the session goes on, until the next one replaces it.
        ("what only a server says", after_hello("6"), Closed(Replaced)),
        ("no packet, later", after_hello("49"), Closed(Malformed)),
        ("a payload too long, later", after_hello(&"4".repeat(2_000_000)), Closed(TooLong)),
        ("an event of ours", after_hello("42/q,[\"$gap\",1]"), Closed(Malformed)),
        ("a join of nothing", after_hello("42/q,[\"join\",7]"), Closed(Malformed)),
        ("another's message", after_hello("42/q,[\"e\",1,{\"id\":\"you-1\"}]"), Closed(Unexpected)),
        ("goodbye", after_hello("41/q,"), Closed(Left)),
        ("the end", after_hello("1"), Closed(Left)),
    ]
}

const HELLO: &str = "40/q,{\"client\":\"stranger\"}";

/// Sends bytes on a new connection, and reads the first part of the answer.
async fn say<N: Net>(net: &N, to: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = net.connect(to).await.expect("the broker listens");
    // A client that sends too much is cut off while it sends, and may lose the answer.
    let _ = stream.write_all(bytes).await;
    hear(&mut stream).await
}

/// Reads once; returns nothing at the end.
async fn hear<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut answer = vec![0; 4_096];
    let length = stream.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Reads until the end.
async fn hear_out<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    String::from_utf8_lossy(&all).into_owned()
}

async fn post<N: Net>(net: &N, to: SocketAddr, sid: &str, body: &str) -> String {
    let length = body.len();
    let head = format!("POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: b");
    say(net, to, format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes()).await
}

/// Opens a session as any client does, and returns its id.
async fn handshake<N: Net>(net: &N, to: SocketAddr) -> String {
    let hello = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: b\r\n\r\n";
    let answer = say(net, to, hello).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let sid = answer.split("\"sid\":\"").nth(1).expect("a handshake has an id");
    sid.split('"').next().expect("it ends").to_owned()
}

/// Misbehaving clients send malformed input, one after the other; after each the broker still
/// serves.
async fn converse<N: Net>(net: N, to: SocketAddr) {
    for (what, bytes, expected, seen) in nonsense() {
        let mut stream = net.connect(to).await.expect("the broker listens");
        let _ = stream.write_all(&bytes).await;
        let answer = match seen {
            Seen::Nothing => hear(&mut stream).await,
            // A refusal with a reason also closes the connection.
            _ => hear_out(&mut stream).await,
        };
        assert!(answer.starts_with(expected), "{what}: {answer}");
        handshake(&net, to).await;
    }
    for (_, posts, _) in garbled() {
        let sid = handshake(&net, to).await;
        for body in &posts {
            post(&net, to, &sid, body).await;
        }
    }
    handshake(&net, to).await;
}

async fn serve<N: Net>(net: N, port: u16, mode: Mode, recorder: Recorder) {
    let limits = BrokerLimits::default();
    let options = BrokerOptions { mode, link: SocketIo::SEMANTICS, limits, epoch: Epoch::FIRST };
    let broker = BrokerDriver::new(net, Box::new(Broker::new(options)), recorder);
    let link_driver = SocketIo::new(&Settings { mode, ..Settings::default() });
    tokio::select! {
        biased;
        () = broker.run_timers() => {}
        served = link_driver.serve(port, broker.clone()) => served.expect("the port is free"),
    }
}

/// Returns the events in a broker's history about misbehaving clients, in order.
fn seen(history: &History) -> Vec<Seen> {
    let seen = history.events.iter().filter_map(|event| match &event.kind {
        EventKind::Note(Note::ConnectionClosed { reason }) => Some(Seen::TurnedAway(*reason)),
        EventKind::Note(Note::SessionClosed { reason, .. }) => Some(Seen::Closed(*reason)),
        _ => None,
    });
    seen.collect()
}

/// Checks that the reasons in the broker's history are those of the misbehaving clients, in order.
fn check_reasons(history: &History) {
    let expected = nonsense().into_iter().map(|(.., seen)| seen);
    let expected = expected.chain(garbled().into_iter().map(|(.., seen)| seen));
    let expected: Vec<Seen> = expected.filter(|seen| *seen != Seen::Nothing).collect();
    assert_eq!(seen(history), expected);
}

/// Runs a misbehaving client and a broker in the simulator, and returns the history.
fn in_the_simulator<C, F>(mode: Mode, for_seconds: u64, talk: C) -> History
where
    C: FnOnce(SimNet, SocketAddr) -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let latency = Latency { min: Duration::from_millis(5), max: Duration::from_millis(5) };
    let names = vec!["broker".into(), "client".into()];
    let plan = Plan::new(1, latency, Vec::new(), names, Instant::from_millis(for_seconds * 1_000));
    let mut world = World::new(plan);
    let recorder = world.recorders()[0].clone();
    let (broker, client) = (world.sim_host(0), world.sim_host(1));
    let to = SocketAddr::from((address(0), 7_000));
    let is_done = Arc::new(Mutex::new(false));
    let done = is_done.clone();
    world.add(0, async move {
        serve(broker.power_on(1), 7_000, mode, recorder).await;
    });
    world.add(1, async move {
        talk(client.power_on(1), to).await;
        *done.lock().expect("one thread") = true;
        std::future::pending::<()>().await;
    });
    world.run(None).expect("nothing panics");
    world.finish();
    assert!(*is_done.lock().unwrap(), "all that was said was answered");
    let processes = ["broker", "client"];
    let processes = processes.map(|name| Process { name: name.into(), client: name.into() });
    History::assemble(processes.to_vec(), world.recorders())
}

#[test]
fn whoever_talks_nonsense_is_turned_away_with_a_reason_in_the_simulator() {
    check_reasons(&in_the_simulator(Mode::FireAndForget, 10, converse));
}

#[test]
fn whoever_talks_nonsense_is_turned_away_with_a_reason_on_real_sockets() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let recorder = Recorder::one_each(&["broker".into()]).remove(0);
    let broker_recorder = recorder.clone();
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    runtime.block_on(async move {
        let net = Loopback::new();
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let patience = std::time::Duration::from_secs(20);
        let conversation = tokio::time::timeout(patience, converse(net.clone(), to));
        tokio::select! {
            biased;
            () = serve(net, port, Mode::FireAndForget, broker_recorder) => {
                unreachable!("it serves for ever")
            }
            in_time = conversation => in_time.expect("twenty seconds are plenty"),
        }
    });
    let processes = vec![Process { name: "broker".into(), client: "broker".into() }];
    check_reasons(&History::assemble(processes, &[recorder]));
}

/// A hello that is older than one that the broker knows is refused. Nothing of it is kept, so the
/// next hello on the same transport is judged by itself.
#[test]
fn a_hello_that_was_refused_leaves_nothing_behind() {
    let history = in_the_simulator(Mode::FireAndForget, 10, async |net, to| {
        let hello = |number: u64| {
            format!(
                "40{{\"client\":\"shop\",\"session\":{{\"process\":\"shop\",\"number\":{number}}}}}"
            )
        };
        let answer_to = async |sid: &str, number| {
            post(&net, to, sid, &hello(number)).await;
            let poll = format!("GET /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1");
            say(&net, to, format!("{poll}\r\nHost: b\r\n\r\n").as_bytes()).await
        };
        let (first, second) = (handshake(&net, to).await, handshake(&net, to).await);
        let welcome = answer_to(&first, 2).await;
        assert!(welcome.contains("40{"), "{welcome}");
        let refused = answer_to(&second, 1).await;
        assert!(refused.ends_with("44{\"message\":\"stale-hello\"}"), "{refused}");
        let welcome = answer_to(&second, 3).await;
        assert!(welcome.contains("40{"), "{welcome}");
    });
    let opened = history
        .events
        .iter()
        .filter(|event| matches!(&event.kind, EventKind::Note(Note::SessionOpened { .. })));
    assert_eq!(opened.count(), 2);
}

// ── by WebSocket alone ──────────────────────────────────────────────────────────────────────

/// Opens a WebSocket: for a session, or as a client that never polls.
async fn upgrade<N: Net>(net: &N, to: SocketAddr, sid: Option<&str>) -> N::Stream {
    let mut stream = net.connect(to).await.expect("the broker listens");
    let of = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
    let hello = format!(
        "GET /socket.io/?EIO=4&transport=websocket{of} HTTP/1.1\r\nHost: b\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(hello.as_bytes()).await.expect("the broker reads");
    let awaited = if sid.is_some() { "\r\n\r\n" } else { "\"sid\"" };
    read_until(&mut stream, awaited).await;
    stream
}

/// Encodes a text as a client's frame, with a mask of zeros and a 64-bit length (RFC 6455 §5.2).
fn frame(text: &str) -> Vec<u8> {
    let length = (text.len() as u64).to_be_bytes();
    [&[0x81, 0xff], &length[..], &[0; 4], text.as_bytes()].concat()
}

async fn read_until<S: AsyncRead + Unpin>(stream: &mut S, words: &str) -> String {
    let (mut text, mut some) = (String::new(), vec![0; 4_096]);
    while !text.contains(words) {
        let length = stream.read(&mut some).await.expect("the broker is there");
        assert!(length > 0, "it ended before it said {words}: {text:.200}");
        text += &String::from_utf8_lossy(&some[..length]);
    }
    text
}

/// Twelve messages of 100 kB, one by one, are more than a send queue holds (1 MiB). All arrive,
/// because written bytes no longer count as waiting.
#[test]
fn a_session_that_began_as_websocket_hears_more_than_a_send_queue_holds() {
    for mode in [Mode::FireAndForget, Mode::CatchUp] {
        let history = in_the_simulator(mode, 10, async |net, to| {
            let mut stream = upgrade(&net, to, None).await;
            let join = "40/q,{\"client\":\"echo\",\"rooms\":[\"e\"]}";
            stream.write_all(&frame(join)).await.unwrap();
            read_until(&mut stream, "$joined").await;
            for number in 0..12 {
                let text = format!("42/q,[\"e\",\"{}{number}\"]", "x".repeat(100_000));
                stream.write_all(&frame(&text)).await.unwrap();
                read_until(&mut stream, &format!("x{number}\"")).await;
            }
        });
        let carried =
            |event: &&delivery_lab::history::Event| matches!(event.kind, EventKind::Carried { .. });
        assert_eq!(history.events.iter().filter(carried).count(), 12, "{mode}");
        let left = Seen::Closed(EndReason::Fin);
        assert_eq!(seen(&history), [left], "{mode}: it went without a goodbye");
    }
}

/// Returns malformed input on a WebSocket, and the reason for the end of the session.
fn unspeakable() -> Vec<(Vec<u8>, EndReason)> {
    let too_long = [&[0x81, 0xff][..], &1_000_001_u64.to_be_bytes(), &[0; 4]].concat();
    // A message in two frames, neither of which is too long.
    let half = |opcode| [&[opcode, 0xff][..], &500_001_u64.to_be_bytes(), &[0; 500_005]].concat();
    vec![
        (too_long, EndReason::TooLong),
        ([half(0x01), half(0x80)].concat(), EndReason::TooLong),
        (vec![0x83, 0x80, 0, 0, 0, 0], EndReason::Malformed),
        (vec![0x81, 0x81, 0, 0, 0, 0, 0xff], EndReason::Malformed),
        (vec![0x81, 0x01, b'x'], EndReason::Malformed),
        (frame("zzz"), EndReason::Malformed),
        (vec![0x88, 0x80, 0, 0, 0, 0], EndReason::Left),
    ]
}

#[test]
fn nonsense_on_a_websocket_ends_its_session_with_a_reason() {
    let history = in_the_simulator(Mode::FireAndForget, 20, async |net, to| {
        for (bytes, _) in unspeakable() {
            let mut stream = upgrade(&net, to, None).await;
            stream.write_all(&bytes).await.unwrap();
            hear_out(&mut stream).await;

            let mut stream = upgrade(&net, to, None).await;
            stream.write_all(&frame(HELLO)).await.unwrap();
            read_until(&mut stream, "40/q,").await;
            stream.write_all(&bytes).await.unwrap();
            hear_out(&mut stream).await;

            let sid = handshake(&net, to).await;
            post(&net, to, &sid, HELLO).await;
            let mut stream = upgrade(&net, to, Some(&sid)).await;
            stream.write_all(&frame("2probe")).await.unwrap();
            read_until(&mut stream, "3probe").await;
            stream.write_all(&frame("5")).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            hear_out(&mut stream).await;
        }
    });
    let expected = unspeakable().into_iter().flat_map(|(_, reason)| {
        [Seen::TurnedAway(reason), Seen::Closed(reason), Seen::Closed(reason)]
    });
    assert_eq!(seen(&history), expected.collect::<Vec<_>>());
}

#[test]
fn what_does_not_come_whole_in_time_is_ended_with_a_reason() {
    let history = in_the_simulator(Mode::FireAndForget, 200, async |net, to| {
        let half = |sid: &str| {
            let target = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
            format!("POST {target} HTTP/1.1\r\nHost: b\r\nContent-Length: 1000\r\n\r\n40")
        };
        let begin = net.now();
        let after = |millis| begin + Duration::from_millis(millis);

        // Each connection takes a round trip of 10 ms to open, and the answer another one.
        let sid = handshake(&net, to).await;
        let answer = say(&net, to, half(&sid).as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert_eq!(net.now(), after(20 + 20 + 20_000), "a body");

        let sid = handshake(&net, to).await;
        post(&net, to, &sid, HELLO).await;
        let answer = say(&net, to, half(&sid).as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert_eq!(net.now(), after(20_040 + 60 + 20_000), "a session's body");

        let sid = handshake(&net, to).await;
        post(&net, to, &sid, HELLO).await;
        let mut stream = upgrade(&net, to, Some(&sid)).await;
        hear_out(&mut stream).await;
        assert_eq!(net.now(), after(40_100 + 60 + 10_000), "an upgrade");

        // Input after an answered request: the session does not belong to the connection.
        let mut stream = net.connect(to).await.unwrap();
        let hello = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: b\r\n\r\n";
        stream.write_all(format!("{hello}GET /socket").as_bytes()).await.unwrap();
        hear_out(&mut stream).await;
        assert_eq!(net.now(), after(50_160 + 20 + 75_000), "a second head");
    });
    use Seen::{Closed, TurnedAway};
    let expected = [
        TurnedAway(EndReason::HttpTimeout),
        Closed(EndReason::HttpTimeout),
        // An upgrade that does not finish in time ends the WebSocket, as with Node's server. The
        // session could go on by polls, but no poll comes, so its ping is not answered.
        TurnedAway(EndReason::ConnectTimeout),
        Closed(EndReason::Heartbeat),
        // The last client had a session, but never connected to a namespace.
        TurnedAway(EndReason::ConnectTimeout),
    ];
    assert_eq!(seen(&history), expected);
}

// ── trials ──────────────────────────────────────────────────────────────────────────────────

/// Returns a scenario: a driver publishes every half second to a shop that is always there, with
/// the additions in `rest`.
fn scenario(rest: &str) -> Scenario {
    let text = format!(
        "title = \"Socket.IO\"\nseed = 1\nrun_for = \"30s\"\nlatency = \"20ms\"\n\
         contenders = [\"socketio/fire-and-forget\"]\n{rest}\n\
         [[client]]\nid = \"driver\"\n\
         publish = [{{ queue = \"q\", event = \"e\", every = \"500ms\", count = 40, start = \"1s\" }}]\n\
         [[client]]\nid = \"shop\"\nsubscribe = [{{ queue = \"q\", event = \"e\" }}]\n"
    );
    Scenario::load("socketio", &text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn trial(scenario: &Scenario, contender: Contender, options: &TrialOptions) -> Trial {
    run_trial(scenario, contender, scenario.seed, options).unwrap()
}

#[test]
fn a_broker_that_is_killed_or_asleep_does_nothing() {
    let scenario = scenario(
        "[broker]\nheartbeat = { every = \"1s\", timeout = \"1s\" }\n\
         [[fault]]\nkind = \"crash\"\nwho = \"broker\"\nnotice = true\nat = \"5s\"\nfor = \"3s\"\n\
         [[fault]]\nkind = \"pause\"\nwho = \"broker\"\nat = \"15s\"\nfor = \"5s\"",
    );
    for contender in BOTH {
        let history = trial(&scenario, contender, &TrialOptions::default()).history;
        let gone = |at: Instant| {
            let within =
                |from, to| at > Instant::from_millis(from) && at < Instant::from_millis(to);
            within(5_000, 8_000) || within(15_000, 20_000)
        };
        let acts = history
            .events
            .iter()
            .filter(|event| event.process == ProcessId::BROKER && gone(event.at));
        // The kernel still ends connections.
        let acts = acts.filter(|event| !matches!(event.kind, EventKind::Ended(_)));
        assert_eq!(acts.count(), 0, "{contender}: a broker that is dead or asleep does nothing");
    }
}

#[test]
fn where_the_upgrade_is_refused_nothing_is_missed() {
    let scenario = scenario("[broker]\nupgrade = \"refuse\"");
    for contender in BOTH {
        let trial = trial(&scenario, contender, &TrialOptions::default());
        let is_handled = |event: &&delivery_lab::history::Event| {
            matches!(event.kind, EventKind::Note(Note::Handled { .. }))
        };
        assert_eq!(trial.history.events.iter().filter(is_handled).count(), 40, "{contender}");
        let refused = Seen::TurnedAway(EndReason::UpgradeRefused);
        assert_eq!(seen(&trial.history), [refused, refused], "{contender}: both clients asked");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_together_and_apart_at_half_the_tick_in_reverse() {
    for name in ["storm", "broker-crash", "lossy-wifi", "partition", "half-open", "laptop-sleeps"] {
        let (_, text) = builtin::all().find(|(one, _)| *one == name).expect("it is built in");
        let scenario = Scenario::load(name, text).unwrap();
        let half = Duration::from_millis((tick(&scenario).as_millis() / 2).max(1));
        for contender in BOTH {
            let hash =
                |options: &TrialOptions| trial(&scenario, contender, options).history.trace_hash();
            let usual = hash(&TrialOptions::default());
            assert_eq!(usual, hash(&TrialOptions::default()), "{name} {contender}: twice");
            let apart = Apart { tick: Some(half), order: TurmoilOrder::Reverse };
            let apart =
                TrialOptions { placement: Placement::Apart(apart), ..TrialOptions::default() };
            assert_eq!(usual, hash(&apart), "{name} {contender}: apart");
        }
    }
}

#[test]
fn the_npm_clients_are_left_out_here_and_run_by_ci() {
    // They need Node and what npm installs; `.ci/run` has both, and `cargo test` does not.
    let ci = include_str!("../../.ci/run");
    assert!(ci.contains("npm ci") && ci.contains("loopback-broker"), "{ci}");
}

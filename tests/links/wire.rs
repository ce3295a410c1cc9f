//! Frames as bytes: a frame decodes to what was encoded, and no bytes do any harm, alone or sent to
//! a broker in the simulator and on this computer's own sockets.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use delivery_lab::core::{Broker, BrokerInput, BrokerOptions, BrokerOutput, ConnectionId, Machine};
use delivery_lab::history::{EventKind, History, Process, Recorder};
use delivery_lab::link::{BrokerDriver, LinkDriver, Settings, Tcp, Udp};
use delivery_lab::message::{
    BrokerLimits, Confirm, Cursor, Draft, Durability, Echo, Encoding, EndReason, Epoch, Frame,
    Head, Heartbeat, LinkSemantics, Message, MessageId, Mode, Name, Note, Offset, Payload,
    Position, PushKind, ResumeOutcome, RoomJoin, SessionId, StartAt, Target,
};
use delivery_lab::net::real::Loopback;
use delivery_lab::net::{Datagrams, Net};
use delivery_lab::scenario::Latency;
use delivery_lab::sim::net::address;
use delivery_lab::sim::world::{Plan, World};
use delivery_lab::time::{Duration, Instant};
use delivery_lab::wire::{self, Splitter};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn config(cases: u32) -> ProptestConfig {
    let regressions = FileFailurePersistence::Direct("tests/regressions/wire.txt");
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(regressions)),
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        3 => "[a-z0-9#/ -]{1,12}",
        1 => "\\PC{1,12}",
        1 => Just("\"\\\n\u{0}é".to_owned()),
    ]
    .prop_map(Name::from)
}

fn names() -> impl Strategy<Value = Vec<Name>> {
    prop::collection::vec(name(), 0..4)
}

fn payload() -> impl Strategy<Value = Payload> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("JSON has no others", |x| x.is_finite()).prop_map(Into::into),
        "\\PC{0,20}".prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map("[a-z]{0,4}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    value.prop_map(|value| Payload::from(&value))
}

fn id() -> impl Strategy<Value = MessageId> {
    (name(), 1..u64::MAX).prop_map(|(publisher, sequence)| MessageId { publisher, sequence })
}

fn session() -> impl Strategy<Value = SessionId> {
    (name(), any::<u64>()).prop_map(|(process, number)| SessionId { process, number })
}

fn confirm() -> impl Strategy<Value = Confirm> {
    prop::sample::select(vec![Confirm::Wanted, Confirm::Unwanted])
}

fn head() -> impl Strategy<Value = Head> {
    let headers = prop::collection::btree_map(name(), "\\PC{0,9}", 0..3);
    let encoding = prop::sample::select(Encoding::ALL.to_vec());
    (headers, encoding).prop_map(|(headers, encoding)| Head { headers, encoding })
}

fn message() -> impl Strategy<Value = Arc<Message>> {
    let echo = prop::sample::select(vec![Echo::Everyone, Echo::NotSender]);
    let keep = prop::sample::select(vec![Durability::Kept, Durability::Volatile]);
    let target = (names(), names(), echo, keep).prop_map(|(to, except, echo, keep)| Target {
        to,
        except,
        echo,
        keep,
    });
    let said = (target, head(), payload());
    (id(), name(), name(), said).prop_map(|(id, queue, event, (target, head, payload))| {
        Arc::new(Message { id, queue, event, target, head, payload })
    })
}

fn will() -> impl Strategy<Value = Arc<Draft>> {
    message().prop_map(|message| {
        let Message { queue, event, target, head, payload, .. } = (*message).clone();
        Arc::new(Draft { queue, event, target, head, payload })
    })
}

fn epoch() -> impl Strategy<Value = Epoch> {
    any::<u64>().prop_map(Epoch)
}

fn position() -> impl Strategy<Value = Position> {
    any::<u64>().prop_map(Position)
}

fn answer() -> impl Strategy<Value = ResumeOutcome> {
    let numbers = (epoch(), position(), position(), position());
    (0..4, numbers).prop_map(|(which, (epoch, position, from, to))| match which {
        0 => ResumeOutcome::Started { epoch, position },
        1 => ResumeOutcome::Resumed { epoch, position },
        2 => ResumeOutcome::Gap { epoch, position, from, to },
        _ => ResumeOutcome::NewEpoch { epoch, position },
    })
}

fn frame() -> impl Strategy<Value = Frame> {
    let n = any::<u64>;
    let heartbeat = (1..u64::MAX / 1_000, 1..u64::MAX / 1_000).prop_map(|(every, timeout)| {
        Heartbeat { every: Duration::from_millis(every), timeout: Duration::from_millis(timeout) }
    });
    let known = || {
        let known = (epoch(), position());
        prop::option::of(known.prop_map(|(epoch, position)| Cursor { epoch, position }))
    };
    let offset = || {
        let offset = (position(), position());
        prop::option::of(offset.prop_map(|(position, previous)| Offset { position, previous }))
    };
    let start = prop::sample::select(vec![StartAt::Now, StartAt::Start]);
    let room = (name(), start).prop_map(|(room, from)| RoomJoin { room, from });
    let kind = prop::sample::select(vec![PushKind::Live, PushKind::Replay, PushKind::Again]);
    let reason = prop::sample::select(vec![
        EndReason::Fin,
        EndReason::Replaced,
        EndReason::UnknownSession,
        EndReason::Malformed,
        EndReason::LimitReached,
    ]);
    let rooms = prop::collection::vec(room, 0..4);
    let from_client = prop_oneof![
        (name(), session(), prop::option::of(will()))
            .prop_map(|(client, session, will)| Frame::Hello { client, session, will }),
        (n(), name(), rooms, known()).prop_map(|(request, queue, rooms, known)| Frame::Join {
            request,
            queue,
            rooms,
            known
        }),
        (n(), name(), names()).prop_map(|(request, queue, rooms)| Frame::Leave {
            request,
            queue,
            rooms
        }),
        (message(), prop::option::of(n()), confirm())
            .prop_map(|(message, after, confirm)| Frame::Publish { message, after, confirm }),
        (name(), position()).prop_map(|(queue, position)| Frame::Ack { queue, position }),
        id().prop_map(|id| Frame::Answer { id }),
        Just(Frame::Pong),
    ];
    let from_broker = prop_oneof![
        (session(), heartbeat)
            .prop_map(|(session, heartbeat)| Frame::Welcome { session, heartbeat }),
        (n(), name(), prop::option::of(answer()))
            .prop_map(|(request, queue, answer)| Frame::Joined { request, queue, answer }),
        n().prop_map(|request| Frame::Left { request }),
        id().prop_map(|id| Frame::Accepted { id }),
        id().prop_map(|id| Frame::Refused { id }),
        (message(), offset(), kind, confirm()).prop_map(|(message, offset, kind, confirm)| {
            Frame::Push { message, offset, kind, confirm }
        }),
        (name(), position(), position(), position())
            .prop_map(|(queue, from, to, after)| Frame::Gap { queue, from, to, after }),
        Just(Frame::Ping),
        reason.prop_map(|reason| Frame::Bye { reason }),
    ];
    prop_oneof![from_client, from_broker]
}

/// Generates bytes that are nearly a frame: a frame with some bytes changed.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (frame(), changes).prop_map(|(frame, changes)| {
        let mut bytes = Vec::new();
        wire::encode_to_stream(&frame, &mut bytes);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 1..600), nearly()]
}

/// Splits bytes at these positions, and reads all frames after each piece, as a driver does.
fn split(bytes: &[u8], cuts: &[prop::sample::Index]) -> (Vec<Frame>, bool) {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let (mut splitter, mut frames) = (Splitter::default(), Vec::new());
    for piece in cuts.windows(2) {
        splitter.extend(&bytes[piece[0]..piece[1]]);
        loop {
            match splitter.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(_) => return (frames, false),
            }
        }
    }
    (frames, true)
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_frame_reads_back_as_it_was_written(frame in frame()) {
        prop_assert_eq!(wire::decode(&wire::encode(&frame)).unwrap(), frame);
    }

    #[test]
    fn a_stream_of_frames_reads_back_wherever_it_is_cut(
        frames in prop::collection::vec(frame(), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut stream = Vec::new();
        frames.iter().for_each(|frame| wire::encode_to_stream(frame, &mut stream));
        prop_assert_eq!(split(&stream, &cuts), (frames, true));
    }

    #[test]
    fn any_bytes_are_a_frame_or_an_error(bytes in any_bytes()) {
        let _ = wire::decode(&bytes);
        let _ = wire::decode(&bytes[wire::PREFIX.min(bytes.len())..]);
    }

    #[test]
    fn any_stream_ends_the_same_wherever_it_is_cut(
        bytes in any_bytes(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        prop_assert_eq!(split(&bytes, &cuts), split(&bytes, &[]));
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_its_bytes_come(length in any::<u32>()) {
        let mut splitter = Splitter::default();
        splitter.extend(&length.to_be_bytes());
        let is_refused = splitter.next_frame().is_err();
        prop_assert_eq!(is_refused, length as usize > wire::MOST_FRAME);
    }
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn any_frames_of_a_stranger_leave_a_broker_serving_others(
        frames in prop::collection::vec(frame(), 0..30),
        mode in prop::sample::select(Mode::ALL.to_vec()),
        link in prop::sample::select(vec![LinkSemantics::RELIABLE, LinkSemantics::LOSSY]),
    ) {
        let limits = BrokerLimits::default();
        let mut broker = Broker::new(BrokerOptions { mode, link, limits, epoch: Epoch::FIRST });
        // Connection 1 is the misbehaving client's, connection 2 the other's.
        let hello = |name: &str| Frame::Hello {
            client: name.into(),
            session: SessionId { process: name.into(), number: 1 },
            will: None,
        };
        for connection in [1, 2] {
            broker.handle(Instant::ZERO, BrokerInput::Opened { connection: ConnectionId(connection) });
        }
        let mut say = |connection, frame| {
            broker.handle(Instant::ZERO, BrokerInput::Received { connection: ConnectionId(connection), frame });
            std::iter::from_fn(|| broker.poll()).collect::<Vec<_>>()
        };
        say(1, hello("the stranger"));
        say(2, hello("the shopkeeper"));
        let rooms = vec![RoomJoin { room: "e".into(), from: StartAt::Now }];
        say(2, Frame::Join { request: 1, queue: "q".into(), rooms, known: None });
        // A frame that only a broker sends ends the connection at once, so it comes last.
        let (mut of_broker, of_client): (Vec<Frame>, Vec<Frame>) = frames.into_iter().partition(
            |frame| !matches!(frame, Frame::Join { .. } | Frame::Leave { .. }
                | Frame::Publish { .. } | Frame::Ack { .. } | Frame::Answer { .. } | Frame::Pong),
        );
        for mut frame in of_client.into_iter().chain(of_broker.pop()) {
            if let Frame::Publish { message, .. } = &mut frame {
                Arc::make_mut(message).id.publisher = "the stranger".into();
            }
            say(1, frame);
        }
        let message = Arc::new(Message::new(
            MessageId { publisher: "the shopkeeper".into(), sequence: 1 },
            Draft::new("q".into(), "e".into(), Payload::null()),
));
        let said = say(2, Frame::Publish { message, after: None, confirm: Confirm::Unwanted });
        let is_push = |output: &BrokerOutput| {
            matches!(output, BrokerOutput::Send { connection: ConnectionId(2), frame: Frame::Push { .. } })
        };
        prop_assert_eq!(said.iter().filter(|output| is_push(output)).count(), 1);
    }
}

#[test]
fn a_text_nested_without_end_is_an_error() {
    for open in ["[", "{\"a\":", "{\"publish\":{\"message\":{\"payload\":"] {
        assert!(wire::decode(open.repeat(10_000).as_bytes()).is_err(), "{open}");
    }
}

// ── at a broker ─────────────────────────────────────────────────────────────────────────────

/// Returns the cases: a name, the bytes that a misbehaving client sends, and the broker's reason to
/// close the connection.
fn nonsense() -> Vec<(&'static str, Vec<u8>, EndReason)> {
    let framed = |frame: &Frame| wire::encode(frame);
    let join = Frame::Join { request: 1, queue: "q".into(), rooms: Vec::new(), known: None };
    vec![
        ("no JSON", b"GET / HTTP/1.1".to_vec(), EndReason::Malformed),
        ("no UTF-8", vec![0xff; 40], EndReason::Malformed),
        ("nothing", Vec::new(), EndReason::Malformed),
        ("JSON that is no frame", br#"{"hello":{}}"#.to_vec(), EndReason::Malformed),
        ("no hello", framed(&join), EndReason::UnknownSession),
        ("what a broker says", framed(&Frame::Ping), EndReason::UnknownSession),
    ]
}

fn options<C: LinkDriver>() -> BrokerOptions {
    let limits = BrokerLimits::default();
    BrokerOptions { mode: Mode::CatchUp, link: C::SEMANTICS, limits, epoch: Epoch::FIRST }
}

/// A link over which a test can send raw bytes.
trait Raw: LinkDriver {
    /// Sends bytes from a new address, and waits for the goodbye.
    fn intrude<N: Net>(net: &N, to: SocketAddr, text: &[u8]) -> impl Future<Output = Frame> + Send;
}

impl Raw for Tcp {
    async fn intrude<N: Net>(net: &N, to: SocketAddr, text: &[u8]) -> Frame {
        let mut stream = net.connect(to).await.expect("the broker listens");
        let mut bytes = (text.len() as u32).to_be_bytes().to_vec();
        bytes.extend(text);
        stream.write_all(&bytes).await.expect("it is open");
        let length = stream.read_u32().await.expect("a goodbye comes");
        let mut text = vec![0; length as usize];
        stream.read_exact(&mut text).await.expect("all of it");
        assert_eq!(stream.read(&mut [0]).await.expect("the end is in order"), 0);
        wire::decode(&text).expect("it is a frame")
    }
}

impl Raw for Udp {
    async fn intrude<N: Net>(net: &N, to: SocketAddr, text: &[u8]) -> Frame {
        let socket = net.bind(0).await.expect("a port is free");
        socket.send_to(text, to).expect("it fits");
        let mut buffer = [0; wire::MOST_DATAGRAM];
        let (length, _) = socket.recv_from(&mut buffer).await.expect("a goodbye comes");
        wire::decode(&buffer[..length]).expect("it is a frame")
    }
}

/// A well-behaved client: sends a hello, joins, and receives its own message, one frame at a time.
async fn behave<C: LinkDriver, N: Net>(
    net: &N,
    to: SocketAddr,
    strangers: impl Future<Output = ()>,
) {
    use delivery_lab::link::{ConnectContext, LinkEvent, Reading, ReceiveHalf};

    let recorder = Recorder::one_each(&["client".into()]).remove(0);
    let context = ConnectContext { net: net.clone(), recorder, to, known: Vec::new() };

    let (mut send_half, mut receive_half) =
        C::new(&Settings::default()).connect(context).await.expect("the broker listens");
    let message = Arc::new(Message::new(
        MessageId { publisher: "shop".into(), sequence: 1 },
        Draft::new("q".into(), "e".into(), Payload::null()),
    ));
    let session = SessionId { process: "shop".into(), number: 1 };
    let mut hear = async |frame: Frame, answer: fn(&Frame) -> bool| {
        send_half.push(&frame, Some(&session)).expect("there is room");
        loop {
            match receive_half.next(Reading::Wanted).await {
                LinkEvent::Frame(frame) if answer(&frame) => return,
                LinkEvent::Frame(_) | LinkEvent::Flushed(_) => {}
                event => panic!("{event:?}"),
            }
        }
    };
    let hello = Frame::Hello { client: "shop".into(), session: session.clone(), will: None };
    hear(hello, |frame| matches!(frame, Frame::Welcome { .. })).await;
    let rooms = vec![RoomJoin { room: "e".into(), from: StartAt::Now }];
    let join = Frame::Join { request: 1, queue: "q".into(), rooms, known: None };
    hear(join, |frame| matches!(frame, Frame::Joined { .. })).await;
    strangers.await;
    let publish = Frame::Publish { message, after: None, confirm: Confirm::Unwanted };
    hear(publish, |frame| matches!(frame, Frame::Push { .. })).await;
}

/// Misbehaving clients send malformed input while another client is connected, which still gets its
/// message.
async fn converse<C: Raw, N: Net>(net: N, to: SocketAddr) {
    let strangers = async {
        for (what, bytes, reason) in nonsense() {
            let goodbye = C::intrude(&net, to, &bytes).await;
            assert_eq!(goodbye, Frame::Bye { reason }, "{what}");
        }
    };
    behave::<C, N>(&net, to, strangers).await;
}

/// Checks that the reasons in the broker's history are those of the misbehaving clients, in order.
fn check_reasons(history: &History) {
    let reasons = history.events.iter().filter_map(|event| match event.kind {
        EventKind::Note(Note::ConnectionClosed { reason }) => Some(reason),
        _ => None,
    });
    let expected: Vec<EndReason> = nonsense().into_iter().map(|(_, _, reason)| reason).collect();
    assert_eq!(reasons.collect::<Vec<_>>(), expected);
}

async fn serve<C: LinkDriver, N: Net>(net: N, port: u16, recorder: Recorder) {
    let broker = BrokerDriver::new(net.clone(), Box::new(Broker::new(options::<C>())), recorder);
    let link_driver = C::new(&Settings::default());
    tokio::select! {
        biased;
        () = broker.run_timers() => {}
        served = link_driver.serve(port, broker.clone()) => served.expect("the port is free"),
    }
}

fn in_the_simulator<C: Raw>() {
    let latency = Latency { min: Duration::from_millis(5), max: Duration::from_millis(5) };
    let names = vec!["broker".into(), "client".into()];
    let plan = Plan::new(1, latency, Vec::new(), names, Instant::from_millis(10_000));
    let mut world = World::new(plan);
    let recorder = world.recorders()[0].clone();
    let (broker, client) = (world.sim_host(0), world.sim_host(1));
    let to = SocketAddr::from((address(0), 7_000));
    let is_done = Arc::new(Mutex::new(false));
    let done = is_done.clone();
    world.add(0, async move { serve::<C, _>(broker.power_on(1), 7_000, recorder).await });
    world.add(1, async move {
        converse::<C, _>(client.power_on(1), to).await;
        *done.lock().expect("one thread") = true;
        std::future::pending::<()>().await;
    });
    world.run(None).expect("nothing panics");
    world.finish();
    assert!(*is_done.lock().unwrap(), "the client got its message");
    let processes = ["broker", "client"];
    let processes = processes.map(|name| Process { name: name.into(), client: name.into() });
    check_reasons(&History::assemble(processes.to_vec(), world.recorders()));
}

fn on_real_sockets<C: Raw>(port: u16) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let recorder = Recorder::one_each(&["broker".into()]).remove(0);
    let broker_recorder = recorder.clone();
    runtime.block_on(async move {
        let net = Loopback::new();
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let patience = tokio::time::timeout(
            std::time::Duration::from_secs(10),
            converse::<C, _>(net.clone(), to),
        );
        tokio::select! {
            biased;
            () = serve::<C, _>(net, port, broker_recorder) => unreachable!("it serves for ever"),
            in_time = patience => in_time.expect("ten seconds are plenty"),
        }
    });
    let processes = vec![Process { name: "broker".into(), client: "broker".into() }];
    check_reasons(&History::assemble(processes, &[recorder]));
}

#[test]
fn a_stranger_who_talks_nonsense_is_sent_away_and_disturbs_nobody_in_the_simulator() {
    assert_eq!(Udp::SEMANTICS, LinkSemantics::LOSSY);
    in_the_simulator::<Tcp>();
    in_the_simulator::<Udp>();
}

#[test]
fn a_stranger_who_talks_nonsense_is_sent_away_and_disturbs_nobody_on_real_sockets() {
    on_real_sockets::<Tcp>(free_port());
    on_real_sockets::<Udp>(free_port());
}

/// Returns a free port of this computer.
fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

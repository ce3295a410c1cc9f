//! Malformed peers on the links over HTTP and WebSocket: garbage, half a handshake, input that is
//! too long. A broker ends each with a reason and serves others. A client ends each with a reason,
//! allocates no more memory and tries again. The tests run in the simulator, and on this computer's
//! own sockets for the cases that need not wait for a timeout.

/// Returns a test for each driver that has cases. Every link is in one of the two lists, or this
/// does not compile: a new link has cases, or is named as one without.
macro_rules! each_link {
    ($test:ident of $($link:ident),*; none of $($without:ident),*) => {{
        let _listed = |link: delivery_lab::Link| match link {
            $(delivery_lab::Link::$link)|* => true,
            $(delivery_lab::Link::$without)|* => false,
        };
        [$($test::<delivery_lab::link::$link> as fn()),*]
    }};
}

mod false_brokers;
mod mutations;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use delivery_lab::core::{Broker, BrokerOptions, Client, ClientInput, ClientOptions, Numbering};
use delivery_lab::history::{EventKind, History, Process, Recorder};
use delivery_lab::link::{
    self, BrokerDriver, ClientApp, ConnectContext, LinkDriver, LinkEvent, LongPolling, Polling,
    Reading, ReceiveHalf, Settings, Sse, WebSocket,
};
use delivery_lab::message::{
    BrokerLimits, ClientLimits, EndReason, Epoch, Frame, Message, Mode, Note, PushKind, SessionId,
};
use delivery_lab::net::real::Loopback;
use delivery_lab::net::{Listener, Net};
use delivery_lab::scenario::Latency;
use delivery_lab::sim::net::address;
use delivery_lab::sim::world::{Plan, World};
use delivery_lab::time::{Duration, Instant};
use delivery_lab::wire::MOST_FRAME;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A case: the bytes that a misbehaving client sends, with the expected beginning of each answer,
/// and the reason in the broker's history. With an empty answer, the connection is closed, whatever
/// was received before.
struct Case {
    what: &'static str,
    says: Vec<(Vec<u8>, &'static str)>,
    reason: Option<EndReason>,
    /// Whether the case waits for a timeout.
    takes: Takes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    NoTime,
    ALimit,
}

fn case(
    what: &'static str,
    says: impl Into<Vec<u8>>,
    answer: &'static str,
    reason: impl Into<Option<EndReason>>,
) -> Case {
    let says = vec![(says.into(), answer)];
    Case { what, says, reason: reason.into(), takes: Takes::NoTime }
}

fn late(case: Case) -> Case {
    Case { takes: Takes::ALimit, ..case }
}

fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Returns a post with a chunked body.
fn chunked(path: &str, body: &str) -> String {
    let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

const JOIN: &str = r#"{"join":{"request":1,"queue":"q","rooms":[]}}"#;

/// Returns the cases for a broker that speaks HTTP.
fn over_http() -> Vec<Case> {
    use EndReason::{ConnectTimeout, HttpTimeout, Malformed, TooLong, Unexpected};
    let field = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "x".repeat(200_000));
    let most = 4 * MOST_FRAME;
    let announced =
        format!("POST /x/1 HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n", most + 1);
    let half = "POST /x/1 HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{";
    let bad_chunk = chunked("/x/1", "").replace("\r\n0\r\n", "\r\nzz\r\n");
    vec![
        case("garbage", [&[0xff; 100][..], b"\r\n\r\n"].concat(), "HTTP/1.1 400", Malformed),
        case(
            "a frame of ours",
            [&[0, 0, 0, 6][..], b"\"ping\""].concat(),
            "HTTP/1.1 400",
            Malformed,
        ),
        case("a version", "GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400", Malformed),
        case("a method", "PUT /x/1 HTTP/1.1\r\nhost: a\r\n\r\n", "HTTP/1.1 405", Unexpected),
        case("nobody's path", "GET /x/1?got=0 HTTP/1.1\r\nhost: a\r\n\r\n", "HTTP/1.1 404", None),
        case("no session's path", "GET /%ff HTTP/1.1\r\nhost: a\r\n\r\n", "HTTP/1.1 404", None),
        case("no frame", post("/x/1", "hello"), "HTTP/1.1 400", Malformed),
        case("no hello", post("/x/1", JOIN), "HTTP/1.1 404", None),
        case("no hello in chunks", chunked("/x/1", JOIN), "HTTP/1.1 404", None),
        case("no frame in chunks", chunked("/x/1", "{}"), "HTTP/1.1 400", Malformed),
        case("no chunk", bad_chunk, "HTTP/1.1 400", Malformed),
        // The answer may be lost: TCP resets if some input was not read (RFC 2525 §2.17).
        case("a head too long", field, "", TooLong),
        case("a body too long, by its length", announced, "HTTP/1.1 413", TooLong),
        case("a body too long", chunked("/x/1", &"x".repeat(most + 1)), "HTTP/1.1 413", TooLong),
        late(case("half a head", "GET / HTTP/1.1\r\nhos", "", ConnectTimeout)),
        late(case("half a body", half, "HTTP/1.1 408", HttpTimeout)),
    ]
}

/// Returns the cases for a broker that speaks WebSocket.
fn over_websocket() -> Vec<Case> {
    use EndReason::{ConnectTimeout, Malformed, TooLong};
    let upgrade = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let not = |old: &str, new: &str| upgrade.replace(old, new);
    let then = |what, frame: &[u8], reason: EndReason| {
        let says = vec![(upgrade.into(), "HTTP/1.1 101"), (frame.to_vec(), "")];
        Case { what, says, reason: Some(reason), takes: Takes::NoTime }
    };
    let long = [&[0x81, 0xff][..], &(MOST_FRAME as u64 + 1).to_be_bytes(), &[0; 4]].concat();
    vec![
        case("garbage", [&[0xff; 100][..], b"\r\n\r\n"].concat(), "", Malformed),
        case("a method", not("GET", "POST"), "", Malformed),
        case("a version of HTTP", not("HTTP/1.1", "HTTP/1.0"), "", Malformed),
        case("a version of WebSocket", not(": 13", ": 8"), "", Malformed),
        case("no upgrade", "GET / HTTP/1.1\r\nhost: a\r\n\r\n", "", Malformed),
        case("a head too long", not("host: a", &"a: b\r\n".repeat(12_000)), "", TooLong),
        then("a binary frame", &[0x82, 0x80, 0, 0, 0, 0], Malformed),
        then("a frame that says nothing", &[0x81, 0x80, 0, 0, 0, 0], Malformed),
        then("a frame that is not masked", &[0x81, 0x01, b'x'], Malformed),
        then("an opcode that is none", &[0x83, 0x80, 0, 0, 0, 0], Malformed),
        then("a text that is none", &[0x81, 0x81, 0, 0, 0, 0, 0xff], Malformed),
        then("a frame too long", &long, TooLong),
        late(case("half a head", "GET / HTTP/1.1\r\nhos", "", ConnectTimeout)),
        late(then("silence", &[], ConnectTimeout)),
    ]
}

/// A link with its cases.
trait Raw: LinkDriver {
    fn cases() -> Vec<Case>;
}

impl Raw for WebSocket {
    fn cases() -> Vec<Case> {
        over_websocket()
    }
}

impl Raw for Polling {
    fn cases() -> Vec<Case> {
        over_http()
    }
}

impl Raw for LongPolling {
    fn cases() -> Vec<Case> {
        over_http()
    }
}

impl Raw for Sse {
    fn cases() -> Vec<Case> {
        over_http()
    }
}

/// Sends the parts of a case, each when the one before was answered as expected.
async fn intrude<N: Net>(net: &N, to: SocketAddr, case: Case) {
    let stream = net.connect(to).await.expect("the broker listens");
    let (mut reader, mut writer) = tokio::io::split(stream);
    for (says, answer) in case.says {
        // The write fails if the broker closes the connection in the middle of a long part.
        let saying = async {
            let _ = writer.write_all(&says).await;
            std::future::pending::<()>().await;
        };
        let hearing = async {
            let mut heard = Vec::new();
            loop {
                if !answer.is_empty() && heard.len() >= answer.len() {
                    let heard = String::from_utf8_lossy(&heard);
                    return assert!(heard.starts_with(answer), "{}: {heard}", case.what);
                }
                match reader.read_buf(&mut heard).await {
                    Ok(0) | Err(_) if answer.is_empty() => return,
                    Ok(0) | Err(_) => panic!("{}: closed without an answer", case.what),
                    Ok(_) => {}
                }
            }
        };
        tokio::select! {
            biased;
            () = saying => {}
            () = hearing => {}
        }
    }
}

/// A well-behaved client: sends a hello and is welcomed.
async fn behave<C: LinkDriver, N: Net>(net: &N, to: SocketAddr) {
    let recorder = Recorder::one_each(&["client".into()]).remove(0);
    let context = ConnectContext { net: net.clone(), recorder, to, known: Vec::new() };
    let (mut send_half, mut receive_half) =
        C::new(&Settings::default()).connect(context).await.expect("the broker listens");
    let session = SessionId { process: "shop".into(), number: 1 };
    send_half
        .push(&Frame::Hello { client: "shop".into(), session, will: None }, None)
        .expect("there is room");
    loop {
        match receive_half.next(Reading::Wanted).await {
            LinkEvent::Frame(Frame::Welcome { .. }) => return,
            LinkEvent::Flushed(_) | LinkEvent::Retry(_) => {}
            event => panic!("{event:?}"),
        }
    }
}

async fn serve<C: LinkDriver, N: Net>(net: N, port: u16, recorder: Recorder) {
    let limits = BrokerLimits::default();
    let options =
        BrokerOptions { mode: Mode::CatchUp, link: C::SEMANTICS, limits, epoch: Epoch::FIRST };
    let broker = BrokerDriver::new(net, Box::new(Broker::new(options)), recorder);
    let link_driver = C::new(&Settings::default());
    tokio::select! {
        biased;
        () = broker.run_timers() => {}
        served = link_driver.serve(port, broker.clone()) => served.expect("the port is free"),
    }
}

/// Returns the reasons in the history of a process, in order.
fn reasons(recorders: &[Recorder], process: u32) -> Vec<EndReason> {
    let names = (0..recorders.len()).map(|n| n.to_string());
    let process_of = |name: String| Process { name: name.as_str().into(), client: "x".into() };
    let history = History::assemble(names.map(process_of).collect(), recorders);
    let of = history.events.iter().filter(|event| event.process.0 == process);
    of.filter_map(|event| match event.kind {
        EventKind::Note(
            Note::ConnectionClosed { reason }
            | Note::Lost { reason, .. }
            | Note::RequestFailed { reason, .. },
        ) => Some(reason),
        _ => None,
    })
    .collect()
}

fn check<C: Raw>(found: &[EndReason], takes: &[Takes]) {
    let cases = C::cases().into_iter().filter(|case| takes.contains(&case.takes));
    let expected: Vec<EndReason> = cases.filter_map(|case| case.reason).collect();
    assert_eq!(found, expected, "{}", std::any::type_name::<C>());
}

fn world(end_ms: u64) -> World {
    let latency = Latency { min: Duration::from_millis(5), max: Duration::from_millis(5) };
    let names = vec!["broker".into(), "client".into()];
    World::new(Plan::new(1, latency, Vec::new(), names, Instant::from_millis(end_ms)))
}

fn in_the_simulator<C: Raw>() {
    let mut world = world(250_000);
    let recorder = world.recorders()[0].clone();
    let (broker, client) = (world.sim_host(0), world.sim_host(1));
    let to = SocketAddr::from((address(0), 7_000));
    let is_done = Arc::new(Mutex::new(false));
    let done = is_done.clone();
    world.add(0, async move { serve::<C, _>(broker.power_on(1), 7_000, recorder).await });
    world.add(1, async move {
        let net = client.power_on(1);
        for case in C::cases() {
            intrude(&net, to, case).await;
        }
        behave::<C, _>(&net, to).await;
        *done.lock().expect("one thread") = true;
        std::future::pending::<()>().await;
    });
    world.run(None).expect("nothing panics");
    assert!(*is_done.lock().unwrap(), "the client was welcomed");
    check::<C>(&reasons(world.recorders(), 0), &[Takes::NoTime, Takes::ALimit]);
}

fn on_real_sockets<C: Raw>() {
    let recorder = Recorder::one_each(&["broker".into()]).remove(0);
    let (broker_recorder, port) = (recorder.clone(), free_port());
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    in_time(async move {
        let net = Loopback::new();
        let strangers = async {
            for case in C::cases().into_iter().filter(|case| case.takes == Takes::NoTime) {
                intrude(&net, to, case).await;
            }
            behave::<C, _>(&net, to).await;
        };
        tokio::select! {
            biased;
            () = serve::<C, _>(net.clone(), port, broker_recorder) => {
                unreachable!("it serves for ever")
            }
            () = strangers => {}
        }
    });
    check::<C>(&reasons(&[recorder], 0), &[Takes::NoTime]);
}

/// Fails the test if it hangs.
fn in_time(play: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let patience = std::time::Duration::from_secs(20);
    runtime.block_on(async { tokio::time::timeout(patience, play).await }).expect("it hangs");
}

#[test]
fn strangers_are_sent_away_with_a_reason_and_disturb_nobody_in_the_simulator() {
    let tests = each_link!(in_the_simulator of WebSocket, Polling, LongPolling, Sse; none of Udp, Tcp, SocketIo);
    tests.into_iter().for_each(|test| test());
}

#[test]
fn strangers_are_sent_away_with_a_reason_and_disturb_nobody_on_real_sockets() {
    let tests = each_link!(on_real_sockets of WebSocket, Polling, LongPolling, Sse; none of Udp, Tcp, SocketIo);
    tests.into_iter().for_each(|test| test());
}

/// Returns a free port of this computer.
fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

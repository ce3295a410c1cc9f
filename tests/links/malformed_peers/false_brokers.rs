//! Servers that are not brokers: garbage, half a handshake, answers without an end. A client
//! reports the reason, neither panics nor waits for ever, and tries again, no faster than its
//! backoff allows.

use delivery_lab::link::limits::{MOST_BODY, MOST_EVENT, MOST_HEAD, MOST_PAYLOAD};
use delivery_lab::link::{SocketIo, Tcp};
use delivery_lab::message::Heartbeat;
use delivery_lab::net::Stream;
use delivery_lab::wire;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Notify;

use super::*;

/// A case: its name, the server's answer, and the first reason that a client reports.
type Lie = (&'static str, Vec<u8>, EndReason);

/// A link with its cases.
trait Deceived: LinkDriver {
    fn lies() -> Vec<Lie>;
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                      upgrade: websocket\r\nsec-websocket-accept: x\r\n\r\n";

/// Returns an HTTP response with a body and its length.
fn answer(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    [format!("{OK}content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// Returns answers that are not HTTP, or do not end.
fn over_http(most: usize) -> Vec<Lie> {
    use EndReason::{ConnectTimeout, Malformed, TooLong};
    let field = format!("{OK}a: {}", "x".repeat(3 * MOST_HEAD));
    let body = "x".repeat(most + 1);
    let chunk = format!("{OK}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len());
    let bad_chunk = format!("{OK}transfer-encoding: chunked\r\n\r\nzz\r\n");
    let half_a_body = format!("{OK}content-length: 10\r\n\r\nx");
    vec![
        ("garbage", vec![0xff; 100], Malformed),
        ("another protocol", SWITCH.into(), Malformed),
        ("no frame", answer("data: hello\n\n"), Malformed),
        ("no chunk", bad_chunk.into(), Malformed),
        ("a head too long", field.into(), TooLong),
        ("a body too long", answer(&body), TooLong),
        ("chunks that are too long", chunk.into(), TooLong),
        ("half a head", OK.into(), ConnectTimeout),
        ("half a body", half_a_body.into(), ConnectTimeout),
        ("silence", Vec::new(), ConnectTimeout),
    ]
}

/// Returns a welcome to the client's first session.
fn welcome(heartbeat: Heartbeat) -> Frame {
    Frame::Welcome { session: SessionId { process: "shop".into(), number: 1 }, heartbeat }
}

const BREATHLESS: Heartbeat = Heartbeat { every: Duration::ZERO, timeout: Duration::ZERO };

fn over_polls() -> Vec<Lie> {
    let welcome = wire::encode_lines(&[welcome(BREATHLESS)]);
    let more = vec![("a heartbeat of no time", answer(welcome), EndReason::Malformed)];
    over_http(MOST_BODY).into_iter().chain(more).collect()
}

impl Deceived for Polling {
    fn lies() -> Vec<Lie> {
        over_polls()
    }
}

impl Deceived for LongPolling {
    fn lies() -> Vec<Lie> {
        over_polls()
    }
}

impl Deceived for Sse {
    fn lies() -> Vec<Lie> {
        use EndReason::{ConnectTimeout, Malformed, TooLong};
        let events = |text: &str| format!("{EVENTS}{text}").into_bytes();
        let then_garbage = |text: &str| events(&format!("{text}data: x\n\n"));
        let welcome = String::from_utf8(wire::encode(&welcome(BREATHLESS))).expect("JSON is UTF-8");
        let more = vec![
            ("an event without an end", events(&"data: x\n".repeat(MOST_EVENT / 6)), TooLong),
            ("events of nothing", events(": x\n\n"), ConnectTimeout),
            ("a wait of no time", then_garbage("retry: 0\n\n"), Malformed),
            ("a wait for ever", then_garbage(&format!("retry: {}\n\n", u64::MAX)), Malformed),
            ("a heartbeat of no time", events(&format!("data: {welcome}\n\n")), Malformed),
        ];
        over_http(MOST_BODY).into_iter().chain(more).collect()
    }
}

impl Deceived for WebSocket {
    fn lies() -> Vec<Lie> {
        use EndReason::{ConnectTimeout, Malformed, TooLong, UpgradeRefused};
        let field = format!("{OK}a: {}", "x".repeat(3 * MOST_HEAD));
        vec![
            ("garbage", vec![0xff; 100], Malformed),
            ("another's key", SWITCH.into(), Malformed),
            ("no upgrade", answer("hello"), UpgradeRefused),
            ("a head too long", field.into(), TooLong),
            ("half a head", OK.into(), ConnectTimeout),
            ("silence", Vec::new(), ConnectTimeout),
        ]
    }
}

impl Deceived for SocketIo {
    fn lies() -> Vec<Lie> {
        use EndReason::{Malformed, Unexpected};
        let open = |upgrades: &str, every: u64| {
            format!(
                "0{{\"sid\":\"x\",\"upgrades\":[{upgrades}],\"pingInterval\":{every},\
                 \"pingTimeout\":{every},\"maxPayload\":1000}}"
            )
        };
        let never = u64::MAX;
        let more = vec![
            ("half a handshake", answer("0{\"sid\":\"x\""), Malformed),
            ("a packet, but no handshake", answer("2"), Malformed),
            ("one handshake after the other", answer(open("", 25_000)), Unexpected),
            ("a handshake, and no upgrade", answer(open("\"websocket\"", never)), Unexpected),
        ];
        over_http(MOST_PAYLOAD).into_iter().chain(more).collect()
    }
}

impl Deceived for Tcp {
    fn lies() -> Vec<Lie> {
        use EndReason::{ConnectTimeout, Malformed, TooLong, Unexpected};
        let framed = |frame: &Frame| {
            let mut stream = Vec::new();
            wire::encode_to_stream(frame, &mut stream);
            stream
        };
        let welcomed = framed(&welcome(Heartbeat::default()));
        vec![
            ("garbage", vec![0xff; 100], TooLong),
            ("no frame", b"\0\0\0\x05hello".to_vec(), Malformed),
            ("what only clients say", [welcomed, framed(&Frame::Pong)].concat(), Unexpected),
            ("a heartbeat of no time", framed(&welcome(BREATHLESS)), Malformed),
            ("half a frame", b"\0\x01\0\0he".to_vec(), ConnectTimeout),
            ("silence", Vec::new(), ConnectTimeout),
        ]
    }
}

/// An application that does nothing.
struct Idle;

impl ClientApp for Idle {
    async fn next(&mut self) -> ClientInput {
        std::future::pending().await
    }

    fn handle(&mut self, _: &Arc<Message>, _: PushKind) {}

    fn keep(&mut self, _: Numbering) {}
}

async fn client<C: LinkDriver, N: Net>(net: N, to: SocketAddr, recorder: Recorder) {
    let client = Client::new(ClientOptions {
        client: "shop".into(),
        process: "shop".into(),
        mode: Mode::CatchUp,
        link: C::SEMANTICS,
        limits: ClientLimits::default(),
        jitter_seed: 1,
        numbering: Numbering::default(),
        will: None,
    });
    let context = ConnectContext { net, recorder, to, known: Vec::new() };
    link::client::run(C::new(&Settings::default()), context, Box::new(client), Idle).await;
}

/// Counts the connections that a server has accepted.
#[derive(Clone, Default)]
struct Count {
    taken: Arc<Mutex<usize>>,
    changed: Arc<Notify>,
}

impl Count {
    fn taken(&self) -> usize {
        *self.taken.lock().expect("the lock is not poisoned")
    }

    async fn until(&self, most: usize) {
        loop {
            let changed = self.changed.notified();
            if self.taken() >= most {
                return;
            }
            changed.await;
        }
    }
}

/// Runs a server that answers any input with the same bytes, again and again.
async fn answer_with<N: Net>(net: N, port: u16, answer: Vec<u8>, count: Count) {
    let mut listener = net.listen(port, 16).await.expect("the port is free");
    let mut talks = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(()) = talks.next(), if !talks.is_empty() => {}
            stream = listener.accept() => {
                talks.push(talk(stream.expect("the network is there"), &answer));
                *count.taken.lock().expect("the lock is not poisoned") += 1;
                count.changed.notify_waiters();
            }
        }
    }
}

/// Answers on one connection until the client closes it.
async fn talk(mut stream: impl Stream, answer: &[u8]) {
    let mut heard = vec![0; 4_096];
    while stream.read(&mut heard).await.is_ok_and(|length| length > 0) {
        let _ = stream.write_all(answer).await;
    }
}

fn in_the_simulator<C: Deceived>() {
    for (what, lie, expected) in C::lies() {
        let what = format!("{}: {what}", std::any::type_name::<C>());
        let mut world = world(60_000);
        let recorder = world.recorders()[1].clone();
        let (server_host, client_host) = (world.sim_host(0), world.sim_host(1));
        let (to, count) = (SocketAddr::from((address(0), 7_000)), Count::default());
        let taken = count.clone();
        world.add(0, async move { answer_with(server_host.power_on(1), 7_000, lie, taken).await });
        world.add(1, async move { client::<C, _>(client_host.power_on(1), to, recorder).await });
        world.run(None).expect("nothing panics");
        let noticed = reasons(world.recorders(), 1);
        assert_eq!(noticed.first(), Some(&expected), "{what}");
        // An attempt takes 20 s at most and is followed by a wait of 5 s at most. The shortest
        // waits are half a second; an attempt may take two connections, or three.
        let (fewest, most) = (60 / 25, 3 * 60 * 2);
        let taken = count.taken();
        assert!((fewest..most).contains(&taken), "{what}: {taken} connections");
    }
}

fn on_real_sockets<C: Deceived>() {
    let all = C::lies().into_iter().filter(|(.., why)| *why != EndReason::ConnectTimeout);
    let all = all.map(|(what, lie, expected)| async move {
        let recorder = Recorder::one_each(&["client".into()]).remove(0);
        let (client_recorder, port, count) = (recorder.clone(), free_port(), Count::default());
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let net = Loopback::new();
        // A connection after a reported reason is another attempt.
        let tries_again = async {
            let (mut taken, mut noticed) = (0, Vec::new());
            while noticed.is_empty() {
                count.until(taken + 1).await;
                taken = count.taken();
                noticed = reasons(std::slice::from_ref(&recorder), 0);
            }
            noticed
        };
        let noticed = tokio::select! {
            biased;
            () = answer_with(net.clone(), port, lie, count.clone()) => unreachable!("it serves"),
            () = client::<C, _>(net, to, client_recorder) => unreachable!("it runs for ever"),
            noticed = tries_again => noticed,
        };
        assert_eq!(noticed.first(), Some(&expected), "{}: {what}", std::any::type_name::<C>());
    });
    in_time(async {
        futures_util::future::join_all(all).await;
    });
}

#[test]
fn a_client_whose_broker_is_none_notices_why_and_tries_again_in_the_simulator() {
    let tests = each_link!(in_the_simulator of Tcp, WebSocket, Polling, LongPolling, Sse, SocketIo; none of Udp);
    tests.into_iter().for_each(|test| test());
}

#[test]
fn a_client_whose_broker_is_none_notices_why_and_tries_again_on_real_sockets() {
    // Each waits about a second before it tries again, so all run at the same time.
    let tests = each_link!(on_real_sockets of Tcp, WebSocket, Polling, LongPolling, Sse, SocketIo; none of Udp);
    std::thread::scope(|scope| tests.into_iter().for_each(|test| drop(scope.spawn(test))));
}

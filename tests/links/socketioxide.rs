//! Compares the server of the link `socketio` with socketioxide: the same conversations with both,
//! on real sockets, packet by packet. Where they differ, ours does what Node's server does
//! (engine.io 6.6, socket.io 4.8), and the table names the function that decides. Where both differ
//! from Node's server, `server/driver.rs` and `server.rs` give the reason.
//!
//! Three differences occur everywhere and are left out of the table:
//!
//! - socketioxide writes the codes of refusals as strings;
//! - it pings a session at once, not first after `pingInterval`;
//! - it announces that a session is closed before it closes the session's WebSocket.

use std::net::{Ipv4Addr, SocketAddr};

use delivery_lab::core::{Broker, BrokerOptions};
use delivery_lab::history::Recorder;
use delivery_lab::link::limits::MOST_PAYLOAD;
use delivery_lab::link::{BrokerDriver, LinkDriver, Settings, SocketIo};
use delivery_lab::message::{BrokerLimits, Epoch, Heartbeat, Mode};
use delivery_lab::net::real::Loopback;
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use socketioxide::extract::{AckSender, SocketRef};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// A step of a conversation. `{sid}` stands for the session that was opened last.
#[derive(Clone, Copy, Debug)]
enum Say {
    /// A request: its method, its query, its body. Notes the status and the body of the response.
    Ask(&'static str, &'static str, &'static str),
    /// Posts to the session.
    Post(&'static str),
    /// Polls the session, until the answer is not a ping.
    Poll,
    /// Starts a poll and leaves it pending.
    Wait,
    /// Waits for the answer to the pending poll, or to the next one if it was a ping.
    Waited,
    /// Opens a WebSocket.
    Socket(&'static str),
    /// Sends a text on the WebSocket.
    Text(&'static str),
    /// Sends bytes on the WebSocket.
    Bytes,
    /// Reads the next text that is not a ping, or the end.
    Hear,
    /// Reads the next text, or the end.
    HearAny,
}

use Say::{Ask, Bytes as Binary, Hear, HearAny, Poll, Post, Socket, Text, Wait, Waited};

const OPEN: Say = Ask("GET", "EIO=4&transport=polling", "");
const UPGRADE: Say = Socket("EIO=4&transport=websocket&sid={sid}");
const SOCKET: Say = Socket("EIO=4&transport=websocket");

/// The answers of a server.
type Heard = &'static [&'static str];

/// A conversation: its name, its steps, the answers of our server, and those of socketioxide if
/// they differ, with the source that decides for ours.
struct Conversation {
    name: &'static str,
    steps: &'static [Say],
    ours: Heard,
    theirs: Option<(Heard, &'static str)>,
}

const HANDSHAKE: &str = "200 0{\"sid\":\"SID\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\
                         \"pingTimeout\":20000,\"maxPayload\":1000000}";
const SOCKET_HANDSHAKE: &str = "0{\"sid\":\"SID\",\"upgrades\":[],\"pingInterval\":25000,\
                                \"pingTimeout\":20000,\"maxPayload\":1000000}";
const CONNECTED: &str = "40{\"sid\":\"SID\"}";
const UNKNOWN_TRANSPORT: &str = "400 {\"code\":0,\"message\":\"Transport unknown\"}";
const UNKNOWN_SID: &str = "400 {\"code\":1,\"message\":\"Session ID unknown\"}";
const BAD_METHOD: &str = "400 {\"code\":2,\"message\":\"Bad handshake method\"}";
const BAD_REQUEST: &str = "400 {\"code\":3,\"message\":\"Bad request\"}";
const BAD_VERSION: &str = "400 {\"code\":5,\"message\":\"Unsupported protocol version\"}";

fn conversations() -> Vec<Conversation> {
    let same = |name, steps, ours| Conversation { name, steps, ours, theirs: None };
    let other = |name, steps, ours, theirs, why| Conversation {
        name,
        steps,
        ours,
        theirs: Some((theirs, why)),
    };
    vec![
        same("a handshake", &[OPEN], &[HANDSHAKE]),
        same("a WebSocket from the beginning", &[SOCKET, Hear], &[SOCKET_HANDSHAKE]),
        same(
            "no transport that is known",
            &[Ask("GET", "EIO=4&transport=pigeon", "")],
            &[UNKNOWN_TRANSPORT],
        ),
        same("no transport", &[Ask("GET", "EIO=4", "")], &[UNKNOWN_TRANSPORT]),
        same("no version", &[Ask("GET", "transport=polling", "")], &[BAD_VERSION]),
        same("version 3", &[Ask("GET", "EIO=3&transport=polling", "")], &[BAD_VERSION]),
        same(
            "no session of that name",
            &[Ask("GET", "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA", "")],
            &[UNKNOWN_SID],
        ),
        same(
            "a post before the handshake",
            &[Ask("POST", "EIO=4&transport=polling", "40")],
            &[BAD_METHOD],
        ),
        other(
            "an empty name",
            &[Ask("GET", "EIO=4&transport=polling&sid=", "")],
            &[HANDSHAKE],
            &[UNKNOWN_SID],
            "engine.io server.js, verify: `if (sid)`",
        ),
        other(
            "a WebSocket without an upgrade",
            &[Ask("GET", "EIO=4&transport=websocket", "")],
            &[BAD_REQUEST],
            &["400 "],
            "engine.io server.js, verify: TRANSPORT_HANDSHAKE_ERROR",
        ),
        other(
            "a method that is not served",
            &[OPEN, Ask("PUT", "EIO=4&transport=polling&sid={sid}", "")],
            &[HANDSHAKE, "500 "],
            &[HANDSHAKE, "400 "],
            "engine.io polling.js, onRequest",
        ),
        same(
            "namespaces come and go",
            &[
                OPEN,
                Post("40"),
                Poll,
                Post("40/q,"),
                Poll,
                Post("42/q,7[\"e\",1]"),
                Poll,
                Post("41/q,"),
                Post("40/q,"),
                Poll,
            ],
            &[
                HANDSHAKE,
                "200 ok",
                CONNECTED,
                "200 ok",
                "40/q,{\"sid\":\"SID\"}",
                "200 ok",
                "43/q,7",
                "200 ok",
                "200 ok",
                "40/q,{\"sid\":\"SID\"}",
            ],
        ),
        same(
            "a goodbye",
            &[OPEN, Post("40"), Poll, Post("1"), Poll],
            &[HANDSHAKE, "200 ok", CONNECTED, "200 ok", UNKNOWN_SID],
        ),
        other(
            "no packet",
            &[OPEN, Post("x"), Poll],
            &[HANDSHAKE, "200 ok", UNKNOWN_SID],
            &[HANDSHAKE, "400 ", UNKNOWN_SID],
            "engine.io polling.js, onDataRequest: what came whole is answered `ok`",
        ),
        other(
            "no packet at the end",
            &[OPEN, Post("40\x1ex"), Poll],
            &[HANDSHAKE, "200 ok", UNKNOWN_SID],
            &[HANDSHAKE, "400 ", UNKNOWN_SID],
            "engine.io polling.js, onDataRequest: what came whole is answered `ok`",
        ),
        other(
            "nothing",
            &[OPEN, Post(""), Post("40")],
            &[HANDSHAKE, "200 ok", UNKNOWN_SID],
            &[HANDSHAKE, "200 ok", "200 ok"],
            "engine.io-parser, decodePacket: no type is an error; socket.js, onPacket",
        ),
        other(
            "what only a server says",
            &[OPEN, Post("6"), Post("40"), Poll],
            &[HANDSHAKE, "200 ok", "200 ok", CONNECTED],
            &[HANDSHAKE, "400 ", "200 ok", CONNECTED],
            "engine.io socket.js, onPacket: no case of it",
        ),
        other(
            "a ping of the client's",
            &[OPEN, Post("2"), Post("40")],
            &[HANDSHAKE, "200 ok", UNKNOWN_SID],
            &[HANDSHAKE, "200 ok", "200 ok"],
            "engine.io socket.js, onPacket: invalid heartbeat direction",
        ),
        same(
            "an event where nothing is connected",
            &[OPEN, Post("42[\"e\"]"), Poll],
            &[HANDSHAKE, "200 ok", UNKNOWN_SID],
        ),
        same(
            "two CONNECTs",
            &[OPEN, Post("40"), Poll, Post("40"), Post("41")],
            &[HANDSHAKE, "200 ok", CONNECTED, "200 ok", "200 ok"],
        ),
        other(
            "no JSON with CONNECT",
            &[OPEN, Post("40{"), Poll],
            &[HANDSHAKE, "200 ok", UNKNOWN_SID],
            &[HANDSHAKE, "200 ok", CONNECTED],
            "socket.io-parser, isPayloadValid; client.js, ondata",
        ),
        same(
            "an upgrade",
            &[
                OPEN,
                Post("40"),
                Poll,
                Wait,
                UPGRADE,
                Text("2probe"),
                Hear,
                Waited,
                Text("5"),
                Text("42[\"e\"]"),
                Text("421[\"e\"]"),
                Hear,
                Ask("GET", "EIO=4&transport=polling&sid={sid}", ""),
            ],
            &[HANDSHAKE, "200 ok", CONNECTED, "3probe", "200 6", "431", BAD_REQUEST],
        ),
        other(
            "a WebSocket that is no upgrade",
            &[OPEN, UPGRADE, Text("40"), Hear, Post("40"), Poll],
            &[HANDSHAKE, "closed", "200 ok", CONNECTED],
            &[HANDSHAKE, "closed", UNKNOWN_SID, UNKNOWN_SID],
            "engine.io socket.js, _maybeUpgrade: the session goes on",
        ),
        same(
            "a second WebSocket",
            &[OPEN, UPGRADE, Text("2probe"), Hear, Text("5"), UPGRADE, Hear],
            &[HANDSHAKE, "3probe", "closed"],
        ),
        same(
            "bytes",
            &[SOCKET, Hear, Text("40"), Hear, Binary, Text("421[\"e\"]"), Hear],
            &[SOCKET_HANDSHAKE, CONNECTED, "closed"],
        ),
        same(
            "an event that announces bytes",
            &[
                SOCKET,
                Hear,
                Text("40"),
                Hear,
                Text("451-[\"e\",{\"_placeholder\":true}]"),
                Text("421[\"e\"]"),
                Hear,
            ],
            &[SOCKET_HANDSHAKE, CONNECTED, "closed"],
        ),
        same(
            "no packet on a WebSocket",
            &[SOCKET, Hear, Text("x"), Hear],
            &[SOCKET_HANDSHAKE, "closed"],
        ),
    ]
}

// ── the servers ─────────────────────────────────────────────────────────────────────────────

fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    socket.local_addr().expect("it is bound").port()
}

async fn ours(port: u16, heartbeat: Heartbeat) {
    let limits = BrokerLimits { heartbeat, ..BrokerLimits::default() };
    let mode = Mode::FireAndForget;
    let options = BrokerOptions { mode, link: SocketIo::SEMANTICS, limits, epoch: Epoch::FIRST };
    let recorder = Recorder::one_each(&["broker".into()]).remove(0);
    let broker = BrokerDriver::new(Loopback::new(), Box::new(Broker::new(options)), recorder);
    let link_driver = SocketIo::new(&Settings { mode, ..Settings::default() });
    tokio::select! {
        biased;
        () = broker.run_timers() => {}
        served = link_driver.serve(port, broker.clone()) => served.expect("the port is free"),
    }
}

async fn theirs(port: u16, heartbeat: Heartbeat) {
    let (service, io) = socketioxide::SocketIo::builder()
        .ping_interval(heartbeat.every.into())
        .ping_timeout(heartbeat.timeout.into())
        .max_payload(MOST_PAYLOAD as u64)
        .build_svc();
    let hears = async |socket: SocketRef| {
        socket.on_fallback(async |ack: AckSender| drop(ack.send(&())));
    };
    io.dyn_ns("/{*queue}", hears).expect("it is the first");
    io.ns("/", hears);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("the port is free");
    loop {
        let (stream, _) = listener.accept().await.expect("it listens");
        let serving = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service.clone())
            .with_upgrades();
        tokio::spawn(serving);
    }
}

// ── a client ────────────────────────────────────────────────────────────────────────────────

/// A client: its open connections, and the answers so far.
struct Client {
    to: SocketAddr,
    sid: String,
    socket: Option<WebSocketStream<TcpStream>>,
    waiting: Option<BufReader<TcpStream>>,
    heard: Vec<String>,
}

impl Client {
    async fn say(&mut self, step: Say) {
        match step {
            Ask(method, query, body) => {
                let stream = self.send(method, query, body).await;
                let answer = answer(stream).await;
                self.hear(answer);
            }
            Post(body) => {
                let query = "EIO=4&transport=polling&sid={sid}";
                let stream = self.send("POST", query, body).await;
                let answer = answer(stream).await;
                self.hear(answer);
            }
            Poll => loop {
                let stream = self.send("GET", "EIO=4&transport=polling&sid={sid}", "").await;
                let answer = answer(stream).await;
                let Some(packets) = answer.strip_prefix("200 ") else { break self.hear(answer) };
                let packets = packets.split('\x1e').filter(|packet| *packet != "2");
                let packets: Vec<&str> = packets.collect();
                if !packets.is_empty() {
                    break self.hear(packets.join(" "));
                }
            },
            Wait => {
                self.waiting =
                    Some(self.send("GET", "EIO=4&transport=polling&sid={sid}", "").await);
            }
            Waited => {
                let waiting = self.waiting.take().expect("a poll waits");
                let mut heard = answer(waiting).await;
                while heard == "200 2" {
                    let next = self.send("GET", "EIO=4&transport=polling&sid={sid}", "").await;
                    heard = answer(next).await;
                }
                self.hear(heard);
            }
            Socket(query) => {
                let query = query.replace("{sid}", &self.sid);
                let stream = TcpStream::connect(self.to).await.expect("the server listens");
                let target = format!("ws://{}/socket.io/?{query}", self.to);
                let (socket, _) = client_async(target, stream).await.expect("it is granted");
                self.socket = Some(socket);
            }
            Text(text) => drop(self.socket().send(Message::text(text)).await),
            Binary => drop(self.socket().send(Message::binary(vec![4])).await),
            Hear | HearAny => loop {
                let text = match self.socket().next().await {
                    Some(Ok(Message::Text(text))) if text != "1" => text.to_string(),
                    _ => "closed".to_owned(),
                };
                if text != "2" || matches!(step, HearAny) {
                    break self.hear(text);
                }
            },
        }
    }

    fn socket(&mut self) -> &mut WebSocketStream<TcpStream> {
        self.socket.as_mut().expect("it was opened")
    }

    async fn send(&self, method: &str, query: &str, body: &str) -> BufReader<TcpStream> {
        let (query, length) = (query.replace("{sid}", &self.sid), body.len());
        let mut stream = TcpStream::connect(self.to).await.expect("the server listens");
        let head = format!("{method} /socket.io/?{query} HTTP/1.1\r\nHost: b\r\n");
        let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        BufReader::new(stream)
    }

    /// Notes an answer, without what differs from session to session.
    fn hear(&mut self, mut text: String) {
        if let Some((before, rest)) = text.clone().split_once("\"sid\":\"") {
            let (sid, behind) = rest.split_once('"').expect("it ends");
            if before.ends_with("0{") && !before.ends_with("40{") && !before.contains("40/") {
                self.sid = sid.to_owned();
            }
            text = format!("{before}\"sid\":\"SID\"{behind}");
        }
        for code in 0..=5 {
            text = text.replace(&format!("\"code\":\"{code}\""), &format!("\"code\":{code}"));
        }
        // The content of an acknowledgement belongs to the application.
        if text.starts_with("43") {
            text.truncate(text.find('[').unwrap_or(text.len()));
        }
        self.heard.push(text);
    }
}

/// Reads the status and the body of a response.
async fn answer(mut stream: BufReader<TcpStream>) -> String {
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("the server answers");
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = Some(rest[..3].to_owned());
        }
        match line.to_ascii_lowercase().strip_prefix("content-length:") {
            Some(count) => length = count.trim().parse().expect("a number"),
            None if line == "\r\n" => break,
            None => assert!(!line.is_empty(), "it ended in the middle of a head"),
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("the body comes whole");
    format!("{} {}", status.expect("a head has one"), String::from_utf8_lossy(&body))
}

/// Returns all answers of a server in a conversation.
async fn converse(port: u16, steps: &[Say]) -> Vec<String> {
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let (socket, waiting) = (None, None);
    let mut client = Client { to, sid: String::new(), socket, waiting, heard: Vec::new() };
    for step in steps {
        client.say(*step).await;
    }
    client.heard
}

/// Holds a conversation with both servers.
async fn both(heartbeat: Heartbeat, steps: &[Say]) -> [Vec<String>; 2] {
    let (ours_at, theirs_at) = (free_port(), free_port());
    tokio::select! {
        biased;
        () = ours(ours_at, heartbeat) => unreachable!("it serves for ever"),
        () = theirs(theirs_at, heartbeat) => unreachable!("it serves for ever"),
        heard = async { [converse(ours_at, steps).await, converse(theirs_at, steps).await] } => heard,
    }
}

fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let patience = std::time::Duration::from_secs(60);
    runtime.block_on(async { tokio::time::timeout(patience, future).await }).expect("in time")
}

#[test]
fn both_servers_say_the_same_or_ours_says_what_node_s_does() {
    for Conversation { name, steps, ours, theirs } in conversations() {
        let [we, they] = run(both(Heartbeat::default(), steps));
        let (expected, why) = theirs.unwrap_or((ours, "nothing"));
        assert_ne!(theirs.map(|(theirs, _)| theirs), Some(ours), "{name}: no difference");
        assert_eq!(we, ours, "{name}: ours");
        assert_eq!(they, expected, "{name}: theirs; {why} decides");
    }
}

#[test]
fn both_servers_ping_and_end_a_session_that_does_not_answer() {
    let every = delivery_lab::time::Duration::from_millis(200);
    let heartbeat = Heartbeat { every, timeout: every };
    let steps = [SOCKET, HearAny, Text("40"), HearAny, HearAny, Text("3"), HearAny, HearAny];
    for heard in run(both(heartbeat, &steps)) {
        let mut after_the_handshake = heard[1..].to_vec();
        // socketioxide pings before the CONNECT is answered.
        after_the_handshake[..2].sort();
        let expected = ["2", CONNECTED, "2", "closed"];
        assert_eq!(after_the_handshake, expected);
    }
}

/// Runs with our server alone: whether socketioxide sees two polls depends on the time of its first
/// ping.
#[test]
fn a_second_poll_ends_the_session() {
    let steps = [OPEN, Post("40"), Poll, Wait, Poll, Waited];
    let port = free_port();
    let heard = run(async {
        tokio::select! {
            biased;
            () = ours(port, Heartbeat::default()) => unreachable!("it serves for ever"),
            heard = converse(port, &steps) => heard,
        }
    });
    // engine.io polling.js, onPollRequest, onError and doClose.
    assert_eq!(heard, [HANDSHAKE, "200 ok", CONNECTED, "400 ", "200 1"]);
}

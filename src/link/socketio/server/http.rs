//! The HTTP service of the server: handshakes, polls, posts, and upgrades to WebSocket.
//!
//! It behaves as engine.io 6.6 (`server.js`, `transports/polling.js`), except that a refusal also
//! closes the connection.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::Server;
use super::driver::SessionHandle;
use super::session::Transport;
use super::websocket;
use crate::link::http::exchange::why;
use crate::link::http::held_request::HeldRequest;
use crate::link::http::{Body, serve_requests, whole_body};
use crate::link::limits::{MOST_PACKETS, MOST_PAYLOAD};
use crate::link::socketio::packet::{EnginePacket, SEPARATOR};
use crate::link::socketio::queue::body;
use crate::link::socketio::websocket::PacketSocket;
use crate::link::tap::{CopyOf, Manifest, Tap};
use crate::message::{EndReason, Upgrade};
use crate::net::Net;

/// The path of Socket.IO. No other path is served.
const PATH: &str = "/socket.io/";

/// Serves one TCP connection until it ends.
pub async fn serve_connection<N: Net>(server: Arc<Server<N>>, stream: N::Stream) {
    let broker = &server.broker;
    let tap = Tap::new(broker.net(), broker.recorder(), stream);
    let connection = HttpConnection {
        manifest: tap.manifest(),
        busy: Mutex::default(),
        upgrade: Mutex::default(),
    };
    let ended =
        serve_requests(broker.net(), tap, |request| connection.answer(&server, request)).await;
    let Some(ended) = ended else { return broker.reject(EndReason::ConnectTimeout) };
    if let Some((upgrade, driver)) = take(&connection.upgrade) {
        let (net, recorder) = (broker.net().clone(), broker.recorder().clone());
        let socket = PacketSocket::accept(net, recorder, upgrade, connection.manifest).await;
        if let Ok(socket) = socket {
            websocket::serve(server.clone(), socket, driver).await;
        }
        return;
    }
    let reason = ended.as_ref().err().map_or(EndReason::Fin, why);
    match take(&connection.busy) {
        // Node's "poll connection closed prematurely", or the same for a post.
        Some(driver) => server.end(&driver, reason),
        None if ended.is_err_and(|error| error.is_parse()) => broker.reject(reason),
        None => {}
    }
}

/// A TCP connection.
struct HttpConnection {
    /// The manifest in which the copies in each response are announced.
    manifest: Manifest,
    /// The session whose poll is pending here, or whose post is being received.
    busy: Mutex<Option<SessionHandle>>,
    /// The granted upgrade, with its session; without one, it is for a new session.
    upgrade: Mutex<Option<(OnUpgrade, Option<SessionHandle>)>>,
}

/// The reasons for which Engine.IO refuses a request, with their codes (engine.io 6.6,
/// `Server.errors`). `FORBIDDEN`, 4, is never used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    UnknownTransport = 0,
    UnknownSid = 1,
    BadHandshakeMethod = 2,
    BadRequest = 3,
    UnsupportedProtocolVersion = 5,
}

/// The parameters of a request.
struct Query<'a> {
    transport: Option<&'a str>,
    sid: Option<&'a str>,
    is_version_4: bool,
    is_upgrade: bool,
}

impl HttpConnection {
    async fn answer<N: Net>(
        &self,
        server: &Server<N>,
        request: Request<Incoming>,
    ) -> Response<Body> {
        if !request.uri().path().starts_with(PATH) {
            return self.respond(StatusCode::NOT_FOUND, None, Bytes::new());
        }
        let query = Query::of(&request);
        let driver = match verify(server, &query, request.method()) {
            Ok(driver) => driver,
            Err(refusal) => return self.refuse(server, &query, refusal),
        };
        if query.is_upgrade {
            return self.upgrade(server, request, driver);
        }
        match (request.method(), driver) {
            (_, None) => self.poll(server, server.open(Transport::Polling)).await,
            (&Method::GET, Some(driver)) => self.poll(server, driver).await,
            (&Method::POST, Some(driver)) => self.post(server, driver, request).await,
            _ => self.respond(StatusCode::INTERNAL_SERVER_ERROR, None, Bytes::new()),
        }
    }

    /// Answers a poll: waits until there are packets.
    async fn poll<N: Net>(&self, server: &Server<N>, driver: SessionHandle) -> Response<Body> {
        if !driver.session.begin_poll() {
            server.end(&driver, EndReason::Malformed);
            return self.last(StatusCode::BAD_REQUEST);
        }
        *lock(&self.busy) = Some(driver.clone());
        let held = HeldRequest::begin(&server.broker);
        let packets = poll_fn(|cx| driver.session.poll_answer(cx)).await;
        drop(held);
        *lock(&self.busy) = None;
        server.flushed(&driver);
        let (body, copies) = body(packets);
        self.grant("text/plain; charset=UTF-8", body.into(), copies)
    }

    /// Answers a post of packets.
    async fn post<N: Net>(
        &self,
        server: &Server<N>,
        driver: SessionHandle,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let kind = request.headers().get(CONTENT_TYPE);
        let is_binary = kind.is_some_and(|kind| kind == "application/octet-stream");
        if is_binary || !driver.session.begin_post() {
            server.end(&driver, EndReason::Malformed);
            return self.last(StatusCode::BAD_REQUEST);
        }
        *lock(&self.busy) = Some(driver.clone());
        let body = whole_body(server.broker.net(), request.into_body(), MOST_PAYLOAD).await;
        *lock(&self.busy) = None;
        driver.session.end_post();
        let received = body.and_then(|body| receive_all(server, &driver, &body));
        if let Err(reason) = received {
            server.end(&driver, reason);
        }
        match received {
            Err(EndReason::TooLong) => self.last(StatusCode::PAYLOAD_TOO_LARGE),
            Err(EndReason::HttpTimeout) => self.last(StatusCode::REQUEST_TIMEOUT),
            // The body has arrived. A malformed packet in it has ended the session.
            Ok(()) | Err(_) => self.grant("text/html", "ok".into(), Vec::new()),
        }
    }

    /// Grants an upgrade to WebSocket.
    fn upgrade<N: Net>(
        &self,
        server: &Server<N>,
        mut request: Request<Incoming>,
        driver: Option<SessionHandle>,
    ) -> Response<Body> {
        let Ok(response) = create_response_with_body(&request, Empty::new) else {
            server.broker.reject(EndReason::Malformed);
            return self.last(StatusCode::BAD_REQUEST);
        };
        *lock(&self.upgrade) = Some((hyper::upgrade::on(&mut request), driver));
        self.manifest.announce(Vec::new());
        response.map(BodyExt::boxed_unsync)
    }

    /// Refuses a request.
    fn refuse<N: Net>(
        &self,
        server: &Server<N>,
        query: &Query<'_>,
        refusal: Refusal,
    ) -> Response<Body> {
        server.broker.reject(match (server.broker.limits().upgrade, refusal) {
            (Upgrade::Refuse, _) if query.transport == Some("websocket") => {
                EndReason::UpgradeRefused
            }
            (_, Refusal::UnknownSid) => EndReason::UnknownSession,
            _ => EndReason::Unexpected,
        });
        let (code, message) = (refusal as u8, refusal.message());
        let (kind, body) = match query.is_upgrade {
            true => ("text/html", message.to_owned()),
            false => ("application/json", format!("{{\"code\":{code},\"message\":\"{message}\"}}")),
        };
        self.closing(self.respond(StatusCode::BAD_REQUEST, Some(kind), Bytes::from(body)))
    }

    /// Creates a successful response, and announces the copies in it.
    fn grant(&self, kind: &'static str, body: Bytes, copies: Vec<CopyOf>) -> Response<Body> {
        self.manifest.announce(copies);
        let mut response = response(StatusCode::OK, Some(kind), body);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Creates a response without packets.
    fn respond(
        &self,
        status: StatusCode,
        kind: Option<&'static str>,
        body: Bytes,
    ) -> Response<Body> {
        self.manifest.announce(Vec::new());
        response(status, kind, body)
    }

    /// Creates the last response on the connection, with a status and no body.
    fn last(&self, status: StatusCode) -> Response<Body> {
        self.closing(self.respond(status, None, Bytes::new()))
    }

    fn closing(&self, mut response: Response<Body>) -> Response<Body> {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

impl Query<'_> {
    /// Parses a request. The last of repeated parameters counts, and an empty id counts as none.
    fn of(request: &Request<Incoming>) -> Query<'_> {
        let pairs = || request.uri().query().into_iter().flat_map(|query| query.split('&'));
        let last = |key: &str| pairs().rev().find_map(|pair| pair.strip_prefix(key));
        let transport = last("transport=");
        Query {
            transport,
            sid: last("sid=").filter(|sid| !sid.is_empty()),
            is_version_4: last("EIO=") == Some("4"),
            is_upgrade: transport == Some("websocket") && request.headers().contains_key(UPGRADE),
        }
    }
}

impl Refusal {
    fn message(self) -> &'static str {
        match self {
            Refusal::UnknownTransport => "Transport unknown",
            Refusal::UnknownSid => "Session ID unknown",
            Refusal::BadHandshakeMethod => "Bad handshake method",
            Refusal::BadRequest => "Bad request",
            Refusal::UnsupportedProtocolVersion => "Unsupported protocol version",
        }
    }
}

/// Checks a request, and returns its session if it names one (engine.io's `Server.verify`). Node's
/// server checks the protocol version of a new WebSocket only after the upgrade.
fn verify<N: Net>(
    server: &Server<N>,
    query: &Query<'_>,
    method: &Method,
) -> Result<Option<SessionHandle>, Refusal> {
    let is_websocket = match query.transport {
        Some("polling") => false,
        // The handshake still offers WebSocket: this simulates a proxy that blocks upgrades.
        Some("websocket") if server.broker.limits().upgrade == Upgrade::Accept => true,
        _ => return Err(Refusal::UnknownTransport),
    };
    if let Some(sid) = query.sid {
        let driver = server.find(sid).ok_or(Refusal::UnknownSid)?;
        let was_websocket = driver.session.transport() == Transport::WebSocket;
        let is_mismatch = !query.is_upgrade && was_websocket != is_websocket;
        let is_bad = is_mismatch || !query.is_version_4;
        return if is_bad { Err(Refusal::BadRequest) } else { Ok(Some(driver)) };
    }
    match () {
        () if method != Method::GET => Err(Refusal::BadHandshakeMethod),
        () if is_websocket && !query.is_upgrade => Err(Refusal::BadRequest),
        () if !query.is_version_4 => Err(Refusal::UnsupportedProtocolVersion),
        () => Ok(None),
    }
}

/// Handles the packets of a post, up to the first that is malformed or ends the session.
fn receive_all<N: Net>(
    server: &Server<N>,
    driver: &SessionHandle,
    body: &[u8],
) -> Result<(), EndReason> {
    let body = std::str::from_utf8(body).map_err(|_| EndReason::Malformed)?;
    if body.matches(SEPARATOR).count() >= MOST_PACKETS {
        return Err(EndReason::TooLong);
    }
    for text in body.split(SEPARATOR) {
        let packet = EnginePacket::decode(text).map_err(|_| EndReason::Malformed)?;
        server.receive(driver, packet)?;
    }
    Ok(())
}

fn response(status: StatusCode, kind: Option<&'static str>, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().expect("the lock is not poisoned")
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    lock(slot).take()
}

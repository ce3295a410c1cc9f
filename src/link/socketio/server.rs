//! The server: socketioxide behind hyper on our own streams, and the broker's task beside it.
//!
//! socketioxide does Engine.IO (handshake, long-polling, upgrade, heartbeat) and Socket.IO
//! (namespaces, acknowledgements), socket by socket. It never routes: its rooms are not used.

mod ears;
mod glass;
mod lane;
mod office;
mod session;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use socketioxide::service::SocketIoService;
use socketioxide::{SocketIo, TransportType};
use tokio::sync::{Notify, mpsc};

use self::ears::Ears;
use self::glass::{Glass, Ticket};
use self::lane::Desks;
use self::office::Office;
use super::event::MAIN;
use super::packet::MOST_PAYLOAD;
use crate::core::BrokerInput;
use crate::link::limits::MOST_HEAD;
use crate::link::{Full, Hub, Lane, Taken, Waiting};
use crate::message::{BrokerLimits, EndReason, Frame, SessionId, Upgrade};
use crate::net::{Listener, Net};
use crate::time::Duration;

/// How long a client may take to connect to a namespace: socket.io's `connectTimeout`.
const CONNECT_WITHIN: Duration = Duration::from_secs(45);
/// How long a connection may take to ask for something.
const REQUEST_WITHIN: Duration = Duration::from_secs(20);
/// How long the upgrade to WebSocket may take: socket.io's `upgradeTimeout`.
const UPGRADE_WITHIN: Duration = Duration::from_secs(10);
/// A push is out until its session ends: for ever, as far as socketioxide is concerned.
const FOR_EVER: Duration = Duration::from_secs(1_000_000_000);
/// Packets that socketioxide takes for a session and has not written: the broker's `send_queue`
/// limits their bytes before.
const MOST_EMITTED: usize = 1_000_000;

/// Serves clients on a port for ever.
///
/// # Errors
/// The port is taken, or the network is gone.
pub async fn serve<N: Net>(port: u16, hub: Hub<N>) -> io::Result<()> {
    let mut listener = hub.net().listen(port, hub.limits().accept_queue).await?;
    let (facts, mut heard) = mpsc::unbounded_channel();
    let (service, io) = build(hub.limits());
    let ears = Ears::new(facts.clone());
    io.dyn_ns("/{*queue}", ears.clone()).expect("it is the first");
    io.ns(MAIN, ears);
    let mut office = Office::new(hub.clone(), facts, io);
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(fact) = heard.recv() => office.hear(fact),
            () = office.next_answer() => {}
            Some(()) = connections.next(), if !connections.is_empty() => {}
            stream = listener.accept() => {
                let (hub, desks) = (hub.clone(), office.desks());
                connections.push(attend(hub, stream?, service.clone(), desks));
            }
        }
    }
}

fn build(limits: &BrokerLimits) -> (SocketIoService<NoPage>, SocketIo) {
    let builder = SocketIo::builder()
        .ping_interval(limits.heartbeat.every.into())
        .ping_timeout(limits.heartbeat.timeout.into())
        .connect_timeout(CONNECT_WITHIN.into())
        .upgrade_timeout(UPGRADE_WITHIN.into())
        .ack_timeout(FOR_EVER.into())
        .max_payload(MOST_PAYLOAD as u64)
        .ws_max_message_size(MOST_PAYLOAD)
        .ws_max_frame_size(MOST_PAYLOAD)
        .max_buffer_size(MOST_EMITTED);
    match limits.upgrade {
        Upgrade::Accept => builder.build_with_inner_svc(NoPage),
        Upgrade::Refuse => {
            builder.transports([TransportType::Polling]).build_with_inner_svc(NoPage)
        }
    }
}

/// Serves one TCP connection until it ends or is upgraded.
async fn attend<N: Net>(
    hub: Hub<N>,
    stream: N::Stream,
    service: SocketIoService<NoPage>,
    desks: Desks,
) {
    let net = hub.net().clone();
    let glass = Glass::new(net.clone(), hub.recorder().clone(), stream, desks);
    let (owner, asked) = (glass.owner(), Arc::new(Notify::new()));
    let ask = asked.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        ask.notify_one();
        *owner.lock().expect("nobody panics with it") = Some(ticket_of(request.uri()));
        service.call(request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .auto_date_header(false)
        .max_buf_size(MOST_HEAD)
        .serve_connection(TokioIo::new(glass), service)
        .with_upgrades();
    let too_late = async {
        tokio::select! {
            biased;
            () = asked.notified() => std::future::pending().await,
            () = net.sleep_until(net.now() + REQUEST_WITHIN) => {}
        }
    };
    let reason = tokio::select! {
        biased;
        // Whatever else went wrong, the connection is over; its session may go on without it.
        ended = connection => ended.err().and_then(|error| nonsense(&error)),
        () = too_late => Some(EndReason::ConnectTimeout),
    };
    if let Some(reason) = reason {
        let peer = hub.open(Box::new(Nowhere));
        hub.tell(BrokerInput::Garbled { peer, reason });
    }
}

/// What a peer that does not speak HTTP said; hyper has answered it.
fn nonsense(error: &hyper::Error) -> Option<EndReason> {
    match () {
        () if error.is_parse_too_large() => Some(EndReason::TooLong),
        () if error.is_parse() => Some(EndReason::Malformed),
        () => None,
    }
}

/// The lane to a peer that is gone.
#[derive(Debug)]
struct Nowhere;

impl Lane for Nowhere {
    fn push(&mut self, _: &Frame, _: Option<&SessionId>) -> Result<Taken, Full> {
        Err(Full)
    }

    fn waiting(&self) -> Waiting {
        Waiting::default()
    }

    fn close(&mut self) {}
}

/// The session that a request is about, if it names one.
fn ticket_of(uri: &Uri) -> Ticket {
    let pairs = || uri.query().into_iter().flat_map(|query| query.split('&'));
    let sid = pairs().find_map(|pair| pair.strip_prefix("sid=")).map(str::to_owned);
    let transport = match pairs().any(|pair| pair == "transport=websocket") {
        true => TransportType::Websocket,
        false => TransportType::Polling,
    };
    Ticket { sid, transport }
}

/// What is served beside Socket.IO: nothing.
#[derive(Clone, Copy, Debug)]
struct NoPage;

impl Service<Request<Incoming>> for NoPage {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, _: Request<Incoming>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok(response))
    }
}

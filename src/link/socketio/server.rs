//! The server: socketioxide behind hyper on our own streams, and the broker's task beside it.
//!
//! socketioxide does Engine.IO (handshake, long-polling, upgrade, heartbeat) and Socket.IO
//! (namespaces, acknowledgements), socket by socket. It never routes: its rooms are not used.

mod door;
mod ears;
mod glass;
mod lane;
mod lobby;
mod office;
mod session;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;

use futures_util::stream::{FuturesUnordered, StreamExt};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::service::Service;
use hyper::{Request, Response, StatusCode};
use socketioxide::service::SocketIoService;
use socketioxide::{SocketIo, TransportType};
use tokio::sync::mpsc;

use self::ears::Ears;
use self::glass::Glass;
use self::office::Office;
use super::event::MAIN;
use crate::link::Hub;
use crate::link::limits::{MOST_EMITTED, MOST_PAYLOAD, NAMESPACE_WITHIN, UPGRADE_WITHIN};
use crate::message::{BrokerLimits, Upgrade};
use crate::net::{Listener, Net};
use crate::time::Duration;

/// A push is out until its session ends: for ever, as far as socketioxide is concerned.
const FOR_EVER: Duration = Duration::from_secs(1_000_000_000);

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
    let mut office = Office::new(hub.clone(), facts.clone(), io);
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(fact) = heard.recv() => office.hear(fact),
            () = office.next() => {}
            Some(()) = connections.next(), if !connections.is_empty() => {}
            stream = listener.accept() => {
                let glass = Glass::new(&hub, stream?, facts.clone(), office.desks());
                connections.push(door::attend(hub.clone(), glass, facts.clone(), service.clone()));
            }
        }
    }
}

fn build(limits: &BrokerLimits) -> (SocketIoService<NoPage>, SocketIo) {
    let builder = SocketIo::builder()
        .ping_interval(limits.heartbeat.every.into())
        .ping_timeout(limits.heartbeat.timeout.into())
        .connect_timeout(NAMESPACE_WITHIN.into())
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

//! One TCP connection to the server: its requests come in time, and whoever is turned away is told
//! to the broker's task with a reason.

use std::convert::Infallible;

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use socketioxide::TransportType;
use socketioxide::service::SocketIoService;
use tokio::sync::Notify;

use super::NoPage;
use super::ears::{Fact, Facts};
use super::glass::{Glass, Ticket};
use crate::link::Hub;
use crate::link::http::{in_time, server};
use crate::link::limits::HANDSHAKE_WITHIN;
use crate::message::{EndReason, Upgrade};
use crate::net::Net;

/// What Engine.IO says of a request that it does not grant (protocol v4, "HTTP long-polling"; the
/// codes are those of its servers).
#[derive(Deserialize)]
struct Refusal {
    code: String,
}

/// The code for a session's id that is none.
const UNKNOWN_SESSION: &str = "1";

/// Serves one TCP connection until it ends or is upgraded.
pub async fn attend<N: Net>(
    hub: Hub<N>,
    glass: Glass<N>,
    facts: Facts,
    service: SocketIoService<NoPage>,
) {
    let (net, upgrade) = (hub.net(), hub.limits().upgrade);
    let (owner, asked) = (glass.owner(), Notify::new());
    let service = service_fn(|request: Request<Incoming>| {
        asked.notify_one();
        let ticket = ticket_of(request.uri());
        *owner.lock().expect("nobody panics with it") = Some(ticket.clone());
        let (facts, has_body) = (facts.clone(), !request.body().is_end_stream());
        let answer = service.call(request);
        async move {
            let answer = if has_body { in_time(net, answer).await } else { Some(answer.await) };
            let Some(answer) = answer.transpose()? else {
                tell(&facts, ticket, EndReason::HttpTimeout);
                let mut answer = Response::new(Bytes::new());
                *answer.status_mut() = StatusCode::REQUEST_TIMEOUT;
                return Ok(last(answer));
            };
            let status = answer.status();
            if !status.is_client_error() || status == StatusCode::NOT_FOUND {
                return Ok(answer.map(Either::Left));
            }
            let (head, body) = answer.into_parts();
            let words = body.collect().await?.to_bytes();
            let reason = match (upgrade, ticket.transport) {
                (Upgrade::Refuse, TransportType::Websocket) => EndReason::UpgradeRefused,
                _ => why(status, &words),
            };
            tell(&facts, ticket, reason);
            Ok::<_, Infallible>(last(Response::from_parts(head, words)))
        }
    });
    let connection = server().serve_connection(TokioIo::new(glass), service).with_upgrades();
    let too_late = async {
        tokio::select! {
            biased;
            () = asked.notified() => std::future::pending().await,
            () = net.sleep_until(net.now() + HANDSHAKE_WITHIN) => {}
        }
    };
    let reason = tokio::select! {
        biased;
        // Whatever else went wrong, the connection is over; its session may go on without it.
        ended = connection => ended.err().and_then(|error| nonsense(&error)),
        () = too_late => Some(EndReason::ConnectTimeout),
    };
    if let Some(reason) = reason {
        hub.turned_away(reason);
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

/// Why a request was not granted.
fn why(status: StatusCode, words: &[u8]) -> EndReason {
    let refusal = serde_json::from_slice::<Refusal>(words);
    match (status, refusal) {
        (StatusCode::PAYLOAD_TOO_LARGE, _) => EndReason::TooLong,
        (_, Ok(refusal)) if refusal.code == UNKNOWN_SESSION => EndReason::UnknownSession,
        (_, Ok(_)) => EndReason::Unexpected,
        // Packets that are none, or half a handshake of WebSocket: only the status says so.
        (_, Err(_)) => EndReason::Malformed,
    }
}

fn tell(facts: &Facts, Ticket { sid, .. }: Ticket, reason: EndReason) {
    // When nobody listens any more the process is dead.
    let _ = facts.send(Fact::Refused { sid, reason });
}

/// The last answer on its connection.
fn last<B>(mut answer: Response<Bytes>) -> Response<Either<B, Full<Bytes>>> {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer.map(|words| Either::Right(Full::new(words)))
}

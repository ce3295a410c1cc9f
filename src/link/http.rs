//! Shared code of the links over plain HTTP/1.1: a client's requests, and the broker's sessions. A
//! session is identified by a path, not by a connection.
//!
//! A client posts frames to `/{process}/{number}`, one JSON text per line. The response carries the
//! broker's immediate answers. Each link delivers messages in its own way, by polling or as an
//! event stream. hyper implements HTTP on both sides.

pub mod channel;
pub mod exchange;
pub mod held_request;
pub mod outbox;
pub mod poll_cursors;
pub mod post_client;
pub mod session_queue;
pub mod session_server;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::sync::Notify;

use super::limits::{HANDSHAKE_WITHIN, KEEP_ALIVE, MOST_HEAD};
use super::tap::Tap;
use super::{LinkEvent, Reading, Settings};
use crate::message::{EndReason, Frame, HttpConnections, SessionId};
use crate::net::Net;
use crate::time::Duration;

/// The media type of a body with frames.
pub const FRAMES: &str = "application/x-ndjson";

/// The options of a client's requests.
#[derive(Clone, Copy, Debug)]
pub struct RequestOptions {
    /// Time within which a request must be answered.
    pub timeout: Duration,
    /// The connections on which requests are made.
    pub connections: HttpConnections,
}

impl RequestOptions {
    /// Returns the options that a scenario sets.
    pub fn of(settings: &Settings) -> RequestOptions {
        RequestOptions { timeout: settings.http_timeout, connections: settings.http_connections }
    }
}

/// The body of a response.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Serves the requests of one connection, until it ends or is upgraded. Returns `None` if no
/// request came within the time limit. A head that is too long is rejected. A later head that does
/// not arrive in time ends the connection.
pub async fn serve_requests<N: Net, F>(
    net: &N,
    tap: Tap<N>,
    answer: impl Fn(Request<Incoming>) -> F + Send + Sync,
) -> Option<hyper::Result<()>>
where
    F: Future<Output = Response<Body>> + Send,
{
    let asked = Notify::new();
    let service = service_fn(|request| {
        asked.notify_one();
        answer(request).map(Ok::<_, Infallible>)
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(std::time::Duration::from(KEEP_ALIVE));
    server.auto_date_header(false).max_buf_size(MOST_HEAD);
    let too_late = async {
        tokio::select! {
            biased;
            () = asked.notified() => std::future::pending().await,
            () = net.sleep_until(net.now() + HANDSHAKE_WITHIN) => {}
        }
    };
    tokio::select! {
        biased;
        ended = server.serve_connection(TokioIo::new(tap), service).with_upgrades() => Some(ended),
        () = too_late => None,
    }
}

/// Waits for the whole body of a request.
///
/// # Errors
/// The body has more than `most` bytes, or does not arrive in time, or the connection ended first.
pub async fn whole_body<N: Net>(net: &N, body: Incoming, most: usize) -> Result<Bytes, EndReason> {
    if body.size_hint().lower() > most as u64 {
        return Err(EndReason::TooLong);
    }
    tokio::select! {
        biased;
        body = Limited::new(body, most).collect() => match body {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(EndReason::TooLong),
            Err(_) => Err(EndReason::Malformed),
        },
        () = net.sleep_until(net.now() + HANDSHAKE_WITHIN) => Err(EndReason::HttpTimeout),
    }
}

/// Returns the path of a session.
pub fn path(session: &SessionId) -> String {
    format!("/{}/{}", escape(session.process.as_str()), session.number)
}

/// Escapes a text for use in a path or query (RFC 3986 §2.1).
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Returns the text that was escaped, or `None` if it is not UTF-8.
pub fn unescape(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

/// The characters that are escaped in a path or query: all but the unreserved ones (RFC 3986 §2.3).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns the copies of messages that frames of a session carry.
pub fn copies(frames: &[Frame], session: &SessionId) -> Vec<super::tap::CopyOf> {
    let messages = frames.iter().filter_map(Frame::message);
    messages.map(|message| (message.id.clone(), session.clone())).collect()
}

/// Takes the next event, unless it is a delivery and reading is paused.
pub fn next_of(events: &mut VecDeque<LinkEvent>, reading: Reading) -> Option<LinkEvent> {
    let is_delivery = matches!(events.front(), Some(LinkEvent::Frame(Frame::Push { .. })));
    if is_delivery && reading == Reading::Paused { None } else { events.pop_front() }
}

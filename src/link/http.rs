//! What the links over plain HTTP/1.1 share: a client's requests, and the broker's sessions, which
//! are names in a path and not connections.
//!
//! A client posts frames, one JSON text a line, to `/{process}/{number}`; the answer carries what
//! the broker has to say at once. How deliveries come, by asking or as a stream of events, is each
//! link's own. hyper speaks the protocol on both sides.

pub mod channel;
pub mod exchange;
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
use super::{LinkEvent, Reading};
use crate::message::{EndReason, Frame, SessionId};
use crate::net::Net;

/// How frames are called in a body.
pub const FRAMES: &str = "application/x-ndjson";

/// The body of a response.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Serves the requests of one connection, until it ends or is upgraded; `None` if none came in
/// time. A head that is too long is turned away, and one that does not come in time ends the
/// connection.
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
/// It is longer than that, does not come in time, or the connection ended before.
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

/// The path of a session.
pub fn path(session: &SessionId) -> String {
    format!("/{}/{}", escape(session.process.as_str()), session.number)
}

/// A text as part of a path or query (RFC 3986 §2.1).
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// The text that was escaped; `None` if it is not UTF-8.
pub fn unescape(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

/// What is not plain in a path or query (RFC 3986 §2.3).
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The copies of messages in frames of a session.
pub fn copies(frames: &[Frame], session: &SessionId) -> Vec<super::tap::CopyOf> {
    let messages = frames.iter().filter_map(Frame::message);
    messages.map(|message| (message.id.clone(), session.clone())).collect()
}

/// What happened next, unless it is a delivery and none is wanted now.
pub fn next_of(happened: &mut VecDeque<LinkEvent>, reading: Reading) -> Option<LinkEvent> {
    let is_delivery = matches!(happened.front(), Some(LinkEvent::Frame(Frame::Push { .. })));
    if is_delivery && reading == Reading::Paused { None } else { happened.pop_front() }
}

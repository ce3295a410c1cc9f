//! The broker's side of an event stream: each session is a response that does not end.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode};

use super::event::SseEvent;
use super::{EVENTS, LAST_EVENT_ID, Sse, hello_of};
use crate::core::BrokerInput;
use crate::link::http::held_request::HeldRequest;
use crate::link::http::poll_cursors::PollCursors;
use crate::link::http::session_server::{HttpConnection, HttpSession, SessionServer};
use crate::link::http::{Body, copies};
use crate::link::limits::RETRY;
use crate::message::{Frame, Mode};
use crate::net::Net;

/// Opens a session, and returns a response with its stream.
pub fn respond<N: Net>(
    server: &SessionServer<N, Sse>,
    request: &Request<Incoming>,
    connection: &HttpConnection,
) -> Response<Body> {
    match open(server, request, connection) {
        Ok(session) => {
            let stream = Stream::new(server, session, connection);
            let events = stream::unfold(stream, |mut stream| async move {
                let bytes = stream.next().await?;
                Some((Ok::<_, Infallible>(hyper::body::Frame::data(bytes)), stream))
            });
            let body = StreamBody::new(events).boxed_unsync();
            let response = Response::builder().header(CONTENT_TYPE, EVENTS).body(body);
            response.expect("the header is plain")
        }
        Err(status) => connection.answer(Err(status)),
    }
}

fn open<N: Net>(
    server: &SessionServer<N, Sse>,
    request: &Request<Incoming>,
    connection: &HttpConnection,
) -> Result<HttpSession, StatusCode> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    if server.find(path).is_some() {
        // A session has only one stream.
        return Err(StatusCode::CONFLICT);
    }
    let hello = hello_of(path, query);
    let Some(frame @ Frame::Hello { session: id, .. }) = &hello else {
        return Err(StatusCode::NOT_FOUND);
    };
    let last = request.headers().get(LAST_EVENT_ID);
    let last = last.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let known = match server.broker().mode() {
        // Nothing is kept from which a client could resume.
        Mode::FireAndForget => PollCursors::default(),
        Mode::CatchUp => last.and_then(|id| id.parse().ok()).unwrap_or_default(),
    };
    let session = server.open(path, id, known.into_inner())?;
    *connection.streams.lock().expect("the lock is not poisoned") = Some(session.connection);
    let frame = frame.clone();
    server.broker().tell(BrokerInput::Received { connection: session.connection, frame });
    Ok(session)
}

/// The broker's frames for a session, as chunks of the response.
struct Stream<N: Net> {
    broker: crate::link::BrokerDriver<N>,
    session: HttpSession,
    connection: HttpConnection,
    begin: VecDeque<Bytes>,
    _held: HeldRequest<N>,
}

impl<N: Net> Stream<N> {
    fn new(
        server: &SessionServer<N, Sse>,
        session: HttpSession,
        connection: &HttpConnection,
    ) -> Self {
        let retry = Bytes::from(format!("retry: {}\n\n", RETRY.as_millis()));
        let (broker, connection) = (server.broker().clone(), connection.clone());
        let _held = HeldRequest::begin(&broker);
        Stream { broker, session, connection, begin: VecDeque::from([retry]), _held }
    }

    /// Waits for the next chunk. Returns `None` at the end of the session.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(bytes) = self.begin.pop_front() {
            self.connection.manifest.announce(Vec::new());
            return Some(bytes);
        }
        let queue = self.session.queue.clone();
        loop {
            let changed = queue.changed();
            if let Some(frame) = queue.take_next() {
                self.broker
                    .flushed(self.session.connection, crate::link::SendHalf::waiting(&queue));
                let frames = [frame];
                self.connection.manifest.announce(copies(&frames, &self.session.id));
                return Some(Bytes::from(self.event(&frames[0]).encode()));
            }
            if queue.is_closed() {
                return None;
            }
            changed.await;
        }
    }

    /// Converts a frame to an event. A delivery has the name of its message's event as its type,
    /// and an id.
    fn event(&self, frame: &Frame) -> SseEvent {
        let data = serde_json::to_string(frame).expect("a frame is plain data");
        self.session.see(std::slice::from_ref(frame));
        let Some(message) = frame.message() else {
            return SseEvent { id: None, kind: String::new(), data };
        };
        let id = match self.broker.mode() {
            Mode::FireAndForget => message.id.to_string(),
            // The cursors of the stream.
            Mode::CatchUp => {
                self.session.cursors.lock().expect("the lock is not poisoned").to_string()
            }
        };
        // A line break in a name would end the field. The frame contains the name anyway.
        let is_plain = |text: &str| !text.contains(['\r', '\n', '\0']);
        let kind = Arc::<str>::from(message.event.as_str());
        SseEvent {
            id: Some(id).filter(|id| is_plain(id)),
            kind: if is_plain(&kind) { kind.to_string() } else { String::new() },
            data,
        }
    }
}

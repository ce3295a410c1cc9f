//! The broker's side of an event stream: a session is a response that does not end.

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
use super::{EVENTS, LAST_EVENT_ID, Sse, session_of};
use crate::core::BrokerInput;
use crate::link::http::poll_cursors::PollCursors;
use crate::link::http::session_server::{HttpConnection, HttpSession, SessionServer};
use crate::link::http::{Body, copies};
use crate::link::limits::RETRY;
use crate::message::{Frame, Mode};
use crate::net::Net;

/// Opens a session, and answers with its stream.
pub fn respond<N: Net>(
    desk: &SessionServer<N, Sse>,
    request: &Request<Incoming>,
    line: &HttpConnection,
) -> Response<Body> {
    match open(desk, request, line) {
        Ok(session) => {
            let stream = Stream::new(desk, session, line);
            let events = stream::unfold(stream, |mut stream| async move {
                let bytes = stream.next().await?;
                Some((Ok::<_, Infallible>(hyper::body::Frame::data(bytes)), stream))
            });
            let body = StreamBody::new(events).boxed_unsync();
            let response = Response::builder().header(CONTENT_TYPE, EVENTS).body(body);
            response.expect("the header is plain")
        }
        Err(status) => line.answer(Err(status)),
    }
}

fn open<N: Net>(
    desk: &SessionServer<N, Sse>,
    request: &Request<Incoming>,
    line: &HttpConnection,
) -> Result<HttpSession, StatusCode> {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    if desk.find(path).is_some() {
        // One stream a session.
        return Err(StatusCode::CONFLICT);
    }
    let (client, id) = session_of(path, query).ok_or(StatusCode::NOT_FOUND)?;
    let last = request.headers().get(LAST_EVENT_ID);
    let last = last.and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let known = match desk.hub().mode() {
        // Nothing is kept that one could go on from.
        Mode::FireAndForget => PollCursors::default(),
        Mode::CatchUp => last.and_then(|id| id.parse().ok()).unwrap_or_default(),
    };
    let session = desk.open(path, &id, known.into_inner())?;
    *line.streams.lock().expect("nobody panics with it") = Some(session.peer);
    let frame = Frame::Hello { client, session: id };
    desk.hub().tell(BrokerInput::Received { peer: session.peer, frame });
    Ok(session)
}

/// What is still to be written on a stream.
struct Stream<N> {
    hub: crate::link::BrokerDriver<N>,
    session: HttpSession,
    line: HttpConnection,
    begin: VecDeque<Bytes>,
}

impl<N: Net> Stream<N> {
    fn new(desk: &SessionServer<N, Sse>, session: HttpSession, line: &HttpConnection) -> Self {
        let retry = Bytes::from(format!("retry: {}\n\n", RETRY.as_millis()));
        let (hub, line) = (desk.hub().clone(), line.clone());
        Stream { hub, session, line, begin: VecDeque::from([retry]) }
    }

    /// The next chunk, once there is one.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(bytes) = self.begin.pop_front() {
            self.line.manifest.announce(Vec::new());
            return Some(bytes);
        }
        let mailbox = self.session.mailbox.clone();
        loop {
            let changed = mailbox.changed();
            if let Some(frame) = mailbox.take_next() {
                self.hub.flushed(self.session.peer, crate::link::SendHalf::waiting(&mailbox));
                let frames = [frame];
                self.line.manifest.announce(copies(&frames, &self.session.id));
                return Some(Bytes::from(self.event(&frames[0]).encode()));
            }
            if mailbox.is_closed() {
                return None;
            }
            changed.await;
        }
    }

    /// A frame as an event: a delivery has the name of its own event, and an id.
    fn event(&self, frame: &Frame) -> SseEvent {
        let data = serde_json::to_string(frame).expect("a frame is plain data");
        self.session.see(std::slice::from_ref(frame));
        let Some(message) = frame.message() else {
            return SseEvent { id: None, kind: String::new(), data };
        };
        let id = match self.hub.mode() {
            Mode::FireAndForget => message.id.to_string(),
            // Where the stream is.
            Mode::CatchUp => self.session.places.lock().expect("nobody panics with it").to_string(),
        };
        // A line break in a name would end the field; the frame has the name anyway.
        let is_plain = |text: &str| !text.contains(['\r', '\n', '\0']);
        let kind = Arc::<str>::from(message.event.as_str());
        SseEvent {
            id: Some(id).filter(|id| is_plain(id)),
            kind: if is_plain(&kind) { kind.to_string() } else { String::new() },
            data,
        }
    }
}

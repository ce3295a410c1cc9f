//! The link `sse`, server-sent events: the broker's frames come as one response that does not end,
//! and the client's frames are posted (WHATWG HTML §9.2).
//!
//! A client that reconnects sends `Last-Event-ID`. In catch-up mode the header holds the client's
//! cursors, and the broker resumes from there. In fire-and-forget mode it is the id of the last
//! event, and the broker ignores it, because it keeps nothing to resume from.

pub mod event;
mod stream;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ACCEPT, HOST, HeaderValue};
use hyper::{Request, Response, StatusCode};

use self::event::{Parser, Said};
use super::http::exchange::{HttpClientConnection, why};
use super::http::outbox::Outbox;
use super::http::poll_cursors::PollCursors;
use super::http::post_client::PostClient;
use super::http::session_server::{self, DeliveryStyle, HttpConnection, SessionServer};
use super::http::{Body, RequestOptions, escape, next_of, path, unescape};
use super::{
    BrokerDriver, ConnectContext, LinkDriver, LinkEvent, Reading, ReceiveHalf, SendHalf, Settings,
    reason_of_error, reason_of_wire_error,
};
use crate::message::{Draft, EndReason, Frame, Link, Mode, Name, SessionId};
use crate::net::Net;
use crate::time::Duration;
use crate::wire;

/// The media type of an event stream.
pub const EVENTS: &str = "text/event-stream";
/// The header that a client sends to resume: its cursors, or the id of the last event.
pub const LAST_EVENT_ID: &str = "last-event-id";

/// The link `sse`.
#[derive(Clone, Debug)]
pub struct Sse {
    mode: Mode,
    /// The options of posts.
    posts: RequestOptions,
    /// The id of the last event with an id, over all sessions of the process.
    last_id: Arc<Mutex<Option<String>>>,
}

impl LinkDriver for Sse {
    const LINK: Link = Link::Sse;
    type ReceiveHalf<N: Net> = EventReceiveHalf<N>;

    fn new(settings: &Settings) -> Self {
        Sse { mode: settings.mode, posts: RequestOptions::of(settings), last_id: Arc::default() }
    }

    async fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, EventReceiveHalf<N>)> {
        let connection = HttpClientConnection::open(&context).await?;
        let outbox = Outbox::default();
        let receive_half = EventReceiveHalf {
            outbox: outbox.clone(),
            post_client: PostClient::new(context.clone(), None, self.posts),
            stream: Stream::Connected(connection),
            mode: self.mode,
            last_id: self.last_id.clone(),
            parser: Parser::default(),
            session: None,
            ready: VecDeque::new(),
            context,
        };
        Ok((Box::new(outbox), receive_half))
    }

    async fn serve<N: Net>(&self, port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
        session_server::serve(port, broker, self.clone()).await
    }
}

impl DeliveryStyle for Sse {
    async fn give<N: Net>(
        &self,
        server: &SessionServer<N, Self>,
        request: Request<Incoming>,
        connection: &HttpConnection,
    ) -> Response<Body> {
        stream::respond(server, &request, connection)
    }
}

/// Parses a hello from the path and query of a request for a stream.
fn hello_of(path: &str, query: &str) -> Option<Frame> {
    let (process, number) = path.strip_prefix('/')?.rsplit_once('/')?;
    let session = SessionId { process: unescape(process)?.into(), number: number.parse().ok()? };
    let query = query.strip_prefix("client=")?;
    let (client, will) = match query.split_once("&will=") {
        Some((client, will)) => (client, Some(serde_json::from_str(&unescape(will)?).ok()?)),
        None => (query, None),
    };
    Some(Frame::Hello { client: unescape(client)?.into(), session, will })
}

/// The receiving side of a client: reads the event stream, and posts the client's frames.
pub struct EventReceiveHalf<N> {
    context: ConnectContext<N>,
    outbox: Outbox,
    post_client: PostClient<N>,
    stream: Stream,
    parser: Parser,
    mode: Mode,
    last_id: Arc<Mutex<Option<String>>>,
    session: Option<SessionId>,
    /// Events that are not returned yet.
    ready: VecDeque<LinkEvent>,
}

type Asking =
    Pin<Box<dyn Future<Output = Result<(HttpClientConnection, Incoming), EndReason>> + Send>>;

enum Stream {
    /// The connection is open, and the stream is not requested yet.
    Connected(HttpClientConnection),
    /// The stream is requested; the response's head is awaited.
    Asking(Asking),
    /// The response's body carries events.
    Open(HttpClientConnection, Incoming),
    /// The stream has ended.
    Over,
}

impl<N: Net> ReceiveHalf for EventReceiveHalf<N> {
    async fn next(&mut self, reading: Reading) -> LinkEvent {
        poll_fn(|cx| self.poll_next(cx, reading)).await
    }
}

impl<N: Net> EventReceiveHalf<N> {
    fn poll_next(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<LinkEvent> {
        for frame in self.outbox.take(cx) {
            self.say(frame);
        }
        loop {
            if let Some(event) = next_of(&mut self.ready, reading) {
                return Poll::Ready(event);
            }
            let Some(session) = self.session.clone() else { return Poll::Pending };
            if let Poll::Ready(events) = self.post_client.poll(cx, &session) {
                self.ready.extend(events);
                continue;
            }
            if reading == Reading::Paused {
                return Poll::Pending;
            }
            match ready!(self.poll_stream(cx)) {
                Ok(said) => self.hear(said),
                Err(reason) => {
                    self.stream = Stream::Over;
                    self.ready.push_back(LinkEvent::Ended(reason));
                }
            }
        }
    }

    /// Sends a frame: a hello requests the stream, every other frame is posted. A join is posted
    /// without its cursor, which the request for the stream carries.
    fn say(&mut self, frame: Frame) {
        match frame {
            Frame::Hello { client, session, will } => {
                self.session = Some(session.clone());
                if let Stream::Connected(_) = self.stream {
                    self.ask(&client, &session, will.as_deref());
                }
            }
            Frame::Join { request, queue, rooms, .. } => {
                self.post_client.add(Frame::Join { request, queue, rooms, known: None });
            }
            frame => self.post_client.add(frame),
        }
    }

    fn ask(&mut self, client: &Name, session: &SessionId, will: Option<&Draft>) {
        let will = will.map(|will| {
            let will = serde_json::to_string(will).expect("a will is plain data");
            format!("&will={}", escape(&will))
        });
        let (path, client, will) =
            (path(session), escape(client.as_str()), will.unwrap_or_default());
        let mut request = Request::get(format!("{path}?client={client}{will}"))
            .header(HOST, self.context.to.to_string())
            .header(ACCEPT, EVENTS);
        let last = match self.mode {
            Mode::FireAndForget => self.last_id.lock().expect("the lock is not poisoned").clone(),
            // The last event that was handled, not the last that arrived: an event that waited for
            // an earlier one, or was not handled before the client died, must be sent again.
            Mode::CatchUp => {
                let known = PollCursors::new(self.context.known.clone()).to_string();
                Some(known).filter(|known| !known.is_empty())
            }
        };
        // The header's bytes are UTF-8 (WHATWG HTML §9.2.2). An id that is not a valid header value
        // is not sent.
        if let Some(last) = last.and_then(|last| HeaderValue::from_bytes(last.as_bytes()).ok()) {
            request = request.header(LAST_EVENT_ID, last);
        }
        let request = request.body(Full::new(Bytes::new())).expect("all of it is plain");
        let Stream::Connected(mut connection) = std::mem::replace(&mut self.stream, Stream::Over)
        else {
            unreachable!("it was looked at before");
        };
        self.stream = Stream::Asking(Box::pin(async move {
            let response = connection.send(request, Vec::new()).await;
            let response = response.map_err(|error| reason_of_error(&error))?;
            match response.status() {
                StatusCode::OK => Ok((connection, response.into_body())),
                StatusCode::NOT_FOUND | StatusCode::CONFLICT => Err(EndReason::UnknownSession),
                _ => Err(EndReason::Malformed),
            }
        }));
    }

    /// Reads what the stream says next.
    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<Said>, EndReason>> {
        loop {
            match &mut self.stream {
                Stream::Connected(_) | Stream::Over => return Poll::Pending,
                Stream::Asking(asking) => {
                    let (connection, body) = ready!(asking.as_mut().poll(cx))?;
                    self.stream = Stream::Open(connection, body);
                }
                Stream::Open(connection, body) => {
                    let ended = connection.poll_idle(cx);
                    let frame = match (Pin::new(body).poll_frame(cx), ended) {
                        (Poll::Ready(Some(Ok(frame))), _) => frame,
                        // An invalid chunk ends the body first, and only then the connection.
                        (Poll::Ready(Some(Err(error))), _) => return Poll::Ready(Err(why(&error))),
                        (Poll::Ready(_) | Poll::Pending, Poll::Ready(reason)) => {
                            return Poll::Ready(Err(reason));
                        }
                        (Poll::Ready(_), Poll::Pending) => {
                            return Poll::Ready(Err(EndReason::Fin));
                        }
                        (Poll::Pending, Poll::Pending) => return Poll::Pending,
                    };
                    let bytes = frame.into_data().unwrap_or_default();
                    let said = self.parser.read(&bytes).map_err(|_| EndReason::TooLong);
                    return Poll::Ready(said);
                }
            }
        }
    }

    fn hear(&mut self, said: Vec<Said>) {
        for said in said {
            self.ready.push_back(match said {
                Said::Retry(after) => LinkEvent::Retry(Duration::from_millis(after)),
                Said::Event(event) => {
                    if let Some(id) = event.id {
                        *self.last_id.lock().expect("the lock is not poisoned") = Some(id);
                    }
                    match wire::decode(event.data.as_bytes()) {
                        Ok(frame) => LinkEvent::Frame(frame),
                        Err(error) => LinkEvent::Malformed(reason_of_wire_error(&error)),
                    }
                }
            });
        }
    }
}

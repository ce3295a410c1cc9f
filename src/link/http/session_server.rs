//! The broker's side of the links over HTTP: finds the session of a request, and answers it.
//!
//! A session is identified by a path. It begins with a hello and ends when the broker closes it,
//! while connections come and go.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};

use super::exchange::{NUMBER, why};
use super::poll_cursors::PollCursors;
use super::session_queue::{QueuePolicy, SessionQueue};
use super::{Body, FRAMES, copies, path, serve_requests, whole_body};
use crate::core::{BrokerInput, ConnectionId};
use crate::link::limits::{MOST_BODY, MOST_ENDED};
use crate::link::tap::{Manifest, Tap};
use crate::link::{BrokerDriver, listen, reason_of_wire_error};
use crate::message::{Cursor, EndReason, Frame, Mode, Name, SessionId};
use crate::net::Net;
use crate::wire;

/// The way in which a link delivers messages over HTTP.
pub trait DeliveryStyle: Clone + Send + Sync + 'static {
    /// Returns the policy by which deliveries wait for a session.
    fn keep(&self, _mode: Mode) -> QueuePolicy {
        QueuePolicy::All
    }

    /// Answers a request for deliveries.
    fn give<N: Net>(
        &self,
        server: &SessionServer<N, Self>,
        request: Request<Incoming>,
        connection: &HttpConnection,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Serves clients on a port for ever.
///
/// # Errors
/// The port is taken, or the network is gone.
pub async fn serve<N: Net>(
    port: u16,
    broker: BrokerDriver<N>,
    style: impl DeliveryStyle,
) -> io::Result<()> {
    let server =
        Arc::new(SessionServer { broker: broker.clone(), style, sessions: Mutex::default() });
    listen::serve(port, &broker, |_, stream| serve_connection(server.clone(), stream)).await
}

/// Serves one connection until it ends.
async fn serve_connection<N: Net, S: DeliveryStyle>(
    server: Arc<SessionServer<N, S>>,
    stream: N::Stream,
) {
    let broker = &server.broker;
    let tap = Tap::new(broker.net(), broker.recorder(), stream);
    let connection = HttpConnection { manifest: tap.manifest(), streams: Arc::default() };
    let ended =
        serve_requests(broker.net(), tap, |request| server.answer(request, &connection)).await;
    let Some(ended) = ended else { return broker.reject(EndReason::ConnectTimeout) };
    let reason = ended.as_ref().err().map_or(EndReason::Fin, why);
    let streamed = connection.streams.lock().expect("the lock is not poisoned").take();
    match streamed {
        Some(connection) => broker.tell(BrokerInput::Closed { connection, reason }),
        None if ended.is_err_and(|error| error.is_parse()) => broker.reject(reason),
        None => {}
    }
}

/// A connection: the manifest of its written bytes, and the session that streams over it.
#[derive(Clone)]
pub struct HttpConnection {
    /// The manifest in which the copies in each response are announced.
    pub manifest: Manifest,
    /// The session whose stream is on this connection. It ends with the connection.
    pub streams: Arc<Mutex<Option<ConnectionId>>>,
}

/// Serves all sessions of a broker.
pub struct SessionServer<N, S> {
    broker: BrokerDriver<N>,
    style: S,
    sessions: Mutex<BTreeMap<String, HttpSession>>,
}

/// A session over HTTP.
#[derive(Clone)]
pub struct HttpSession {
    /// Its connection at the broker.
    pub connection: ConnectionId,
    /// The session's id.
    pub id: SessionId,
    /// The frames that wait for the session.
    pub queue: SessionQueue,
    /// The cursors that the client sent when it connected.
    known: Arc<BTreeMap<Name, Cursor>>,
    /// The cursors after the frames sent so far. They are shared, because a session with a stream
    /// gets the answer to a join outside the stream.
    pub cursors: Arc<Mutex<PollCursors>>,
}

impl<N: Net, S: DeliveryStyle> SessionServer<N, S> {
    async fn answer(
        &self,
        request: Request<Incoming>,
        connection: &HttpConnection,
    ) -> Response<Body> {
        match *request.method() {
            Method::POST => connection.answer(self.post(request).await),
            Method::GET => self.style.give(self, request, connection).await,
            _ => {
                self.broker.reject(EndReason::Unexpected);
                connection.answer(Err(StatusCode::METHOD_NOT_ALLOWED))
            }
        }
    }

    /// Answers a post of frames.
    async fn post(&self, request: Request<Incoming>) -> Result<SessionReply, StatusCode> {
        let path = &request.uri().path().to_owned();
        let body = whole_body(self.broker.net(), request.into_body(), MOST_BODY).await;
        let frames =
            body.and_then(|body| wire::decode_lines(&body).map_err(|e| reason_of_wire_error(&e)));
        let frames = frames.map_err(|reason| self.malformed(path, reason))?;
        if let (None, Some(Frame::Hello { session, .. })) = (self.find(path), frames.first()) {
            self.open(path, session, BTreeMap::new())?;
        }
        let session = self.find(path).ok_or(StatusCode::NOT_FOUND)?;
        let connection = session.connection;
        self.broker.tell(BrokerInput::RequestSeen { connection });
        for frame in frames {
            let frame = session.complete(frame);
            session.queue.see(&frame);
            self.broker.tell(BrokerInput::Received { connection, frame });
        }
        let frames = session.queue.take_answers();
        session.see(&frames);
        self.remove_if_closed(path, &session);
        Ok(SessionReply { frames, ..SessionReply::default() })
    }

    /// Handles a post that is not a sequence of frames: ends its session, if it has one, and
    /// returns the status of the response.
    fn malformed(&self, path: &str, reason: EndReason) -> StatusCode {
        match self.find(path) {
            Some(HttpSession { connection, .. }) => {
                self.broker.tell(BrokerInput::Malformed { connection, reason })
            }
            None => self.broker.reject(reason),
        }
        match reason {
            EndReason::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            EndReason::HttpTimeout => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Opens a session. The caller then passes its hello to the broker.
    ///
    /// # Errors
    /// The path is not the path of the session `id`.
    pub fn open(
        &self,
        at: &str,
        id: &SessionId,
        known: BTreeMap<Name, Cursor>,
    ) -> Result<HttpSession, StatusCode> {
        if at != path(id) {
            return Err(StatusCode::BAD_REQUEST);
        }
        let queue = SessionQueue::new(self.style.keep(self.broker.mode()));
        let connection = self.broker.open(Box::new(queue.clone()));
        let cursors = Arc::default();
        let session =
            HttpSession { connection, id: id.clone(), queue, known: Arc::new(known), cursors };
        let mut sessions = self.sessions();
        if sessions.values().filter(|session| session.queue.is_closed()).count() >= MOST_ENDED {
            sessions.retain(|_, session| !session.queue.is_closed());
        }
        sessions.insert(at.to_owned(), session.clone());
        Ok(session)
    }

    /// Returns the session of a path.
    pub fn find(&self, path: &str) -> Option<HttpSession> {
        self.sessions().get(path).cloned()
    }

    /// Returns the broker's process.
    pub fn broker(&self) -> &BrokerDriver<N> {
        &self.broker
    }

    /// Forgets a session that has ended, now that the client has been told.
    pub fn remove_if_closed(&self, path: &str, session: &HttpSession) {
        if session.queue.is_closed() {
            self.sessions().remove(path);
        }
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, HttpSession>> {
        self.sessions.lock().expect("the lock is not poisoned")
    }
}

impl HttpSession {
    /// Advances the session's cursors past frames that are sent.
    pub fn see(&self, frames: &[Frame]) {
        let mut cursors = self.cursors.lock().expect("the lock is not poisoned");
        frames.iter().for_each(|frame| cursors.see(frame));
    }

    /// Adds to a join without a cursor the one that the client sent when it connected.
    fn complete(&self, frame: Frame) -> Frame {
        match frame {
            Frame::Join { request, queue, rooms, known: None } => {
                let known = self.known.get(&queue).copied();
                Frame::Join { request, queue, rooms, known }
            }
            frame => frame,
        }
    }
}

/// The answer to a request.
#[derive(Default)]
pub struct SessionReply {
    /// The broker's frames.
    pub frames: Vec<Frame>,
    /// The number of the response, if it answers a poll with frames.
    pub number: Option<u64>,
    /// The session that gets the deliveries, if the frames may contain any.
    pub copies_of: Option<SessionId>,
}

impl HttpConnection {
    /// Creates a response on this connection, and announces the copies in it.
    pub fn answer(&self, answer: Result<SessionReply, StatusCode>) -> Response<Body> {
        match answer {
            Ok(SessionReply { frames, number, copies_of }) => {
                let copies = copies_of.map(|session| copies(&frames, &session));
                self.manifest.announce(copies.unwrap_or_default());
                response_with(frames, number)
            }
            Err(status) => {
                self.manifest.announce(Vec::new());
                status_only(status)
            }
        }
    }
}

fn response_with(frames: Vec<Frame>, number: Option<u64>) -> Response<Body> {
    if frames.is_empty() {
        return status_only(StatusCode::NO_CONTENT);
    }
    let mut response = Response::builder().header(CONTENT_TYPE, FRAMES);
    if let Some(number) = number {
        response = response.header(NUMBER, number);
    }
    let body = Full::new(Bytes::from(wire::encode_lines(&frames)));
    response.body(body.boxed_unsync()).expect("the headers are plain")
}

/// Creates a response with a status and an empty body.
fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = status;
    response
}

//! The broker's side of HTTP: which session a request is of, and what it is answered.
//!
//! A session is a name in a path. It begins with its hello and ends when the broker says so;
//! connections come and go.

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
use crate::link::{BrokerDriver, garbled, listen};
use crate::message::{Cursor, EndReason, Frame, Mode, Name, SessionId};
use crate::net::Net;
use crate::wire;

/// How a link answers who asks for deliveries.
pub trait DeliveryStyle: Clone + Send + Sync + 'static {
    /// Which deliveries wait for a session until it asks.
    fn keep(&self, _mode: Mode) -> QueuePolicy {
        QueuePolicy::All
    }

    /// Answers a request for deliveries.
    fn give<N: Net>(
        &self,
        desk: &SessionServer<N, Self>,
        request: Request<Incoming>,
        line: &HttpConnection,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Serves clients on a port for ever.
///
/// # Errors
/// The port is taken, or the network is gone.
pub async fn serve<N: Net>(
    port: u16,
    hub: BrokerDriver<N>,
    style: impl DeliveryStyle,
) -> io::Result<()> {
    let desk = Arc::new(SessionServer { hub: hub.clone(), style, sessions: Mutex::default() });
    listen::serve(port, &hub, |_, stream| serve_connection(desk.clone(), stream)).await
}

/// Serves one connection until it ends.
async fn serve_connection<N: Net, S: DeliveryStyle>(
    desk: Arc<SessionServer<N, S>>,
    stream: N::Stream,
) {
    let hub = &desk.hub;
    let tap = Tap::new(hub.net(), hub.recorder(), stream);
    let line = HttpConnection { manifest: tap.manifest(), streams: Arc::default() };
    let ended = serve_requests(hub.net(), tap, |request| desk.answer(request, &line)).await;
    let Some(ended) = ended else { return hub.reject(EndReason::ConnectTimeout) };
    let reason = ended.as_ref().err().map_or(EndReason::Fin, why);
    let streamed = line.streams.lock().expect("nobody panics with it").take();
    match streamed {
        Some(peer) => hub.tell(BrokerInput::Closed { peer, reason }),
        None if ended.is_err_and(|error| error.is_parse()) => hub.reject(reason),
        None => {}
    }
}

/// One connection: what is written to it, and the session that streams over it.
#[derive(Clone)]
pub struct HttpConnection {
    /// Where the copies in each response are announced.
    pub manifest: Manifest,
    /// The session that ends with the connection.
    pub streams: Arc<Mutex<Option<ConnectionId>>>,
}

/// All sessions.
pub struct SessionServer<N, S> {
    hub: BrokerDriver<N>,
    style: S,
    sessions: Mutex<BTreeMap<String, HttpSession>>,
}

/// One session, as the desk knows it.
#[derive(Clone)]
pub struct HttpSession {
    /// The broker's number of it.
    pub peer: ConnectionId,
    /// Which one it is.
    pub id: SessionId,
    /// What waits for it.
    pub mailbox: SessionQueue,
    /// How far the client said that it came in each queue.
    known: Arc<BTreeMap<Name, Cursor>>,
    /// How far it came: where it has a stream, a join is answered beside it.
    pub places: Arc<Mutex<PollCursors>>,
}

impl<N: Net, S: DeliveryStyle> SessionServer<N, S> {
    async fn answer(&self, request: Request<Incoming>, line: &HttpConnection) -> Response<Body> {
        match *request.method() {
            Method::POST => line.answer(self.post(request).await),
            Method::GET => self.style.give(self, request, line).await,
            _ => {
                self.hub.reject(EndReason::Unexpected);
                line.answer(Err(StatusCode::METHOD_NOT_ALLOWED))
            }
        }
    }

    /// A client says something.
    async fn post(&self, request: Request<Incoming>) -> Result<Answer, StatusCode> {
        let path = &request.uri().path().to_owned();
        let body = whole_body(self.hub.net(), request.into_body(), MOST_BODY).await;
        let frames = body.and_then(|body| wire::decode_lines(&body).map_err(|e| garbled(&e)));
        let frames = frames.map_err(|reason| self.garbled(path, reason))?;
        if let (None, Some(Frame::Hello { session, .. })) = (self.find(path), frames.first()) {
            self.open(path, session, BTreeMap::new())?;
        }
        let session = self.find(path).ok_or(StatusCode::NOT_FOUND)?;
        let peer = session.peer;
        self.hub.tell(BrokerInput::RequestSeen { peer });
        for frame in frames {
            let frame = session.complete(frame);
            session.mailbox.see(&frame);
            self.hub.tell(BrokerInput::Received { peer, frame });
        }
        let frames = session.mailbox.take_answers();
        session.see(&frames);
        self.forget_if_closed(path, &session);
        Ok(Answer { frames, ..Answer::default() })
    }

    /// What came in a post is no frames: the end of the session, if it is one's, and the answer.
    fn garbled(&self, path: &str, reason: EndReason) -> StatusCode {
        match self.find(path) {
            Some(HttpSession { peer, .. }) => {
                self.hub.tell(BrokerInput::Malformed { peer, reason })
            }
            None => self.hub.reject(reason),
        }
        match reason {
            EndReason::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            EndReason::HttpTimeout => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Opens a session, whose hello is still to be told.
    ///
    /// # Errors
    /// The path is another session's.
    pub fn open(
        &self,
        at: &str,
        id: &SessionId,
        known: BTreeMap<Name, Cursor>,
    ) -> Result<HttpSession, StatusCode> {
        if at != path(id) {
            return Err(StatusCode::BAD_REQUEST);
        }
        let mailbox = SessionQueue::new(self.style.keep(self.hub.mode()));
        let peer = self.hub.open(Box::new(mailbox.clone()));
        let places = Arc::default();
        let session = HttpSession { peer, id: id.clone(), mailbox, known: Arc::new(known), places };
        let mut sessions = self.sessions();
        if sessions.values().filter(|session| session.mailbox.is_closed()).count() >= MOST_ENDED {
            sessions.retain(|_, session| !session.mailbox.is_closed());
        }
        sessions.insert(at.to_owned(), session.clone());
        Ok(session)
    }

    /// The session of a path.
    pub fn find(&self, path: &str) -> Option<HttpSession> {
        self.sessions().get(path).cloned()
    }

    /// The broker's process.
    pub fn hub(&self) -> &BrokerDriver<N> {
        &self.hub
    }

    /// A session that has ended is unknown once that was said.
    pub fn forget_if_closed(&self, path: &str, session: &HttpSession) {
        if session.mailbox.is_closed() {
            self.sessions().remove(path);
        }
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, HttpSession>> {
        self.sessions.lock().expect("nobody panics with it")
    }
}

impl HttpSession {
    /// These frames go out.
    pub fn see(&self, frames: &[Frame]) {
        let mut places = self.places.lock().expect("nobody panics with it");
        frames.iter().for_each(|frame| places.see(frame));
    }

    /// A join with what the client said when it connected, where it does not say more.
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

/// What a request is answered.
#[derive(Default)]
pub struct Answer {
    /// What the broker says.
    pub frames: Vec<Frame>,
    /// The number of a response with deliveries.
    pub number: Option<u64>,
    /// Whose deliveries they are, if they are deliveries.
    pub copies_of: Option<SessionId>,
}

impl HttpConnection {
    /// A response on this line, with what is in it announced.
    pub fn answer(&self, answer: Result<Answer, StatusCode>) -> Response<Body> {
        match answer {
            Ok(Answer { frames, number, copies_of }) => {
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

/// A response that says no more than its status.
fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = status;
    response
}

//! The broker's side of HTTP: which session a request is of, and what it is answered.
//!
//! A session is a name in a path. It begins with its hello and ends when the broker says so;
//! connections come and go.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use super::exchange::{NUMBER, why};
use super::mailbox::{Keep, Mailbox};
use super::{Body, FRAMES, copies, in_time, path, server};
use crate::core::{BrokerInput, Peer};
use crate::link::limits::{HANDSHAKE_WITHIN, MOST_BODY, MOST_ENDED};
use crate::link::sse::{self, Places};
use crate::link::tap::{Manifest, Tap};
use crate::link::{Hub, Waiting, garbled, listen};
use crate::message::{EndReason, Frame, Known, Mode, Name, SessionId};
use crate::net::Net;
use crate::wire;

/// How deliveries come to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// In the response to a request for them, which is given at once.
    AtOnce,
    /// In the response to a request for them, which is held until there are some.
    Held,
    /// As a stream of events.
    Events,
}

/// Serves clients on a port for ever.
///
/// # Errors
/// The port is taken, or the network is gone.
pub async fn serve<N: Net>(port: u16, hub: Hub<N>, style: Style) -> io::Result<()> {
    let desk = Arc::new(Desk { hub: hub.clone(), style, sessions: Mutex::default() });
    listen::serve(port, &hub, |_, stream| attend(desk.clone(), stream)).await
}

/// Serves one connection until it ends.
async fn attend<N: Net>(desk: Arc<Desk<N>>, stream: N::Stream) {
    let tap = Tap::new(desk.hub.net(), desk.hub.recorder(), stream);
    let line = Line { manifest: tap.manifest(), ..Line::default() };
    let service = service_fn(|request| {
        line.has_asked.store(true, Relaxed);
        let (desk, line) = (desk.clone(), line.clone());
        async move { Ok::<_, Infallible>(desk.answer(request, &line).await) }
    });
    let mut serving = pin!(server().serve_connection(TokioIo::new(tap), service));
    let net = desk.hub.net();
    let ended = tokio::select! {
        biased;
        ended = &mut serving => ended,
        () = net.sleep_until(net.now() + HANDSHAKE_WITHIN) => {
            if !line.has_asked.load(Relaxed) {
                return desk.hub.turned_away(EndReason::ConnectTimeout);
            }
            serving.await
        }
    };
    let reason = ended.as_ref().err().map_or(EndReason::Fin, why);
    let streamed = line.streams.lock().expect("nobody panics with it").take();
    match streamed {
        Some(peer) => desk.hub.tell(BrokerInput::Closed { peer, reason }),
        None if ended.is_err_and(|error| error.is_parse()) => desk.hub.turned_away(reason),
        None => {}
    }
}

/// One connection: what is written to it, and the session that streams over it.
#[derive(Clone, Default)]
pub struct Line {
    /// Where the copies in each response are announced.
    pub manifest: Manifest,
    /// The session that ends with the connection.
    pub streams: Arc<Mutex<Option<Peer>>>,
    /// Whether the head of a request came.
    has_asked: Arc<AtomicBool>,
}

/// All sessions.
pub struct Desk<N> {
    hub: Hub<N>,
    style: Style,
    sessions: Mutex<BTreeMap<String, Session>>,
}

/// One session, as the desk knows it.
#[derive(Clone)]
pub struct Session {
    /// The broker's number of it.
    pub peer: Peer,
    /// Which one it is.
    pub id: SessionId,
    /// What waits for it.
    pub mailbox: Mailbox,
    /// How far the client said that it came in each queue.
    known: Arc<BTreeMap<Name, Known>>,
    /// How far its stream came, if it has one: a join is answered beside the stream.
    pub places: Arc<Mutex<Places>>,
}

impl<N: Net> Desk<N> {
    async fn answer(&self, request: Request<Incoming>, line: &Line) -> Response<Body> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = match (&method, self.style) {
            (&Method::POST, _) => self.post(&path, request).await,
            (&Method::GET, Style::Events) => return sse::stream::respond(self, request, line),
            (&Method::GET, _) => self.fetch(&path, &request).await,
            _ => {
                self.hub.turned_away(EndReason::Unexpected);
                Err(StatusCode::METHOD_NOT_ALLOWED)
            }
        };
        match response {
            Ok(Answer { frames, number, copies_of }) => {
                let copies = copies_of.map(|session| copies(&frames, &session));
                line.manifest.announce(copies.unwrap_or_default());
                response_with(frames, number)
            }
            Err(status) => {
                line.manifest.announce(Vec::new());
                status_only(status)
            }
        }
    }

    /// A client says something.
    async fn post(&self, path: &str, request: Request<Incoming>) -> Result<Answer, StatusCode> {
        let body = self.body(request.into_body()).await;
        let frames = body.and_then(|body| wire::decode_lines(&body).map_err(|e| garbled(&e)));
        let frames = frames.map_err(|reason| self.garbled(path, reason))?;
        if let (None, Some(Frame::Hello { session, .. })) = (self.find(path), frames.first()) {
            self.open(path, session, BTreeMap::new())?;
        }
        let session = self.find(path).ok_or(StatusCode::NOT_FOUND)?;
        let peer = session.peer;
        self.hub.tell(BrokerInput::Heard { peer });
        for frame in frames {
            let frame = session.complete(frame);
            session.mailbox.see(&frame);
            self.hub.tell(BrokerInput::Received { peer, frame });
        }
        let frames = session.mailbox.take_answers();
        session.see(&frames);
        self.forget_if_closed(path, &session);
        Ok(Answer { frames, number: None, copies_of: None })
    }

    /// The body of a request, all of it.
    async fn body(&self, body: Incoming) -> Result<Bytes, EndReason> {
        if body.size_hint().lower() > MOST_BODY as u64 {
            return Err(EndReason::TooLong);
        }
        match in_time(self.hub.net(), Limited::new(body, MOST_BODY).collect()).await {
            Some(Ok(body)) => Ok(body.to_bytes()),
            Some(Err(error)) if error.is::<LengthLimitError>() => Err(EndReason::TooLong),
            Some(Err(_)) => Err(EndReason::Malformed),
            None => Err(EndReason::HttpTimeout),
        }
    }

    /// What came in a post is no frames: the end of the session, if it is one's, and the answer.
    fn garbled(&self, path: &str, reason: EndReason) -> StatusCode {
        match self.find(path) {
            Some(Session { peer, .. }) => self.hub.tell(BrokerInput::Garbled { peer, reason }),
            None => self.hub.turned_away(reason),
        }
        match reason {
            EndReason::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            EndReason::HttpTimeout => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// A client asks for what there is.
    async fn fetch(&self, path: &str, request: &Request<Incoming>) -> Result<Answer, StatusCode> {
        let session = self.find(path).ok_or(StatusCode::NOT_FOUND)?;
        let Session { peer, id, mailbox, .. } = &session;
        let peer = *peer;
        let got = request.uri().query().and_then(|query| query.strip_prefix("got="));
        let got = got.and_then(|got| got.parse().ok()).unwrap_or_default();
        self.hub.tell(BrokerInput::Heard { peer });
        let (asked, frames) = mailbox.ask(got);
        if !frames.is_empty() {
            self.hub.tell(BrokerInput::Undelivered { peer, frames });
        }
        if self.style == Style::Held {
            self.hold(mailbox, asked).await;
            // Who waits for an answer is there.
            self.hub.tell(BrokerInput::Heard { peer });
        }
        let frames = if mailbox.is_newest(asked) { mailbox.take_all() } else { Vec::new() };
        let number = (!frames.is_empty()).then(|| mailbox.respond(&frames));
        self.hub.flushed(peer, Waiting::default());
        self.forget_if_closed(path, &session);
        Ok(Answer { frames, number, copies_of: Some(id.clone()) })
    }

    /// Waits until there is something, the client has asked again, or it is time to say that
    /// there is nothing: a ping's interval.
    async fn hold(&self, mailbox: &Mailbox, asked: u64) {
        let net = self.hub.net();
        let deadline = net.sleep_until(net.now() + self.hub.limits().heartbeat.every);
        let something = async {
            loop {
                let changed = mailbox.changed();
                if mailbox.is_ready() || !mailbox.is_newest(asked) {
                    return;
                }
                changed.await;
            }
        };
        tokio::select! {
            biased;
            () = something => {}
            () = deadline => {}
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
        known: BTreeMap<Name, Known>,
    ) -> Result<Session, StatusCode> {
        if at != path(id) {
            return Err(StatusCode::BAD_REQUEST);
        }
        let keep = match (self.style, self.hub.mode()) {
            (Style::AtOnce, Mode::FireAndForget) => Keep::Newest,
            _ => Keep::All,
        };
        let mailbox = Mailbox::new(keep);
        let peer = self.hub.open(Box::new(mailbox.clone()));
        let places = Arc::default();
        let session = Session { peer, id: id.clone(), mailbox, known: Arc::new(known), places };
        let mut sessions = self.sessions();
        if sessions.values().filter(|session| session.mailbox.is_closed()).count() >= MOST_ENDED {
            sessions.retain(|_, session| !session.mailbox.is_closed());
        }
        sessions.insert(at.to_owned(), session.clone());
        Ok(session)
    }

    /// The session of a path.
    pub fn find(&self, path: &str) -> Option<Session> {
        self.sessions().get(path).cloned()
    }

    /// The broker's process.
    pub fn hub(&self) -> &Hub<N> {
        &self.hub
    }

    /// A session that has ended is unknown once that was said.
    fn forget_if_closed(&self, path: &str, session: &Session) {
        if session.mailbox.is_closed() {
            self.sessions().remove(path);
        }
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.sessions.lock().expect("nobody panics with it")
    }
}

impl Session {
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
struct Answer {
    frames: Vec<Frame>,
    number: Option<u64>,
    /// Whose deliveries they are, if they are deliveries.
    copies_of: Option<SessionId>,
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
pub fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = status;
    response
}

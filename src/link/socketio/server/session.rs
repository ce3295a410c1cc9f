//! One session at the server: what its client says, as frames for the broker.
//!
//! A client of ours says who it is, which session this is, and numbers its requests and messages.
//! A stranger (any Socket.IO client) need not: it gets a name, and is counted for. Nothing here
//! decides what a frame does.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ears::Wants;
use super::lane::{Desk, Dialect};
use crate::core::Peer;
use crate::link::socketio::event::{Event, Json, MAIN, Saying, parse};
use crate::link::socketio::words::{self, Auth, Join, Leave, Meta, Publication, Room};
use crate::message::{Frame, Message, MessageId, Name, Payload, Reply, RoomJoin, SessionId};
use socketioxide::extract::AckSender;

/// What strangers do not count themselves, counted for the whole life of a broker.
#[derive(Debug, Default)]
pub struct Counters {
    /// Sessions of strangers.
    sessions: u64,
    /// The last message number of each client: the broker takes no more than so many names.
    messages: BTreeMap<Name, u64>,
}

/// One session.
pub struct Session {
    /// Its connection at the broker.
    pub peer: Peer,
    /// What lane and glass know of it.
    pub desk: Desk,
    client: Name,
    /// Whether it is a client of ours: it leaves the main namespace when it goes.
    pub is_ours: bool,
    /// The last request that was counted for a stranger.
    requests: u64,
}

/// An event that came: what is said, and where its answer goes.
pub struct Said {
    /// In which namespace.
    pub namespace: String,
    /// The JSON of its name and arguments.
    pub text: String,
    /// Where an answer goes.
    pub answer: AckSender,
    /// Whether one is wanted.
    pub wants: Wants,
}

/// Who a client says that it is, with its first CONNECT.
pub fn hello(auth: &Auth, counters: &mut Counters) -> (Name, SessionId) {
    counters.sessions += 1;
    let number = counters.sessions;
    let client = auth.client.clone().unwrap_or_else(|| format!("guest-{number}").into());
    let session = auth.session.clone();
    let session = session.unwrap_or_else(|| SessionId { process: client.clone(), number });
    (client, session)
}

impl Session {
    /// A session that has just said hello.
    pub fn new(peer: Peer, desk: Desk, client: Name, auth: &Auth) -> Session {
        Session { peer, desk, client, is_ours: auth.session.is_some(), requests: 0 }
    }

    /// The join that came with CONNECT, if it joins anything.
    pub fn join_at_connect(&mut self, namespace: &str, join: Join) -> Option<Frame> {
        join.rooms.as_ref()?;
        Some(self.join(words::queue_of(namespace), join).0)
    }

    /// The frame that an event is; `None` if it is nothing that can be said.
    pub fn hear(&mut self, said: Said, counters: &mut Counters) -> Option<Frame> {
        let Said { namespace, text, answer, wants } = said;
        let event = Event::decode(&format!("2{text}")).ok()?;
        let Saying::Event { name, arguments, .. } = event.what else { return None };
        let queue = words::queue_of(&namespace);
        match name.as_str() {
            words::JOIN | words::SUBSCRIBE => {
                let dialect = if name == words::JOIN { Dialect::Ours } else { Dialect::Course };
                if dialect == Dialect::Course {
                    self.desk.speaks_course(queue.clone());
                }
                let (frame, request) = self.join(queue, join_of(&arguments)?);
                self.desk.expect_request(request, answer, dialect);
                Some(frame)
            }
            words::LEAVE => {
                let Leave { request, rooms } = self.leave_of(&arguments)?;
                self.desk.expect_request(request, answer, Dialect::Ours);
                Some(Frame::Leave { request, queue, rooms })
            }
            name => {
                let frame = match publication(&namespace, name, &arguments) {
                    Some(Publication { queue, event, payload }) => {
                        let said = (payload, Meta::default());
                        self.publish(queue, event, said, wants, counters)
                    }
                    None => {
                        let event = words::event_of(name)?;
                        self.publish(queue, event, message_of(arguments), wants, counters)
                    }
                };
                if let (Wants::Answer, Some(message)) = (wants, frame.message()) {
                    self.desk.expect_publish(message.id.clone(), answer);
                }
                Some(frame)
            }
        }
    }

    fn join(&mut self, queue: Name, join: Join) -> (Frame, u64) {
        let request = self.count(join.request);
        let rooms: Vec<RoomJoin> = join.rooms.into_iter().flatten().map(Room::join).collect();
        (Frame::Join { request, queue, rooms, known: join.known }, request)
    }

    fn leave_of(&mut self, arguments: &[Json]) -> Option<Leave> {
        let first = arguments.first()?;
        if let Some(leave) = parse::<Leave>(first) {
            self.requests = self.requests.max(leave.request);
            return Some(leave);
        }
        let rooms = names(first)?;
        Some(Leave { request: self.count(None), rooms })
    }

    fn publish(
        &mut self,
        queue: Name,
        event: Name,
        (payload, meta): (Payload, Meta),
        wants: Wants,
        counters: &mut Counters,
    ) -> Frame {
        let after = meta.after;
        let last = counters.messages.entry(self.client.clone()).or_default();
        let id = meta
            .id
            .clone()
            .unwrap_or_else(|| MessageId { publisher: self.client.clone(), sequence: *last + 1 });
        if id.publisher == self.client {
            *last = (*last).max(id.sequence);
        }
        let reply = if wants == Wants::Answer { Reply::Wanted } else { Reply::Unwanted };
        let message = Message { id, queue, event, target: meta.target(), payload };
        Frame::Publish { message: Arc::new(message), after, reply }
    }

    fn count(&mut self, request: Option<u64>) -> u64 {
        self.requests = request.unwrap_or(self.requests + 1);
        self.requests
    }
}

/// A join as an event's arguments: ours, a room's name, or several.
fn join_of(arguments: &[Json]) -> Option<Join> {
    let first = arguments.first()?;
    if let Some(rooms) = names(first) {
        let rooms = rooms.into_iter().map(Room::Named).collect();
        return Some(Join { rooms: Some(rooms), ..Join::default() });
    }
    parse(first)
}

/// A message as the course's clients publish it, if it is one.
fn publication(namespace: &str, name: &str, arguments: &[Json]) -> Option<Publication> {
    if namespace != MAIN || name != words::PUBLISH {
        return None;
    }
    parse(arguments.first()?)
}

/// A message's payload, and what is said of it beside.
fn message_of(arguments: Vec<Json>) -> (Payload, Meta) {
    let mut arguments = arguments.into_iter();
    let payload = arguments.next().map_or_else(Payload::null, Payload::from);
    let meta = arguments.next().and_then(|meta| parse::<Meta>(&meta));
    (payload, meta.unwrap_or_default())
}

fn names(json: &Json) -> Option<Vec<Name>> {
    parse::<Name>(json).map(|name| vec![name]).or_else(|| parse::<Vec<Name>>(json))
}

//! Sends a client's frames over HTTP. All waiting frames go into one request; the next request is
//! made when that one is answered.

use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};

use super::channel::Channel;
use super::exchange::{HttpClientConnection, HttpReply};
use super::{FRAMES, RequestOptions, copies, path};
use crate::link::{ConnectContext, LinkEvent, reason_of_wire_error};
use crate::message::{EndReason, Frame, SessionId};
use crate::net::Net;
use crate::time::{Duration, Instant};
use crate::wire;

/// Posts frames, in order.
pub struct PostClient<N> {
    context: ConnectContext<N>,
    channel: Channel<N>,
    host: String,
    /// Time within which each request must be answered.
    timeout: Duration,
    /// The frames of the next request.
    next: Vec<Frame>,
    /// The frames of the pending request.
    out: Vec<Frame>,
    /// The times at which the messages of the next request were published.
    next_messages: Vec<Instant>,
    /// The same of the pending request.
    out_messages: Vec<Instant>,
}

impl<N: Net> PostClient<N> {
    /// Creates a client that uses a connection, if it is given one.
    pub fn new(
        context: ConnectContext<N>,
        connection: Option<HttpClientConnection>,
        options: RequestOptions,
    ) -> Self {
        let host = context.to.to_string();
        let channel = Channel::new(context.clone(), connection, options.connections);
        let timeout = options.timeout;
        PostClient {
            context,
            channel,
            host,
            timeout,
            next: Vec::new(),
            out: Vec::new(),
            next_messages: Vec::new(),
            out_messages: Vec::new(),
        }
    }

    /// Adds a frame to the next request.
    pub fn add(&mut self, frame: Frame) {
        if frame.message().is_some() {
            self.next_messages.push(self.context.net.now());
        }
        self.next.push(frame);
    }

    /// Posts the waiting frames of a session. Returns the events that follow from a response or a
    /// failure.
    pub fn poll(&mut self, cx: &mut Context<'_>, session: &SessionId) -> Poll<Vec<LinkEvent>> {
        if self.channel.poll_ready(cx).is_ready() && !self.next.is_empty() {
            self.out = std::mem::take(&mut self.next);
            self.out_messages = std::mem::take(&mut self.next_messages);
            let request = Request::post(path(session))
                .header(HOST, &self.host)
                .header(CONTENT_TYPE, FRAMES)
                .body(Full::new(Bytes::from(wire::encode_lines(&self.out))))
                .expect("path and host are plain");
            self.channel.request(request, copies(&self.out, session), self.timeout);
        }
        self.channel.poll_reply(cx).map(|reply| match reply {
            Ok(reply) => {
                if reply.status.is_success() {
                    self.note_response();
                }
                events_of_reply(reply)
            }
            Err(reason) => events_of_failure(std::mem::take(&mut self.out), reason),
        })
    }

    /// Notes for how long the messages of the request waited for its response.
    fn note_response(&self) {
        let now = self.context.net.now();
        for published in &self.out_messages {
            self.context.recorder.got_response(now.since(*published));
        }
    }
}

/// Converts a response to events.
pub fn events_of_reply(reply: HttpReply) -> Vec<LinkEvent> {
    let mut all: Vec<LinkEvent> = match wire::decode_lines(&reply.body) {
        Ok(frames) => frames.into_iter().map(LinkEvent::Frame).collect(),
        Err(error) => vec![LinkEvent::Malformed(reason_of_wire_error(&error))],
    };
    match reply.status {
        StatusCode::OK | StatusCode::NO_CONTENT => {}
        StatusCode::NOT_FOUND => all.push(LinkEvent::Ended(EndReason::UnknownSession)),
        StatusCode::PAYLOAD_TOO_LARGE => all.push(LinkEvent::Ended(EndReason::TooLong)),
        _ => all.push(LinkEvent::Ended(EndReason::Malformed)),
    }
    all
}

/// Converts a failed request to events. A refused connection ends the session; any other failure
/// only means that the frames may not have arrived.
pub fn events_of_failure(frames: Vec<Frame>, reason: EndReason) -> Vec<LinkEvent> {
    match reason {
        EndReason::Refused => vec![LinkEvent::Ended(reason)],
        _ => vec![LinkEvent::Undelivered(frames, reason)],
    }
}

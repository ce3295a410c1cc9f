//! How a client says something over HTTP: all that waits goes into one request, the next one when
//! that was answered.

use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};

use super::channel::Channel;
use super::exchange::{HttpClientConnection, HttpReply};
use super::{FRAMES, copies, path};
use crate::link::{ConnectContext, LinkEvent, garbled};
use crate::message::{EndReason, Frame, SessionId};
use crate::net::Net;
use crate::time::Duration;
use crate::wire;

/// Posts frames, in order.
pub struct PostClient<N> {
    channel: Channel<N>,
    host: String,
    /// What the next request carries.
    next: Vec<Frame>,
    /// What the request that is out carries.
    out: Vec<Frame>,
}

impl<N: Net> PostClient<N> {
    /// A poster that begins with a connection, if it is given one.
    pub fn new(dial: ConnectContext<N>, connection: Option<HttpClientConnection>) -> Self {
        let host = dial.to.to_string();
        let channel = Channel::new(dial, connection);
        PostClient { channel, host, next: Vec::new(), out: Vec::new() }
    }

    /// Something to say.
    pub fn add(&mut self, frame: Frame) {
        self.next.push(frame);
    }

    /// Posts what is to be said on a session, each request to be answered within a time; what
    /// comes of it.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        session: &SessionId,
        within: Duration,
    ) -> Poll<Vec<LinkEvent>> {
        if self.channel.poll_ready(cx).is_ready() && !self.next.is_empty() {
            self.out = std::mem::take(&mut self.next);
            let request = Request::post(path(session))
                .header(HOST, &self.host)
                .header(CONTENT_TYPE, FRAMES)
                .body(Full::new(Bytes::from(wire::encode_lines(&self.out))))
                .expect("path and host are plain");
            self.channel.request(request, copies(&self.out, session), within);
        }
        self.channel.poll_reply(cx).map(|reply| match reply {
            Ok(reply) => happenings(reply),
            Err(reason) => failed(std::mem::take(&mut self.out), reason),
        })
    }
}

/// What a response says.
pub fn happenings(reply: HttpReply) -> Vec<LinkEvent> {
    let mut all: Vec<LinkEvent> = match wire::decode_lines(&reply.body) {
        Ok(frames) => frames.into_iter().map(LinkEvent::Frame).collect(),
        Err(error) => vec![LinkEvent::Malformed(garbled(&error))],
    };
    match reply.status {
        StatusCode::OK | StatusCode::NO_CONTENT => {}
        StatusCode::NOT_FOUND => all.push(LinkEvent::Ended(EndReason::UnknownSession)),
        StatusCode::PAYLOAD_TOO_LARGE => all.push(LinkEvent::Ended(EndReason::TooLong)),
        _ => all.push(LinkEvent::Ended(EndReason::Malformed)),
    }
    all
}

/// What a failed request is: the end of the session where nobody listens, else only that what it
/// carried may not have arrived.
pub fn failed(frames: Vec<Frame>, reason: EndReason) -> Vec<LinkEvent> {
    match reason {
        EndReason::Refused => vec![LinkEvent::Ended(reason)],
        _ => vec![LinkEvent::Undelivered(frames, reason)],
    }
}

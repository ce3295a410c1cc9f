//! `polling` and `long-polling`: a client asks for what there is, again and again.
//!
//! Over the one the broker answers at once, over the other it holds the request until there is
//! something. Fire-and-forget polling keeps the newest message of each room; what is older is
//! overwritten before anybody asks.

mod fetch;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, Response};

use self::fetch::{Patience, fetch};
use super::http::channel::Channel;
use super::http::exchange::{HttpClientConnection, HttpReply};
use super::http::outbox::Outbox;
use super::http::post_client::{PostClient, failed, happenings};
use super::http::session_queue::QueuePolicy;
use super::http::session_server::{self, DeliveryStyle, HttpConnection, SessionServer};
use super::http::{Body, FRAMES, next_of, path};
use super::{
    BrokerDriver, ConnectContext, LinkDriver, LinkEvent, Reading, ReceiveHalf, SendHalf, Settings,
};
use crate::core::LinkSemantics;
use crate::message::{EndReason, Frame, Heartbeat, Mode, SessionId};
use crate::net::Net;
use crate::time::{Duration, Instant};

/// The link `polling`.
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    interval: Duration,
}

/// The link `long-polling`.
#[derive(Clone, Copy, Debug)]
pub struct LongPolling;

impl LinkDriver for Polling {
    const PATH: LinkSemantics = LinkSemantics::REQUESTS;
    type ReceiveHalf<N: Net> = PollClient<N>;

    fn new(settings: &Settings) -> Self {
        Polling { interval: settings.polling_interval }
    }

    async fn connect<N: Net>(
        &self,
        dial: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, PollClient<N>)> {
        connect(dial, Rhythm::Every(self.interval)).await
    }

    async fn serve<N: Net>(&self, port: u16, hub: BrokerDriver<N>) -> io::Result<()> {
        session_server::serve(port, hub, *self).await
    }
}

impl LinkDriver for LongPolling {
    const PATH: LinkSemantics = LinkSemantics::REQUESTS;
    type ReceiveHalf<N: Net> = PollClient<N>;

    fn new(_: &Settings) -> Self {
        LongPolling
    }

    async fn connect<N: Net>(
        &self,
        dial: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, PollClient<N>)> {
        connect(dial, Rhythm::AtOnce).await
    }

    async fn serve<N: Net>(&self, port: u16, hub: BrokerDriver<N>) -> io::Result<()> {
        session_server::serve(port, hub, *self).await
    }
}

impl DeliveryStyle for Polling {
    fn keep(&self, mode: Mode) -> QueuePolicy {
        match mode {
            Mode::FireAndForget => QueuePolicy::Newest,
            Mode::CatchUp => QueuePolicy::All,
        }
    }

    async fn give<N: Net>(
        &self,
        desk: &SessionServer<N, Self>,
        request: Request<Incoming>,
        line: &HttpConnection,
    ) -> Response<Body> {
        line.answer(fetch(desk, &request, Patience::None).await)
    }
}

impl DeliveryStyle for LongPolling {
    async fn give<N: Net>(
        &self,
        desk: &SessionServer<N, Self>,
        request: Request<Incoming>,
        line: &HttpConnection,
    ) -> Response<Body> {
        line.answer(fetch(desk, &request, Patience::Held).await)
    }
}

async fn connect<N: Net>(
    dial: ConnectContext<N>,
    rhythm: Rhythm,
) -> io::Result<(Box<dyn SendHalf>, PollClient<N>)> {
    let connection = HttpClientConnection::open(&dial).await?;
    let outbox = Outbox::default();
    let asker = PollClient {
        outbox: outbox.clone(),
        poster: PostClient::new(dial.clone(), Some(connection)),
        channel: Channel::new(dial.clone(), None),
        dial,
        rhythm,
        session: None,
        heartbeat: None,
        got: 0,
        next_at: Instant::ZERO,
        alarm: None,
        ready: VecDeque::new(),
    };
    Ok((Box::new(outbox), asker))
}

/// When a client asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rhythm {
    /// So long after it asked last.
    Every(Duration),
    /// As soon as it has an answer.
    AtOnce,
}

/// The client's side: it posts what it has to say, and asks for what there is.
pub struct PollClient<N> {
    dial: ConnectContext<N>,
    outbox: Outbox,
    poster: PostClient<N>,
    channel: Channel<N>,
    rhythm: Rhythm,
    session: Option<SessionId>,
    /// Known from the welcome on: before, there is nothing to ask for.
    heartbeat: Option<Heartbeat>,
    /// The number of the last response with deliveries.
    got: u64,
    next_at: Instant,
    /// Wakes the task when it is time to ask.
    alarm: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// What happened and was not told yet.
    ready: VecDeque<LinkEvent>,
}

impl<N: Net> ReceiveHalf for PollClient<N> {
    async fn next(&mut self, reading: Reading) -> LinkEvent {
        poll_fn(|cx| self.poll_next(cx, reading)).await
    }
}

impl<N: Net> PollClient<N> {
    fn poll_next(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<LinkEvent> {
        for frame in self.outbox.take(cx) {
            if let Frame::Hello { session, .. } = &frame {
                self.session = Some(session.clone());
            }
            self.poster.add(frame);
        }
        loop {
            if let Some(happening) = next_of(&mut self.ready, reading) {
                self.note(&happening);
                return Poll::Ready(happening);
            }
            let Some(session) = self.session.clone() else { return Poll::Pending };
            let timeout = self.heartbeat.unwrap_or_default().timeout;
            let posted = self.poster.poll(cx, &session, timeout);
            if let Poll::Ready(happenings) = posted {
                self.ready.extend(happenings);
                continue;
            }
            match self.channel.poll_reply(cx) {
                Poll::Ready(reply) => self.answered(reply),
                Poll::Pending if self.poll_ask(cx, &session, reading).is_pending() => {
                    return Poll::Pending;
                }
                Poll::Pending => {}
            }
        }
    }

    /// Asks when it is time; ready once a request is out.
    fn poll_ask(
        &mut self,
        cx: &mut Context<'_>,
        session: &SessionId,
        reading: Reading,
    ) -> Poll<()> {
        let Some(heartbeat) = self.heartbeat.filter(|_| reading == Reading::Wanted) else {
            return Poll::Pending;
        };
        if !self.ready.is_empty() || self.channel.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        let now = self.dial.net.now();
        if now < self.next_at {
            let (net, at) = (self.dial.net.clone(), self.next_at);
            let alarm = self
                .alarm
                .get_or_insert_with(|| Box::pin(async move { net.sleep_until(at).await }));
            std::task::ready!(alarm.as_mut().poll(cx));
        }
        self.alarm = None;
        let within = match self.rhythm {
            Rhythm::Every(interval) => {
                self.next_at = now + interval;
                heartbeat.timeout
            }
            Rhythm::AtOnce => heartbeat.every + heartbeat.timeout,
        };
        let request = Request::get(format!("{}?got={}", path(session), self.got))
            .header(HOST, self.dial.to.to_string())
            .header(ACCEPT, FRAMES)
            .body(Full::new(Bytes::new()))
            .expect("path and host are plain");
        self.channel.request(request, Vec::new(), within);
        Poll::Ready(())
    }

    fn answered(&mut self, reply: Result<HttpReply, EndReason>) {
        match reply {
            Ok(reply) => {
                self.got = reply.number.unwrap_or(self.got);
                self.ready.extend(happenings(reply));
            }
            Err(reason) => self.ready.extend(failed(Vec::new(), reason)),
        }
    }

    /// What the link itself learns from what happens.
    fn note(&mut self, happening: &LinkEvent) {
        if let LinkEvent::Frame(Frame::Welcome { heartbeat, .. }) = happening {
            self.heartbeat = Some(*heartbeat);
            self.next_at = self.dial.net.now();
        }
    }
}

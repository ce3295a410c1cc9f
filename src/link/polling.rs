//! The links `polling` and `long-polling`: a client requests the waiting frames again and again.
//!
//! Over `polling` the broker answers at once. Over `long-polling` it holds the request until there
//! is something to send. Fire-and-forget polling keeps only the newest message of each room; a
//! newer message replaces an older one that was not fetched yet.

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
use super::http::post_client::{PostClient, events_of_failure, events_of_reply};
use super::http::session_queue::QueuePolicy;
use super::http::session_server::{self, DeliveryStyle, HttpConnection, SessionServer};
use super::http::{Body, FRAMES, RequestOptions, next_of, path};
use super::{
    BrokerDriver, ConnectContext, LinkDriver, LinkEvent, Reading, ReceiveHalf, SendHalf, Settings,
};
use crate::message::{EndReason, Frame, Heartbeat, Link, Mode, SessionId};
use crate::net::Net;
use crate::time::{Duration, Instant};

/// The link `polling`.
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    interval: Duration,
    requests: RequestOptions,
}

/// The link `long-polling`.
#[derive(Clone, Copy, Debug)]
pub struct LongPolling {
    requests: RequestOptions,
}

impl LinkDriver for Polling {
    const LINK: Link = Link::Polling;
    type ReceiveHalf<N: Net> = PollClient<N>;

    fn new(settings: &Settings) -> Self {
        Polling { interval: settings.polling_interval, requests: RequestOptions::of(settings) }
    }

    async fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, PollClient<N>)> {
        connect(context, PollTiming::Every(self.interval), self.requests).await
    }

    async fn serve<N: Net>(&self, port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
        session_server::serve(port, broker, *self).await
    }
}

impl LinkDriver for LongPolling {
    const LINK: Link = Link::LongPolling;
    type ReceiveHalf<N: Net> = PollClient<N>;

    fn new(settings: &Settings) -> Self {
        LongPolling { requests: RequestOptions::of(settings) }
    }

    async fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, PollClient<N>)> {
        connect(context, PollTiming::AtOnce, self.requests).await
    }

    async fn serve<N: Net>(&self, port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
        session_server::serve(port, broker, *self).await
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
        server: &SessionServer<N, Self>,
        request: Request<Incoming>,
        connection: &HttpConnection,
    ) -> Response<Body> {
        connection.answer(fetch(server, &request, Patience::None).await)
    }
}

impl DeliveryStyle for LongPolling {
    async fn give<N: Net>(
        &self,
        server: &SessionServer<N, Self>,
        request: Request<Incoming>,
        connection: &HttpConnection,
    ) -> Response<Body> {
        connection.answer(fetch(server, &request, Patience::Held).await)
    }
}

async fn connect<N: Net>(
    context: ConnectContext<N>,
    timing: PollTiming,
    requests: RequestOptions,
) -> io::Result<(Box<dyn SendHalf>, PollClient<N>)> {
    let connection = HttpClientConnection::open(&context).await?;
    let outbox = Outbox::default();
    let receive_half = PollClient {
        outbox: outbox.clone(),
        post_client: PostClient::new(context.clone(), Some(connection), requests),
        channel: Channel::new(context.clone(), None, requests.connections),
        context,
        timing,
        timeout: requests.timeout,
        session: None,
        heartbeat: None,
        got: 0,
        next_at: Instant::ZERO,
        alarm: None,
        ready: VecDeque::new(),
    };
    Ok((Box::new(outbox), receive_half))
}

/// The time of a client's next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PollTiming {
    /// This long after its last request.
    Every(Duration),
    /// As soon as the last request is answered.
    AtOnce,
}

/// The receiving side of a client: posts the client's frames, and polls for the broker's.
pub struct PollClient<N> {
    context: ConnectContext<N>,
    outbox: Outbox,
    post_client: PostClient<N>,
    channel: Channel<N>,
    timing: PollTiming,
    /// Time within which a request must be answered.
    timeout: Duration,
    session: Option<SessionId>,
    /// The broker's heartbeat, known from the welcome on. The client does not poll before.
    heartbeat: Option<Heartbeat>,
    /// The number of the last response with frames.
    got: u64,
    next_at: Instant,
    /// Wakes the task when the next request is due.
    alarm: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Events that are not returned yet.
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
            self.post_client.add(frame);
        }
        loop {
            if let Some(event) = next_of(&mut self.ready, reading) {
                self.note(&event);
                return Poll::Ready(event);
            }
            let Some(session) = self.session.clone() else { return Poll::Pending };
            let posted = self.post_client.poll(cx, &session);
            if let Poll::Ready(events) = posted {
                self.ready.extend(events);
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

    /// Sends the next request when it is due. Ready once the request is sent.
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
        let now = self.context.net.now();
        if now < self.next_at {
            let (net, at) = (self.context.net.clone(), self.next_at);
            let alarm = self
                .alarm
                .get_or_insert_with(|| Box::pin(async move { net.sleep_until(at).await }));
            std::task::ready!(alarm.as_mut().poll(cx));
        }
        self.alarm = None;
        let within = match self.timing {
            PollTiming::Every(interval) => {
                self.next_at = now + interval;
                self.timeout
            }
            PollTiming::AtOnce => heartbeat.every + self.timeout,
        };
        let request = Request::get(format!("{}?got={}", path(session), self.got))
            .header(HOST, self.context.to.to_string())
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
                self.ready.extend(events_of_reply(reply));
            }
            Err(reason) => self.ready.extend(events_of_failure(Vec::new(), reason)),
        }
    }

    /// Takes the heartbeat from a welcome, and starts to poll.
    fn note(&mut self, event: &LinkEvent) {
        if let LinkEvent::Frame(Frame::Welcome { heartbeat, .. }) = event {
            self.heartbeat = Some(*heartbeat);
            self.next_at = self.context.net.now();
        }
    }
}

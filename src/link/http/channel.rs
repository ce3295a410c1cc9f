//! A client's way of making one request after the other, each on the connection of the last.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;

use super::exchange::{HttpClientConnection, HttpReply, exchange};
use crate::link::ConnectContext;
use crate::link::limits::RETRY;
use crate::link::tap::CopyOf;
use crate::message::EndReason;
use crate::net::Net;
use crate::time::Duration;

/// One request at a time.
pub struct Channel<N> {
    dial: ConnectContext<N>,
    state: State,
}

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

enum State {
    /// Nothing is asked.
    Idle(Option<HttpClientConnection>),
    /// A request is out.
    Busy(Later<(Option<HttpClientConnection>, Result<HttpReply, EndReason>)>),
    /// The last request failed a moment ago; one that was not answered in time has taken long
    /// enough.
    Resting(Later<()>),
}

impl<N: Net> Channel<N> {
    /// A channel that begins with a connection, or opens one for its first request.
    pub fn new(dial: ConnectContext<N>, connection: Option<HttpClientConnection>) -> Self {
        Channel { dial, state: State::Idle(connection) }
    }

    /// Waits until the next request can be made. A connection that ends meanwhile is let go.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Busy(_) => Poll::Pending,
            State::Resting(rest) => {
                std::task::ready!(rest.as_mut().poll(cx));
                self.state = State::Idle(None);
                Poll::Ready(())
            }
            State::Idle(connection) => {
                let ended = connection.as_mut().map(|connection| connection.poll_idle(cx));
                if ended.is_some_and(|ended| ended.is_ready()) {
                    *connection = None;
                }
                Poll::Ready(())
            }
        }
    }

    /// Makes a request that is to be answered within a time.
    ///
    /// # Panics
    /// The last one was not answered yet.
    pub fn request(
        &mut self,
        request: Request<Full<Bytes>>,
        copies: Vec<CopyOf>,
        within: Duration,
    ) {
        let State::Idle(connection) = &mut self.state else { panic!("one request at a time") };
        let (dial, connection) = (self.dial.clone(), connection.take());
        let deadline = dial.net.now() + within;
        self.state = State::Busy(Box::pin(exchange(dial, connection, request, copies, deadline)));
    }

    /// What came of the request that is out, if there is one.
    pub fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<HttpReply, EndReason>> {
        let State::Busy(exchange) = &mut self.state else { return Poll::Pending };
        let (connection, reply) = std::task::ready!(exchange.as_mut().poll(cx));
        self.state = match reply {
            Ok(_) | Err(EndReason::HttpTimeout) => State::Idle(connection),
            Err(_) => {
                let net = self.dial.net.clone();
                State::Resting(Box::pin(async move { net.sleep_until(net.now() + RETRY).await }))
            }
        };
        Poll::Ready(reply)
    }
}

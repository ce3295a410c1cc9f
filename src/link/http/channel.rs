//! A client's channel to the broker: one HTTP request at a time, each on the connection of the last
//! or on one of its own.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{CONNECTION, HeaderValue};

use super::exchange::{HttpClientConnection, HttpReply, exchange};
use crate::link::ConnectContext;
use crate::link::limits::RETRY;
use crate::link::tap::CopyOf;
use crate::message::{EndReason, HttpConnections};
use crate::net::Net;
use crate::time::Duration;

/// Makes one request at a time.
pub struct Channel<N> {
    context: ConnectContext<N>,
    connections: HttpConnections,
    state: State,
}

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

enum State {
    /// No request is pending. Holds the connection of the last one.
    Idle(Option<HttpClientConnection>),
    /// A request waits for its response.
    Busy(Later<(Option<HttpClientConnection>, Result<HttpReply, EndReason>)>),
    /// The last request failed, and the next one has to wait for [`RETRY`]. After a timeout there
    /// is no such wait: the timeout was long enough.
    Resting(Later<()>),
}

impl<N: Net> Channel<N> {
    /// Creates a channel that uses a connection, or opens one for its first request.
    pub fn new(
        context: ConnectContext<N>,
        connection: Option<HttpClientConnection>,
        connections: HttpConnections,
    ) -> Self {
        Channel { context, connections, state: State::Idle(connection) }
    }

    /// Waits until the next request can be made. Drops the connection if it has ended meanwhile.
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

    /// Makes a request that must be answered within a time.
    ///
    /// # Panics
    /// The last request is not answered yet, or the wait after a failure is not over.
    pub fn request(
        &mut self,
        mut request: Request<Full<Bytes>>,
        copies: Vec<CopyOf>,
        within: Duration,
    ) {
        let State::Idle(connection) = &mut self.state else { panic!("one request at a time") };
        let (context, connection) = (self.context.clone(), connection.take());
        let deadline = context.net.now() + within;
        if self.connections == HttpConnections::OnePerRequest {
            // The broker closes the connection after its response, RFC 9112 §9.6.
            request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.state =
            State::Busy(Box::pin(exchange(context, connection, request, copies, deadline)));
    }

    /// Returns the result of the pending request. Pending while there is no request.
    pub fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<HttpReply, EndReason>> {
        let State::Busy(exchange) = &mut self.state else { return Poll::Pending };
        let (connection, reply) = std::task::ready!(exchange.as_mut().poll(cx));
        self.state = match reply {
            Ok(_) | Err(EndReason::HttpTimeout) => {
                let is_kept = self.connections == HttpConnections::Kept;
                State::Idle(connection.filter(|_| is_kept))
            }
            Err(_) => {
                let net = self.context.net.clone();
                State::Resting(Box::pin(async move { net.sleep_until(net.now() + RETRY).await }))
            }
        };
        Poll::Ready(reply)
    }
}

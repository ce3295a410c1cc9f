//! One HTTP request and its response, on a connection that may be kept for the next request.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use crate::link::limits::{MOST_BODY, MOST_HEAD};
use crate::link::tap::{CopyOf, Manifest, Tap};
use crate::link::{ConnectContext, reason_of_error};
use crate::message::EndReason;
use crate::net::Net;
use crate::time::Instant;

/// An HTTP connection from a client to the broker.
pub struct HttpClientConnection {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
    manifest: Manifest,
}

/// Moves a connection's bytes until it ends, and returns the reason for the end.
type Driver = Pin<Box<dyn Future<Output = io::Error> + Send>>;

impl HttpClientConnection {
    /// Opens a connection.
    ///
    /// # Errors
    /// The broker does not listen there, or does not answer.
    pub async fn open<N: Net>(context: &ConnectContext<N>) -> io::Result<HttpClientConnection> {
        let tap = Tap::new(&context.net, &context.recorder, context.net.connect(context.to).await?);
        let manifest = tap.manifest();
        let handshake = http1::Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(tap));
        let (sender, connection) = handshake.await.map_err(|error| told(&error))?;
        let driver = connection.map(|ended| match ended {
            Ok(()) => io::ErrorKind::UnexpectedEof.into(),
            Err(error) => told(&error),
        });
        // A body that came before the end is read afterwards, so the driver may be polled again.
        let driver = driver.fuse();
        Ok(HttpClientConnection { sender, driver: Box::pin(driver), manifest })
    }

    /// Moves bytes while no request is pending. Ready with the reason when the connection has
    /// ended.
    pub fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<EndReason> {
        self.driver.as_mut().poll(cx).map(|error| reason_of_error(&error))
    }

    /// Sends a request and waits for the whole response, whose body has at most `most` bytes.
    ///
    /// # Errors
    /// The connection ended first, or the body is longer.
    pub async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
        copies: Vec<CopyOf>,
        most: usize,
    ) -> io::Result<HttpReply> {
        let response = self.send(request, copies).await?;
        let (status, headers) = (response.status(), response.headers());
        let number = headers.get(NUMBER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = self.body(response.into_body(), most).await?;
        Ok(HttpReply { status, number, body })
    }

    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    /// The connection ended first.
    pub async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        copies: Vec<CopyOf>,
    ) -> io::Result<Response<Incoming>> {
        self.manifest.announce(copies);
        let response = self.sender.send_request(request);
        drive(&mut self.driver, response).await?.map_err(|error| told(&error))
    }

    /// Writes a last request, as far as the socket takes it now, without waiting for a response.
    pub fn send_last(&mut self, request: Request<Full<Bytes>>) {
        self.manifest.announce(Vec::new());
        let mut cx = Context::from_waker(Waker::noop());
        let _ = pin!(self.sender.send_request(request)).poll(&mut cx);
        let _ = self.driver.as_mut().poll(&mut cx);
    }

    async fn body(&mut self, body: Incoming, most: usize) -> io::Result<Bytes> {
        let body = drive(&mut self.driver, Limited::new(body, most).collect()).await?;
        body.map(|body| body.to_bytes()).map_err(|error| match error.downcast_ref() {
            Some(error) => told(error),
            None if error.is::<LengthLimitError>() => io::ErrorKind::FileTooLarge.into(),
            None => io::ErrorKind::UnexpectedEof.into(),
        })
    }

    /// Whether another request can be sent.
    fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }
}

/// Runs a future that completes only while the connection's bytes move.
async fn drive<F: Future>(driver: &mut Driver, wanted: F) -> io::Result<F::Output> {
    let mut wanted = pin!(wanted);
    tokio::select! {
        biased;
        output = &mut wanted => Ok(output),
        // The output may have come together with the end.
        error = driver => wanted.now_or_never().ok_or(error),
    }
}

/// A response.
pub struct HttpReply {
    /// The response's status.
    pub status: StatusCode,
    /// The number that the broker has given the response, if any.
    pub number: Option<u64>,
    /// The response's body.
    pub body: Bytes,
}

/// The header that carries the number of a response.
pub const NUMBER: &str = "response-number";

/// Makes a request on a connection, or on a new one. Returns the connection together with the
/// response, whose body has at most `most` bytes.
///
/// # Errors
/// The broker does not listen there, the connection ended first, or the body is longer.
pub async fn ask<N: Net>(
    context: ConnectContext<N>,
    connection: Option<HttpClientConnection>,
    request: Request<Full<Bytes>>,
    copies: Vec<CopyOf>,
    most: usize,
) -> io::Result<(HttpClientConnection, HttpReply)> {
    let mut connection = match connection.filter(HttpClientConnection::is_open) {
        Some(connection) => connection,
        None => HttpClientConnection::open(&context).await?,
    };
    let reply = connection.ask(request, copies, most).await?;
    Ok((connection, reply))
}

/// Makes a request as [`ask`] does, with a deadline. Returns the connection if it can be used
/// again.
pub async fn exchange<N: Net>(
    context: ConnectContext<N>,
    connection: Option<HttpClientConnection>,
    request: Request<Full<Bytes>>,
    copies: Vec<CopyOf>,
    deadline: Instant,
) -> (Option<HttpClientConnection>, Result<HttpReply, EndReason>) {
    let net = context.net.clone();
    tokio::select! {
        biased;
        done = ask(context, connection, request, copies, MOST_BODY) => match done {
            Ok((connection, reply)) => (Some(connection), Ok(reply)),
            Err(error) => (None, Err(reason_of_error(&error))),
        },
        () = net.sleep_until(deadline) => (None, Err(EndReason::HttpTimeout)),
    }
}

/// Converts hyper's error to the reason why a connection ended.
pub fn why(error: &hyper::Error) -> EndReason {
    if error.is_timeout() { EndReason::ConnectTimeout } else { reason_of_error(&told(error)) }
}

/// Converts hyper's error to the network error that caused it. Without such a cause, the message
/// was too large or not HTTP, or the connection ended before a response.
pub fn told(error: &hyper::Error) -> io::Error {
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let kind = match cause {
        Some(cause) => cause.kind(),
        None if error.is_parse_too_large() => io::ErrorKind::FileTooLarge,
        None if error.is_parse() => io::ErrorKind::InvalidData,
        None => io::ErrorKind::UnexpectedEof,
    };
    kind.into()
}

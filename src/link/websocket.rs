//! The link `websocket`: an HTTP upgrade, then one text message per frame. WebSocket's pings are
//! the heartbeat; `core/broker/session.rs` and `core/client/session.rs` decide when one is missed.
//!
//! tungstenite implements the protocol. A goodbye is a close frame with the end reason as its text.
//! The history records the code with which a connection ended (RFC 6455 §7.4.1).

pub mod ending;
mod send_half;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::{Sink, Stream as _};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config, client_async_with_config};

use self::ending::Ending;
use self::send_half::{Next, WebSocketSendHalf, code_of};
use super::READ;
use super::limits::HANDSHAKE_WITHIN;
use super::tap::Tap;
use super::{
    BrokerDriver, ConnectContext, LinkDriver, LinkEvent, Reading, ReceiveHalf, SendHalf, Settings,
    listen, reason_of_error, reason_of_wire_error,
};
use crate::history::Recorder;
use crate::message::{EndReason, Frame, Link, Upgrade};
use crate::net::Net;
use crate::wire;

/// The link `websocket`.
#[derive(Clone, Copy, Debug)]
pub struct WebSocket;

impl LinkDriver for WebSocket {
    const LINK: Link = Link::WebSocket;
    type ReceiveHalf<N: Net> = WebSocketReceiveHalf<N>;

    fn new(_: &Settings) -> Self {
        WebSocket
    }

    async fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, WebSocketReceiveHalf<N>)> {
        let tap = Tap::new(&context.net, &context.recorder, context.net.connect(context.to).await?);
        let manifest = tap.manifest();
        manifest.announce(Vec::new());
        let request = format!("ws://{}/", context.to);
        let upgrade = client_async_with_config(request, tap, Some(config()));
        let (stream, _) = upgrade.await.map_err(refused)?;
        let send_half = WebSocketSendHalf::new(manifest);
        let receive_half =
            WebSocketReceiveHalf::new(context.net, context.recorder, stream, send_half.clone());
        Ok((Box::new(send_half), receive_half))
    }

    async fn serve<N: Net>(&self, port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
        listen::serve(port, &broker, serve_connection).await
    }
}

/// Serves one connection until it ends.
#[expect(clippy::result_large_err, reason = "the library's signature")]
async fn serve_connection<N: Net>(broker: BrokerDriver<N>, stream: N::Stream) {
    let net = broker.net().clone();
    let tap = Tap::new(&net, broker.recorder(), stream);
    let manifest = tap.manifest();
    manifest.announce(Vec::new());
    let upgrade = broker.limits().upgrade;
    let answer = move |_: &Request, response: Response| answer(upgrade, response);
    let deadline = net.sleep_until(net.now() + HANDSHAKE_WITHIN);
    let handshake = accept_hdr_async_with_config(tap, answer, Some(config()));
    let stream = tokio::select! {
        biased;
        stream = handshake => stream,
        () = deadline => return broker.reject(EndReason::ConnectTimeout),
    };
    let stream = match stream {
        Ok(stream) => stream,
        // The library has already answered a client that does not speak WebSocket.
        Err(error) => return broker.reject(reason_of_error(&refused(error))),
    };
    let send_half = WebSocketSendHalf::new(manifest);
    let receive_half =
        WebSocketReceiveHalf::new(net, broker.recorder().clone(), stream, send_half.clone());
    broker.serve_connection(Box::new(send_half), receive_half).await;
}

// The library's signature.
#[expect(clippy::result_large_err)]
fn answer(upgrade: Upgrade, response: Response) -> Result<Response, ErrorResponse> {
    match upgrade {
        Upgrade::Accept => Ok(response),
        Upgrade::Refuse => {
            let mut refusal = ErrorResponse::new(None);
            *refusal.status_mut() = StatusCode::BAD_REQUEST;
            Err(refusal)
        }
    }
}

/// Returns the library's settings: a message is at most as long as a frame may be.
fn config() -> WebSocketConfig {
    let most = Some(wire::MOST_FRAME);
    // A message is written when it is sent, without waiting for more. No more is read ahead than
    // over TCP.
    WebSocketConfig::default()
        .max_message_size(most)
        .max_frame_size(most)
        .write_buffer_size(0)
        .read_buffer_size(READ)
}

/// Converts the error of a failed upgrade.
fn refused(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::AttackAttempt | Error::Capacity(_) => io::ErrorKind::FileTooLarge.into(),
        Error::Http(_) => io::Error::new(io::ErrorKind::PermissionDenied, "no upgrade"),
        error => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
    }
}

/// The receiving side of a WebSocket. It also writes the messages that wait in the sending side.
pub struct WebSocketReceiveHalf<N: Net> {
    stream: WebSocketStream<Tap<N>>,
    send_half: WebSocketSendHalf,
    ending: Ending<N>,
}

impl<N: Net> ReceiveHalf for WebSocketReceiveHalf<N> {
    async fn next(&mut self, reading: Reading) -> LinkEvent {
        poll_fn(|cx| self.poll_next(cx, reading)).await
    }

    /// Sends a close frame with a code, as a browser's `close(code)` does. Sends nothing to a
    /// broker that is believed dead, or that has said goodbye.
    fn leave(&mut self, reason: EndReason) {
        let is_dead = matches!(reason, EndReason::Heartbeat | EndReason::ConnectTimeout);
        if is_dead || self.ending.has_heard() {
            return;
        }
        let nameless = CloseFrame { code: code_of(reason), reason: Default::default() };
        let frame = self.send_half.goodbye().unwrap_or(nameless);
        let mut cx = Context::from_waker(Waker::noop());
        let mut stream = Pin::new(&mut self.stream);
        if stream.as_mut().start_send(Message::Close(Some(frame.clone()))).is_ok()
            && let Poll::Ready(Ok(())) = stream.poll_flush(&mut cx)
        {
            self.ending.say(Some(&frame));
        }
    }
}

impl<N: Net> WebSocketReceiveHalf<N> {
    fn new(
        net: N,
        recorder: Recorder,
        stream: WebSocketStream<Tap<N>>,
        send_half: WebSocketSendHalf,
    ) -> WebSocketReceiveHalf<N> {
        let ending = Ending::new(net, recorder, stream.get_ref());
        WebSocketReceiveHalf { stream, send_half, ending }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<LinkEvent> {
        match self.poll_write(cx) {
            Poll::Ready(Ok(Some(event))) => return Poll::Ready(event),
            Poll::Ready(Ok(None)) | Poll::Pending => {}
            // Messages that arrived before the end can still be read; the read returns the reason.
            Poll::Ready(Err(_)) if reading == Reading::Wanted => {}
            Poll::Ready(Err(error)) => return Poll::Ready(self.ended(&error)),
        }
        if reading == Reading::Paused {
            return Poll::Pending;
        }
        loop {
            return Poll::Ready(match Pin::new(&mut self.stream).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => self.ended(&Error::ConnectionClosed),
                Poll::Ready(Some(Err(error))) => self.ended(&error),
                Poll::Ready(Some(Ok(message))) => match self.read(message) {
                    Some(event) => event,
                    None => continue,
                },
            });
        }
    }

    /// Writes the waiting messages, one at a time.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<LinkEvent>, Error>> {
        let mut has_written = false;
        loop {
            let written = match self.send_half.next(cx) {
                Next::Send(message) => {
                    Pin::new(&mut self.stream).start_send(message)?;
                    continue;
                }
                Next::Flush => Pin::new(&mut self.stream).poll_flush(cx)?,
                Next::Nothing if has_written => break,
                Next::Nothing => return Poll::Ready(Ok(None)),
                Next::Closed => return Poll::Ready(Ok(Some(LinkEvent::Ended(EndReason::Left)))),
            };
            match written {
                Poll::Ready(()) => {
                    if let Message::Close(frame) = self.send_half.flushed() {
                        self.ending.say(frame.as_ref());
                    }
                    has_written = true;
                }
                Poll::Pending if has_written => break,
                Poll::Pending if self.send_half.is_closed() => {
                    return Poll::Ready(Ok(Some(LinkEvent::Ended(EndReason::Left))));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(Some(LinkEvent::Flushed(self.send_half.waiting()))))
    }

    /// Converts a message to an event; `None` for a message that only the library needs.
    fn read(&mut self, message: Message) -> Option<LinkEvent> {
        Some(match message {
            Message::Text(text) => match wire::decode(text.as_bytes()) {
                Ok(frame) => LinkEvent::Frame(frame),
                Err(error) => LinkEvent::Malformed(reason_of_wire_error(&error)),
            },
            Message::Binary(_) => LinkEvent::Malformed(EndReason::Malformed),
            Message::Ping(_) => LinkEvent::Frame(Frame::Ping),
            Message::Pong(_) => LinkEvent::Frame(Frame::Pong),
            Message::Close(frame) => {
                self.ending.hear(frame.as_ref());
                LinkEvent::Frame(Frame::Bye { reason: goodbye(frame?)? })
            }
            Message::Frame(_) => return None,
        })
    }

    /// Returns the event for the end of the connection.
    fn ended(&self, error: &Error) -> LinkEvent {
        match error {
            Error::Io(error) => LinkEvent::Ended(reason_of_error(error)),
            Error::Capacity(_) => LinkEvent::Malformed(EndReason::TooLong),
            Error::Protocol(error) if !is_end(error) => LinkEvent::Malformed(EndReason::Malformed),
            Error::Utf8(_) => LinkEvent::Malformed(EndReason::Malformed),
            _ => LinkEvent::Ended(EndReason::Fin),
        }
    }
}

/// Whether the error is only the end of the stream, without a close frame or after one.
pub fn is_end(error: &ProtocolError) -> bool {
    use ProtocolError as E;
    matches!(error, E::ResetWithoutClosingHandshake | E::SendAfterClosing | E::ReceivedAfterClosing)
}

/// Returns the end reason that a close frame carries, if it is one of ours.
fn goodbye(frame: CloseFrame) -> Option<EndReason> {
    let word = serde_json::Value::from(frame.reason.as_str());
    serde_json::from_value(word).ok()
}

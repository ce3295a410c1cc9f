//! A WebSocket of a client: probed beside the polling that it is to replace, then used.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_util::{Sink, SinkExt, Stream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::link::Dial;
use crate::link::limits::MOST_PAYLOAD;
use crate::link::socketio::packet::{PROBE, Packet};
use crate::link::tap::{CopyOf, Manifest, Tap};
use crate::link::websocket::ending::Ending;
use crate::link::websocket::is_end;
use crate::net::Net;

/// An open WebSocket that carries one packet a message.
pub struct Pipe<N: Net> {
    stream: WebSocketStream<Tap<N>>,
    manifest: Manifest,
    ending: Ending<N>,
}

impl<N: Net> Pipe<N> {
    /// Opens one for a session and probes it: done when the probe has come back.
    ///
    /// # Errors
    /// The upgrade is refused, or the probe fails.
    pub async fn probe(dial: Dial<N>, sid: String) -> Result<Pipe<N>, Error> {
        let stream = dial.net.connect(dial.to).await?;
        let tap = Tap::new(&dial.net, &dial.recorder, stream);
        let manifest = tap.manifest();
        // The request itself carries nothing.
        manifest.announce(Vec::new());
        let target = format!("ws://{}/socket.io/?EIO=4&transport=websocket&sid={sid}", dial.to);
        let most = Some(MOST_PAYLOAD);
        let config = WebSocketConfig::default()
            .max_message_size(most)
            .max_frame_size(most)
            .write_buffer_size(0);
        let (stream, _) = client_async_with_config(target, tap, Some(config)).await?;
        let ending = Ending::new(dial.net, dial.recorder, stream.get_ref());
        let mut pipe = Pipe { stream, manifest, ending };
        pipe.start(&Packet::Ping(PROBE.to_owned()).encode(), Vec::new())?;
        pipe.stream.flush().await?;
        match poll_fn(|cx| pipe.poll_next(cx)).await {
            Some(Ok(Message::Text(text))) if *text == *Packet::Pong(PROBE.to_owned()).encode() => {
                Ok(pipe)
            }
            Some(Err(error)) => Err(error),
            _ => Err(Error::ConnectionClosed),
        }
    }

    /// Hands a packet over; it is written when the pipe is flushed.
    pub fn start(&mut self, packet: &str, copies: Vec<CopyOf>) -> Result<(), Error> {
        self.manifest.announce(copies);
        Pin::new(&mut self.stream).start_send(Message::text(packet))
    }

    /// Writes what was handed over.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// The next packet; `None` or an error is the end.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        let next = ready!(Pin::new(&mut self.stream).poll_next(cx));
        if let Some(Ok(Message::Close(frame))) = &next {
            self.ending.hear(frame.as_ref());
        }
        Poll::Ready(next)
    }

    /// Writes a last packet and a close frame, as far as the socket takes them now.
    pub fn say_last(&mut self, packet: &str) {
        let mut cx = Context::from_waker(Waker::noop());
        if self.start(packet, Vec::new()).is_ok()
            && self.poll_flush(&mut cx).is_ready()
            && let Poll::Ready(Ok(())) = Pin::new(&mut self.stream).poll_close(&mut cx)
        {
            self.ending.say(None);
        }
    }
}

/// What a WebSocket's end is to a client.
pub fn told(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::Capacity(_) => io::ErrorKind::FileTooLarge.into(),
        Error::Utf8(_) => io::ErrorKind::InvalidData.into(),
        Error::Protocol(error) if !is_end(&error) => io::ErrorKind::InvalidData.into(),
        _ => io::ErrorKind::UnexpectedEof.into(),
    }
}

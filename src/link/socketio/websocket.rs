//! A WebSocket that carries one Engine.IO packet per message. Client and server share it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use futures_util::{Sink, Stream};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::packet::{EnginePacket, PROBE, PacketError};
use super::queue::Outgoing;
use crate::history::Recorder;
use crate::link::limits::MOST_PAYLOAD;
use crate::link::tap::{Manifest, Tap};
use crate::link::websocket::ending::Ending;
use crate::link::websocket::is_end;
use crate::link::{ConnectContext, READ, reason_of_error};
use crate::message::EndReason;
use crate::net::Net;

/// An open WebSocket that carries packets.
pub struct PacketSocket<N: Net> {
    stream: WebSocketStream<Tap<N>>,
    manifest: Manifest,
    ending: Ending<N>,
}

impl<N: Net> PacketSocket<N> {
    /// Opens a WebSocket for a session and probes it. Completes when the probe is answered.
    ///
    /// # Errors
    /// The broker does not listen there, the upgrade is refused, or the probe fails.
    pub async fn probe(context: ConnectContext<N>, sid: String) -> io::Result<PacketSocket<N>> {
        let stream = context.net.connect(context.to).await?;
        let tap = Tap::new(&context.net, &context.recorder, stream);
        let manifest = tap.manifest();
        // The request itself carries nothing.
        manifest.announce(Vec::new());
        let target = format!("ws://{}/socket.io/?EIO=4&transport=websocket&sid={sid}", context.to);
        let upgrade = client_async_with_config(target, tap, Some(config()));
        let (stream, _) = upgrade.await.map_err(io::Error::other)?;
        let mut socket = PacketSocket::new(context.net, context.recorder, stream, manifest);
        socket.start(EnginePacket::Ping(PROBE.to_owned()).into()).map_err(io::Error::other)?;
        poll_fn(|cx| socket.poll_flush(cx)).await.map_err(io::Error::other)?;
        match poll_fn(|cx| socket.poll_next(cx)).await {
            Ok(Ok(EnginePacket::Pong(words))) if words == PROBE => Ok(socket),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Takes over a connection whose upgrade was granted. Copies in the packets are announced in
    /// `manifest`, the manifest of the connection's tap.
    ///
    /// # Errors
    /// The connection ended first.
    pub async fn accept(
        net: N,
        recorder: Recorder,
        upgrade: OnUpgrade,
        manifest: Manifest,
    ) -> hyper::Result<PacketSocket<N>> {
        let parts = upgrade.await?.downcast::<TokioIo<Tap<N>>>();
        let parts = parts.expect("every connection has a tap");
        let (tap, read) = (parts.io.into_inner(), parts.read_buf.to_vec());
        let config = Some(config());
        let stream = WebSocketStream::from_partially_read(tap, read, Role::Server, config).await;
        Ok(PacketSocket::new(net, recorder, stream, manifest))
    }

    fn new(
        net: N,
        recorder: Recorder,
        stream: WebSocketStream<Tap<N>>,
        manifest: Manifest,
    ) -> PacketSocket<N> {
        let ending = Ending::new(net, recorder, stream.get_ref());
        PacketSocket { stream, manifest, ending }
    }

    /// Passes a packet to the library. It is written when the socket is flushed.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn start(&mut self, next: Outgoing) -> Result<(), Error> {
        let Outgoing { packet, attachment, copy } = next;
        let mut copies: Vec<_> = copy.into_iter().collect();
        // The copy ends with the last of its packets.
        let of_text = if attachment.is_some() { Vec::new() } else { std::mem::take(&mut copies) };
        self.manifest.announce(of_text);
        Pin::new(&mut self.stream).start_send(Message::text(packet))?;
        if let Some(bytes) = attachment {
            self.manifest.announce(copies);
            Pin::new(&mut self.stream).start_send(Message::binary(bytes))?;
        }
        Ok(())
    }

    /// Writes the packets that were passed to the library.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Reads the next packet, or what is none. The error is the reason for the end of the socket.
    pub fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Result<EnginePacket, PacketError>, EndReason>> {
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                Some(Ok(Message::Text(text))) => Ok(EnginePacket::decode(&text)),
                Some(Ok(Message::Binary(bytes))) => Ok(Ok(EnginePacket::Binary(bytes.into()))),
                Some(Ok(Message::Close(frame))) => {
                    self.ending.hear(frame.as_ref());
                    continue;
                }
                Some(Ok(_)) => continue,
                Some(Err(error)) => Err(why(&error)),
                None => Err(EndReason::Fin),
            });
        }
    }

    /// Whether the other end sent a close frame.
    pub fn has_heard_goodbye(&self) -> bool {
        self.ending.has_heard()
    }

    /// Writes a last packet and a close frame, as far as the socket takes them now.
    pub fn say_last(&mut self, packet: EnginePacket) {
        if self.start(packet.into()).is_ok() {
            self.close(Believed::Alive);
        }
    }

    /// Writes a close frame, as far as the socket takes it now, without waiting for an answer.
    pub fn close(&mut self, peer: Believed) {
        let mut cx = Context::from_waker(Waker::noop());
        if self.poll_flush(&mut cx).is_ready()
            && let Poll::Ready(Ok(())) = Pin::new(&mut self.stream).poll_close(&mut cx)
            && peer == Believed::Alive
        {
            self.ending.say(None);
        }
    }
}

/// The believed state of the other end. A dead one does not answer a close frame, so the frame's
/// code is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Believed {
    Alive,
    Dead,
}

/// Returns the library's settings: a message is at most as long as a payload may be. A packet is
/// written when it is sent, without waiting for more. No more is read ahead than over TCP.
fn config() -> WebSocketConfig {
    let most = Some(MOST_PAYLOAD);
    WebSocketConfig::default()
        .max_message_size(most)
        .max_frame_size(most)
        .write_buffer_size(0)
        .read_buffer_size(READ)
}

/// Converts the library's error to the reason why a WebSocket ended.
fn why(error: &Error) -> EndReason {
    match error {
        Error::Io(error) => reason_of_error(error),
        Error::Capacity(_) => EndReason::TooLong,
        Error::Utf8(_) => EndReason::Malformed,
        Error::Protocol(error) if !is_end(error) => EndReason::Malformed,
        _ => EndReason::Fin,
    }
}

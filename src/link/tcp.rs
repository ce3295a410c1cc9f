//! The link `tcp`: each session is one byte stream, in which frames follow each other.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::ReadBuf;

use super::send_half::{StreamSendHalf, Written};
use super::{
    BrokerDriver, ConnectContext, LinkDriver, LinkEvent, Reading, ReceiveHalf, SendHalf, Settings,
    reason_of_error, reason_of_wire_error,
};
use super::{READ, listen};
use crate::history::Flow;
use crate::message::{EndReason, Link};
use crate::net::{Net, Stream};
use crate::wire::Splitter;

/// The link `tcp`.
#[derive(Clone, Copy, Debug)]
pub struct Tcp;

impl LinkDriver for Tcp {
    const LINK: Link = Link::Tcp;
    type ReceiveHalf<N: Net> = TcpReceiveHalf<N::Stream>;

    fn new(_: &Settings) -> Self {
        Tcp
    }

    async fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, TcpReceiveHalf<N::Stream>)> {
        let (send_half, receive_half) = open(context.net.connect(context.to).await?);
        Ok((Box::new(send_half), receive_half))
    }

    async fn serve<N: Net>(&self, port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
        listen::serve(port, &broker, serve_connection).await
    }
}

/// Serves one connection until it ends.
async fn serve_connection<N: Net>(broker: BrokerDriver<N>, stream: N::Stream) {
    let (send_half, receive_half) = open(stream);
    broker.serve_connection(Box::new(send_half), receive_half).await;
}

fn open<S: Stream>(stream: S) -> (StreamSendHalf, TcpReceiveHalf<S>) {
    let send_half = StreamSendHalf::new(Flow { from: stream.local_addr(), to: stream.peer_addr() });
    let receive_half = TcpReceiveHalf {
        stream,
        send_half: send_half.clone(),
        splitter: Splitter::default(),
        is_malformed: false,
    };
    (send_half, receive_half)
}

/// The receiving side of a TCP connection: splits the byte stream into frames.
#[derive(Debug)]
pub struct TcpReceiveHalf<S> {
    stream: S,
    send_half: StreamSendHalf,
    splitter: Splitter,
    is_malformed: bool,
}

impl<S: Stream> ReceiveHalf for TcpReceiveHalf<S> {
    async fn next(&mut self, reading: Reading) -> LinkEvent {
        poll_fn(|cx| self.poll_next(cx, reading)).await
    }

    /// Writes the goodbye that the client has pushed, if it has.
    fn leave(&mut self, _reason: EndReason) {
        let mut cx = Context::from_waker(Waker::noop());
        // What the socket does not take now is lost, as with a program that exits.
        let _ = self.send_half.poll_write(&mut cx, &mut self.stream);
    }
}

impl<S: Stream> TcpReceiveHalf<S> {
    fn poll_next(&mut self, cx: &mut Context<'_>, reading: Reading) -> Poll<LinkEvent> {
        match self.send_half.poll_write(cx, &mut self.stream) {
            Poll::Ready(Ok(Written::Some)) => {
                return Poll::Ready(LinkEvent::Flushed(self.send_half.waiting()));
            }
            Poll::Ready(Ok(Written::Closed)) => {
                return Poll::Ready(LinkEvent::Ended(EndReason::Left));
            }
            Poll::Ready(Err(_)) if reading == Reading::Wanted => {
                // Bytes that arrived before the reset can still be read; the read returns the
                // reason.
            }
            Poll::Ready(Err(error)) => {
                return Poll::Ready(LinkEvent::Ended(reason_of_error(&error)));
            }
            Poll::Ready(Ok(Written::Nothing)) | Poll::Pending => {}
        }
        if reading == Reading::Paused || self.is_malformed {
            return Poll::Pending;
        }
        loop {
            match self.splitter.next_frame() {
                Ok(Some(frame)) => return Poll::Ready(LinkEvent::Frame(frame)),
                Ok(None) => {}
                Err(error) => {
                    self.is_malformed = true;
                    return Poll::Ready(LinkEvent::Malformed(reason_of_wire_error(&error)));
                }
            }
            let mut bytes = [const { MaybeUninit::uninit() }; READ];
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    return Poll::Ready(LinkEvent::Ended(EndReason::Fin));
                }
                Poll::Ready(Ok(())) => self.splitter.extend(buffer.filled()),
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(LinkEvent::Ended(reason_of_error(&error)));
                }
            }
        }
    }
}

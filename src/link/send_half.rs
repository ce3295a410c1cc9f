//! Where frames go out: the sending side of a connection, shared by machine and socket.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tokio::io::AsyncWrite;

use crate::history::Flow;
use crate::message::{Frame, MessageId, SessionId};
use crate::wire;

/// The sending side of a connection. Pushing never waits; what the socket does not take yet
/// waits here, and the broker's `send_queue` limits how much that may be.
pub trait SendHalf: Send {
    /// Takes a frame; `session` is whose it is, if it carries a message.
    ///
    /// # Errors
    /// There was no room, and nothing more may wait.
    fn push(&mut self, frame: &Frame, session: Option<&SessionId>) -> Result<PushOutcome, Full>;

    /// What waits beyond the socket.
    fn waiting(&self) -> WaitingBytes;

    /// Nothing more follows: close when what waits is written, as far as the socket takes it.
    fn close(&mut self);
}

/// What a lane did with a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum PushOutcome {
    /// Its last byte is the `end`-th of a flow, or it is that datagram.
    At { flow: Arc<Flow>, end: u64 },
    /// It has no place in a flow yet: the lane notes it when it has.
    Later,
    /// The same, and it took the place of these messages.
    Instead(Vec<MessageId>),
}

/// What waits in a lane beyond the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingBytes {
    /// Frames with a message, of which not all is written.
    pub messages: usize,
    /// Bytes of all frames.
    pub bytes: usize,
}

/// The socket had no room for a frame, which is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The lane of a byte stream.
#[derive(Clone, Debug)]
pub struct StreamSendHalf {
    flow: Arc<Flow>,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Bytes at the front that were written.
    written: usize,
    /// Bytes ever pushed.
    pushed: u64,
    /// At which byte of the flow each message ends that is not all written.
    ends: VecDeque<u64>,
    is_closed: bool,
    writer: Option<Waker>,
}

/// What became of a write.
pub enum Written {
    /// Some bytes were written.
    Some,
    /// Nothing waits.
    Nothing,
    /// Nothing waits, and nothing more follows.
    Closed,
}

impl StreamSendHalf {
    /// An empty lane.
    pub fn new(flow: Flow) -> Self {
        StreamSendHalf { flow: Arc::new(flow), queue: Arc::default() }
    }

    /// Writes as much as the stream takes. Pending while the stream is full, or nothing waits;
    /// then the task is woken by the next push.
    pub fn poll_write<S: AsyncWrite + Unpin>(
        &self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<std::io::Result<Written>> {
        let mut queue = self.queue();
        let mut has_written = false;
        while queue.written < queue.bytes.len() {
            match Pin::new(&mut *stream).poll_write(cx, &queue.bytes[queue.written..]) {
                Poll::Ready(Ok(count)) => {
                    queue.written += count;
                    has_written = true;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if has_written => break,
                Poll::Pending if queue.is_closed => return Poll::Ready(Ok(Written::Closed)),
                Poll::Pending => return Poll::Pending,
            }
        }
        if has_written {
            let sent = queue.pushed - (queue.bytes.len() - queue.written) as u64;
            while queue.ends.front().is_some_and(|end| *end <= sent) {
                queue.ends.pop_front();
            }
        }
        if queue.written == queue.bytes.len() {
            queue.bytes.clear();
            queue.written = 0;
        }
        if has_written {
            return Poll::Ready(Ok(Written::Some));
        }
        if queue.is_closed {
            return Poll::Ready(Ok(Written::Closed));
        }
        queue.writer = Some(cx.waker().clone());
        Poll::Ready(Ok(Written::Nothing))
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("a push does not panic")
    }
}

impl SendHalf for StreamSendHalf {
    fn push(&mut self, frame: &Frame, _session: Option<&SessionId>) -> Result<PushOutcome, Full> {
        let mut queue = self.queue();
        let before = queue.bytes.len();
        wire::encode_to_stream(frame, &mut queue.bytes);
        queue.pushed += (queue.bytes.len() - before) as u64;
        let end = queue.pushed;
        if frame.message().is_some() {
            queue.ends.push_back(end);
        }
        let writer = queue.writer.take();
        drop(queue);
        writer.into_iter().for_each(Waker::wake);
        Ok(PushOutcome::At { flow: self.flow.clone(), end })
    }

    fn waiting(&self) -> WaitingBytes {
        let queue = self.queue();
        WaitingBytes { messages: queue.ends.len(), bytes: queue.bytes.len() - queue.written }
    }

    fn close(&mut self) {
        let mut queue = self.queue();
        queue.is_closed = true;
        let writer = queue.writer.take();
        drop(queue);
        writer.into_iter().for_each(Waker::wake);
    }
}

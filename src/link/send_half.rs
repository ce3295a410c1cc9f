//! The sending side of a connection, shared by the machine, which pushes frames, and the socket,
//! which writes them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use crate::history::Flow;
use crate::message::{Frame, MOST_FRAME, MessageId, SessionId};
use crate::wire;

use super::waking::Waking;

/// The sending side of a connection. Pushing a frame never waits. Bytes that the socket does not
/// take yet wait here; the broker's `send_queue` limits how many.
pub trait SendHalf: Send {
    /// Takes a frame. If the frame carries a message, `session` is the session that it is for or
    /// from.
    ///
    /// # Errors
    /// The frame is lost, for the reason that the error names.
    fn push(
        &mut self,
        frame: &Frame,
        session: Option<&SessionId>,
    ) -> Result<PushOutcome, PushError>;

    /// Takes back a message that no socket has yet, if the link's library lets a program do so.
    /// Returns whether it did. By default no library does.
    fn withdraw(&mut self, _id: &MessageId) -> bool {
        false
    }

    /// Returns the size of what waits and is not yet in the socket.
    fn waiting(&self) -> WaitingBytes;

    /// Announces that no frame follows. The connection is closed once the waiting bytes are
    /// written, as far as the socket takes them.
    fn close(&mut self);
}

/// The result of pushing a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum PushOutcome {
    /// The frame's last byte is byte `end` of the flow; for datagrams, the frame is datagram `end`.
    At { flow: Arc<Flow>, end: u64 },
    /// The frame's position in a flow is not known yet. The link records it later.
    Later,
    /// As `Later`; the frame also replaced these waiting messages.
    Instead(Vec<MessageId>),
}

/// The size of what waits in a [`SendHalf`] and is not yet in the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitingBytes {
    /// Frames with a message that are not completely written.
    pub messages: usize,
    /// Unwritten bytes of all frames.
    pub bytes: usize,
}

/// The reason for which a frame was not taken, and is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// The socket had no room for it, and the link cannot queue it.
    Full,
    /// It carries a volatile message, and the transport is busy with something else.
    Busy,
    /// It is longer than the link's limit, so that it could never arrive.
    TooLong,
}

/// The sending side of a byte stream.
#[derive(Clone, Debug)]
pub struct StreamSendHalf {
    flow: Arc<Flow>,
    queue: Waking<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Bytes at the front that are already written.
    written: usize,
    /// Number of bytes pushed since the connection was opened.
    pushed: u64,
    /// For each message that is not completely written: the byte of the flow at which it ends.
    ends: VecDeque<u64>,
    is_closed: bool,
}

/// The result of a write.
pub enum Written {
    /// Some bytes were written.
    Some,
    /// No byte waits.
    Nothing,
    /// The connection is closed for sending, and nothing more can be written.
    Closed,
}

impl StreamSendHalf {
    /// Creates an empty queue for a flow.
    pub fn new(flow: Flow) -> Self {
        StreamSendHalf { flow: Arc::new(flow), queue: Waking::default() }
    }

    /// Writes as much as the stream takes. Pending while the stream takes nothing. If no byte
    /// waits, the next push wakes the task.
    pub fn poll_write<S: AsyncWrite + Unpin>(
        &self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<std::io::Result<Written>> {
        let mut locked = self.queue.lock();
        let queue = &mut *locked;
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
        locked.wait(cx);
        Poll::Ready(Ok(Written::Nothing))
    }
}

impl SendHalf for StreamSendHalf {
    fn push(
        &mut self,
        frame: &Frame,
        _session: Option<&SessionId>,
    ) -> Result<PushOutcome, PushError> {
        let end = self.queue.change(|queue| {
            let before = queue.bytes.len();
            wire::encode_to_stream(frame, &mut queue.bytes);
            let added = queue.bytes.len() - before;
            if added > wire::PREFIX + MOST_FRAME {
                queue.bytes.truncate(before);
                return Err(PushError::TooLong);
            }
            queue.pushed += added as u64;
            if frame.message().is_some() {
                queue.ends.push_back(queue.pushed);
            }
            Ok(queue.pushed)
        })?;
        Ok(PushOutcome::At { flow: self.flow.clone(), end })
    }

    fn waiting(&self) -> WaitingBytes {
        let queue = self.queue.lock();
        WaitingBytes { messages: queue.ends.len(), bytes: queue.bytes.len() - queue.written }
    }

    fn close(&mut self) {
        self.queue.change(|queue| queue.is_closed = true);
    }
}

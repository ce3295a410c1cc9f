//! The sending side of a WebSocket: a queue of whole messages, written one after the other.

use std::collections::VecDeque;
use std::task::Context;

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::link::tap::{CopyOf, Manifest};
use crate::link::waking::Waking;
use crate::link::{PushError, PushOutcome, SendHalf, WaitingBytes};
use crate::message::{EndReason, Frame, SessionId};
use crate::wire;

/// The sending side of a WebSocket. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WebSocketSendHalf {
    manifest: Manifest,
    queue: Waking<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    entries: VecDeque<Entry>,
    waiting: WaitingBytes,
    /// Whether the first entry was passed to the library.
    is_handed: bool,
    is_closed: bool,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    copy: Option<CopyOf>,
}

/// The next step in writing a queue.
pub enum Next {
    /// Pass this message to the library.
    Send(Message),
    /// Flush the library's buffer.
    Flush,
    /// Nothing to do: no message waits.
    Nothing,
    /// No message waits, and none follows.
    Closed,
}

impl WebSocketSendHalf {
    /// Creates an empty queue.
    pub fn new(manifest: Manifest) -> WebSocketSendHalf {
        WebSocketSendHalf { manifest, queue: Waking::default() }
    }

    /// Returns the next step. If there is none, the next push wakes the task.
    pub fn next(&self, cx: &Context<'_>) -> Next {
        let mut queue = self.queue.lock();
        if queue.is_handed {
            return Next::Flush;
        }
        let Some(Entry { message, copy }) = queue.entries.front() else {
            if queue.is_closed {
                return Next::Closed;
            }
            queue.wait(cx);
            return Next::Nothing;
        };
        let message = message.clone();
        if message.is_text() {
            self.manifest.announce(copy.iter().cloned().collect());
        }
        queue.is_handed = true;
        Next::Send(message)
    }

    /// Removes the message that was passed to the library and is now written, and returns it.
    pub fn flushed(&self) -> Message {
        let mut queue = self.queue.lock();
        queue.is_handed = false;
        let entry = queue.entries.pop_front().expect("it was passed to the library");
        queue.waiting.bytes -= entry.message.len();
        queue.waiting.messages -= usize::from(entry.copy.is_some());
        entry.message
    }

    /// Returns the goodbye that waits, if one was pushed.
    pub fn goodbye(&self) -> Option<CloseFrame> {
        let queue = self.queue.lock();
        queue.entries.iter().find_map(|entry| match &entry.message {
            Message::Close(frame) => frame.clone(),
            _ => None,
        })
    }

    /// Whether no more messages follow.
    pub fn is_closed(&self) -> bool {
        self.queue.lock().is_closed
    }
}

impl SendHalf for WebSocketSendHalf {
    /// Queues a frame as a message. A pong is not queued, because the library itself answers a
    /// ping.
    fn push(
        &mut self,
        frame: &Frame,
        session: Option<&SessionId>,
    ) -> Result<PushOutcome, PushError> {
        let message = match frame {
            Frame::Ping => Message::Ping(Default::default()),
            Frame::Pong => return Ok(PushOutcome::Later),
            Frame::Bye { reason } => Message::Close(Some(goodbye(*reason))),
            frame => {
                let text = String::from_utf8(wire::encode(frame)).expect("JSON is UTF-8");
                if text.len() > wire::MOST_FRAME {
                    return Err(PushError::TooLong);
                }
                Message::text(text)
            }
        };
        let copy = frame.message().zip(session);
        let copy = copy.map(|(message, session)| (message.id.clone(), session.clone()));
        self.queue.change(|queue| {
            queue.waiting.bytes += message.len();
            queue.waiting.messages += usize::from(copy.is_some());
            queue.entries.push_back(Entry { message, copy });
        });
        Ok(PushOutcome::Later)
    }

    fn waiting(&self) -> WaitingBytes {
        self.queue.lock().waiting
    }

    fn close(&mut self) {
        self.queue.change(|queue| queue.is_closed = true);
    }
}

/// Returns the close frame of a goodbye: its code, and the end reason as its text.
fn goodbye(reason: EndReason) -> CloseFrame {
    let word = serde_json::to_value(reason).expect("a reason is plain data");
    let word = word.as_str().expect("a reason is a word").to_owned();
    CloseFrame { code: code_of(reason), reason: word.into() }
}

/// Returns the close code for an end reason (RFC 6455 §7.4.1).
pub fn code_of(reason: EndReason) -> CloseCode {
    match reason {
        EndReason::Left | EndReason::Fin => CloseCode::Normal,
        EndReason::Malformed => CloseCode::Invalid,
        EndReason::Unexpected | EndReason::UnknownSession => CloseCode::Protocol,
        EndReason::TooLong => CloseCode::Size,
        _ => CloseCode::Policy,
    }
}

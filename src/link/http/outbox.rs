//! A client's frames that wait to be sent over HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Waker};

use crate::link::{Full, PushOutcome, SendHalf, WaitingBytes};
use crate::message::{Frame, SessionId};

/// The sending side of a client's session over HTTP.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Frame>,
    writer: Option<Waker>,
}

impl Outbox {
    /// Takes all waiting frames. If there are none, the next push wakes the task.
    pub fn take(&self, cx: &Context<'_>) -> Vec<Frame> {
        let mut queue = self.queue();
        if queue.frames.is_empty() {
            queue.writer = Some(cx.waker().clone());
        }
        queue.frames.drain(..).collect()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().expect("a push does not panic")
    }
}

impl SendHalf for Outbox {
    fn push(&mut self, frame: &Frame, _session: Option<&SessionId>) -> Result<PushOutcome, Full> {
        let mut queue = self.queue();
        queue.frames.push_back(frame.clone());
        let writer = queue.writer.take();
        drop(queue);
        writer.into_iter().for_each(Waker::wake);
        Ok(PushOutcome::Later)
    }

    fn waiting(&self) -> WaitingBytes {
        WaitingBytes::default()
    }

    /// Does nothing: waiting frames are dropped together with the connection.
    fn close(&mut self) {}
}

//! A client's frames that wait to be sent over HTTP.

use std::collections::VecDeque;
use std::task::Context;

use crate::link::waking::Waking;
use crate::link::{PushError, PushOutcome, SendHalf, WaitingBytes};
use crate::message::{Frame, MOST_FRAME, SessionId};

/// The sending side of a client's session over HTTP.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Waking<VecDeque<Frame>>);

impl Outbox {
    /// Takes all waiting frames. If there are none, the next push wakes the task.
    pub fn take(&self, cx: &Context<'_>) -> Vec<Frame> {
        let mut frames = self.0.lock();
        if frames.is_empty() {
            frames.wait(cx);
        }
        frames.drain(..).collect()
    }
}

impl SendHalf for Outbox {
    fn push(
        &mut self,
        frame: &Frame,
        _session: Option<&SessionId>,
    ) -> Result<PushOutcome, PushError> {
        if frame.message().is_some_and(|message| !message.fits(MOST_FRAME)) {
            return Err(PushError::TooLong);
        }
        self.0.change(|frames| frames.push_back(frame.clone()));
        Ok(PushOutcome::Later)
    }

    fn waiting(&self) -> WaitingBytes {
        WaitingBytes::default()
    }

    /// Does nothing: waiting frames are dropped together with the connection.
    fn close(&mut self) {}
}

//! How a WebSocket ends: with which code, told to the history once.

use std::sync::Arc;

use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::history::{EventKind, Flow, Recorder};
use crate::net::{Net, Stream};

/// The code of a connection that ended without a close frame (RFC 6455 §7.1.5).
pub const ABNORMAL: u16 = 1_006;
/// The code of a close frame without one (RFC 6455 §7.1.5).
pub const NO_STATUS: u16 = 1_005;

/// One end's view of how a WebSocket ends.
///
/// The history is told when it is let go of, whatever the reason was: a peer that is believed dead
/// is let go of without any sign from the connection. A program that was killed tells nothing.
pub struct Ending<N: Net> {
    net: N,
    recorder: Recorder,
    /// What comes in.
    flow: Arc<Flow>,
    /// The code of the peer's close frame.
    heard: Option<u16>,
    /// The code of this end's.
    said: Option<u16>,
}

impl<N: Net> Ending<N> {
    /// The connection is open.
    pub fn new(net: N, recorder: Recorder, stream: &impl Stream) -> Ending<N> {
        let flow = Arc::new(Flow { from: stream.peer_addr(), to: stream.local_addr() });
        Ending { net, recorder, flow, heard: None, said: None }
    }

    /// The peer's close frame came.
    pub fn hear(&mut self, frame: Option<&CloseFrame>) {
        self.heard.get_or_insert(code(frame));
    }

    /// This end's close frame was written. It does not wait for the answer, which would have the
    /// same code (RFC 6455 §5.5.1).
    pub fn say(&mut self, frame: Option<&CloseFrame>) {
        self.said.get_or_insert(code(frame));
    }

    /// Whether the peer said goodbye.
    pub fn has_heard(&self) -> bool {
        self.heard.is_some()
    }
}

impl<N: Net> Drop for Ending<N> {
    fn drop(&mut self) {
        if self.net.is_running() {
            let code = self.heard.or(self.said).unwrap_or(ABNORMAL);
            let what = EventKind::CloseCode { flow: self.flow.clone(), code };
            self.recorder.record(self.net.now(), what);
        }
    }
}

fn code(frame: Option<&CloseFrame>) -> u16 {
    frame.map_or(NO_STATUS, |frame| frame.code.into())
}

//! Records the end of a WebSocket in the history, once, with its close code.

use std::sync::Arc;

use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::history::{EventKind, Flow, Recorder};
use crate::net::{Net, Stream};

/// The close code of a connection that ended without a close frame (RFC 6455 §7.1.5).
pub const ABNORMAL: u16 = 1_006;
/// The close code of a close frame without a code (RFC 6455 §7.1.5).
pub const NO_STATUS: u16 = 1_005;

/// One end's view of the end of a WebSocket.
///
/// The code is recorded when this value is dropped, whatever the reason: if the other end is
/// believed dead, the connection gives no other sign. A process that was killed records nothing.
pub struct Ending<N: Net> {
    net: N,
    recorder: Recorder,
    /// The incoming direction.
    flow: Arc<Flow>,
    /// The code of the other end's close frame.
    heard: Option<u16>,
    /// The code of this end's close frame.
    said: Option<u16>,
}

impl<N: Net> Ending<N> {
    /// Creates the view of an open connection.
    pub fn new(net: N, recorder: Recorder, stream: &impl Stream) -> Ending<N> {
        let flow = Arc::new(Flow { from: stream.peer_addr(), to: stream.local_addr() });
        Ending { net, recorder, flow, heard: None, said: None }
    }

    /// Notes that the other end's close frame arrived.
    pub fn hear(&mut self, frame: Option<&CloseFrame>) {
        self.heard.get_or_insert(code(frame));
    }

    /// Notes that this end's close frame was written. This end does not wait for the answer, which
    /// would have the same code (RFC 6455 §5.5.1).
    pub fn say(&mut self, frame: Option<&CloseFrame>) {
        self.said.get_or_insert(code(frame));
    }

    /// Whether the other end's close frame arrived.
    pub fn has_heard(&self) -> bool {
        self.heard.is_some()
    }
}

impl<N: Net> Drop for Ending<N> {
    fn drop(&mut self) {
        if self.net.is_running() {
            let code = self.heard.or(self.said).unwrap_or(ABNORMAL);
            let kind = EventKind::CloseCode { flow: self.flow.clone(), code };
            self.recorder.record(self.net.now(), kind);
        }
    }
}

fn code(frame: Option<&CloseFrame>) -> u16 {
    frame.map_or(NO_STATUS, |frame| frame.code.into())
}

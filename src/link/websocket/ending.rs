//! How a WebSocket ends: the code of the peer's close frame, told to the history.

use std::sync::Arc;

use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::history::{Flow, Recorder, What};
use crate::net::{Net, Stream};

/// The code of a connection that ended without a close frame (RFC 6455 §7.1.5).
pub const ABNORMAL: u16 = 1_006;
/// The code of a close frame without one (RFC 6455 §7.1.5).
pub const NO_STATUS: u16 = 1_005;

/// One end's view of how a WebSocket ends.
pub struct Ending<N> {
    net: N,
    recorder: Recorder,
    /// What comes in.
    flow: Arc<Flow>,
    /// The code of the peer's close frame.
    code: Option<u16>,
}

impl<N: Net> Ending<N> {
    /// The connection is open.
    pub fn new(net: N, recorder: Recorder, stream: &impl Stream) -> Ending<N> {
        let flow = Arc::new(Flow { from: stream.peer_addr(), to: stream.local_addr() });
        Ending { net, recorder, flow, code: None }
    }

    /// The peer's close frame came.
    pub fn hear(&mut self, frame: Option<&CloseFrame>) {
        self.code = Some(frame.map_or(NO_STATUS, |frame| frame.code.into()));
    }

    /// The connection is over: with which code stands in the history.
    pub fn tell(&self) {
        let (flow, code) = (self.flow.clone(), self.code.unwrap_or(ABNORMAL));
        self.recorder.record(self.net.now(), What::CloseCode { flow, code });
    }
}

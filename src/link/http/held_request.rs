//! A request whose answer the broker keeps back until there is something to say.

use crate::history::Recorder;
use crate::link::BrokerDriver;
use crate::net::Net;

/// Counts one request as held, until it is dropped: it is answered, or its connection has ended.
pub struct HeldRequest<N: Net> {
    net: N,
    recorder: Recorder,
}

impl<N: Net> HeldRequest<N> {
    /// Begins to hold a request.
    pub fn begin(broker: &BrokerDriver<N>) -> HeldRequest<N> {
        let (net, recorder) = (broker.net().clone(), broker.recorder().clone());
        recorder.holds_request(net.now());
        HeldRequest { net, recorder }
    }
}

impl<N: Net> Drop for HeldRequest<N> {
    fn drop(&mut self) {
        self.recorder.releases_request(self.net.now());
    }
}

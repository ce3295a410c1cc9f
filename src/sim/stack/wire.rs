//! The device under a smoltcp interface: takes in one packet at a time, and any number out.

use std::net::SocketAddr;

use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::IpEndpoint;

/// Maximum length of an IP packet in bytes: Ethernet's payload, RFC 894.
pub const MTU: usize = 1_500;

/// The device that the interface reads from and writes to.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// The packet to be received next.
    pub received: Option<bytes::Bytes>,
    /// The packets that were sent.
    pub sent: Vec<Vec<u8>>,
}

impl Device for Wire {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sent<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Received, Sent<'_>)> {
        let packet = self.received.take()?;
        Some((Received(packet), Sent(&mut self.sent)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Sent<'_>> {
        Some(Sent(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

/// Token of a packet to receive.
pub(super) struct Received(bytes::Bytes);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

/// Token for a packet to send.
pub(super) struct Sent<'a>(&'a mut Vec<Vec<u8>>);

impl TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.0.push(packet);
        result
    }
}

/// Converts an address to smoltcp's form; `None` if it is not an IPv4 address with a port.
pub(super) fn endpoint(address: SocketAddr) -> Option<IpEndpoint> {
    match address {
        SocketAddr::V4(v4) if v4.port() != 0 => Some(IpEndpoint::from(v4)),
        _ => None,
    }
}

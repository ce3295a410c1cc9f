//! UDP: one frame a datagram; none is repaired, none is told of.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{
    BrokerDriver, ConnectContext, Full, LinkDriver, LinkEvent, PushOutcome, Reading, ReceiveHalf,
    SendHalf, Settings, WaitingBytes, end_of, garbled,
};
use crate::core::{BrokerInput, ConnectionId, LinkSemantics};
use crate::history::Flow;
use crate::message::{EndReason, Frame, SessionId};
use crate::net::{Datagrams, Net};
use crate::wire;

/// The link `udp`.
#[derive(Clone, Copy, Debug)]
pub struct Udp;

impl LinkDriver for Udp {
    const PATH: LinkSemantics = LinkSemantics::LOSSY;
    type ReceiveHalf<N: Net> = UdpInlet<N::Datagrams>;

    fn new(_: &Settings) -> Self {
        Udp
    }

    async fn connect<N: Net>(
        &self,
        dial: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, UdpInlet<N::Datagrams>)> {
        let ConnectContext { net, to, .. } = dial;
        let socket = net.bind(0).await?;
        socket.connect(to).await?;
        let socket = Arc::new(socket);
        let flow = Arc::new(Flow { from: socket.local_addr(), to });
        let lane = DatagramLane { socket: socket.clone(), flow };
        Ok((Box::new(lane), UdpInlet { socket }))
    }

    /// Every address that a datagram comes from is a connection, until the broker closes it.
    async fn serve<N: Net>(&self, port: u16, hub: BrokerDriver<N>) -> io::Result<()> {
        let socket = Arc::new(hub.net().bind(port).await?);
        let mut peers: BTreeMap<SocketAddr, ConnectionId> = BTreeMap::new();
        let mut buffer = [0; wire::MOST_DATAGRAM];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await?;
            let known = peers.get(&from).copied().filter(|peer| hub.is_open(*peer));
            let peer = known.unwrap_or_else(|| {
                if peers.len().is_power_of_two() {
                    peers.retain(|_, peer| hub.is_open(*peer));
                }
                let flow = Arc::new(Flow { from: socket.local_addr(), to: from });
                let peer = hub.open(Box::new(DatagramLane { socket: socket.clone(), flow }));
                peers.insert(from, peer);
                peer
            });
            hub.tell(match wire::decode(&buffer[..length]) {
                Ok(frame) => BrokerInput::Received { peer, frame },
                Err(error) => BrokerInput::Malformed { peer, reason: garbled(&error) },
            });
        }
    }
}

/// A datagram socket, and where its datagrams go.
struct DatagramLane<D> {
    socket: Arc<D>,
    flow: Arc<Flow>,
}

impl<D: Datagrams> SendHalf for DatagramLane<D> {
    fn push(&mut self, frame: &Frame, _session: Option<&SessionId>) -> Result<PushOutcome, Full> {
        let sent = self.socket.send_to(&wire::encode(frame), self.flow.to);
        sent.map(|end| PushOutcome::At { flow: self.flow.clone(), end }).map_err(|_| Full)
    }

    fn waiting(&self) -> WaitingBytes {
        WaitingBytes::default()
    }

    fn close(&mut self) {}
}

/// The client's socket.
pub struct UdpInlet<D> {
    socket: Arc<D>,
}

impl<D: Datagrams> ReceiveHalf for UdpInlet<D> {
    /// A datagram is always read: when the inbox is full, it is the client that drops it.
    async fn next(&mut self, _reading: Reading) -> LinkEvent {
        let mut buffer = [0; wire::MOST_DATAGRAM];
        match self.socket.recv_from(&mut buffer).await {
            Ok((length, _)) => match wire::decode(&buffer[..length]) {
                Ok(frame) => LinkEvent::Frame(frame),
                Err(error) => LinkEvent::Malformed(garbled(&error)),
            },
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                LinkEvent::Ended(EndReason::Unreachable)
            }
            Err(error) => LinkEvent::Ended(end_of(&error)),
        }
    }
}

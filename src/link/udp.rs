//! UDP: one frame a datagram; none is repaired, none is told of.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{
    Carrier, Dial, Full, Happening, Hub, Inlet, Lane, Reading, Settings, Taken, Waiting, end_of,
    garbled,
};
use crate::core::{BrokerInput, Path, Peer};
use crate::history::Flow;
use crate::message::{EndReason, Frame, SessionId};
use crate::net::{Datagrams, Net};
use crate::wire;

/// The link `udp`.
#[derive(Clone, Copy, Debug)]
pub struct Udp;

impl Carrier for Udp {
    const PATH: Path = Path::LOSSY;
    type Inlet<N: Net> = UdpInlet<N::Datagrams>;

    fn new(_: &Settings) -> Self {
        Udp
    }

    async fn connect<N: Net>(
        &self,
        dial: Dial<N>,
    ) -> io::Result<(Box<dyn Lane>, UdpInlet<N::Datagrams>)> {
        let Dial { net, to, .. } = dial;
        let socket = net.bind(0).await?;
        socket.connect(to).await?;
        let socket = Arc::new(socket);
        let flow = Arc::new(Flow { from: socket.local_addr(), to });
        let lane = DatagramLane { socket: socket.clone(), flow };
        Ok((Box::new(lane), UdpInlet { socket }))
    }

    /// Every address that a datagram comes from is a connection, until the broker closes it.
    async fn serve<N: Net>(&self, port: u16, hub: Hub<N>) -> io::Result<()> {
        let socket = Arc::new(hub.net().bind(port).await?);
        let mut peers: BTreeMap<SocketAddr, Peer> = BTreeMap::new();
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
                Err(error) => BrokerInput::Garbled { peer, reason: garbled(&error) },
            });
        }
    }
}

/// A datagram socket, and where its datagrams go.
struct DatagramLane<D> {
    socket: Arc<D>,
    flow: Arc<Flow>,
}

impl<D: Datagrams> Lane for DatagramLane<D> {
    fn push(&mut self, frame: &Frame, _session: Option<&SessionId>) -> Result<Taken, Full> {
        let sent = self.socket.send_to(&wire::encode(frame), self.flow.to);
        sent.map(|end| Taken::At { flow: self.flow.clone(), end }).map_err(|_| Full)
    }

    fn waiting(&self) -> Waiting {
        Waiting::default()
    }

    fn close(&mut self) {}
}

/// The client's socket.
pub struct UdpInlet<D> {
    socket: Arc<D>,
}

impl<D: Datagrams> Inlet for UdpInlet<D> {
    /// A datagram is always read: when the inbox is full, it is the client that drops it.
    async fn next(&mut self, _reading: Reading) -> Happening {
        let mut buffer = [0; wire::MOST_DATAGRAM];
        match self.socket.recv_from(&mut buffer).await {
            Ok((length, _)) => match wire::decode(&buffer[..length]) {
                Ok(frame) => Happening::Frame(frame),
                Err(error) => Happening::Garbled(garbled(&error)),
            },
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                Happening::Ended(EndReason::Unreachable)
            }
            Err(error) => Happening::Ended(end_of(&error)),
        }
    }
}

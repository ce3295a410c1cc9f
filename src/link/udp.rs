//! The link `udp`: one frame per datagram. It never resends a lost datagram, nor reports the loss.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{
    BrokerDriver, ConnectContext, Full, LinkDriver, LinkEvent, PushOutcome, Reading, ReceiveHalf,
    SendHalf, Settings, WaitingBytes, end_of, garbled,
};
use crate::core::{BrokerInput, ConnectionId};
use crate::history::Flow;
use crate::message::{EndReason, Frame, Link, SessionId};
use crate::net::{Datagrams, Net};
use crate::wire;

/// The link `udp`.
#[derive(Clone, Copy, Debug)]
pub struct Udp;

impl LinkDriver for Udp {
    const LINK: Link = Link::Udp;
    type ReceiveHalf<N: Net> = UdpInlet<N::Datagrams>;

    fn new(_: &Settings) -> Self {
        Udp
    }

    async fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, UdpInlet<N::Datagrams>)> {
        let ConnectContext { net, to, .. } = context;
        let socket = net.bind(0).await?;
        socket.connect(to).await?;
        let socket = Arc::new(socket);
        let flow = Arc::new(Flow { from: socket.local_addr(), to });
        let send_half = DatagramSendHalf { socket: socket.clone(), flow };
        Ok((Box::new(send_half), UdpInlet { socket }))
    }

    /// Treats each source address as one connection, until the broker closes it.
    async fn serve<N: Net>(&self, port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
        let socket = Arc::new(broker.net().bind(port).await?);
        let mut peers: BTreeMap<SocketAddr, ConnectionId> = BTreeMap::new();
        let mut buffer = [0; wire::MOST_DATAGRAM];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await?;
            let known = peers.get(&from).copied().filter(|peer| broker.is_open(*peer));
            let peer = known.unwrap_or_else(|| {
                if peers.len().is_power_of_two() {
                    peers.retain(|_, peer| broker.is_open(*peer));
                }
                let flow = Arc::new(Flow { from: socket.local_addr(), to: from });
                let peer = broker.open(Box::new(DatagramSendHalf { socket: socket.clone(), flow }));
                peers.insert(from, peer);
                peer
            });
            broker.tell(match wire::decode(&buffer[..length]) {
                Ok(frame) => BrokerInput::Received { peer, frame },
                Err(error) => BrokerInput::Malformed { peer, reason: garbled(&error) },
            });
        }
    }
}

/// The sending side: a datagram socket and the destination address.
struct DatagramSendHalf<D> {
    socket: Arc<D>,
    flow: Arc<Flow>,
}

impl<D: Datagrams> SendHalf for DatagramSendHalf<D> {
    fn push(&mut self, frame: &Frame, _session: Option<&SessionId>) -> Result<PushOutcome, Full> {
        let sent = self.socket.send_to(&wire::encode(frame), self.flow.to);
        sent.map(|end| PushOutcome::At { flow: self.flow.clone(), end }).map_err(|_| Full)
    }

    fn waiting(&self) -> WaitingBytes {
        WaitingBytes::default()
    }

    fn close(&mut self) {}
}

/// The receiving side of a client's socket.
pub struct UdpInlet<D> {
    socket: Arc<D>,
}

impl<D: Datagrams> ReceiveHalf for UdpInlet<D> {
    /// Reads a datagram even if reading is paused. If the inbox is full, the client drops the
    /// message.
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

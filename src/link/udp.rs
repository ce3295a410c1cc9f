//! The link `udp`: one frame per datagram. It never resends a lost datagram, nor reports the loss.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{
    BrokerDriver, ConnectContext, LinkDriver, LinkEvent, PushError, PushOutcome, Reading,
    ReceiveHalf, SendHalf, Settings, WaitingBytes, reason_of_error, reason_of_wire_error,
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
    type ReceiveHalf<N: Net> = UdpReceiveHalf<N::Datagrams>;

    fn new(_: &Settings) -> Self {
        Udp
    }

    async fn connect<N: Net>(
        &self,
        context: ConnectContext<N>,
    ) -> io::Result<(Box<dyn SendHalf>, UdpReceiveHalf<N::Datagrams>)> {
        let ConnectContext { net, to, .. } = context;
        let socket = net.bind(0).await?;
        socket.connect(to).await?;
        let socket = Arc::new(socket);
        let flow = Arc::new(Flow { from: socket.local_addr(), to });
        let send_half = DatagramSendHalf { socket: socket.clone(), flow };
        Ok((Box::new(send_half), UdpReceiveHalf { socket }))
    }

    /// Treats each source address as one connection, until the broker closes it.
    async fn serve<N: Net>(&self, port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
        let socket = Arc::new(broker.net().bind(port).await?);
        let mut connections: BTreeMap<SocketAddr, ConnectionId> = BTreeMap::new();
        let mut buffer = [0; wire::MOST_DATAGRAM];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await?;
            let known =
                connections.get(&from).copied().filter(|connection| broker.is_open(*connection));
            let connection = known.unwrap_or_else(|| {
                if connections.len().is_power_of_two() {
                    connections.retain(|_, connection| broker.is_open(*connection));
                }
                let flow = Arc::new(Flow { from: socket.local_addr(), to: from });
                let connection =
                    broker.open(Box::new(DatagramSendHalf { socket: socket.clone(), flow }));
                connections.insert(from, connection);
                connection
            });
            broker.tell(match wire::decode(&buffer[..length]) {
                Ok(frame) => BrokerInput::Received { connection, frame },
                Err(error) => {
                    BrokerInput::Malformed { connection, reason: reason_of_wire_error(&error) }
                }
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
    fn push(
        &mut self,
        frame: &Frame,
        _session: Option<&SessionId>,
    ) -> Result<PushOutcome, PushError> {
        let datagram = wire::encode(frame);
        if datagram.len() > wire::MOST_DATAGRAM {
            return Err(PushError::TooLong);
        }
        let sent = self.socket.send_to(&datagram, self.flow.to);
        sent.map(|end| PushOutcome::At { flow: self.flow.clone(), end })
            .map_err(|_| PushError::Full)
    }

    fn waiting(&self) -> WaitingBytes {
        WaitingBytes::default()
    }

    fn close(&mut self) {}
}

/// The receiving side of a client's socket.
pub struct UdpReceiveHalf<D> {
    socket: Arc<D>,
}

impl<D: Datagrams> ReceiveHalf for UdpReceiveHalf<D> {
    /// Reads a datagram even if reading is paused. If the inbox is full, the client drops the
    /// message.
    async fn next(&mut self, _reading: Reading) -> LinkEvent {
        let mut buffer = [0; wire::MOST_DATAGRAM];
        match self.socket.recv_from(&mut buffer).await {
            Ok((length, _)) => match wire::decode(&buffer[..length]) {
                Ok(frame) => LinkEvent::Frame(frame),
                Err(error) => LinkEvent::Malformed(reason_of_wire_error(&error)),
            },
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                LinkEvent::Ended(EndReason::Unreachable)
            }
            Err(error) => LinkEvent::Ended(reason_of_error(&error)),
        }
    }
}

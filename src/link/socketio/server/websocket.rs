//! The WebSocket transport of the server. It is probed beside the polling transport that it
//! replaces, then used.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Server;
use super::driver::SessionHandle;
use super::session::Transport;
use crate::link::limits::UPGRADE_WITHIN;
use crate::link::socketio::packet::{EnginePacket, PROBE};
use crate::link::socketio::queue::sizes;
use crate::link::socketio::websocket::{Believed, PacketSocket};
use crate::message::EndReason;
use crate::net::Net;
use crate::time::Duration;

/// The interval at which a pending poll is released while a WebSocket is probed (engine.io 6.6,
/// `Socket._maybeUpgrade`).
const RELEASE_EVERY: Duration = Duration::from_millis(100);

/// Serves a WebSocket until it ends: an upgrade of a session, or the first transport of a new one.
pub async fn serve<N: Net>(
    server: Arc<Server<N>>,
    mut socket: PacketSocket<N>,
    driver: Option<SessionHandle>,
) {
    let driver = match driver {
        None => server.open(Transport::WebSocket),
        Some(driver) => {
            // A session has at most one; a second is closed, as by Node's `ws.close()`.
            if !driver.session.begin_upgrade() {
                return socket.close(Believed::Alive);
            }
            let upgraded = upgrade(&server, &driver, &mut socket).await;
            let transport =
                if upgraded.is_ok() { Transport::WebSocket } else { Transport::Polling };
            driver.session.end_upgrade(transport);
            if let Err(reason) = upgraded {
                // The session goes on by polling; this connection never became its transport.
                socket.close(Believed::Alive);
                return reason.into_iter().for_each(|reason| server.broker.reject(reason));
            }
            driver
        }
    };
    let mut relay = Relay { server: &server, driver: &driver, socket, under_way: None };
    let ended = poll_fn(|cx| relay.poll(cx)).await;
    let mut socket = relay.socket;
    match ended {
        Some(EndReason::Fin) if socket.has_heard_goodbye() => server.end(&driver, EndReason::Left),
        Some(reason) => server.end(&driver, reason),
        None if driver.session.over() == Some(EndReason::Heartbeat) => socket.close(Believed::Dead),
        None => socket.close(Believed::Alive),
    }
}

/// Waits until the client has switched to a WebSocket.
///
/// # Errors
/// The client has not switched, for this reason; none if the session has ended.
async fn upgrade<N: Net>(
    server: &Server<N>,
    driver: &SessionHandle,
    socket: &mut PacketSocket<N>,
) -> Result<(), Option<EndReason>> {
    let (net, session) = (server.broker.net(), &driver.session);
    let until = net.now() + UPGRADE_WITHIN;
    let mut release_at = None;
    loop {
        let heard = poll_fn(|cx| {
            session.watch(cx);
            match session.over() {
                Some(_) => Poll::Ready(Err(None)),
                None => socket.poll_next(cx).map_err(Some),
            }
        });
        let packet = tokio::select! {
            biased;
            packet = heard => packet?,
            () = net.sleep_until(until) => return Err(Some(EndReason::ConnectTimeout)),
            () = net.sleep_until(release_at.unwrap_or(until)), if release_at.is_some() => {
                session.release_poll();
                release_at = Some(net.now() + RELEASE_EVERY);
                continue;
            }
        };
        match packet {
            Ok(EnginePacket::Ping(words)) if words == PROBE => {
                socket.start(EnginePacket::Pong(words).into()).map_err(|_| Some(EndReason::Fin))?;
                poll_fn(|cx| socket.poll_flush(cx)).await.map_err(|_| Some(EndReason::Fin))?;
                release_at = Some(net.now() + RELEASE_EVERY);
            }
            Ok(EnginePacket::Upgrade) => return Ok(()),
            Ok(_) => return Err(Some(EndReason::Unexpected)),
            Err(_) => return Err(Some(EndReason::Malformed)),
        }
    }
}

/// Moves packets between a session and its WebSocket.
struct Relay<'a, N: Net> {
    server: &'a Server<N>,
    driver: &'a SessionHandle,
    socket: PacketSocket<N>,
    /// The number of messages and bytes that are being written.
    under_way: Option<(usize, usize)>,
}

impl<N: Net> Relay<'_, N> {
    /// Moves packets. Ready with the reason when the WebSocket has ended, or with none when the
    /// session has.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<EndReason>> {
        loop {
            self.write(cx);
            if self.driver.session.over().is_some() {
                return Poll::Ready(None);
            }
            match self.socket.poll_next(cx) {
                Poll::Ready(Ok(packet)) => {
                    let packet = packet.map_err(|_| EndReason::Malformed);
                    let received = packet.and_then(|one| self.server.receive(self.driver, one));
                    if let Err(reason) = received {
                        self.server.end(self.driver, reason);
                    }
                }
                Poll::Ready(Err(reason)) => return Poll::Ready(Some(reason)),
                Poll::Pending => {
                    self.driver.session.watch(cx);
                    return Poll::Pending;
                }
            }
        }
    }

    /// Writes waiting packets, as far as the socket takes them.
    fn write(&mut self, cx: &mut Context<'_>) {
        loop {
            if let Some(sizes) = self.under_way {
                // After an error, the read returns what came before it, and the reason.
                let Poll::Ready(Ok(())) = self.socket.poll_flush(cx) else { return };
                self.under_way = None;
                self.driver.session.written(sizes);
                self.server.flushed(self.driver);
            }
            let Some(next) = self.driver.session.take_next() else { return };
            self.under_way = Some(sizes([&next]));
            if self.socket.start(next).is_err() {
                return;
            }
        }
    }
}

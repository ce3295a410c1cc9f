//! The server of Engine.IO v4 and Socket.IO v5, on our own streams.
//!
//! It behaves as engine.io 6.6 and socket.io 4.8 do, Node's server; comments mark the differences.
//! All of it runs in the future of the process, so a paused broker does nothing and a killed one is
//! gone. It does not use Socket.IO's rooms: the core routes.

mod driver;
mod http;
mod session;
mod websocket;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use self::driver::{Counters, SessionHandle};
use self::session::{EngineSession, Transport};
use super::packet::EnginePacket;
use crate::link::{BrokerDriver, listen};
use crate::message::EndReason;
use crate::net::Net;

/// Serves clients on a port for ever.
///
/// # Errors
/// The port is taken, or the network is gone.
pub async fn serve<N: Net>(port: u16, broker: BrokerDriver<N>) -> io::Result<()> {
    let (opened, mut new) = mpsc::unbounded_channel();
    let (sessions, counters) = Default::default();
    let server = Arc::new(Server { broker: broker.clone(), sessions, counters, opened });
    let timers = async {
        let mut timers = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(driver) = new.recv() => timers.push(server.run_timers(driver)),
                Some(()) = timers.next(), if !timers.is_empty() => {}
            }
        }
    };
    tokio::select! {
        biased;
        () = timers => unreachable!("it goes on for ever"),
        served = listen::serve(port, &broker, |_, stream| {
            http::serve_connection(server.clone(), stream)
        }) => served,
    }
}

/// The server's state, shared by all its connections.
struct Server<N> {
    broker: BrokerDriver<N>,
    /// The sessions that have not ended, by id.
    sessions: Mutex<BTreeMap<String, SessionHandle>>,
    counters: Mutex<Counters>,
    /// The channel for new sessions, whose timers are then run.
    opened: mpsc::UnboundedSender<SessionHandle>,
}

impl<N: Net> Server<N> {
    /// Opens a session.
    fn open(&self, transport: Transport) -> SessionHandle {
        let heartbeat = self.broker.limits().heartbeat;
        let session = EngineSession::new(new_id(), transport, heartbeat, self.broker.net().now());
        let driver = SessionHandle::new(session);
        self.sessions().insert(driver.session.sid.clone(), driver.clone());
        // Sending fails only when the process has ended.
        let _ = self.opened.send(driver.clone());
        driver
    }

    /// Returns the session with an id.
    fn find(&self, sid: &str) -> Option<SessionHandle> {
        self.sessions().get(sid).cloned()
    }

    /// Ends a session, unless it has ended already.
    ///
    /// Packets that still wait are dropped. When Node's server itself closes a session, it waits up
    /// to 30 s for a poll that fetches them; here the session of such a poll is unknown.
    fn end(&self, driver: &SessionHandle, reason: EndReason) {
        if self.sessions().remove(&driver.session.sid).is_some() {
            driver.session.end(reason);
            driver.ended(&self.broker, reason);
        }
    }

    /// Handles a packet from a session's transport (engine.io's `Socket.onPacket`).
    ///
    /// # Errors
    /// The session must end, for this reason.
    fn receive(&self, driver: &SessionHandle, packet: EnginePacket) -> Result<(), EndReason> {
        driver.session.heard(&packet, self.broker.net().now());
        match packet {
            EnginePacket::Message(_) | EnginePacket::Binary(_) => {
                driver.receive(&self.broker, &self.counters, packet)
            }
            // Only the server pings.
            EnginePacket::Ping(_) => Err(EndReason::Unexpected),
            // Over WebSocket this packet has no effect; a client closes that with a close frame.
            EnginePacket::Close if driver.session.transport() != Transport::WebSocket => {
                Err(EndReason::Left)
            }
            EnginePacket::Open(_)
            | EnginePacket::Close
            | EnginePacket::Pong(_)
            | EnginePacket::Upgrade
            | EnginePacket::Noop => Ok(()),
        }
    }

    /// Reports to the broker that packets of a session were written.
    fn flushed(&self, driver: &SessionHandle) {
        if let Some(connection) = driver.connection() {
            self.broker.flushed(connection, driver.session.waiting());
        }
    }

    /// Runs the timers of a session until it ends.
    async fn run_timers(&self, driver: SessionHandle) {
        let net = self.broker.net();
        while let Some(deadline) = driver.session.deadline() {
            tokio::select! {
                biased;
                () = driver.session.deadline_changed() => {}
                () = net.sleep_until(deadline) => {
                    if let Err(reason) = driver.session.elapsed(net.now()) {
                        self.end(&driver, reason);
                    }
                }
            }
        }
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, SessionHandle>> {
        self.sessions.lock().expect("the lock is not poisoned")
    }
}

/// Creates a random id in the form of Node's server: 15 bytes in base64, of characters that are
/// plain in a URL.
fn new_id() -> String {
    generate_key()[..20].replace('/', "_").replace('+', "-")
}

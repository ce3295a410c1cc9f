//! The server: Engine.IO v4 and Socket.IO v5 over our own streams, as Node's server speaks them.
//!
//! engine.io 6.6 and socket.io 4.8 are followed, and where they are not a comment says so. All of it
//! runs in the process's own future: a paused broker does nothing, and a killed one is gone. The
//! core routes; Socket.IO's rooms are not used.

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

use self::driver::{Counters, Driver};
use self::session::{EngineSession, Transport};
use super::packet::EnginePacket;
use crate::link::{BrokerDriver, listen};
use crate::message::EndReason;
use crate::net::Net;

/// Serves clients on a port for ever.
///
/// # Errors
/// The port is taken, or the network is gone.
pub async fn serve<N: Net>(port: u16, hub: BrokerDriver<N>) -> io::Result<()> {
    let (opened, mut new) = mpsc::unbounded_channel();
    let (sessions, counters) = Default::default();
    let server = Arc::new(Server { hub: hub.clone(), sessions, counters, opened });
    let clocks = async {
        let mut clocks = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(driver) = new.recv() => clocks.push(server.run_timers(driver)),
                Some(()) = clocks.next(), if !clocks.is_empty() => {}
            }
        }
    };
    tokio::select! {
        biased;
        () = clocks => unreachable!("it goes on for ever"),
        served = listen::serve(port, &hub, |_, stream| http::serve_connection(server.clone(), stream)) => served,
    }
}

/// All sessions.
struct Server<N> {
    hub: BrokerDriver<N>,
    /// Those that have not ended, by id.
    sessions: Mutex<BTreeMap<String, Driver>>,
    counters: Mutex<Counters>,
    /// Where new ones go, to get a clock.
    opened: mpsc::UnboundedSender<Driver>,
}

impl<N: Net> Server<N> {
    /// Opens a session.
    fn open(&self, transport: Transport) -> Driver {
        let heartbeat = self.hub.limits().heartbeat;
        let session = EngineSession::new(new_id(), transport, heartbeat, self.hub.net().now());
        let driver = Driver::new(session);
        self.sessions().insert(driver.session.sid.clone(), driver.clone());
        // When nobody takes it any more the process is over.
        let _ = self.opened.send(driver.clone());
        driver
    }

    /// The session of an id.
    fn find(&self, sid: &str) -> Option<Driver> {
        self.sessions().get(sid).cloned()
    }

    /// A session is over, if it is not already.
    ///
    /// What it still had to say is not kept: Node's server waits up to 30 s for a poll that fetches
    /// it when the server itself closes the session, here that poll's session is unknown.
    fn end(&self, driver: &Driver, reason: EndReason) {
        if self.sessions().remove(&driver.session.sid).is_some() {
            driver.session.end(reason);
            driver.ended(&self.hub, reason);
        }
    }

    /// A packet came on a session's transport (engine.io's `Socket.onPacket`).
    ///
    /// # Errors
    /// The session is to end: why.
    fn receive(&self, driver: &Driver, packet: EnginePacket) -> Result<(), EndReason> {
        driver.session.heard(&packet, self.hub.net().now());
        match packet {
            EnginePacket::Message(text) => driver.hear(&self.hub, &self.counters, &text),
            // Only the server pings.
            EnginePacket::Ping(_) => Err(EndReason::Unexpected),
            // A WebSocket has a close frame for that, and nothing comes of this.
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

    /// Packets of a session were written.
    fn flushed(&self, driver: &Driver) {
        if let Some(peer) = driver.peer() {
            self.hub.flushed(peer, driver.session.waiting());
        }
    }

    /// Tells a session when time has passed, until it ends.
    async fn run_timers(&self, driver: Driver) {
        let net = self.hub.net();
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

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<String, Driver>> {
        self.sessions.lock().expect("nobody panics with it")
    }
}

/// An id as Node's server makes them: 15 bytes in base64 that a URL takes as it is. All of them are
/// random.
fn new_id() -> String {
    generate_key()[..20].replace('/', "_").replace('+', "-")
}

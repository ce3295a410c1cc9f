//! Accepts connections for the links over streams. One task serves all connections of a port, so
//! that a paused process pauses all of them and a crash ends all of them.

use std::future::Future;
use std::io;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::BrokerDriver;
use crate::net::{Listener, Net};

/// Accepts the connections of a port for ever, and runs `serve_connection` for each.
///
/// # Errors
/// The port is taken, or the network is gone.
pub async fn serve<N: Net, F: Future<Output = ()>>(
    port: u16,
    broker: &BrokerDriver<N>,
    serve_connection: impl Fn(BrokerDriver<N>, N::Stream) -> F,
) -> io::Result<()> {
    let mut listener = broker.net().listen(port, broker.limits().accept_queue).await?;
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(()) = connections.next(), if !connections.is_empty() => {}
            stream = listener.accept() => {
                connections.push(serve_connection(broker.clone(), stream?));
            }
        }
    }
}

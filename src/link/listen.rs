//! Taking connections in: every link over streams serves them in one task, so that a paused
//! process pauses all of them and a crash ends all of them.

use std::future::Future;
use std::io;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::BrokerDriver;
use crate::net::{Listener, Net};

/// Serves the connections of a port for ever, each as `serve_connection` does.
///
/// # Errors
/// The port is taken, or the network is gone.
pub async fn serve<N: Net, F: Future<Output = ()>>(
    port: u16,
    hub: &BrokerDriver<N>,
    serve_connection: impl Fn(BrokerDriver<N>, N::Stream) -> F,
) -> io::Result<()> {
    let mut listener = hub.net().listen(port, hub.limits().accept_queue).await?;
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(()) = connections.next(), if !connections.is_empty() => {}
            stream = listener.accept() => connections.push(serve_connection(hub.clone(), stream?)),
        }
    }
}

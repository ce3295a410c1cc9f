//! A wrapper around a stream that records where in the flow each copy of a message ends.
//!
//! A library (hyper, tungstenite) encodes the bytes. The tap watches the written bytes, finds the
//! ends of units, and never changes a byte. The link announces beforehand which copies each unit
//! carries.

mod units;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::units::Units;
use crate::history::{EventKind, Flow, Recorder};
use crate::message::{MessageId, SessionId};
use crate::net::{Net, Stream};

/// A copy of a message: the message, and the session that it is sent on.
pub type CopyOf = (MessageId, SessionId);

/// The copies in the units to come: one entry per unit, in order, with an empty entry for a unit
/// without copies.
#[derive(Clone, Debug, Default)]
pub struct Manifest(Arc<Mutex<VecDeque<Vec<CopyOf>>>>);

impl Manifest {
    /// Announces the copies in the unit that follows those already announced.
    pub fn announce(&self, copies: Vec<CopyOf>) {
        self.entries().push_back(copies);
    }

    fn next(&self) -> Vec<CopyOf> {
        self.entries().pop_front().unwrap_or_default()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Vec<CopyOf>>> {
        self.0.lock().expect("the lock is not poisoned")
    }
}

/// A stream whose written bytes are watched.
pub struct Tap<N: Net> {
    stream: N::Stream,
    net: N,
    recorder: Recorder,
    flow: Arc<Flow>,
    manifest: Manifest,
    units: Units,
}

impl<N: Net> Tap<N> {
    /// Wraps a stream that carries HTTP/1.1, or WebSocket after an upgrade.
    pub fn new(net: &N, recorder: &Recorder, stream: N::Stream) -> Tap<N> {
        let flow = Arc::new(Flow { from: stream.local_addr(), to: stream.peer_addr() });
        let (manifest, units) = (Manifest::default(), Units::default());
        let (net, recorder) = (net.clone(), recorder.clone());
        Tap { stream, net, recorder, flow, manifest, units }
    }

    /// Returns the manifest in which the units to come are announced.
    pub fn manifest(&self) -> Manifest {
        self.manifest.clone()
    }

    fn watch(&mut self, bytes: &[u8]) {
        for end in self.units.pass(bytes) {
            for (id, session) in self.manifest.next() {
                let flow = self.flow.clone();
                let kind = EventKind::Carried { id, session, flow, end };
                self.recorder.record(self.net.now(), kind);
            }
        }
    }
}

impl<N: Net> Stream for Tap<N> {
    fn local_addr(&self) -> SocketAddr {
        self.stream.local_addr()
    }

    fn peer_addr(&self) -> SocketAddr {
        self.stream.peer_addr()
    }
}

impl<N: Net> AsyncRead for Tap<N> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<N: Net> AsyncWrite for Tap<N> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.watch(&bytes[..*count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

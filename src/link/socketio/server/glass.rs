//! A stream under glass: what the server's library writes is read on its way, so that the history
//! knows where in the flow each copy ends; and how the stream ended, for a WebSocket with the code
//! of the client's close frame.
//!
//! It never changes a byte.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use socketioxide::TransportType;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ears::{Fact, Facts};
use super::lane::{Desk, Desks};
use crate::history::{Flow, Recorder, What};
use crate::link::limits::MOST_PAYLOAD;
use crate::link::socketio::packet::{Packet, SEPARATOR};
use crate::link::tap::Units;
use crate::link::websocket::ending::{ABNORMAL, NO_STATUS};
use crate::link::{Hub, end_of};
use crate::message::EndReason;
use crate::net::{Net, Stream};

/// Whose packets pass on a connection, once there was a request.
pub type Owner = Arc<Mutex<Option<Ticket>>>;

/// A session's claim on a connection.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Engine.IO's id of it: as the request named it, or else as the answer opened it.
    pub sid: Option<String>,
    /// As what it uses the connection.
    pub transport: TransportType,
}

/// A watched stream.
pub struct Glass<N: Net> {
    stream: N::Stream,
    net: N,
    recorder: Recorder,
    flow: Arc<Flow>,
    units: Units,
    /// What comes in.
    heard: Units,
    /// Whether the upgrade to WebSocket was granted.
    is_upgraded: bool,
    /// Whether a WebSocket has ended.
    has_closed: bool,
    /// Why it ends, once that can be seen.
    reason: Option<EndReason>,
    facts: Facts,
    owner: Owner,
    desks: Desks,
}

impl<N: Net> Glass<N> {
    /// Puts a stream under glass.
    pub fn new(hub: &Hub<N>, stream: N::Stream, facts: Facts, desks: Desks) -> Glass<N> {
        let (net, recorder) = (hub.net().clone(), hub.recorder().clone());
        let flow = Arc::new(Flow { from: stream.local_addr(), to: stream.peer_addr() });
        let (units, heard) = (Units::reading(), Units::reading());
        let owner = Owner::default();
        Glass {
            stream,
            net,
            recorder,
            flow,
            units,
            heard,
            is_upgraded: false,
            has_closed: false,
            reason: None,
            facts,
            owner,
            desks,
        }
    }

    /// Where to say whose packets pass.
    pub fn owner(&self) -> Owner {
        self.owner.clone()
    }

    fn owned(&self) -> Option<(Desk, TransportType)> {
        let owner = self.owner.lock().expect("nobody panics with it").clone()?;
        let desks = self.desks.lock().expect("nobody panics with it");
        Some((desks.get(owner.sid.as_ref()?)?.clone(), owner.transport))
    }

    /// Whoever asked for no session by name gets one opened: its first packet says which.
    fn learn(&self, content: &str) {
        let mut owner = self.owner.lock().expect("nobody panics with it");
        if let Some(ticket @ Ticket { sid: None, .. }) = &mut *owner
            && let Ok(Packet::Open(handshake)) = Packet::decode(content)
        {
            ticket.sid = Some(handshake.sid.clone());
            let _ = self.facts.send(Fact::Opened { sid: handshake.sid });
        }
    }

    fn watch(&mut self, bytes: &[u8]) {
        let _ = self.units.pass(bytes);
        if self.units.is_websocket() && !std::mem::replace(&mut self.is_upgraded, true) {
            self.owned().into_iter().for_each(|(desk, _)| desk.upgrades(self.net.now()));
        }
        let units = self.units.take_read();
        let text = |(end, content)| Some((end, String::from_utf8(content).ok()?));
        let units: Vec<(u64, String)> = units.into_iter().filter_map(text).collect();
        units.iter().for_each(|(_, text)| self.learn(text));
        let Some((desk, _)) = self.owned().filter(|_| !units.is_empty()) else { return };
        for (end, text) in units {
            for (id, session) in text.split(SEPARATOR).filter_map(|packet| desk.written(packet)) {
                let flow = self.flow.clone();
                let what = What::Carried { id, session, flow, end };
                self.recorder.record(self.net.now(), what);
            }
        }
        desk.flushed();
    }

    /// The client says something: only its last words are looked at, and whether it talks too
    /// much.
    fn hear(&mut self, bytes: &[u8]) {
        let _ = self.heard.pass(bytes);
        let _ = self.heard.take_read();
        if self.heard.longest_message() > MOST_PAYLOAD as u64 {
            self.ended(EndReason::TooLong);
        }
        if let Some(code) = self.heard.close_code() {
            self.ended(EndReason::Left);
            self.closed(code.unwrap_or(NO_STATUS));
        }
    }

    /// The end of a WebSocket is its session's; polls and posts come and go.
    fn ended(&mut self, reason: EndReason) {
        if let Some((desk, TransportType::Websocket)) = self.owned() {
            desk.stream_ended(reason);
        }
        self.reason.get_or_insert(reason);
    }

    /// The broker's task is told once with which code a WebSocket ended. A library's task may see
    /// the end of a process that was killed: nobody hears that.
    fn closed(&mut self, code: u16) {
        if self.units.is_websocket() && !std::mem::replace(&mut self.has_closed, true) {
            let sid = self.owner.lock().expect("nobody panics with it").clone();
            let (sid, flow) = (sid.and_then(|ticket| ticket.sid), self.flow.reversed());
            let _ = self.facts.send(Fact::Closed { sid, flow, code, reason: self.reason });
        }
    }
}

impl<N: Net> Drop for Glass<N> {
    /// Whatever ended it, also the library that believes the client dead.
    fn drop(&mut self) {
        self.closed(ABNORMAL);
    }
}

impl<N: Net> AsyncRead for Glass<N> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match &polled {
            Poll::Ready(Ok(())) if buffer.filled().len() == before => self.ended(EndReason::Fin),
            Poll::Ready(Ok(())) => self.hear(&buffer.filled()[before..]),
            Poll::Ready(Err(error)) => self.ended(end_of(error)),
            Poll::Pending => {}
        }
        polled
    }
}

impl<N: Net> AsyncWrite for Glass<N> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        match &written {
            Poll::Ready(Ok(count)) => self.watch(&bytes[..*count]),
            Poll::Ready(Err(error)) => self.ended(end_of(error)),
            Poll::Pending => {}
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

//! The broker's process: one broker machine, and the lanes of its connections.
//!
//! Links tell it facts; it drains the machine's orders into lanes and the history at once, so
//! that a copy's place in its flow is known the moment it is pushed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use super::{Full, LinkEvent, PushOutcome, Reading, ReceiveHalf, SendHalf, WaitingBytes};
use crate::core::{BrokerInput, BrokerMachine, BrokerOutput, BrokerView, ConnectionId};
use crate::history::{EventKind, Recorder};
use crate::message::{BrokerLimits, EndReason, Frame, MessageId, Mode, Name, Note, SessionId};
use crate::net::Net;
use crate::time::Instant;

/// A handle of the broker's process.
pub struct BrokerDriver<N> {
    net: N,
    limits: Arc<BrokerLimits>,
    mode: Mode,
    recorder: Recorder,
    state: Arc<Mutex<State>>,
    /// Told when the machine's deadline may have changed.
    timer: Arc<Notify>,
}

struct State {
    broker: Box<dyn BrokerMachine>,
    lanes: BTreeMap<ConnectionId, Outlet>,
    opened: u64,
    /// Messages that the machine held when it last may have come to hold more, and their bytes.
    held: (usize, usize),
    /// What waits in all lanes.
    waiting: WaitingBytes,
}

/// Where frames for one connection go.
struct Outlet {
    lane: Box<dyn SendHalf>,
    /// What waited in it when that last changed.
    waiting: WaitingBytes,
}

impl<N: Net> BrokerDriver<N> {
    /// The process of a broker that knows nobody yet.
    pub fn new(net: N, broker: Box<dyn BrokerMachine>, recorder: Recorder) -> Self {
        let (limits, mode) = (Arc::new(broker.options().limits.clone()), broker.options().mode);
        let state = State {
            broker,
            lanes: BTreeMap::new(),
            opened: 0,
            held: (0, 0),
            waiting: WaitingBytes::default(),
        };
        let timer = Arc::new(Notify::new());
        BrokerDriver { net, limits, mode, recorder, state: Arc::new(Mutex::new(state)), timer }
    }

    /// What the broker keeps, and for how long it waits.
    pub fn limits(&self) -> &BrokerLimits {
        &self.limits
    }

    /// What the broker promises.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The broker's network.
    pub fn net(&self) -> &N {
        &self.net
    }

    /// The broker's pen.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// A connection came in.
    pub fn open(&self, lane: Box<dyn SendHalf>) -> ConnectionId {
        let mut state = self.state();
        state.opened += 1;
        let peer = ConnectionId(state.opened);
        state.lanes.insert(peer, Outlet { lane, waiting: WaitingBytes::default() });
        drop(state);
        self.tell(BrokerInput::Opened { peer });
        peer
    }

    /// Whether the broker has not closed a connection.
    pub fn is_open(&self, peer: ConnectionId) -> bool {
        self.state().lanes.contains_key(&peer)
    }

    /// Tells the machine a fact, and carries out its orders.
    pub fn tell(&self, input: BrokerInput) {
        let now = self.net.now();
        let mut state = self.state();
        let before = state.broker.deadline();
        let may_hold_more = may_hold_more(&input);
        if let BrokerInput::Closed { peer, .. } = &input {
            drop(state.take_lane(*peer));
        }
        state.broker.handle(now, input);
        self.drain(now, &mut state);
        if may_hold_more {
            state.held = state.broker.holds();
        }
        let messages = state.held.0 + state.waiting.messages;
        let bytes = state.held.1 + state.waiting.bytes;
        self.recorder.holds_after(now, messages as u64, bytes as u64);
        if state.broker.deadline() != before {
            self.timer.notify_one();
        }
    }

    /// Some of what waited for a connection was written.
    pub fn flushed(&self, peer: ConnectionId, waiting: WaitingBytes) {
        let is_open = self.state().waits(peer, waiting);
        if is_open {
            self.tell(BrokerInput::Queued { peer, bytes: waiting.bytes });
        }
    }

    /// A connection that never became a session's was closed.
    pub fn reject(&self, reason: EndReason) {
        self.record(EventKind::Note(Note::ConnectionClosed { reason }));
    }

    /// Serves one connection until it ends.
    pub async fn serve_connection(&self, lane: Box<dyn SendHalf>, mut inlet: impl ReceiveHalf) {
        let peer = self.open(lane);
        loop {
            match inlet.next(Reading::Wanted).await {
                LinkEvent::Frame(frame) => self.tell(BrokerInput::Received { peer, frame }),
                LinkEvent::Malformed(reason) => self.tell(BrokerInput::Malformed { peer, reason }),
                LinkEvent::Retry(_) => {}
                LinkEvent::Flushed(waiting) => self.flushed(peer, waiting),
                LinkEvent::Undelivered(frames, _) => {
                    self.tell(BrokerInput::Undelivered { peer, frames });
                }
                LinkEvent::Ended(reason) => {
                    self.tell(BrokerInput::Closed { peer, reason });
                    return;
                }
            }
        }
    }

    /// Tells the machine when time has passed, for ever.
    pub async fn run_timers(&self) {
        loop {
            let deadline = self.state().broker.deadline();
            tokio::select! {
                biased;
                () = self.timer.notified() => {}
                () = sleep_until(&self.net, deadline) => self.tell(BrokerInput::Elapsed),
            }
        }
    }

    /// What the broker sees now, if it can say that.
    pub fn view(&self) -> Option<BrokerView> {
        self.state().broker.view()
    }

    fn drain(&self, now: Instant, state: &mut State) {
        let mut pushed = None;
        while let Some(output) = state.broker.poll() {
            match output {
                BrokerOutput::Note(note) => {
                    if let Note::Pushed { session, client, .. } = &note {
                        pushed = Some((session.clone(), client.clone()));
                    }
                    self.record(EventKind::Note(note));
                }
                BrokerOutput::Send { peer, frame } => {
                    let Some(Outlet { lane, .. }) = state.lanes.get_mut(&peer) else { continue };
                    let of = frame.message().and_then(|_| pushed.take());
                    let taken = lane.push(&frame, of.as_ref().map(|(session, _)| session));
                    let waiting = lane.waiting();
                    state.waits(peer, waiting);
                    let bytes = waiting.bytes;
                    state.broker.handle(now, BrokerInput::Queued { peer, bytes });
                    if let (Some(message), Some(of)) = (frame.message(), of) {
                        self.record_push(&message.id, of, taken);
                    }
                }
                BrokerOutput::Close { peer, reason } => {
                    let Some(mut lane) = state.take_lane(peer) else { continue };
                    if says_goodbye(reason) {
                        // A goodbye that the socket has no room for is lost like any other.
                        let _ = lane.push(&Frame::Bye { reason }, None);
                    }
                    lane.close();
                }
            }
        }
    }

    /// Records what became of a push to a session of a client.
    fn record_push(
        &self,
        id: &MessageId,
        (session, client): (SessionId, Name),
        taken: Result<PushOutcome, Full>,
    ) {
        let id = id.clone();
        match taken {
            Ok(PushOutcome::At { flow, end }) => {
                self.record(EventKind::Carried { id, session, flow, end });
            }
            Ok(PushOutcome::Later) => {}
            Ok(PushOutcome::Instead(ids)) => {
                for id in ids {
                    let (session, client) = (session.clone(), client.clone());
                    self.record(EventKind::Note(Note::Overwritten { id, session, client }));
                }
            }
            Err(Full) => self.record(EventKind::Note(Note::SendQueueFull { id, session, client })),
        }
    }

    fn record(&self, what: EventKind) {
        self.recorder.record(self.net.now(), what);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a panic ends the process")
    }
}

impl State {
    /// Takes a lane away, and what waits in it out of the sum.
    fn take_lane(&mut self, peer: ConnectionId) -> Option<Box<dyn SendHalf>> {
        self.waits(peer, WaitingBytes::default());
        self.lanes.remove(&peer).map(|outlet| outlet.lane)
    }

    /// So much waits in a lane now. Says whether there is such a lane.
    fn waits(&mut self, peer: ConnectionId, now: WaitingBytes) -> bool {
        let Some(outlet) = self.lanes.get_mut(&peer) else { return false };
        let before = std::mem::replace(&mut outlet.waiting, now);
        self.waiting.messages = self.waiting.messages + now.messages - before.messages;
        self.waiting.bytes = self.waiting.bytes + now.bytes - before.bytes;
        true
    }
}

impl<N: Clone> Clone for BrokerDriver<N> {
    fn clone(&self) -> Self {
        BrokerDriver {
            net: self.net.clone(),
            limits: self.limits.clone(),
            mode: self.mode,
            recorder: self.recorder.clone(),
            state: self.state.clone(),
            timer: self.timer.clone(),
        }
    }
}

/// Whether the broker may hold more after this fact: only a publish brings a message, and only
/// with time a backlog loses one that living sessions still keep. Counting what it holds takes
/// a walk over all clients and subscriptions, and most facts are acknowledgements.
fn may_hold_more(input: &BrokerInput) -> bool {
    matches!(
        input,
        BrokerInput::Received { frame: Frame::Publish { .. }, .. } | BrokerInput::Elapsed
    )
}

/// Whether the peer is told: not when it is believed dead, nor when it said goodbye itself.
fn says_goodbye(reason: EndReason) -> bool {
    !matches!(reason, EndReason::Heartbeat | EndReason::Left)
}

/// Waits until a moment, or for ever.
pub(super) async fn sleep_until<N: Net>(net: &N, at: Option<Instant>) {
    match at {
        Some(at) => net.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

//! Runs a broker's process: a broker machine, and the sending sides of its connections.
//!
//! Links pass inputs to it. It executes the machine's outputs at once, so that a copy's position in
//! its flow is recorded together with the push, unless the link learns the position only later.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, mpsc};

use super::{LinkEvent, PushError, PushOutcome, Reading, ReceiveHalf, SendHalf, WaitingBytes};
use crate::core::{BrokerInput, BrokerMachine, BrokerOutput, BrokerView, ConnectionId};
use crate::history::{EventKind, Recorder};
use crate::message::{
    BrokerLimits, EndReason, Frame, Message, MessageId, Mode, Name, Note, SessionId,
};
use crate::net::{self, Net};
use crate::time::Instant;

/// A handle to the broker's process.
pub struct BrokerDriver<N> {
    net: N,
    limits: Arc<BrokerLimits>,
    mode: Mode,
    recorder: Recorder,
    state: Arc<Mutex<State>>,
    /// Notified when the machine's deadline may have changed.
    timer: Arc<Notify>,
}

struct State {
    broker: Box<dyn BrokerMachine>,
    connections: BTreeMap<ConnectionId, OpenConnection>,
    opened: u64,
    /// Messages and bytes that the machine held after the last input that could add some.
    held: (usize, usize),
    /// The messages for which its application's handler was called, if it listens.
    handler: Option<mpsc::UnboundedSender<Arc<Message>>>,
    /// The sum of what waits for all connections.
    waiting: WaitingBytes,
}

/// An open connection.
struct OpenConnection {
    send_half: Box<dyn SendHalf>,
    /// The size of what waits in `send_half`, as last reported.
    waiting: WaitingBytes,
}

impl<N: Net> BrokerDriver<N> {
    /// Creates the process of a broker without connections.
    pub fn new(net: N, broker: Box<dyn BrokerMachine>, recorder: Recorder) -> Self {
        let (limits, mode) = (Arc::new(broker.options().limits.clone()), broker.options().mode);
        let state = State {
            broker,
            connections: BTreeMap::new(),
            opened: 0,
            held: (0, 0),
            handler: None,
            waiting: WaitingBytes::default(),
        };
        let timer = Arc::new(Notify::new());
        BrokerDriver { net, limits, mode, recorder, state: Arc::new(Mutex::new(state)), timer }
    }

    /// Returns the broker's limits and timeouts.
    pub fn limits(&self) -> &BrokerLimits {
        &self.limits
    }

    /// Returns the broker's delivery mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the broker's network.
    pub fn net(&self) -> &N {
        &self.net
    }

    /// Returns the broker's recorder.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Registers a new connection and returns its id.
    pub fn open(&self, send_half: Box<dyn SendHalf>) -> ConnectionId {
        let mut state = self.state();
        state.opened += 1;
        let connection = ConnectionId(state.opened);
        state
            .connections
            .insert(connection, OpenConnection { send_half, waiting: WaitingBytes::default() });
        drop(state);
        self.tell(BrokerInput::Opened { connection });
        connection
    }

    /// Whether a connection is open.
    pub fn is_open(&self, connection: ConnectionId) -> bool {
        self.state().connections.contains_key(&connection)
    }

    /// Returns the messages for which the application's handler is called from now on, in order.
    pub fn handler(&self) -> mpsc::UnboundedReceiver<Arc<Message>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.state().handler = Some(sender);
        receiver
    }

    /// Passes an input to the machine and executes its outputs.
    pub fn tell(&self, input: BrokerInput) {
        let now = self.net.now();
        let mut state = self.state();
        let before = state.broker.deadline();
        let may_hold_more = input.may_hold_more();
        if let BrokerInput::Closed { connection, .. } = &input {
            drop(state.remove_connection(*connection));
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

    /// Reports that bytes of a connection were written; `waiting` still waits.
    pub fn flushed(&self, connection: ConnectionId, waiting: WaitingBytes) {
        let is_open = self.state().set_waiting(connection, waiting);
        if is_open {
            self.tell(BrokerInput::Queued { connection, bytes: waiting.bytes });
        }
    }

    /// Records that a connection was closed before it belonged to a session.
    pub fn reject(&self, reason: EndReason) {
        self.record(EventKind::Note(Note::ConnectionClosed { reason }));
    }

    /// Serves one connection until it ends.
    pub async fn serve_connection(
        &self,
        send_half: Box<dyn SendHalf>,
        mut receive_half: impl ReceiveHalf,
    ) {
        let connection = self.open(send_half);
        loop {
            match receive_half.next(Reading::Wanted).await {
                LinkEvent::Frame(frame) => self.tell(BrokerInput::Received { connection, frame }),
                LinkEvent::Malformed(reason) => {
                    self.tell(BrokerInput::Malformed { connection, reason })
                }
                LinkEvent::Retry(_) => {}
                LinkEvent::Flushed(waiting) => self.flushed(connection, waiting),
                LinkEvent::Undelivered(frames, _) => {
                    self.tell(BrokerInput::Undelivered { connection, frames });
                }
                LinkEvent::Ended(reason) => {
                    self.tell(BrokerInput::Closed { connection, reason });
                    return;
                }
            }
        }
    }

    /// Runs the machine's timers for ever.
    pub async fn run_timers(&self) {
        loop {
            let deadline = self.state().broker.deadline();
            tokio::select! {
                biased;
                () = self.timer.notified() => {}
                () = net::sleep_until(&self.net, deadline) => self.tell(BrokerInput::Elapsed),
            }
        }
    }

    /// Returns the broker's view of its state, if the machine offers one.
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
                BrokerOutput::Send { connection, frame } => {
                    let Some(OpenConnection { send_half, .. }) =
                        state.connections.get_mut(&connection)
                    else {
                        continue;
                    };
                    let of = frame.message().and_then(|_| pushed.take());
                    let outcome = send_half.push(&frame, of.as_ref().map(|(session, _)| session));
                    let waiting = send_half.waiting();
                    state.set_waiting(connection, waiting);
                    let bytes = waiting.bytes;
                    state.broker.handle(now, BrokerInput::Queued { connection, bytes });
                    if let (Some(message), Some(of)) = (frame.message(), of) {
                        self.record_push(&message.id, of, outcome);
                    }
                }
                BrokerOutput::CallHandler { message } => {
                    if let Some(handler) = &state.handler {
                        // Sending fails only when the process has ended.
                        let _ = handler.send(message);
                    }
                }
                BrokerOutput::Close { connection, reason } => {
                    let Some(mut send_half) = state.remove_connection(connection) else { continue };
                    if reason.says_goodbye() {
                        // A goodbye for which the socket has no room is lost, like any other frame.
                        let _ = send_half.push(&Frame::Bye { reason }, None);
                    }
                    send_half.close();
                }
            }
        }
    }

    /// Records the result of a push to a session of a client.
    fn record_push(
        &self,
        id: &MessageId,
        (session, client): (SessionId, Name),
        outcome: Result<PushOutcome, PushError>,
    ) {
        let id = id.clone();
        match outcome {
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
            Err(error) => self.record(EventKind::Note(match error {
                PushError::Full => Note::SendQueueFull { id, session, client },
                PushError::Busy => Note::TransportBusy { id, session, client },
                PushError::TooLong => Note::TooLong { id, session, client },
            })),
        }
    }

    fn record(&self, kind: EventKind) {
        self.recorder.record(self.net.now(), kind);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a panic ends the process")
    }
}

impl State {
    /// Removes a connection, and subtracts what waited in it from the sum.
    fn remove_connection(&mut self, connection: ConnectionId) -> Option<Box<dyn SendHalf>> {
        self.set_waiting(connection, WaitingBytes::default());
        self.connections.remove(&connection).map(|state| state.send_half)
    }

    /// Updates the size of what waits for a connection. Returns whether the connection is open.
    fn set_waiting(&mut self, connection: ConnectionId, now: WaitingBytes) -> bool {
        let Some(state) = self.connections.get_mut(&connection) else { return false };
        let before = std::mem::replace(&mut state.waiting, now);
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

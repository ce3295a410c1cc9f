//! Inputs, outputs and options of the machines, and the traits by which drivers run them.

use std::sync::Arc;

use super::view::BrokerView;
use crate::message::{
    BrokerLimits, ClientLimits, Cursor, Draft, EndReason, Epoch, Frame, LinkSemantics, Members,
    Message, MessageId, Mode, Name, Note, PushKind, StartAt,
};
use crate::time::{Duration, Instant};

/// Identifies one connection to the broker. The driver counts them, and reuses no number in one
/// life of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Options of a broker.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// The mode: what it promises to subscribers.
    pub mode: Mode,
    /// Properties of the link over which it is reached.
    pub link: LinkSemantics,
    /// Its limits and timeouts.
    pub limits: BrokerLimits,
    /// The epoch: one more at each start of a broker that has lost its memory. Positions of earlier
    /// epochs mean nothing to it.
    pub epoch: Epoch,
}

/// Something that happened, reported to the broker.
#[derive(Clone, Debug, PartialEq)]
pub enum BrokerInput {
    /// A connection was opened.
    Opened { connection: ConnectionId },
    /// A frame was received on a connection.
    Received { connection: ConnectionId, frame: Frame },
    /// Bytes that are not a valid frame were received on a connection.
    Malformed { connection: ConnectionId, reason: EndReason },
    /// An HTTP request was received, which is a sign of life. Only links whose liveness is
    /// [`Requests`](crate::message::Liveness::Requests) report it.
    RequestSeen { connection: ConnectionId },
    /// Frames that were sent may not have arrived; the session goes on. Links over HTTP report it,
    /// where a response can be lost without the session.
    Undelivered { connection: ConnectionId, frames: Vec<Frame> },
    /// A connection ended. It is not reported after [`BrokerOutput::Close`]: the broker has ended the
    /// session by itself.
    Closed { connection: ConnectionId, reason: EndReason },
    /// This many bytes wait for a connection now, not counting those in its socket. Reported after
    /// each `Send`, and whenever waiting bytes were written.
    Queued { connection: ConnectionId, bytes: usize },
    /// The application on the broker's side publishes a message, and waits this long for answers of
    /// those that it goes to, if it wants any.
    Publish { draft: Draft, confirm_within: Option<Duration> },
    /// The application on the broker's side makes clients join a room of their queue.
    Join { members: Members, room: Name },
    /// It makes them leave the room.
    Leave { members: Members, room: Name },
    /// It ends their sessions.
    Disconnect { members: Members },
    /// Time has passed.
    Elapsed,
}

impl BrokerInput {
    /// Whether [`BrokerMachine::holds`] may return more after this input than before.
    ///
    /// A driver that looks for the peak need not count after other inputs. Counting is a walk over
    /// all clients and subscriptions, and most inputs are acknowledgements.
    pub fn may_hold_more(&self) -> bool {
        matches!(
            self,
            BrokerInput::Received { frame: Frame::Publish { .. }, .. }
                | BrokerInput::Publish { .. }
                | BrokerInput::Elapsed
        )
    }
}

/// Something that the broker's driver must do.
#[derive(Clone, Debug, PartialEq)]
pub enum BrokerOutput {
    /// Send a frame.
    Send { connection: ConnectionId, frame: Frame },
    /// Send a goodbye with the reason, if [it says one](EndReason::says_goodbye), and close the
    /// connection.
    Close { connection: ConnectionId, reason: EndReason },
    /// Call the handler of the application on the broker's side: a client's message was accepted.
    CallHandler { message: Arc<Message> },
    /// Record this in the history. A `Pushed` note comes right before the `Send` of its frame.
    Note(Note),
}

/// Options of a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Name of the client; several processes may share it.
    pub client: Name,
    /// Name of this process.
    pub process: Name,
    /// The mode: what is promised to subscribers.
    pub mode: Mode,
    /// Properties of the link.
    pub link: LinkSemantics,
    /// Its limits, timeouts and policies.
    pub limits: ClientLimits,
    /// Seed of the jitter of its reconnections.
    pub jitter_seed: u64,
    /// The last numbers that earlier processes of this name used.
    pub numbering: Numbering,
    /// The message that the broker publishes if a session ends without a goodbye, if there is one.
    pub will: Option<Arc<Draft>>,
}

/// The numbers that survive a crash of the process, so that none is used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbering {
    /// The last message number that was used.
    pub message: u64,
    /// The last session number that was used.
    pub session: u64,
}

/// Something that happened, reported to the client.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientInput {
    /// The process started: connect.
    Started,
    /// The connection that was asked for is open.
    Connected,
    /// The connection, or the attempt to open it, ended. It is not reported after
    /// [`ClientOutput::Close`].
    Disconnected { reason: EndReason },
    /// Frames that were sent may not have arrived, for this reason; the session goes on.
    Undelivered { frames: Vec<Frame>, reason: EndReason },
    /// A frame was received.
    Received { frame: Frame },
    /// Bytes that are not a valid frame were received.
    Malformed { reason: EndReason },
    /// A message is longer than a frame of the link can carry: it was not sent, and never can be.
    TooLong { id: MessageId },
    /// The broker asks for this first wait before a reconnection.
    Retry { after: Duration },
    /// The application publishes a message, and waits this long for the broker's answer, if it wants
    /// one.
    Publish { draft: Draft, confirm_within: Option<Duration> },
    /// The handler that was called returned.
    HandlerReturned,
    /// The handler for an event of a queue was removed.
    HandlerRemoved { queue: Name, event: Name },
    /// The handler for an event of a queue was installed again.
    HandlerInstalled { queue: Name, event: Name },
    /// The application joins a room.
    Join { queue: Name, room: Name, from: StartAt },
    /// The application leaves a room.
    Leave { queue: Name, room: Name },
    /// The application closes the connection and stays offline.
    GoAway,
    /// The application comes back online: connect at once.
    ComeBack,
    /// Time has passed.
    Elapsed,
}

/// Something that the client's driver must do.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientOutput {
    /// Take back a message that no socket has yet, if the link can: the application's time for an
    /// answer has passed.
    Withdraw { id: MessageId },
    /// Open a connection to the broker. `known` is the client's position in each queue, for links
    /// that send it when they connect; the joins have it too.
    Connect { known: Vec<(Name, Cursor)> },
    /// Send a frame.
    Send { frame: Frame },
    /// Close the connection, for this reason.
    Close { reason: EndReason },
    /// Call the handler, and report [`ClientInput::HandlerReturned`] when it has returned.
    CallHandler { message: Arc<Message>, kind: PushKind },
    /// Record this in the history. A `Sent` note comes right before the `Send` of its frame.
    Note(Note),
}

/// A state machine as its driver sees it: inputs, outputs, and a time to be woken at.
pub trait Machine {
    /// Something that happened.
    type Input;
    /// Something that the driver must do.
    type Output;

    /// Processes an input. The outputs that follow from it are returned by `poll`.
    fn handle(&mut self, now: Instant, input: Self::Input);

    /// Returns the next output, if there is one.
    fn poll(&mut self) -> Option<Self::Output>;

    /// Returns the time at which the machine needs its `Elapsed` input.
    fn deadline(&self) -> Option<Instant>;
}

/// A broker as its driver needs it: [`Broker`](super::Broker), or another implementation.
///
/// It reports what it did with messages in [`BrokerOutput::Note`]s; verdicts are computed from
/// these.
pub trait BrokerMachine: Machine<Input = BrokerInput, Output = BrokerOutput> + Send {
    /// Returns the options that the broker was created with.
    fn options(&self) -> &BrokerOptions;

    /// Returns the number of messages held, and their bytes; reports show it as a cost of the run.
    fn holds(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Returns a snapshot of the broker's state, if the implementation offers one.
    fn view(&self) -> Option<BrokerView> {
        None
    }
}

/// A client as its driver needs it: [`Client`](super::Client), or another implementation.
pub trait ClientMachine: Machine<Input = ClientInput, Output = ClientOutput> + Send {
    /// Whether there is room for another message; if not, the driver stops reading.
    fn wants_to_read(&self) -> bool {
        true
    }

    /// Returns the numbers from which a new process of this client continues after a crash.
    fn numbering(&self) -> Numbering;

    /// Returns the number of messages held; reports show it as a cost of the run.
    fn holds(&self) -> usize {
        0
    }
}

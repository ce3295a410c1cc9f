//! Every limit of broker and client, with its default. Overflow is an event that reports show.

use crate::closed_list::closed_list;
use crate::time::Duration;

/// What a broker keeps, and for how long it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerLimits {
    /// The backlog of each queue (catch-up only).
    pub backlog: Retention,
    /// How a session is found dead.
    pub heartbeat: Heartbeat,
    /// Over a lossy link: how long an unanswered frame waits before it is sent again.
    pub ack_timeout: Duration,
    /// Most unacknowledged messages that are out at a time, a subscription.
    pub window: usize,
    /// Most bytes that wait for one session beyond its socket.
    pub send_queue: usize,
    /// Most connections that wait to be accepted.
    pub accept_queue: usize,
    /// What becomes of a request to go on with WebSocket.
    pub upgrade: Upgrade,
    /// Most early messages held for one publisher until the one before them comes.
    pub early: usize,
}

impl Default for BrokerLimits {
    fn default() -> Self {
        BrokerLimits {
            backlog: Retention::default(),
            heartbeat: Heartbeat::default(),
            ack_timeout: Duration::from_secs(1),
            window: 100,
            send_queue: 1 << 20,
            accept_queue: 1_024,
            upgrade: Upgrade::Accept,
            early: 1_000,
        }
    }
}

closed_list! {
    /// What becomes of a request to go on with WebSocket.
    #[derive(Default)]
    Upgrade ["answer"] {
        /// It is answered with 101.
        #[default]
        Accept = "accept",
        /// It is answered with 400, as a proxy does that knows plain HTTP only.
        Refuse = "refuse",
    }
}

/// How much a queue's backlog keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Most messages.
    pub messages: usize,
    /// Most bytes, as [`Message::size`](crate::message::Message::size) counts them.
    pub bytes: usize,
    /// How long a message is kept at the most; `None` is for ever.
    pub age: Option<Duration>,
    /// What happens to a publish that does not fit.
    pub when_full: WhenFull,
}

impl Default for Retention {
    fn default() -> Self {
        Retention { messages: 10_000, bytes: 64 << 20, age: None, when_full: WhenFull::DropOldest }
    }
}

closed_list! {
    /// What a full backlog does with the next message.
    #[derive(Default)]
    WhenFull ["policy"] {
        /// Evict the oldest; its subscribers are told of the gap.
        #[default]
        DropOldest = "drop-oldest",
        /// Refuse the new one; its publisher is told.
        Refuse = "refuse",
    }
}

/// A ping every `every`; without an answer for `timeout` the session is dead.
///
/// The defaults are Socket.IO's `pingInterval` and `pingTimeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Time between two pings.
    pub every: Duration,
    /// How long a pong may take.
    pub timeout: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Heartbeat { every: Duration::from_secs(25), timeout: Duration::from_secs(20) }
    }
}

/// What a client keeps, and how it behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Most messages read and not yet handled.
    pub inbox: usize,
    /// Most messages published and not yet answered (catch-up only).
    pub outbox: usize,
    /// Most ids remembered to drop copies.
    pub dedup_window: usize,
    /// Most early deliveries held until the one before them comes, a subscription.
    pub early: usize,
    /// Over a lossy link: how long an unanswered frame waits before it is sent again.
    pub ack_timeout: Duration,
    /// How long a connection attempt may take, handshake included.
    pub connect_timeout: Duration,
    /// The first wait before a new attempt after a failed one; it doubles.
    pub backoff_first: Duration,
    /// The longest wait before a new attempt.
    pub backoff_most: Duration,
    /// When a message is acknowledged.
    pub ack: AckPolicy,
    /// Whether copies are dropped.
    pub dedup: Dedup,
    /// Whether subscriptions are made again on a new session.
    pub resubscribe: Resubscribe,
}

impl Default for ClientLimits {
    fn default() -> Self {
        ClientLimits {
            inbox: 1_000,
            outbox: 10_000,
            dedup_window: 1_000,
            early: 1_000,
            ack_timeout: Duration::from_secs(1),
            // Socket.IO's client: `timeout`, `reconnectionDelay`, `reconnectionDelayMax`.
            connect_timeout: Duration::from_secs(20),
            backoff_first: Duration::from_secs(1),
            backoff_most: Duration::from_secs(5),
            ack: AckPolicy::AfterHandler,
            dedup: Dedup::On,
            resubscribe: Resubscribe::Always,
        }
    }
}

closed_list! {
    /// When a client acknowledges a message.
    #[derive(Default)]
    AckPolicy ["policy"] {
        /// When its handler has returned: the only policy under which nothing is lost.
        #[default]
        AfterHandler = "after-handler",
        /// When it is read: what is in the handler at a crash is lost.
        BeforeHandler = "before-handler",
        /// Never: everything is sent again on each new session.
        Never = "never",
    }
}

/// Whether a client drops copies of what it has already read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dedup {
    /// A copy of a message within the window is dropped.
    #[default]
    On,
    /// Every copy is handled.
    Off,
}

/// Whether a client makes its subscriptions again on a new session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resubscribe {
    /// On every session.
    #[default]
    Always,
    /// On the first session of the process only: after a reconnection it is deaf.
    Once,
}

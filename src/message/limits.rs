//! The limits of broker and client that a scenario can set, with their defaults. Overflow is never
//! silent: it is an event that reports show.

use super::Name;
use crate::closed_list::closed_list;
use crate::time::Duration;

/// The longest wait before an unanswered frame is sent again, unless the first one is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Returns the longest wait before an unanswered frame is sent again. `ack_timeout` is the first.
pub fn longest_resend_wait(ack_timeout: Duration) -> Duration {
    ack_timeout.max(LONGEST_WAIT)
}

/// Returns the wait before a frame is sent again that was sent `sent` times. It doubles with each
/// time (RFC 6298 §5.5), so that a timeout far below the round trip costs a few frames and not
/// thousands.
pub fn resend_wait(ack_timeout: Duration, sent: u32) -> Duration {
    // A day, doubled twenty times, is far from where the number ends.
    let doubled = ack_timeout * (1 << sent.saturating_sub(1).min(20));
    doubled.min(longest_resend_wait(ack_timeout))
}

/// Limits and timeouts of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerLimits {
    /// The backlog of each queue (catch-up only).
    pub backlog: Retention,
    /// The heartbeat, by which a dead session is detected.
    pub heartbeat: Heartbeat,
    /// Time after which an unanswered frame is sent again over a lossy link, for the first time; see
    /// [`resend_wait`].
    pub ack_timeout: Duration,
    /// Most messages of a subscription that are sent and unacknowledged at a time.
    pub window: usize,
    /// Most bytes that wait for one session, not counting those in its socket.
    pub send_queue: usize,
    /// Most connections that wait to be accepted.
    pub accept_queue: usize,
    /// The answer to a request to upgrade to WebSocket.
    pub upgrade: Upgrade,
    /// Most early messages held for one publisher until the one before them comes.
    pub early: usize,
    /// Time without a session after which the broker discards what it keeps for a client (catch-up
    /// only); `None` is never. MQTT 5 calls it Session Expiry Interval (section 3.1.2.11.2).
    pub session_expiry: Option<Duration>,
    /// TCP's keep-alive on its sockets, if it asks for one.
    pub keep_alive: Option<KeepAlive>,
    /// The queues with presence: the broker publishes in them who came and who left.
    pub presence: Vec<Name>,
}

/// TCP's keep-alive on the sockets of one process: `SO_KEEPALIVE` and its three options, tcp(7).
/// Sockets have none unless their program asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// Time of silence after which the first probe is sent: `TCP_KEEPIDLE`.
    pub after: Duration,
    /// Time after which another one is sent: `TCP_KEEPINTVL`.
    pub every: Duration,
    /// Number of probes without an answer after which the connection is reset: `TCP_KEEPCNT`.
    pub probes: u32,
}

impl Default for KeepAlive {
    /// Returns Linux's defaults.
    fn default() -> Self {
        let (after, every) = (Duration::from_secs(7_200), Duration::from_secs(75));
        KeepAlive { after, every, probes: 9 }
    }
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
            session_expiry: None,
            keep_alive: None,
            presence: Vec::new(),
        }
    }
}

closed_list! {
    /// The answer to a request to upgrade to WebSocket.
    #[derive(Default)]
    Upgrade ["answer"] {
        /// It is answered with 101.
        #[default]
        Accept = "accept",
        /// It is answered with 400, as by a proxy that supports plain HTTP only.
        Refuse = "refuse",
    }
}

closed_list! {
    /// The connections on which a client makes its requests over HTTP.
    #[derive(Default)]
    HttpConnections ["kind of connections"] {
        /// A connection is kept for the next request.
        #[default]
        Kept = "kept",
        /// Each request has a connection of its own, which is closed after the response.
        OnePerRequest = "one-per-request",
    }
}

/// Limits of a queue's backlog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Most messages.
    pub messages: usize,
    /// Most bytes, as [`Message::size`](crate::message::Message::size) counts them.
    pub bytes: usize,
    /// Longest time for which a message is kept; `None` is for ever.
    pub age: Option<Duration>,
    /// Policy for a message that does not fit.
    pub when_full: WhenFull,
    /// Most unacknowledged messages of one subscription; a newer message is not kept for it. `None`
    /// is no limit besides those of the queue.
    pub per_subscription: Option<usize>,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            messages: 10_000,
            bytes: 64 << 20,
            age: None,
            when_full: WhenFull::DropOldest,
            per_subscription: None,
        }
    }
}

closed_list! {
    /// Policy of a full backlog for the next message.
    #[derive(Default)]
    WhenFull ["policy"] {
        /// Evict the oldest message, and tell its subscribers of the gap.
        #[default]
        DropOldest = "drop-oldest",
        /// Refuse the new message, and tell its publisher.
        Refuse = "refuse",
    }
}

/// Ping interval and timeout, after which a session is dead.
///
/// The defaults are Socket.IO's `pingInterval` (25 s) and `pingTimeout` (20 s).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Time between two pings.
    pub every: Duration,
    /// Longest time that a pong may take.
    pub timeout: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Heartbeat { every: Duration::from_secs(25), timeout: Duration::from_secs(20) }
    }
}

/// Limits, timeouts and policies of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Most messages read and not yet handled.
    pub inbox: usize,
    /// Most messages published and not yet answered (catch-up only).
    pub outbox: usize,
    /// Most message ids remembered to recognize copies.
    pub dedup_window: usize,
    /// Most early deliveries of a subscription held until the one before them comes.
    pub early: usize,
    /// Time after which an unanswered frame is sent again over a lossy link, for the first time; see
    /// [`resend_wait`].
    pub ack_timeout: Duration,
    /// Longest time that a connection attempt may take, handshake included.
    pub connect_timeout: Duration,
    /// The first wait before a new connection attempt; it doubles with each attempt.
    pub backoff_first: Duration,
    /// The longest wait before a new connection attempt.
    pub backoff_most: Duration,
    /// The time at which a message is acknowledged.
    pub ack: AckPolicy,
    /// Whether copies are dropped.
    pub dedup: Dedup,
    /// Whether rooms are joined again on a new session.
    pub resubscribe: Resubscribe,
    /// The policy of a process whose session was replaced.
    pub on_replaced: OnReplaced,
    /// TCP's keep-alive on its sockets, if it asks for one.
    pub keep_alive: Option<KeepAlive>,
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
            on_replaced: OnReplaced::StayAway,
            keep_alive: None,
        }
    }
}

closed_list! {
    /// The policy of a process when a newer session of its client has replaced its own.
    #[derive(Default)]
    OnReplaced ["policy"] {
        /// It does not connect again by itself.
        #[default]
        StayAway = "stay-away",
        /// It reconnects, and replaces the other one.
        Reconnect = "reconnect",
    }
}

closed_list! {
    /// The time at which a client acknowledges a message.
    #[derive(Default)]
    AckPolicy ["policy"] {
        /// After its handler has returned: the only policy under which nothing is lost.
        #[default]
        AfterHandler = "after-handler",
        /// As soon as it is read: a message that is not handled yet at a crash is lost.
        BeforeHandler = "before-handler",
        /// Never: everything is sent again on each new session.
        Never = "never",
    }
}

/// Whether a client drops copies of messages that it has already read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dedup {
    /// A copy of a message within the window is dropped.
    #[default]
    On,
    /// Every copy is handled.
    Off,
}

/// Whether a client joins its rooms again on a new session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resubscribe {
    /// It joins on every session.
    #[default]
    Always,
    /// It joins on the first session of the process only, and gets nothing after a reconnection.
    Once,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_up_to_a_second_and_a_longer_one_stays() {
        let waits =
            |first| (1..=12).map(move |sent| resend_wait(Duration::from_millis(first), sent));
        let millis = |first| waits(first).map(Duration::as_millis).collect::<Vec<_>>();
        assert_eq!(millis(1), [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 1_000]);
        assert_eq!(millis(300)[..4], [300, 600, 1_000, 1_000]);
        for first in [1_000, 5_000] {
            assert!(millis(first).iter().all(|wait| *wait == first));
        }
    }
}

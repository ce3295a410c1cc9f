//! The closed lists of the terms that reports show and scenarios may expect: outcomes, causes,
//! guarantees, verdicts, claims, anomalies, kinds of fault, exercises, counters.

use crate::closed_list::closed_list;

closed_list! {
    /// The outcome of a wanted message.
    Outcome ["outcome"] {
        /// Handled from a first sending.
        Live = "live",
        /// Handled from a replay or a redelivery.
        CaughtUp = "caught-up",
        /// Not handled.
        Missed = "missed",
    }
}

closed_list! {
    /// The end of the last copy of a missed message. Where two causes fit, the upper one counts.
    #[non_exhaustive]
    Cause ["cause"] {
        /// It ended before the broker accepted it.
        LostBeforeBroker = "lost-before-broker",
        /// A full backlog refused it.
        Refused = "refused",
        /// Longer than a limit on its way, so that it can never arrive.
        TooLong = "too-long",
        /// Volatile, and the transport was busy with something else.
        TransportBusy = "transport-busy",
        /// No copy was made: the client had no session.
        NotConnected = "not-connected",
        /// No copy was made: the client's session had not joined (again).
        NotJoined = "not-joined",
        /// Lost, corrupted or crowded out by the network while the path worked.
        DroppedInNetwork = "dropped-in-network",
        /// Pushed while the path was cut or the other end was down, paused or gone.
        SentIntoDeadLink = "sent-into-dead-link",
        /// Pushed while the path worked, then discarded with the buffers of a connection or socket.
        DiedInSocket = "died-in-socket",
        /// Dropped by a full send queue or inbox, or by the backlog's limit of a subscription.
        Overflowed = "overflowed",
        /// Replaced by a newer one at a polling endpoint that keeps the latest.
        Overwritten = "overwritten",
        /// Delivered to a client with no handler for it.
        NoHandler = "no-handler",
        /// Read, not acknowledged, and the client died before its handler finished.
        DiedInClient = "died-in-client",
        /// Acknowledged by a client that died before its handler finished.
        LostAfterAck = "lost-after-ack",
        /// Dropped from the backlog by its limits.
        Evicted = "evicted",
        /// In the backlog for a session that expired.
        Expired = "expired",
        /// Passed over because a position of another epoch was applied.
        WrongEpoch = "wrong-epoch",
        /// Passed over because a position beyond it was applied.
        Skipped = "skipped",
        /// In the broker's memory, its sockets included, when it crashed.
        BrokerCrashed = "broker-crashed",
        /// Still under way when the run ended.
        Unsettled = "unsettled",
    }
}

closed_list! {
    /// A property that can be promised to a subscriber.
    #[non_exhaustive]
    Guarantee ["guarantee"] {
        /// No message is handled twice.
        AtMostOnce = "at-most-once",
        /// No message is missed.
        AtLeastOnce = "at-least-once",
        /// At most once and at least once.
        ExactlyOnce = "exactly-once",
        /// Each publisher's messages of a queue are handled in sequence.
        InOrder = "in-order",
        /// Each missed message was announced as lost.
        NoSilentGap = "no-silent-gap",
    }
}

closed_list! {
    /// The result for a guarantee, regardless of what is claimed.
    Verdict ["verdict"] {
        /// It held.
        Holds = "holds",
        /// It was violated.
        Violated = "violated",
        /// The run ended too early to decide.
        Unknown = "unknown",
    }
}

closed_list! {
    /// The result of a claim; a contender's is the first of these that any of its subscribers has.
    Claim ["claim"] {
        /// Violated by a message within the terms: a bug.
        Broken = "broken",
        /// Violated, but only outside the terms.
        OutsideTerms = "outside-terms",
        /// The verdict is unknown.
        Open = "open",
        /// Claimed, and it held.
        Kept = "kept",
        /// This contender does not claim it.
        NotClaimed = "not-claimed",
    }
}

closed_list! {
    /// A pattern in a history that is worth a name, whatever is claimed.
    #[non_exhaustive]
    Anomaly ["anomaly"] {
        /// Handled more than once.
        Duplicate = "duplicate",
        /// Handled out of order.
        OrderBroken = "order-broken",
        /// Missed, unannounced, and the subscriber had a session since.
        SilentLoss = "silent-loss",
        /// Acknowledged, and never handled.
        LostAfterAck = "lost-after-ack",
        /// Handled, but not wanted.
        NotWanted = "not-wanted",
        /// A subscription's position moved back within an epoch.
        PositionMovedBack = "position-moved-back",
        /// Pushes to two open sessions of one client.
        TwoSessions = "two-sessions",
        /// Handled from a session that had ended.
        DeliveredAfterEnd = "delivered-after-end",
        /// An old position was applied to a new epoch.
        ForeignEpoch = "foreign-epoch",
        /// A wanted message still waits, although path and handler have long been free.
        Stalled = "stalled",
        /// A message was accepted that is too long to ever arrive.
        Poison = "poison",
        /// Missed between a fault and its detection.
        LateDetection = "late-detection",
        /// Told that all is well, something was missing.
        FalseComfort = "false-comfort",
        /// Told that something is lost, nothing was.
        FalseAlarm = "false-alarm",
    }
}

closed_list! {
    /// A kind of fault. Its effect, with its numbers, is a `scenario::Effect`.
    #[non_exhaustive]
    FaultKind ["kind of fault"] {
        /// The client closes its sockets and stays away.
        Disconnect = "disconnect",
        /// The link goes silent, without a notice to either end.
        Cut = "cut",
        /// A cut between groups of processes.
        Partition = "partition",
        /// A middlebox forgets the flows that were quiet for so long.
        IdleTimeout = "idle-timeout",
        /// Packets vanish.
        Loss = "loss",
        /// Packets arrive twice.
        Duplicate = "duplicate",
        /// Packets arrive with a flipped bit.
        Corrupt = "corrupt",
        /// Packets are held back, and later ones overtake them.
        Reorder = "reorder",
        /// The one-way latency changes.
        Latency = "latency",
        /// The rate is limited, and a full queue drops packets.
        Bandwidth = "bandwidth",
        /// The host loses power, or the process dies.
        Crash = "crash",
        /// The host is paused: it sends and receives nothing.
        Pause = "pause",
        /// The process stops, and its kernel lives on.
        Freeze = "freeze",
        /// Its connections are reset.
        Reset = "reset",
        /// The handler takes time.
        Slow = "slow",
        /// The handler is not installed.
        Deaf = "deaf",
    }
}

closed_list! {
    /// A situation that a trial may have met, and so tested.
    #[non_exhaustive]
    Exercise ["exercise"] {
        /// A client reconnected.
        Reconnect = "reconnect",
        /// A message was sent again that had been sent before.
        Redelivery = "redelivery",
        /// A message was sent that had been accepted before the session joined.
        Replay = "replay",
        /// A client received a gap.
        Gap = "gap",
        /// The backlog's limits dropped a message.
        Eviction = "eviction",
        /// The backlog's limit of a subscription dropped a message.
        Overflow = "overflow",
        /// A client's session expired.
        Expiry = "expiry",
        /// The broker began a new epoch.
        Epoch = "epoch",
        /// A client dropped a copy.
        Duplicate = "duplicate",
        /// A heartbeat detected a dead session.
        HalfOpen = "half-open",
        /// A newer session replaced one that was still open.
        Takeover = "takeover",
        /// A client crashed.
        ClientCrash = "client-crash",
    }
}

closed_list! {
    /// A number of the report that an expectation may compare.
    #[non_exhaustive]
    Counter ["counter"] {
        /// Messages that a subscriber wanted: live, caught up and missed.
        Wanted = "wanted",
        /// Handled from a first sending.
        Live = "live",
        /// Handled from a replay or a redelivery.
        CaughtUp = "caught_up",
        /// Not handled.
        Missed = "missed",
        /// Handlings beyond the first.
        HandledAgain = "handled_again",
        /// First handlings below a sequence already handled.
        OutOfOrder = "out_of_order",
        /// Handler calls cut short by a crash.
        Interrupted = "interrupted",
        /// Handled, but not wanted.
        NotWanted = "not_wanted",
        /// Longest time from publishing to the end of handling.
        WorstDelay = "worst_delay_ms",
        /// Lower median of these times.
        MedianDelay = "median_delay_ms",
        /// Gaps that were announced to the subscriber.
        GapsAnnounced = "gaps_announced",
        /// Told that all is well, and it was.
        HonestSuccess = "honest_success",
        /// Told that something is lost, and it was.
        HonestFailure = "honest_failure",
        /// Told that all is well, and something was missing.
        FalseComfort = "false_comfort",
        /// Told that something is lost, and nothing was.
        FalseAlarm = "false_alarm",
        /// Messages published by all publishers.
        Published = "published",
        /// Answers for which the broker asked those that its messages went to.
        AnswersAsked = "answers_asked",
        /// Answers that came in time.
        AnswersInTime = "answers_in_time",
        /// IP packets of all hosts.
        Packets = "packets",
        /// Their IP bytes.
        Bytes = "bytes",
        /// TCP segments that carried bytes for a second time.
        Retransmits = "retransmits",
        /// TCP's three-way handshakes that were complete at the host that was called.
        Handshakes = "handshakes",
        /// Open TCP connections × time, at the hosts that they were opened to.
        ConnectionTime = "connection_ms",
        /// Requests over HTTP whose answer the broker kept back × time.
        HeldRequestTime = "held_request_ms",
        /// Bytes of payloads that were carried and not lost.
        PayloadBytes = "payload_bytes",
        /// The lower median of the times for which publishers waited for an answer.
        MedianAnswer = "median_answer_ms",
        /// The longest of these times.
        WorstAnswer = "worst_answer_ms",
        /// Most messages that the broker held at a time.
        BrokerPeakMessages = "broker_peak_messages",
        /// Most bytes of messages that the broker held at a time.
        BrokerPeakBytes = "broker_peak_bytes",
        /// Most messages that one client held at a time.
        ClientPeakMessages = "client_peak_messages",
    }
}

/// The part of a row of the report that has a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterOf {
    /// A subscriber.
    Subscriber,
    /// The table `recoveries` of a subscriber.
    Recoveries,
    /// The contender: its publishers, and its broker's application.
    Contender,
    /// The contender: what the trial cost.
    Cost,
}

impl Counter {
    /// Returns the part of a row that has the counter.
    pub const fn of(self) -> CounterOf {
        match self {
            Counter::Wanted
            | Counter::Live
            | Counter::CaughtUp
            | Counter::Missed
            | Counter::HandledAgain
            | Counter::OutOfOrder
            | Counter::Interrupted
            | Counter::NotWanted
            | Counter::WorstDelay
            | Counter::MedianDelay
            | Counter::GapsAnnounced => CounterOf::Subscriber,
            Counter::HonestSuccess
            | Counter::HonestFailure
            | Counter::FalseComfort
            | Counter::FalseAlarm => CounterOf::Recoveries,
            Counter::Published | Counter::AnswersAsked | Counter::AnswersInTime => {
                CounterOf::Contender
            }
            Counter::Packets
            | Counter::Bytes
            | Counter::Retransmits
            | Counter::Handshakes
            | Counter::ConnectionTime
            | Counter::HeldRequestTime
            | Counter::PayloadBytes
            | Counter::MedianAnswer
            | Counter::WorstAnswer
            | Counter::BrokerPeakMessages
            | Counter::BrokerPeakBytes
            | Counter::ClientPeakMessages => CounterOf::Cost,
        }
    }
}

//! The closed lists of the verdict: outcomes, causes, guarantees, claims, anomalies.

use std::fmt;

use serde::{Serialize, Serializer};

/// Declares an enum whose members have one word each, used in files and reports alike.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $member:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$meaning])* $member,)+ }

        impl $name {
            /// All of them, in the order of the reference.
            pub const ALL: &'static [$name] = &[$($name::$member,)+];

            /// The word for it.
            pub const fn name(self) -> &'static str {
                match self { $($name::$member => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

words! {
    /// What became of a wanted message.
    Outcome {
        /// Handled from a first sending.
        Live = "live",
        /// Handled from a replay or a redelivery.
        CaughtUp = "caught-up",
        /// Not handled.
        Missed = "missed",
    }
}

words! {
    /// What ended the last copy of a missed message. Where two fit, the upper one counts.
    Cause {
        /// It ended before the broker accepted it.
        LostBeforeBroker = "lost-before-broker",
        /// A full backlog refused it.
        Refused = "refused",
        /// No copy was made: the client had no session.
        NotConnected = "not-connected",
        /// No copy was made: the client's session had not joined (again).
        NotJoined = "not-joined",
        /// Lost, corrupted or crowded out by the network on a living path.
        DroppedInNetwork = "dropped-in-network",
        /// Pushed while the path was cut or the other end was down, paused or gone.
        SentIntoDeadLink = "sent-into-dead-link",
        /// Pushed on a living path, then discarded with the buffers of a connection or socket.
        DiedInSocket = "died-in-socket",
        /// Dropped by a full send queue or inbox.
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
        /// Passed over because a position of another epoch was applied.
        WrongEpoch = "wrong-epoch",
        /// Passed over because a position beyond it was applied.
        Skipped = "skipped",
        /// In the broker's memory, its sockets included, when it crashed.
        BrokerCrashed = "broker-crashed",
        /// Still alive when the run ended.
        Unsettled = "unsettled",
    }
}

words! {
    /// Something that can be promised to a subscriber.
    Guarantee {
        /// No message is handled twice.
        AtMostOnce = "at-most-once",
        /// No message is missed.
        AtLeastOnce = "at-least-once",
        /// Both.
        ExactlyOnce = "exactly-once",
        /// Each publisher's messages of a queue are handled in sequence.
        InOrder = "in-order",
        /// Each missed message was announced as lost.
        NoSilentGap = "no-silent-gap",
    }
}

words! {
    /// The plain truth about a guarantee.
    Truth {
        /// It held.
        Holds = "holds",
        /// It did not.
        Violated = "violated",
        /// The run ended too early to say.
        Unknown = "unknown",
    }
}

words! {
    /// What became of a claim; a contender's is the first of these that any subscriber has.
    ClaimState {
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

words! {
    /// A pattern in a history that is worth a name, whatever is claimed.
    Anomaly {
        /// Handled more than once.
        Duplicate = "duplicate",
        /// Handled out of order.
        OrderBroken = "order-broken",
        /// Missed, unannounced, and the subscriber had a session since.
        SilentLoss = "silent-loss",
        /// Acknowledged, and never handled.
        LostAfterAck = "lost-after-ack",
        /// Handled but not wanted.
        Unasked = "unasked",
        /// A subscription's position moved back within an epoch.
        PositionMovedBack = "position-moved-back",
        /// Pushes to two open sessions of one client.
        TwoSessions = "two-sessions",
        /// Handled from a session that had ended.
        DeliveredAfterEnd = "delivered-after-end",
        /// An old position was applied to a new epoch.
        ForeignEpoch = "foreign-epoch",
        /// A wanted message still waits though path and handler were long free.
        Stalled = "stalled",
        /// Missed between a fault and its detection.
        LateDetection = "late-detection",
        /// Told that all is well, something was missing.
        FalseComfort = "false-comfort",
        /// Told that something is lost, nothing was.
        FalseAlarm = "false-alarm",
    }
}

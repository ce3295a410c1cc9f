//! The words of the report that an expectation may use.
//!
//! They repeat what `verdict` declares, because the file format may not depend on how a history
//! is judged. A test keeps the two equal.

/// Counters of a subscriber, in the order of the report.
pub const SUBSCRIBER_COUNTERS: [&str; 11] = [
    "wanted",
    "live",
    "caught_up",
    "missed",
    "twice",
    "out_of_order",
    "interrupted",
    "unasked",
    "worst_delay_ms",
    "median_delay_ms",
    "gaps_announced",
];

/// Counters under `recoveries` of a subscriber.
pub const RECOVERY_COUNTERS: [&str; 4] =
    ["honest_success", "honest_failure", "false_comfort", "false_alarm"];

/// Counters of a whole contender: `published`, and its cost.
pub const CONTENDER_COUNTERS: [&str; 7] = [
    "published",
    "packets",
    "bytes",
    "retransmits",
    "broker_peak_messages",
    "broker_peak_bytes",
    "client_peak_messages",
];

/// Why a message was missed.
pub const CAUSES: [&str; 17] = [
    "lost-before-broker",
    "refused",
    "not-connected",
    "not-joined",
    "dropped-in-network",
    "sent-into-dead-link",
    "died-in-socket",
    "overflowed",
    "overwritten",
    "no-handler",
    "died-in-client",
    "lost-after-ack",
    "evicted",
    "wrong-epoch",
    "skipped",
    "broker-crashed",
    "unsettled",
];

/// What can be promised.
pub const GUARANTEES: [&str; 5] =
    ["at-most-once", "at-least-once", "exactly-once", "in-order", "no-silent-gap"];

/// The plain truth about a guarantee.
pub const VERDICTS: [&str; 3] = ["holds", "violated", "unknown"];

/// What became of a claim.
pub const CLAIMS: [&str; 5] = ["broken", "outside-terms", "open", "kept", "not-claimed"];

/// Patterns in a history.
pub const ANOMALIES: [&str; 13] = [
    "duplicate",
    "order-broken",
    "silent-loss",
    "lost-after-ack",
    "unasked",
    "position-moved-back",
    "two-sessions",
    "delivered-after-end",
    "foreign-epoch",
    "stalled",
    "late-detection",
    "false-comfort",
    "false-alarm",
];

//! The events that a storm must cause to be a test.

use super::{Family, Word};
use crate::terms::Exercise;

/// A command whose storms cause all of these events.
const SWEEP: &str = "dlab sweep any --seeds 1..200 --contender tcp/catch-up";

/// The events that a sweep or a search counts, to show that its storms tested something.
pub static EXERCISES: Family = Family {
    name: "exercise",
    heading: "What storms exercise",
    about: "A sweep and a search count what their storms put to the test: a guarantee that held \
            where its trouble never came has not been tested. The count is over all trials.",
    words: &[
        Word::new(
            Exercise::Reconnect.name(),
            "A client came back to a session that it had lost.",
            "It is what catch-up is for. Without one, a storm has shown only that a quiet network is \
             quiet.",
        )
        .also(&["reconnects"])
        .see(&["replay", "takeover"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Redelivery.name(),
            "A message was sent again that had been out before.",
            "Its acknowledgement had not come: the message was lost, or the acknowledgement was. Then \
             the client gets a copy, and must know it.",
        )
        .also(&["redeliveries"])
        .see(&["duplicate", "at-most-once"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Replay.name(),
            "A message was sent because it had been accepted before the session joined.",
            "It was published while the client was away. Replays come before anything newer: there \
             is one list, sent in order.",
        )
        .also(&["replays"])
        .see(&["caught-up", "in-order"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Gap.name(),
            "A client was told that messages are lost for it.",
            "The backlog had dropped them before the client came back. A queue that loses must say \
             so; only then can the client fetch the state anew.",
        )
        .also(&["gaps"])
        .see(&["eviction", "no-silent-gap"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Eviction.name(),
            "The backlog's limits dropped a message that somebody had not acknowledged.",
            "No queue keeps everything for ever. What is dropped must end in a gap that its client is \
             told of.",
        )
        .also(&["evictions"])
        .see(&["gap", "evicted"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Overflow.name(),
            "A message was not kept for a subscription that had too many unacknowledged.",
            "`backlog.per_subscription` limits them. As after an eviction, the client must be told \
             of a gap; here the gap is behind what is kept, not before it.",
        )
        .also(&["overflows"])
        .see(&["gap", "overflowed", "eviction"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Expiry.name(),
            "A client stayed away for longer than its session is kept.",
            "The broker discarded what waited for it, and forgot which rooms it was in. When the \
             client joins again it must be told of a gap, though nobody remembers what was in it.",
        )
        .also(&["expiries"])
        .see(&["expired", "gap", "no-silent-gap"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Epoch.name(),
            "The broker crashed, and began to count anew.",
            "Its backlog was in memory. Positions of the old epoch mean nothing in the new one; a \
             client that is not told so skips messages, or waits for ever.",
        )
        .also(&["epochs"])
        .see(&["wrong-epoch", "foreign-epoch"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Duplicate.name(),
            "A client dropped a copy of a message that it had already.",
            "Something was delivered twice, and the dedup window knew it by its id. Without one, at \
             least once is all that can be promised.",
        )
        .also(&["duplicates", "duplicate dropped", "duplicates dropped"])
        .see(&["redelivery", "exactly-once"])
        .shown_by("dlab sweep any --seeds 1..40 --contender udp/catch-up"),
        Word::new(
            Exercise::HalfOpen.name(),
            "A heartbeat found a session dead that still looked open.",
            "One side was gone and the other was not told: a cut, a crash without notice. Until the \
             heartbeat notices, messages go into nothing.",
        )
        .also(&["half-open detections"])
        .see(&["late-detection", "heartbeat"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::Takeover.name(),
            "A newer session replaced one that seemed alive.",
            "The client came back before the broker had noticed that it was gone. The old session \
             must not be given anything any more.",
        )
        .also(&["takeovers"])
        .see(&["two-sessions", "half-open"])
        .shown_by(SWEEP),
        Word::new(
            Exercise::ClientCrash.name(),
            "A client crashed, and lost what it had in memory.",
            "It comes back without its inbox and without its dedup window. What it had acknowledged \
             and not handled is gone.",
        )
        .also(&["client crashes"])
        .see(&["crash", "lost-after-ack"])
        .shown_by(SWEEP),
    ],
};

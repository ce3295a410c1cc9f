//! The anomalies.

use super::{Family, Word};
use crate::terms::Anomaly;

/// The patterns that have a name.
pub static ANOMALIES: Family = Family {
    name: "anomaly",
    heading: "Anomalies",
    about: "Patterns in what happened that are worth a name, whatever is claimed. Some of them only \
            a broken broker or client shows.",
    words: &[
        Word::new(
            Anomaly::Duplicate.name(),
            "A message was handled more than once.",
            "The network doubled a packet, or an acknowledgement was lost and the message was sent \
             again. Catch-up drops copies by their id within a window; a client that crashed has \
             forgotten the ids.",
        )
        .see(&["at-most-once", "lost-after-ack"])
        .shown_by("dlab run duplicated --contender udp/fire-and-forget"),
        Word::new(
            Anomaly::OrderBroken.name(),
            "A message was handled after a later one of the same publisher and queue.",
            "Packets overtook each other and nobody put them back into their order, or something new \
             was sent before the replay was through.",
        )
        .see(&["in-order", "reorder"])
        .shown_by("dlab run reordered --contender udp/fire-and-forget"),
        Word::new(
            Anomaly::SilentLoss.name(),
            "A message was missed, nobody announced it, and the client has had a session since.",
            "There was a time to say so, and nothing was said: the client goes on with a hole that \
             it knows nothing about. Fire-and-forget does this as a matter of course.",
        )
        .see(&["no-silent-gap", "false-comfort", "missed"])
        .shown_by("dlab run caps --contender tcp/fire-and-forget"),
        Word::new(
            Anomaly::LostAfterAck.name(),
            "A message was acknowledged, and never handled.",
            "It is the anomaly of acknowledging before the work is done. The broker keeps nothing \
             that it was told is finished.",
        )
        .see(&["duplicate", "died-in-client"])
        .shown_by("dlab run ack-too-early --contender tcp/catch-up"),
        Word::new(
            Anomaly::NotWanted.name(),
            "A message was handled by somebody who did not want it.",
            "It routed to none of the rooms that the client was on record for, or to one that it had \
             left before. Correct brokers never do it.",
        )
        .see(&["delivered-after-end"])
        .shown_by("dlab run museum/hears-itself"),
        Word::new(
            Anomaly::PositionMovedBack.name(),
            "A subscription's position moved back within one epoch.",
            "What had been passed comes again, as if it had not been acknowledged: copies for sure, \
             and disorder if nobody drops them. While its rooms stay the same, a correct position only \
             grows.",
        )
        .see(&["duplicate", "foreign-epoch"])
        .shown_by("dlab run museum/stale-replica"),
        Word::new(
            Anomaly::TwoSessions.name(),
            "The broker pushed to two open sessions of one client.",
            "The client came back before the broker had noticed that it was gone, and the old \
             session was not closed. Correct brokers let the newer hello replace the older session.",
        )
        .see(&["replaced", "duplicate"])
        .shown_by("dlab run museum/no-takeover"),
        Word::new(
            Anomaly::DeliveredAfterEnd.name(),
            "A message was handled from a session that the client had already lost.",
            "Something left over from an old connection spoke into the new one: its messages come \
             out of turn, and their acknowledgements belong to nobody. Correct clients stop \
             listening when a session ends.",
        )
        .see(&["two-sessions", "position-moved-back"])
        .shown_by("dlab run museum/ended-session-delivers"),
        Word::new(
            Anomaly::ForeignEpoch.name(),
            "A position of an old epoch was applied to a new one.",
            "The broker had lost its count in a crash, and took the client's old number for one of \
             its own. What lies below it is passed over, or belongs to another stream.",
        )
        .see(&["wrong-epoch", "false-comfort"])
        .shown_by("dlab run museum/new-epoch-old-position"),
        Word::new(
            Anomaly::Stalled.name(),
            "A wanted message still waits, though path and handler were free for longer than \
             heartbeat and `ack_timeout`, which counts as 1s at least.",
            "Nothing was in its way any more, and nobody sent it: a wake-up was forgotten. It is no \
             slowness, and waiting longer would not help.",
        )
        .see(&["unsettled"])
        .shown_by("dlab run museum/redelivers-never"),
        Word::new(
            Anomaly::Poison.name(),
            "A message was accepted that is too long to ever arrive.",
            "Each session tries it again and ends over it, and what is behind it waits. A broker \
             must look at the length before it accepts.",
        )
        .see(&["too-long", "stalled"]),
        Word::new(
            Anomaly::LateDetection.name(),
            "A message was missed between a fault and its detection.",
            "The link was dead and the broker did not know it yet. The heartbeat's interval and \
             timeout say how long that can last; with Socket.IO's defaults it is 45 seconds.",
        )
        .see(&["sent-into-dead-link", "heartbeat"])
        .shown_by("dlab run half-open --contender tcp/fire-and-forget"),
        Word::new(
            Anomaly::FalseComfort.name(),
            "A client was told that all is well, and something was missing.",
            "It was told `resumed`, and believes that it has everything. It is worse than an honest \
             loss: nobody will go and look.",
        )
        .see(&["false-alarm", "silent-loss", "skipped"])
        .shown_by("dlab run museum/empty-epoch"),
        Word::new(
            Anomaly::FalseAlarm.name(),
            "A client was told that something is lost, and nothing was.",
            "It was told of a gap or of a new epoch that there was not, and fetches everything anew \
             for nothing. With many clients that is a storm of its own.",
        )
        .see(&["false-comfort"])
        .shown_by("dlab run museum/quiet-room-trim"),
    ],
};

//! The causes of a miss, in the order of their precedence.

use super::{Family, Word};
use crate::terms::Cause;

/// The reasons why a message was missed.
pub static CAUSES: Family = Family {
    name: "cause",
    heading: "Causes",
    about: "Why a message was missed: what ended the last copy that could still have reached the \
            handler. A copy is one push to one session, or one that was stored. Where two fit, the \
            upper one counts; the causes add up to missed.",
    words: &[
        Word::new(
            Cause::LostBeforeBroker.name(),
            "The last copy ended before the broker accepted it: dropped on the way, or the \
             publisher was offline, gave up or died.",
            "The broker never heard of it, so no subscriber could get it and none is told. In \
             fire-and-forget a publisher without a connection has nowhere to put a message. In \
             catch-up it keeps it in its outbox and sends it later, so only a full outbox or a \
             crash loses it.",
        )
        .see(&["refused", "not-connected", "dropped-in-network"])
        .shown_by("dlab run both-ways --contender tcp/fire-and-forget"),
        Word::new(
            Cause::Refused.name(),
            "A full backlog refused it.",
            "The broker keeps so many messages and no more; told to refuse rather than to drop the \
             oldest, it says no to the publisher. The publisher knows, so this is no silent loss: \
             it could wait and try again.",
        )
        .see(&["evicted", "no-silent-gap", "outside-terms"])
        .shown_by("dlab run backlog-full --contender tcp/catch-up"),
        Word::new(
            Cause::TooLong.name(),
            "It was longer than a limit on its way, so it could never arrive.",
            "Every link has a longest frame: 1,472 bytes over udp, about a megabyte over the others. \
             The publisher is told at once, where it is known that nothing so long can be carried. \
             A broker that accepts it anyway has a poison message: it sends it again and again, \
             and all that is behind it waits.",
        )
        .see(&["poison", "stalled", "refused"]),
        Word::new(
            Cause::TransportBusy.name(),
            "It was volatile, and the transport was busy with something else.",
            "Socket.IO sends a volatile event only if it can be written at once: not while a write \
             is under way, and over polling not between two requests. Of ten in one tick the first \
             is sent. That is right for what is soon out of date, such as a position.",
        )
        .see(&["volatile", "socketio", "overwritten"])
        .shown_by("dlab run volatile --contender socketio/fire-and-forget"),
        Word::new(
            Cause::NotConnected.name(),
            "No copy was ever made: the client had no session when the broker accepted the message.",
            "This is the plain miss of fire-and-forget: the client was away, the broker knew it, \
             and nothing was kept. Catch-up would have put the message into the backlog.",
        )
        .see(&["not-joined", "sent-into-dead-link", "catch-up"])
        .shown_by("dlab run caps --contender tcp/fire-and-forget"),
        Word::new(
            Cause::NotJoined.name(),
            "No copy was ever made: the client's session was there, and had not joined (again).",
            "A new session begins in no room. Until the client has subscribed again, messages pass \
             it by although it is connected; a client that subscribes only once stays deaf for \
             ever after its first reconnection.",
        )
        .see(&["not-connected", "no-handler"])
        .shown_by("dlab run deaf-after-reconnect --contender tcp/fire-and-forget"),
        Word::new(
            Cause::DroppedInNetwork.name(),
            "The network lost, corrupted or crowded out the last copy, on a path that was up.",
            "Only a link that repairs nothing misses messages this way: udp in fire-and-forget. TCP \
             sends the packet again, and in catch-up the broker sends the message again.",
        )
        .see(&["udp", "loss", "corrupt", "bandwidth", "sent-into-dead-link"])
        .shown_by("dlab run lossy-wifi --contender udp/fire-and-forget"),
        Word::new(
            Cause::SentIntoDeadLink.name(),
            "The last copy was pushed while the path was cut or had forgotten the flow, or the other \
             end was down, paused or gone.",
            "The broker still believed in the session, for nobody had told it: sending succeeds. \
             Over TCP the bytes wait in a buffer until the connection is given up, and a datagram \
             arrives nowhere. What discarded them later \
             does not matter; they were lost when they were sent. The quicker the heartbeat, the \
             fewer there are.",
        )
        .also(&["dead link"])
        .see(&["died-in-socket", "late-detection", "cut", "heartbeat"])
        .shown_by("dlab run half-open --contender tcp/fire-and-forget"),
        Word::new(
            Cause::DiedInSocket.name(),
            "The last copy was pushed on a living path, then discarded with the buffers of a \
             connection or socket, or arrived where no socket was any more.",
            "All was well when it was sent; then the connection ended, and what was still in it \
             ended too. TCP acknowledges bytes to the sender's kernel, and never says what the \
             other program has read.",
        )
        .see(&["sent-into-dead-link", "tcp", "reset"])
        .shown_by("dlab run anatomy --contender tcp/fire-and-forget"),
        Word::new(
            Cause::Overflowed.name(),
            "A full send queue, inbox or subscription dropped it.",
            "No queue is endless. Over UDP a slow client's own inbox drops; over TCP it stops \
             reading, the sockets fill, and then the broker's send queue. Catch-up stops pushing \
             and lets the backlog wait; with `backlog.per_subscription` messages waiting for a \
             client, the next is not kept for it, and it is told of a gap.",
        )
        .see(&["slow", "evicted", "unsettled"])
        .shown_by("dlab run slow-consumer --contender udp/fire-and-forget"),
        Word::new(
            Cause::Overwritten.name(),
            "A newer message replaced it at a polling endpoint that keeps only the latest.",
            "Between two polls several messages came for one room, and only the newest was there to \
             be fetched. That is right for a temperature and wrong for orders.",
        )
        .see(&["polling", "evicted"])
        .shown_by("dlab run polling-between-polls --contender polling/fire-and-forget"),
        Word::new(
            Cause::NoHandler.name(),
            "It was delivered to a client that had no handler for it.",
            "In fire-and-forget the client drops it at once. In catch-up it is not acknowledged, so \
             it waits, and what is behind it waits too; it is missed only if no handler comes until \
             the run ends.",
        )
        .see(&["deaf", "not-joined"])
        .shown_by("dlab run no-handler --contender tcp/fire-and-forget"),
        Word::new(
            Cause::DiedInClient.name(),
            "The client had read it and told nobody, and died before its handler finished.",
            "It was in the client's memory, which a crash empties. Nobody had been told that it was \
             done, so catch-up would send it again; fire-and-forget has nothing to send.",
        )
        .see(&["lost-after-ack", "crash"])
        .shown_by("dlab run ack-too-early --contender tcp/fire-and-forget"),
        Word::new(
            Cause::LostAfterAck.name(),
            "The client acknowledged it, and died before its handler finished.",
            "The broker believed the client and forgot the message. That is why an acknowledgement \
             belongs after the handler: then the worst that a crash can do is a second delivery.",
        )
        .see(&["died-in-client", "duplicate", "at-least-once"])
        .shown_by("dlab run ack-too-early --contender tcp/catch-up"),
        Word::new(
            Cause::Evicted.name(),
            "The limits of the backlog dropped it.",
            "Catch-up has a memory, and it is finite: by number, by bytes, by age. Who is away for \
             longer than that misses the oldest messages, and is told so with a gap.",
        )
        .see(&["refused", "no-silent-gap", "outside-terms"])
        .shown_by("dlab run retention --contender tcp/catch-up"),
        Word::new(
            Cause::Expired.name(),
            "It was in the backlog for a session that expired.",
            "The client had no session for as long as `broker.session_expiry` says: MQTT 5's Session \
             Expiry Interval (section 3.1.2.11.2). What waited for it is discarded, and its \
             subscriptions end: what comes until it joins again is missed as `not-connected`. It \
             is told of one gap.",
        )
        .see(&["evicted", "not-connected", "no-silent-gap"])
        .shown_by("dlab run session-expiry --contender tcp/catch-up"),
        Word::new(
            Cause::WrongEpoch.name(),
            "It was passed over because a position of another epoch was applied.",
            "After a crash the broker counts its positions anew. A client that says \"I had 7\" of \
             the old count, and is believed, is taken to have the first seven of the new one. \
             Correct brokers compare the epoch first; only a broken one misses this way.",
        )
        .see(&["skipped", "foreign-epoch", "broker-crashed"])
        .shown_by("dlab run museum/new-epoch-old-position"),
        Word::new(
            Cause::Skipped.name(),
            "It was passed over because a position beyond it was applied.",
            "Somebody said or believed that the client was further than it was: an acknowledgement \
             without the message, a jump to the newest. From then on nobody looks back. Only a \
             broken broker or client misses this way.",
        )
        .see(&["wrong-epoch", "silent-loss", "false-comfort"])
        .shown_by("dlab run museum/off-by-one"),
        Word::new(
            Cause::BrokerCrashed.name(),
            "It was in the broker's memory, its sockets included, when the broker crashed.",
            "The backlog here is memory: a crash of the broker ends what it had accepted and not \
             delivered. Subscribers are told that a new epoch began. A message that its publisher \
             still kept is sent again and is not missed.",
        )
        .see(&["wrong-epoch", "crash", "outside-terms"])
        .shown_by("dlab run broker-crash --contender tcp/catch-up"),
        Word::new(
            Cause::Unsettled.name(),
            "Its last copy was still alive when the run ended.",
            "It may yet arrive: in a socket, in a queue, in a backlog. So the verdict on \
             at-least-once is unknown and not violated. Let the scenario run for longer to see.",
        )
        .see(&["missed", "unknown", "open", "stalled"])
        .shown_by("dlab run slow-consumer --contender tcp/catch-up"),
    ],
};

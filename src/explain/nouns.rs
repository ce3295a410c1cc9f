//! The nouns of the lab: what there is in a trial, and at the broker and a client.

use super::{Family, Word};

/// A command that prints the broker's view while a client is away.
const AT: &str = "dlab run caps --at 5s";
/// A command that tells a message's life in catch-up.
const WHY: &str = "dlab run caps --why driver-3 --contender tcp/catch-up";

/// The things that reports, scenario files and the help speak of.
pub static NOUNS: Family = Family {
    name: "noun",
    heading: "Nouns of the lab",
    about: "What there is in a trial, at the broker and at a client. Words of networks and of the \
            course are on the list of the lesson.",
    words: &[
        Word::new(
            "scenario",
            "A file with a workload, a storm, contenders and expectations.",
            "`dlab list` names those that are built in, `dlab show caps` prints one, and `dlab \
             new` writes one to begin with.",
        )
        .see(&["trial", "storm", "expectation"])
        .shown_by("dlab run caps --plain"),
        Word::new(
            "trial",
            "One run of a scenario, with one contender and one seed.",
            "Its time is simulated: twenty seconds take milliseconds. The same version, scenario \
             and seed give the same bytes.",
        )
        .also(&["run"])
        .see(&["scenario", "seed", "trials"])
        .shown_by("dlab sweep caps --seeds 1..3"),
        Word::new(
            "seed",
            "The number from which everything follows that is drawn: latencies, losses, storms.",
            "Another seed is other luck in the same storm. One seed shows that something can \
             happen, and many show how often.",
        )
        .see(&["trial", "replay", "sweep"])
        .shown_by("dlab run caps"),
        Word::new(
            "broker",
            "The server in the middle: it routes each message to who has subscribed.",
            "In catch-up it also keeps messages, and knows how far each subscriber has come. The \
             lab has one broker, and what it keeps is memory: a crash empties it.",
        )
        .see(&["server", "backlog", "broker-crashed"])
        .shown_by(AT),
        Word::new(
            "publisher",
            "A client that publishes messages.",
            "It hands a message to its link, and in catch-up keeps it until the broker has \
             answered. It does not know who gets it.",
        )
        .also(&["publish"])
        .see(&["emit", "outbox", "lost-before-broker"])
        .shown_by(WHY),
        Word::new(
            "server-emit",
            "A message that the application on the broker's side publishes.",
            "Its publisher is `broker`, so that it has no way to the broker and is never lost before \
             it. After a crash that has emptied the broker its numbers begin anew, as `broker/2-1`. \
             A scenario says it with `publish` of `[broker]`; Socket.IO with `io.emit`.",
        )
        .also(&["io.emit", "broker.publish"])
        .see(&["broker", "emit", "own-room"])
        .shown_by("dlab run server-emits"),
        Word::new(
            "broadcast-answer",
            "The answer of a client to a message of the broker's application that asks for one.",
            "A client answers as it acknowledges: by default when its handler has returned, so that the \
             answer says that it has handled the message. The application waits for a time, and then knows how many of how many have \
             answered: of those with a session, or in catch-up of those that the message is kept for. A \
             scenario asks with `ack_within` of the broker's `publish`; Socket.IO with \
             `io.timeout(5000).emit`.",
        )
        .also(&["answers_asked", "answers_in_time", "answers that the broker asked for"])
        .see(&["server-emit", "acknowledgement"])
        .shown_by("dlab run roll-call"),
        Word::new(
            "own-room",
            "The room of a client's own name, in each queue that it has joined.",
            "It is there without a packet of its own, and nobody else is in it: a message with `to = \
             [\"ann\"]` is for Ann alone. In Socket.IO it has the name of the socket's id, which \
             changes with each connection.",
        )
        .also(&["private message", "to one client"])
        .see(&["room", "server-emit"]),
        Word::new(
            "presence",
            "The broker publishes who came to a queue and who left it.",
            "`connected` and `disconnected` are events like others, which can be late, missed or \
             caught up. Who loses the connection without a goodbye is shown as present until the \
             heartbeat fails.",
        )
        .also(&["connection lost", "online"])
        .see(&["heartbeat", "last-will"])
        .shown_by("dlab run presence"),
        Word::new(
            "last-will",
            "A message that the broker publishes if a session ends without a goodbye.",
            "A client leaves it with its hello, as in MQTT. A program that dies, a link that is dead \
             and another session that takes over all end without one.",
        )
        .also(&["will", "will message"])
        .see(&["presence", "heartbeat"])
        .shown_by("dlab run last-will"),
        Word::new(
            "subscriber",
            "A client that has subscribed to events of a queue.",
            "Outcomes, guarantees and claims are judged for each subscriber on its own, since one \
             may get what another misses.",
        )
        .also(&["subscribe"])
        .see(&["subscription", "wanted"])
        .shown_by("dlab run chat"),
        Word::new(
            "subscription",
            "What the broker has on record of a client in one queue: its rooms, and in catch-up \
             how far it has come.",
            "It outlives sessions: a client that is away is still subscribed. A broker that \
             crashes forgets it, and the client subscribes again.",
        )
        .see(&["room", "session", "position"])
        .shown_by(AT),
        Word::new(
            "session",
            "A client's time with the broker, from its hello until one side ends it.",
            "A client has one at a time, and they are numbered: one that comes back begins a new \
             one. What the client has subscribed to outlives it.",
        )
        .see(&["subscription", "replaced", "reason"])
        .shown_by(WHY),
        Word::new(
            "connected",
            "The broker has a session of this client.",
            "That is what the broker believes. A client that was cut off is connected until a \
             heartbeat finds it out.",
        )
        .see(&["away", "session", "not-connected"])
        .shown_by(AT),
        Word::new(
            "away",
            "The client has a subscription and no session.",
            "In catch-up the backlog has what it will want, as long as its limits allow. In \
             fire-and-forget it misses what is published now.",
        )
        .see(&["connected", "not-connected", "catch-up"])
        .shown_by(AT),
        Word::new(
            "handler",
            "The part of a client's program that is called with each message.",
            "One call at a time. A message counts as handled when the call has returned.",
        )
        .see(&["slow", "no-handler", "interrupted"])
        .shown_by(WHY),
        Word::new(
            "position",
            "The place of a message in its queue, counted by the broker; in catch-up only.",
            "A subscription's position is the last one up to which it has acknowledged all. A \
             client that comes back says its own, and is sent what follows.",
        )
        .see(&["epoch", "acknowledgement", "skipped"])
        .shown_by(AT),
        Word::new(
            "epoch",
            "One life of the broker's count of positions.",
            "A crash ends it, and a new one begins from 1. A position means something only \
             together with its epoch.",
        )
        .see(&["position", "wrong-epoch", "foreign-epoch"])
        .shown_by(WHY),
        Word::new(
            "resumed",
            "The broker's answer to a client that comes back: nothing is lost, the rest follows.",
            "The other answers are a gap, which names what is lost, and a new epoch. The report \
             says whether it was true.",
        )
        .also(&["resume"])
        .see(&["recovery", "gap", "epoch"])
        .shown_by("dlab run caps --contender tcp/catch-up -v"),
        Word::new(
            "backlog",
            "The messages that the broker keeps for a queue; in catch-up only.",
            "It is bounded by number, by bytes and by age. When room is needed, what all \
             subscriptions have acknowledged goes first; then the oldest goes, or the new one is \
             refused. It may also have a limit for each subscription, beyond which the new one is \
             not kept for it.",
        )
        .see(&["evicted", "refused", "overflowed", "broker-messages"])
        .shown_by(AT),
        Word::new(
            "unacknowledged",
            "Messages for a subscription that its client has not acknowledged.",
            "They were sent to it, or wait for it: at most `window` of them are out at a time. On a \
             new session those that were out are sent again.",
        )
        .see(&["window", "acknowledgement", "redelivery"])
        .shown_by(AT),
        Word::new(
            "window",
            "The most unacknowledged messages that are out at a time, for each subscription.",
            "`broker.window` sets it, and 100 is the default. A small window waits one round trip \
             for every few messages; a large one has more to send again.",
        )
        .see(&["unacknowledged", "backlog"])
        .shown_by("dlab help run"),
        Word::new(
            "outbox",
            "Where a publisher keeps what the broker has not answered yet; in catch-up only.",
            "After a new session it sends all of it again, under the same ids. A full outbox drops \
             the new message, and a crash of the client empties it.",
        )
        .see(&["publisher", "lost-before-broker"]),
        Word::new(
            "inbox",
            "Where a client keeps what it has read and not handled.",
            "The message in the handler is not counted: it has left the inbox. When it is full the \
             client stops reading: over TCP the sockets fill, and over UDP the \
             packet is lost.",
        )
        .see(&["send-queue", "overflowed", "slow"])
        .shown_by("dlab run slow-consumer"),
        Word::new(
            "send-queue",
            "Where the broker keeps what a session's socket has no room for.",
            "When it is full, fire-and-forget drops what is new, and catch-up waits with what is \
             in the backlog.",
        )
        .see(&["inbox", "overflowed", "backlog"])
        .shown_by("dlab run slow-consumer"),
        Word::new(
            "dedup",
            "Dropping copies: the client knows a message by its id.",
            "It remembers the last 1,000 ids, and a crash makes it forget them. Without dedup at \
             least once is all that catch-up can promise.",
        )
        .see(&["duplicate", "exactly-once"])
        .shown_by("dlab show museum/no-dedup"),
        Word::new(
            "volatile",
            "Kept nowhere while there is no connection.",
            "A publisher says so of a message that is worth nothing later. It is sent at once or \
             not at all, and no contender claims anything for it.",
        )
        .see(&["fire-and-forget", "lost-before-broker"])
        .shown_by("dlab run volatile"),
        Word::new(
            "terms",
            "The conditions of a claim.",
            "The broker did not crash, the backlog kept the message, the client's session did not \
             expire, the client acknowledges after its handler and has one. A loss outside the terms \
             breaks no claim.",
        )
        .see(&["claim", "outside-terms"])
        .shown_by("dlab run retention"),
        Word::new(
            "frame",
            "One thing that client and broker say to each other: a hello, a publish, a push, an \
             acknowledgement.",
            "Each link puts frames into bytes in its own way. Over UDP a frame is a datagram, over \
             TCP a piece of the stream.",
        )
        .see(&["datagram", "message", "malformed"]),
        Word::new(
            "trace",
            "Everything that happened in a trial, one JSON object a line.",
            "`--trace FILE` writes it. Its hash stands in the JSON report: two runs with the same \
             hash were the same.",
        )
        .see(&["trial", "replay"])
        .shown_by("dlab help run"),
    ],
};

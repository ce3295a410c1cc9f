//! The reasons why a session, a connection, or an attempt to connect ended.

use crate::message::EndReason;

use super::{Family, Word};

/// The end reasons, as one side noticed them.
pub static REASONS: Family = Family {
    name: "reason",
    heading: "Reasons",
    about: "Why a session, a connection or an attempt at one ended, as one side saw it: in the log \
            (`-v`), in traces, and as `by` of a detection in the JSON.",
    words: &[
        Word::new(
            EndReason::Fin.name(),
            "The peer closed its side in order (TCP's FIN).",
            "It is a goodbye on the level of TCP: everything sent before it has arrived. It says \
             nothing about what has been handled.",
        )
        .see(&["reset", "disconnect"])
        .shown_by("dlab run caps --contender tcp/catch-up -v"),
        Word::new(
            EndReason::PowerLost.name(),
            "This machine lost power.",
            "Whatever it had is gone, and nobody was told: the other side finds out by itself.",
        )
        .also(&["power lost"])
        .see(&["crash", "heartbeat"])
        .shown_by("dlab run ack-too-early --contender tcp/catch-up -v"),
        Word::new(
            EndReason::Reset.name(),
            "The peer has no such connection, or threw data away (TCP's RST).",
            "That is how one learns that the other side started anew, or closed without having read \
             everything. What was in the buffers is lost.",
        )
        .also(&["rst"])
        .see(&["fin", "died-in-socket"])
        .shown_by("dlab run broker-crash --contender tcp/catch-up -v"),
        Word::new(
            EndReason::TcpTimeout.name(),
            "Nothing was heard for too long on the level of TCP.",
            "A connection that writes gives up after about a quarter of an hour, as on Linux, which \
             is why nobody should wait for it: the heartbeat notices first.",
        )
        .also(&["tcp timeout"])
        .see(&["heartbeat", "cut"]),
        Word::new(
            EndReason::Refused.name(),
            "Nobody listens there.",
            "The machine is up and the program is not: TCP answers the first packet with a reset. \
             The client tries again after a pause that grows.",
        )
        .also(&["connection refused"])
        .see(&["unreachable", "connect-timeout"])
        .shown_by("dlab run broker-crash --contender tcp/catch-up -v"),
        Word::new(
            EndReason::Unreachable.name(),
            "Nobody listens there for datagrams (ICMP port unreachable).",
            "It is what UDP has instead of a reset, and only a connected socket hears it: the \
             client, not the broker.",
        )
        .also(&["icmp"])
        .see(&["refused", "udp"])
        .shown_by("dlab run broker-crash --contender udp/catch-up -v"),
        Word::new(
            EndReason::UpgradeRefused.name(),
            "The upgrade to WebSocket was refused.",
            "A proxy in between, or a server that does not know it, answered the request with \
             something else than 101. WebSocket alone ends there; Socket.IO goes on with polling.",
        )
        .also(&["upgrade refused"])
        .see(&["websocket", "socketio"])
        .shown_by("dlab run websocket-blocked --contender websocket/catch-up -v"),
        Word::new(
            EndReason::ConnectTimeout.name(),
            "The attempt took too long.",
            "No answer came to the first packets, or no welcome to the hello. The attempt is given \
             up, and another is made later.",
        )
        .also(&["connect timeout"])
        .see(&["refused", "cut"])
        .shown_by("dlab run accept-queue --contender tcp/catch-up -v"),
        Word::new(
            EndReason::HttpTimeout.name(),
            "A request was not answered, or did not come whole, in time.",
            "Over polling and long-polling the session survives it: the client asks again.",
        )
        .also(&["http timeout"])
        .see(&["long-polling", "polling"])
        .shown_by("dlab run lost-response --contender long-polling/catch-up -vv"),
        Word::new(
            EndReason::Heartbeat.name(),
            "No ping, or no pong, came in time.",
            "It is how a dead link is found out when nobody says goodbye. Every so often one side \
             asks, and the other has so long to answer; until then everything sent is sent into the \
             dark. Shorter times find it sooner and cost packets.",
        )
        .see(&["late-detection", "cut", "sent-into-dead-link"])
        .shown_by("dlab run half-open --contender tcp/catch-up -v"),
        Word::new(
            EndReason::Replaced.name(),
            "A newer session of the same client took over.",
            "A client has one session. It came back before the broker had noticed that the old one \
             was dead, or a second window of it was opened. A process that hears this of its own \
             session stays away, unless `on_replaced` says `reconnect`; the report names it.",
        )
        .also(&["was replaced", "on_replaced"])
        .see(&["two-sessions"])
        .shown_by("dlab run two-windows --contender tcp/catch-up -v"),
        Word::new(
            EndReason::ServerDisconnect.name(),
            "The application on the broker's side ended it.",
            "Socket.IO's `disconnectSockets`; its clients call the reason `io server disconnect`, and \
             do not connect again by themselves. A scenario says it with `disconnect` of `[broker]`.",
        )
        .also(&["disconnected by the broker", "io server disconnect", "disconnectSockets"])
        .see(&["left", "disconnect"])
        .shown_by("dlab run server-emits --contender socketio/fire-and-forget -v"),
        Word::new(
            EndReason::Left.name(),
            "This side closed it on purpose.",
            "What the other side calls fin, or over UDP does not hear of at all.",
        )
        .see(&["fin", "disconnect"])
        .shown_by("dlab run caps --contender tcp/catch-up -v"),
        Word::new(
            EndReason::UnknownSession.name(),
            "The peer spoke of a session that this broker does not know.",
            "It was ended or forgotten, mostly in a crash of the broker. The client begins a new \
             one.",
        )
        .also(&["unknown session"])
        .see(&["broker-crashed", "crash"])
        .shown_by("dlab run broker-crash --contender udp/catch-up -v"),
        Word::new(
            EndReason::StaleHello.name(),
            "The hello is older than a session that this broker knows.",
            "The network had kept an old packet. If it were believed, a session long over would end \
             the one that is alive.",
        )
        .also(&["stale hello"])
        .see(&["replaced", "reorder"]),
        Word::new(
            EndReason::Malformed.name(),
            "These bytes are no frame.",
            "Another program, another version or an attacker speaks. The connection is closed with \
             this reason, and everybody else goes on.",
        )
        .also(&["malformed frame"])
        .see(&["too-long", "unexpected"]),
        Word::new(
            EndReason::TooLong.name(),
            "A frame or a message is longer than the limit.",
            "Nothing is read without a limit, since memory has one. The page about limits has them \
             all.",
        )
        .also(&["frame too long"])
        .see(&["malformed", "limit-reached"]),
        Word::new(
            EndReason::Unexpected.name(),
            "A frame that has no place in this conversation.",
            "It could be read, and makes no sense here: a delivery sent to the broker, a second \
             hello.",
        )
        .also(&["unexpected frame"])
        .see(&["malformed"]),
        Word::new(
            EndReason::LimitReached.name(),
            "A limit of the broker was reached: too many names or rooms.",
            "A peer that makes up names without end would fill the broker's memory; it is closed \
             instead.",
        )
        .also(&["limit reached"])
        .see(&["too-long"]),
    ],
};

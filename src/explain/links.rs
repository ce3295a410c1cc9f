//! The links.

use crate::message::Link;

use super::{Family, Word};

/// The links between client and broker.
pub static LINKS: Family = Family {
    name: "link",
    heading: "Links",
    about: "How bytes travel between client and broker. A link and a mode are a contender, one row \
            of the report.",
    words: &[
        Word::new(
            Link::Udp.name(),
            "Datagrams: one frame each, and nothing is repaired.",
            "A packet that is lost is lost, and one that overtakes another is handled first. There \
             is no connection, so nobody is told that the other end has gone: the heartbeat must \
             find out. In catch-up mode the lab repeats, orders and drops copies itself, above UDP.",
        )
        .see(&["tcp", "dropped-in-network", "order-broken", "heartbeat"])
        .shown_by("dlab run lossy-wifi --contender udp/fire-and-forget"),
        Word::new(
            Link::Tcp.name(),
            "One stream of bytes a session, in order, repaired while the connection lives.",
            "What the network loses TCP sends again, and what comes behind waits for it (head-of-line \
             blocking). Its promise ends with the connection: what was in the buffers then is gone, \
             and neither side knows how much of it had arrived. TCP does not catch up.",
        )
        .see(&["udp", "websocket", "died-in-socket", "sent-into-dead-link"])
        .shown_by("dlab run head-of-line --contender tcp/fire-and-forget"),
        Word::new(
            Link::WebSocket.name(),
            "Messages both ways over one TCP stream that began as an HTTP request.",
            "It promises what TCP promises and no more: there is no acknowledgement and no resuming, \
             and who was away has missed what was sent. A proxy that refuses the upgrade leaves the \
             client with nothing; socketio has another way then.",
        )
        .also(&["web socket"])
        .see(&["tcp", "socketio", "upgrade-refused"])
        .shown_by("dlab run slow-consumer-websocket --contender websocket/fire-and-forget"),
        Word::new(
            Link::Polling.name(),
            "An HTTP request every so often: is there anything for me?",
            "What comes between two polls waits at the broker. In fire-and-forget only the newest \
             message of each room waits; in catch-up all of them do. Every message is late by up to \
             one interval, and asking costs packets when there is nothing to say.",
        )
        .see(&["long-polling", "overwritten"])
        .shown_by("dlab run polling-between-polls --contender polling/fire-and-forget"),
        Word::new(
            Link::LongPolling.name(),
            "An HTTP request that is answered as soon as there is something.",
            "Nearly as quick as a stream, with one request a batch of messages. If the answer is \
             lost on its way, fire-and-forget has lost what was in it; in catch-up the next request \
             says which answer came last, and the rest is sent again.",
        )
        .see(&["polling", "sse", "died-in-socket", "http-timeout"])
        .shown_by("dlab run lost-response --contender long-polling/fire-and-forget"),
        Word::new(
            Link::Sse.name(),
            "One HTTP response that does not end: events, from the broker only.",
            "What the client has to say goes in requests of its own. When it comes back it names the \
             last event that it has dealt with (Last-Event-ID); that helps only if the broker still \
             has what came after it, which is catch-up.",
        )
        .see(&["long-polling", "websocket", "catch-up"])
        .shown_by("dlab run sse-resume --contender sse/catch-up"),
        Word::new(
            Link::SocketIo.name(),
            "Socket.IO's protocol: HTTP long-polling first, then WebSocket where that can be had.",
            "Server and client are the lab's own: their frames are those of npm's socket.io, and \
             the server follows Node's behaviour, but it is not Node's. Its heartbeat is 25 s \
             and 20 s unless the scenario says otherwise. While the client knows that it is away \
             it keeps what it publishes, and sends it later; in fire-and-forget the broker keeps \
             nothing, so what was sent to an absent client is missed.",
        )
        .also(&["socket.io"])
        .see(&["websocket", "long-polling", "heartbeat", "late-detection"])
        .shown_by("dlab run forty-five-seconds --contender socketio/fire-and-forget"),
    ],
};

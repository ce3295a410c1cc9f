//! The words of the lesson on message queues, and what they are called here.

use super::{Family, Word};

/// A command that prints the broker's view while a client is away.
const AT: &str = "dlab run caps --at 5s";
/// A command that tells a datagram's life.
const WHY: &str = "dlab run caps --why driver-3 --contender udp/fire-and-forget";

/// The words of a course on sockets and queues that are no link of the lab.
pub static LESSON: Family = Family {
    name: "lesson",
    heading: "Words of the lesson",
    about: "The words of a course on sockets, events and message queues, and how each relates to \
            the lab. WebSocket, Socket.IO, TCP, UDP, polling and long-polling are links.",
    words: &[
        Word::new(
            "client",
            "A program that opens a connection to a server.",
            "Here a client is a publisher, a subscriber, or both, and it runs on a machine of its \
             own. When its connection is gone it is the client that opens a new one.",
        )
        .see(&["server", "publisher", "subscriber"])
        .shown_by("dlab run caps"),
        Word::new(
            "server",
            "A program that waits for clients.",
            "Here it is the broker. It knows which clients are connected and what they have \
             subscribed to. It cannot call a client that is away: that one must come back by \
             itself.",
        )
        .see(&["client", "broker", "port"])
        .shown_by(AT),
        Word::new(
            "socket",
            "A program's end of a connection, or its place to send datagrams from and get them.",
            "The kernel keeps buffers for it: what was written may still wait there when the \
             connection ends, and is lost. In Socket.IO a socket is one client in one namespace; \
             here a client has one session with the broker, and a subscription for each queue.",
        )
        .see(&["died-in-socket", "session", "websocket"])
        .shown_by(WHY),
        Word::new(
            "full-duplex",
            "Both sides can send at the same time over one connection.",
            "TCP and WebSocket are full duplex. HTTP/1.1 takes turns: a request, then its \
             response. It says nothing about whether what is sent arrives.",
        )
        .see(&["bidirectional", "websocket", "http"]),
        Word::new(
            "bidirectional",
            "Data goes both ways, and either side may begin.",
            "Over WebSocket the server sends without being asked. Over polling the client must \
             ask, and over sse only the server speaks on the open response. A client that is away \
             gets nothing either way.",
        )
        .see(&["full-duplex", "websocket", "sse"]),
        Word::new(
            "emit",
            "To send an event with its payload: Socket.IO's word.",
            "Here a client publishes and the broker pushes. To emit promises nothing: whether a \
             client that is away gets the event later is a matter of the mode. If nobody has \
             subscribed, it goes nowhere.",
        )
        .see(&["event", "publisher", "fire-and-forget"])
        .shown_by("dlab run caps --why driver-3 --contender socketio/fire-and-forget"),
        Word::new(
            "event",
            "The name of what happened, as in `delivered`.",
            "Here an event of a queue is joined like a room: to subscribe to it is to join the \
             room of that name. In Socket.IO an event is only a name with handlers, and it reaches \
             who is in the rooms that the server emits to.",
        )
        .see(&["room", "queue", "payload"])
        .shown_by(WHY),
        Word::new(
            "payload",
            "The data that goes with an event.",
            "Here it is any JSON value, a store and an order for instance, or bytes, a picture for \
             instance. The broker does not look into it. JSON has no bytes: in it they are a text in \
             base64, four characters for three of them. Socket.IO over WebSocket sends them as they \
             are, in a binary frame after their event.",
        )
        .see(&["event", "message", "header"])
        .shown_by("dlab show caps"),
        Word::new(
            "header",
            "A name and a text that go with a message, beside its payload.",
            "A program puts there what is about the payload, its type for instance, so that others \
             need not look into it. The broker carries headers, and decides nothing by them. \
             Socket.IO's events have none: what belongs to a message stands in its arguments. MQTT 5 \
             calls them user properties; AMQP and Kafka, headers.",
        )
        .see(&["payload", "message", "heads-and-the-rest"])
        .shown_by("dlab run binary --layers camera-2"),
        Word::new(
            "message",
            "One event with its payload, published to a queue once.",
            "Here each has an id, its publisher and a number, as in driver-3. By the id a copy is \
             recognised. Socket.IO's events have no id of their own: the course's programs put one \
             into the payload.",
        )
        .see(&["event", "queue", "duplicate"])
        .shown_by("dlab run caps"),
        Word::new(
            "queue",
            "A named bucket of events of one kind.",
            "A message is published to a queue, and goes to those who have subscribed to its event \
             there. In Socket.IO this is a namespace. In catch-up a queue keeps a backlog; in \
             fire-and-forget it keeps nothing.",
        )
        .see(&["namespace", "event", "backlog"])
        .shown_by(AT),
        Word::new(
            "room",
            "A group of clients in one queue to which messages go by its name.",
            "Each event has the room of its name, and a publisher may name others. Who is in two \
             of them gets a message once. Rooms exist on the server only, here at the broker. In \
             Socket.IO a client has no list of them, and its server puts it into one; here the \
             client asks to join, or the broker moves it.",
        )
        .see(&["event", "not-joined", "room-event", "own-room"])
        .shown_by("dlab run chat --rooms"),
        Word::new(
            "namespace",
            "Socket.IO's word for one of several channels that share a connection.",
            "Here this is a queue: over `socketio` a client says hello in the default namespace, `/`, \
             and connects to one for each queue. What blocks the connection blocks all of them.",
        )
        .see(&["queue", "socketio"])
        .shown_by("dlab run rooms-and-namespaces"),
        Word::new(
            "broadcast",
            "To send to all but oneself.",
            "Here a message with `broadcast = true` goes to all of its rooms, and not to its \
             publisher. In Socket.IO it is `socket.broadcast.emit`.",
        )
        .see(&["room", "emit"])
        .shown_by("dlab show chat"),
        Word::new(
            "acknowledgement",
            "A word from the receiver that it has something.",
            "There is more than one here. TCP acknowledges bytes to the other kernel. In catch-up \
             the broker acknowledges to the publisher that it has accepted a message, and the \
             client acknowledges to the broker that it has handled one. After the last the broker \
             need not send it again.",
        )
        .also(&["ack", "acknowledgment", "acknowledge"])
        .see(&["lost-after-ack", "unacknowledged", "at-least-once"])
        .shown_by("dlab run ack-lost"),
        Word::new(
            "connection-state-recovery",
            "Socket.IO's own way to send what a client missed; off by default, and not in the lab.",
            "After a disconnection that nobody meant the server restores the socket's id, rooms and \
             data, and sends the events since the last one that the client names. Not after \
             `disconnect()`, beyond the time for which it keeps them, or after a restart that loses \
             its memory. Catch-up keeps positions and acknowledgements instead, with limits of the \
             same kinds.",
        )
        .see(&["catch-up", "session", "epoch"]),
        Word::new(
            "packet",
            "A piece of data that travels through a network by itself, with an address on it.",
            "Here it is an IP packet with a TCP segment, a UDP datagram or a message of ICMP in \
             it. The network loses, doubles and delays packets, never messages. In Socket.IO a \
             packet is one unit of its own protocol.",
        )
        .also(&["packets"])
        .see(&["segment", "datagram", "loss"])
        .shown_by("dlab run caps"),
        Word::new(
            "segment",
            "A piece of TCP's stream, in one IP packet.",
            "TCP cuts the stream where it likes: a message may lie in two segments, and two \
             messages in one. A segment that is lost is sent again.",
        )
        .see(&["packet", "tcp", "sent-again"])
        .shown_by("dlab run caps --prices"),
        Word::new(
            "datagram",
            "What UDP sends: a piece of data that stands for itself.",
            "It arrives whole or not at all, and perhaps twice, or after a later one. Here one \
             frame is one datagram, of at most 1,472 bytes.",
        )
        .see(&["packet", "udp", "frame"])
        .shown_by(WHY),
        Word::new(
            "port",
            "A number that says for which program on a machine a packet is.",
            "The broker listens on port 7777. A client's connection gets a port of its own, and a \
             new connection another one.",
        )
        .see(&["socket", "server"])
        .shown_by(WHY),
        Word::new(
            "handshake",
            "What two sides say to each other before the first data.",
            "TCP's takes one round trip. WebSocket's is an HTTP request after that, and \
             Socket.IO's more than one. Then a client says hello here, and joins. A client that \
             comes back does all of it again. UDP has none.",
        )
        .see(&["connect-timeout", "websocket", "session"]),
        Word::new(
            "osi-model",
            "A model of networks with seven layers: physical, data link, network, transport, \
             session, presentation, application.",
            "IP is counted to the third layer, TCP and UDP to the fourth, and HTTP, WebSocket and \
             Socket.IO to the seventh. The lab simulates from the third up. The internet itself is \
             described by four layers.",
        )
        .also(&["OSI"])
        .see(&["tcp/ip-model", "layers", "packet"])
        .shown_by("dlab run caps --layers driver-1 --contender tcp/catch-up"),
        Word::new(
            "tcp/ip-model",
            "The internet's model, with four layers: link, internet, transport, application.",
            "IP carries packets from machine to machine, TCP and UDP carry data from program to \
             program, and HTTP, WebSocket and Socket.IO say what it means. What the lab calls a \
             link is no layer: it is the whole way from client to broker.",
        )
        .also(&["TCP/IP", "TCP model"])
        .see(&["osi-model", "layers", "link"])
        .shown_by("dlab run caps --layers driver-1 --contender tcp/catch-up"),
        Word::new(
            "http",
            "The web's protocol: a client sends a request, the server answers with a response.",
            "Here polling and long-polling are requests again and again, and sse is one response \
             that does not end. WebSocket and Socket.IO begin with HTTP requests. A response that \
             is lost with its connection is not repeated by HTTP.",
        )
        .see(&["polling", "long-polling", "sse"])
        .shown_by("dlab run lost-response --contender long-polling/catch-up -vv"),
    ],
};

//! The words of the section Prices.

use super::{Family, Word};

/// A command that shows most of these words.
const CAPS: &str = "dlab run caps --prices";
/// A command that shows what requests over HTTP take.
const HANDSHAKES: &str = "dlab run handshake-per-request --prices";

/// The measures of what a contender cost, and the words for what it got for that.
pub static PRICES: Family = Family {
    name: "price",
    heading: "Prices",
    about: "What each contender cost, beside the cheapest of the same storm, and what it kept for \
            that (`dlab run NAME --prices`). Packets, bytes, noticed after and worst delay are \
            columns of the table.",
    words: &[
        Word::new(
            "sent-again",
            "How many TCP segments carried bytes for a second time.",
            "That is the repair of the link, made by the kernel. A message that the broker sends \
             again is new bytes to TCP and does not count here; over UDP there is nothing to \
             count.",
        )
        .also(&["retransmits"])
        .see(&["segment", "tcp", "redelivery"])
        .shown_by(CAPS),
        Word::new(
            "broker-messages",
            "The most messages that the broker held at a time.",
            "In catch-up that is the backlog, which keeps messages as long as its limits allow. It \
             is the memory that catch-up costs.",
        )
        .also(&["broker_peak_messages"])
        .see(&["backlog", "broker-bytes"])
        .shown_by(CAPS),
        Word::new(
            "broker-bytes",
            "The most bytes of messages that the broker held at a time.",
            "Names and payloads count; what a program needs for its own bookkeeping does not.",
        )
        .also(&["broker_peak_bytes"])
        .see(&["broker-messages"])
        .shown_by(CAPS),
        Word::new(
            "client-messages",
            "The most messages that one client held at a time.",
            "They wait for its handler, for the one before them, or for the broker's answer.",
        )
        .also(&["client_peak_messages"])
        .see(&["inbox", "outbox"])
        .shown_by(CAPS),
        Word::new(
            "handshakes",
            "How many times TCP opened a connection with three segments.",
            "SYN, SYN with ACK, and an ACK that arrived at the host that was called: whatever is sent \
             on the connection waits for one round trip before. A SYN that was sent again or refused \
             does not count. Over UDP there are none. With `connections = \"one-per-request\"` each \
             request over HTTP begins with one.",
        )
        .also(&["tcp handshakes"])
        .see(&["tcp", "connection-time", "polling"])
        .shown_by(HANDSHAKES),
        Word::new(
            "connection-time",
            "The times for which TCP connections were open, summed over all of them.",
            "It is counted at the host that they were opened to, from the end of the handshake until \
             both sides have closed or one has given up. It is what a server pays in sockets: ten \
             seconds are one connection for ten seconds, or ten for one.",
        )
        .also(&["connection_ms"])
        .see(&["handshakes", "requests-held"])
        .shown_by(CAPS),
        Word::new(
            "requests-held",
            "The times for which the broker kept back answers to requests over HTTP, summed.",
            "The wait of a long poll, the stream of SSE, a poll of Socket.IO: a request that is \
             begun and not yet answered whole. A link that answers at once, or does not ask, has \
             none.",
        )
        .also(&["held_request_ms"])
        .see(&["long-polling", "sse", "connection-time"])
        .shown_by(HANDSHAKES),
        Word::new(
            "payload-bytes",
            "The bytes of payloads of messages that the network carried.",
            "A copy counts if all of it arrived at the other host, or, as a datagram, was not lost; \
             the way to the broker and the way from it are two copies. A payload of bytes counts as \
             those, however it is written; what base64 adds is of the rest.",
        )
        .see(&["heads-and-the-rest", "layers"])
        .shown_by(CAPS),
        Word::new(
            "heads-and-the-rest",
            "All bytes on IP that are not payload.",
            "Heads of IP, TCP or UDP, HTTP and WebSocket, the frames and packets around a payload; \
             segments without a message, as acknowledgements and handshakes; requests and pings; and \
             what was sent again or lost.",
        )
        .also(&["other_bytes"])
        .see(&["payload-bytes", "layers"])
        .shown_by(CAPS),
        Word::new(
            "median-answer",
            "The time from publish to the answer of the message in the middle.",
            "Half of the answers took as long or less. The answer is the broker's acceptance or \
             refusal; where it sends none, the response to the post that carried the message. Where \
             a publisher gets no answer the table has a dash.",
        )
        .also(&["median_answer_ms"])
        .see(&["worst-answer", "median-delay", "fire-and-forget"])
        .shown_by(CAPS),
        Word::new(
            "worst-answer",
            "The longest time from publish to the answer that its publisher got.",
            "A message that was never answered does not count. The answer may wait for a lost \
             session to come back.",
        )
        .also(&["worst_answer_ms"])
        .see(&["median-answer", "worst-delay"])
        .shown_by(CAPS),
        Word::new(
            "median-delay",
            "The time from publish to handled of the message in the middle.",
            "Half of the handled messages took as long or less. It says what is usual, and the \
             worst delay what is not.",
        )
        .also(&["median_delay_ms"])
        .see(&["worst-delay", "p50"])
        .shown_by(CAPS),
        Word::new(
            "times-cheapest",
            "How many times the figure of the cheapest contender of this storm it is.",
            "Each measure has its own cheapest contender, which has 1.0. If the cheapest has 0, \
             the line says with a plus how much more it is.",
        )
        .also(&["×"])
        .see(&["contender"])
        .shown_by(CAPS),
        Word::new(
            "promises-nothing",
            "The contender claims no guarantee.",
            "What it delivers it delivers by luck. Fire-and-forget over UDP is the one contender \
             that promises nothing.",
        )
        .see(&["not-claimed", "also-held"])
        .shown_by(CAPS),
        Word::new(
            "keeps",
            "These guarantees were claimed, and held in this run.",
            "Exactly-once stands for at-most-once and at-least-once, which it implies. It keeps a \
             guarantee where promised if it promises it to some of its subscribers only.",
        )
        .also(&["keeps where promised"])
        .see(&["kept", "breaks"])
        .shown_by(CAPS),
        Word::new(
            "breaks",
            "These guarantees were claimed, and a message within the terms violated them.",
            "That is a bug, and the machine of this row is broken on purpose or by mistake.",
        )
        .see(&["broken", "keeps", "mutant"])
        .shown_by("dlab run museum/off-by-one --prices"),
        Word::new(
            "could-not-keep",
            "These guarantees were claimed, and violated only where the terms do not reach.",
            "The broker crashed, the backlog was too small, or the client acknowledged too early: \
             no claim reaches that far.",
        )
        .see(&["outside-terms", "terms", "keeps"])
        .shown_by("dlab run retention --prices"),
        Word::new(
            "leaves-open",
            "These guarantees were claimed, and the run ended too early to say.",
            "Messages were still under way. Let the scenario run for longer.",
        )
        .see(&["open", "unsettled"])
        .shown_by("dlab run slow-consumer --prices"),
        Word::new(
            "also-held",
            "These guarantees held in this run, and were not claimed.",
            "The storm did not hit them. Another seed may.",
        )
        .see(&["holds", "not-claimed"])
        .shown_by(CAPS),
    ],
};

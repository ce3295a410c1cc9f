//! The kinds of fault. The first sentence of each is also in the reference of scenario files.

use super::{Family, Word};
use crate::terms::FaultKind;

/// The faults that a scenario can have.
pub static FAULTS: Family = Family {
    name: "fault",
    heading: "Faults",
    about: "What can go wrong: `kind` of a `[[fault]]`. The keys of each are on the page about \
            scenario files.",
    words: &[
        Word::new(
            FaultKind::Disconnect.name(),
            "The client closes its sockets, stays away, and connects at once at the end; over udp \
             the broker learns of it by heartbeat.",
            "This is the polite way to go: over TCP the other side reads the end of the stream at \
             once, and what it sends from then on has no session. Over UDP nobody says goodbye and \
             nothing else tells the broker that the client has gone. In caps the client is back \
             before a heartbeat is missed, and its new session ends the old one (replaced).",
        )
        .at_once("Two at once are one: the client is back when the last one ends.")
        .also(&["disconnected"])
        .see(&["cut", "not-connected", "fin", "heartbeat", "replaced"])
        .shown_by("dlab run caps"),
        Word::new(
            FaultKind::Cut.name(),
            "The link goes silent; nobody is told.",
            "A cable is pulled, a train enters a tunnel. Both sides go on believing in the \
             connection until a heartbeat or a timeout ends it, and what they send meanwhile waits \
             in buffers. If the cut is short TCP repairs everything.",
        )
        .at_once(
            "Two at once are one: nothing passes while any of them is on, and the first of the \
             file is counted as the one that kept a packet back.",
        )
        .also(&["link cut"])
        .see(&["disconnect", "partition", "sent-into-dead-link", "late-detection"])
        .shown_by("dlab run half-open"),
        Word::new(
            FaultKind::Partition.name(),
            "A cut between groups.",
            "Those of one group still reach each other, and nobody outside. It is cut for several \
             at once, named by who is on which side of the wall.",
        )
        .at_once(
            "Of two at once each parts its own groups: a packet passes only if neither keeps \
             it back, and the first of the file that does is counted.",
        )
        .see(&["cut"])
        .shown_by("dlab run partition"),
        Word::new(
            FaultKind::IdleTimeout.name(),
            "A middlebox beside `who` forgets a flow that was quiet for `after`; nobody is told.",
            "A NAT, load balancer or firewall does so. A forgotten TCP connection is dead, both ways, \
             while the fault lasts; a new one passes. Over UDP the next datagram from the side that \
             sent first makes the record anew. A quicker heartbeat or keep-alive prevents it. \
             Azure's load balancer forgets after 4 minutes by default; RFC 5382 asks a NAT \
             to remember TCP for 2 hours and 4 minutes, RFC 4787 UDP for 2 minutes.",
        )
        .at_once(
            "Two at once are two boxes, one behind the other: a packet passes only if both know its \
             flow, and the first of the file that drops it is counted.",
        )
        .also(&["idle timeout"])
        .see(&["cut", "sent-into-dead-link", "heartbeat", "reset"])
        .shown_by("dlab run idle-timeout"),
        Word::new(
            FaultKind::Loss.name(),
            "Packets vanish.",
            "Each packet on its own, with the probability `rate`. UDP loses the message with it; TCP \
             sends it again, and everything behind it is late.",
        )
        .at_once(
            "Of two at once each draws for itself: two of 0.5 lose three quarters of the \
             packets. What both hit is counted for the first of the file.",
        )
        .also(&["packets lost"])
        .see(&["dropped-in-network", "corrupt", "udp"])
        .shown_by("dlab run lossy-wifi"),
        Word::new(
            FaultKind::Duplicate.name(),
            "Packets arrive twice.",
            "TCP and the lab's catch-up recognise a copy by its number. Fire-and-forget over UDP \
             handles it again.",
        )
        .at_once(
            "Of two at once each draws for itself, but a packet has one copy at most. What \
             both hit is counted for the first of the file.",
        )
        .also(&["packets doubled"])
        .see(&["at-most-once", "reorder"])
        .shown_by("dlab run duplicated"),
        Word::new(
            FaultKind::Corrupt.name(),
            "Packets arrive with a flipped bit.",
            "The checksums of IP, UDP and TCP notice it and the packet is thrown away, so it acts \
             like loss.",
        )
        .at_once(
            "Of two at once each draws for itself, but one bit of a packet flips at most. What \
             both hit is counted for the first of the file.",
        )
        .also(&["packets corrupted"])
        .see(&["loss", "dropped-in-network"])
        .shown_by("dlab run corrupted"),
        Word::new(
            FaultKind::Reorder.name(),
            "A packet is held back; later ones overtake.",
            "TCP puts them back into their order. Over UDP nobody does in fire-and-forget; in \
             catch-up the client holds what comes early.",
        )
        .at_once(
            "Of two at once each draws for itself, and a packet that both hit is held back for \
             the delay of the first of the file alone.",
        )
        .also(&["packets held back"])
        .see(&["in-order", "order-broken", "latency"])
        .shown_by("dlab run reordered"),
        Word::new(
            FaultKind::Latency.name(),
            "Another latency instead of the scenario's.",
            "Everything comes later, in the same order. It loses nothing, but a link whose way back \
             and forth takes longer than a timeout is a dead link for whoever waits.",
        )
        .at_once("Of two at once the last of the file wins.")
        .see(&["bandwidth", "reorder", "heartbeat"])
        .shown_by("dlab run storm"),
        Word::new(
            FaultKind::Bandwidth.name(),
            "A rate, and a queue that drops what does not fit.",
            "Packets wait in the queue, so they come later and later; what finds it full is lost. \
             TCP sends slower when it notices. UDP does not.",
        )
        .at_once(
            "Of two at once a packet passes both queues, one after the other, in the order of \
             the file.",
        )
        .see(&["latency", "dropped-in-network", "overflowed"])
        .shown_by("dlab run storm"),
        Word::new(
            FaultKind::Crash.name(),
            "The machine loses power, or its process dies: memory is gone; it starts again at the end.",
            "Nothing is sent that would tell the others. With `notice = true` only the process dies, \
             and its kernel closes the sockets, so that the other side is told. A client forgets its position, what it had read and what it had not sent yet, never its \
             name. A broker forgets everybody, and its backlog.",
        )
        .at_once(
            "Two at once are one: it starts again when the last one ends. If only one has \
             `notice`, the machine has no power while the other is on.",
        )
        .also(&["power lost", "process died"])
        .see(&["pause", "died-in-client", "broker-crashed", "power-lost"])
        .shown_by("dlab run broker-crash"),
        Word::new(
            FaultKind::Pause.name(),
            "Nothing in or out, no input, no handler; timers that came due fire once at the end.",
            "A laptop sleeps, a process is stopped. It forgets nothing, and does not know that time \
             has passed; to the others it looks like a cut.",
        )
        .at_once("Two at once are one: it wakes when the last one ends.")
        .also(&["asleep"])
        .see(&["crash", "cut"])
        .shown_by("dlab run laptop-sleeps"),
        Word::new(
            FaultKind::Freeze.name(),
            "The process stops, and its kernel lives on: nothing is read or written, no handler \
             runs.",
            "A debugger, a long garbage collection, a blocked event loop. TCP still acknowledges \
             what comes, and the socket fills, so that the sender believes all is well until the \
             heartbeat says otherwise. Timers that came due fire once at the end.",
        )
        .at_once("Two at once are one: it goes on when the last one ends.")
        .also(&["frozen"])
        .see(&["pause", "heartbeat", "crash"])
        .shown_by("dlab run frozen"),
        Word::new(
            FaultKind::Reset.name(),
            "Every connection of a client is reset at that moment, by something in between.",
            "A firewall or a proxy that restarts sends RST both ways. Both sides know at once that \
             the connection is gone, and not what of the last messages has arrived. Over udp there \
             is nothing to reset.",
        )
        .at_once("Two at one moment are one.")
        .also(&["connections reset"])
        .see(&["disconnect", "died-in-socket", "tcp"])
        .shown_by("dlab run frozen"),
        Word::new(
            FaultKind::Slow.name(),
            "The handler takes time.",
            "Messages are handled one at a time, so they queue up: in the inbox, then in the \
             sockets, then at the broker. Every queue has an end.",
        )
        .at_once("Of two at once the longer one wins.")
        .also(&["handler takes"])
        .see(&["overflowed", "unsettled"])
        .shown_by("dlab run slow-consumer"),
        Word::new(
            FaultKind::Deaf.name(),
            "The handler is not installed.",
            "Messages of this event are delivered to a client that has nothing to do with them. In \
             fire-and-forget they are gone; in catch-up they wait for a handler.",
        )
        .at_once(
            "Two at once for the same event are one: the handler is back when the last one \
             ends.",
        )
        .also(&["no handler for"])
        .see(&["no-handler", "not-joined"])
        .shown_by("dlab run no-handler"),
    ],
};

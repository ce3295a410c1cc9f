//! The parts of a report that no other family names.

use super::{Family, Word};

/// The headings and lines of the report.
pub static PARTS: Family = Family {
    name: "report",
    heading: "Parts of the report",
    about: "From top to bottom: what happened in one sentence, a diagram with a lane for each \
            fault and contender, the table, and below it the sections. Claims, recoveries, \
            anomalies, expectations and prices are families of their own.",
    words: &[
        Word::new(
            "published",
            "The messages that publishers handed over; the topmost lane of the diagram.",
            "A publisher whose machine is down hands over nothing, so a storm can make this number \
             smaller.",
        )
        .see(&["sign", "publisher", "wanted"])
        .shown_by("dlab run caps"),
        Word::new(
            "why",
            "How many messages each contender missed, by which cause, and which ones.",
            "The name of the cause stands in brackets; the numbers behind it are ids of messages, \
             as in driver-3. With `--why driver-3` one message's life is told instead of the \
             report.",
        )
        .see(&["cause", "missed"])
        .shown_by("dlab run caps"),
        Word::new(
            "packets",
            "Every packet of a run in the order of sending, with `--packets` instead of the report.",
            "A line has the time of sending, both hosts with their ports, the protocol with its \
             flags, sequence number and length, what the packet carries, and why it was lost, if it \
             was. Sequence numbers count from the connection's first. With \
             `--packets=shop,driver-3,2s..4s` those of a client, with a message, or in a time.",
        )
        .see(&["packet", "sent-again", "why"])
        .shown_by("dlab run caps --packets --contender tcp/catch-up"),
        Word::new(
            "sent-again",
            "Bytes that had left before, or a message of which another copy had left the same way.",
            "TCP sends a segment again that was not acknowledged in time. A message is sent again as \
             another copy: after a new session, or over udp because no acknowledgement came.",
        )
        .see(&["packets", "segment"])
        .shown_by("dlab run caps --packets=driver-3 --contender udp/catch-up"),
        Word::new(
            "room-events",
            "The events of the broker's rooms in their order, with `--rooms` instead of the report.",
            "A line has the time, the event, the queue, the room and the session that joined or left. \
             If it left because it ended, the reason follows. A broker that dies notes nothing: its \
             rooms are gone with it, and a sentence says when.",
        )
        .see(&["room-event", "room", "session"])
        .shown_by("dlab run chat --contender tcp/catch-up --rooms"),
        Word::new(
            "layers",
            "One message as it stood on the wire, layer by layer, with `--layers` instead of the report.",
            "A table a hop, from the payload outwards: all bytes of a layer, its own, those of others \
             that share it, and its names in the OSI and the TCP/IP model. Below it stand the packets \
             with their parts of it. `--to` names the subscriber of the last hop. `--svg FILE` draws \
             it, too: the layers are boxes in each other, and each packet is a bar.",
        )
        .also(&["layer", "own", "others", "svg"])
        .see(&["osi-model", "tcp/ip-model", "packets"])
        .shown_by("dlab run caps --layers driver-1 --contender tcp/catch-up"),
        Word::new(
            "pcap",
            "The packets of a trial as a file for Wireshark, with `--pcap FILE`; of several trials a \
             file each.",
            "The format is pcapng. Each process has an interface, on which what it sends stands with \
             the simulated time; what is lost is there, too. A comment names the messages in a packet, \
             and says whether it was sent again or lost. Corrupted packets stand as they left.",
        )
        .also(&["pcapng", "Wireshark"])
        .see(&["packets", "layers"]),
        Word::new(
            "never-subscribed",
            "A subscriber had no session in which it could subscribe, so it wanted nothing.",
            "The reason in brackets is why its last attempt ended. The report says that it never \
             got to subscribe.",
        )
        .also(&["never got to subscribe"])
        .see(&["wanted", "upgrade-refused", "reason"])
        .shown_by("dlab run websocket-blocked"),
        Word::new(
            "never-connected",
            "A client that is no subscriber, or a second process of one, never had a session.",
            "All its attempts failed; the reason in brackets is why the last of them ended. What it \
             published reached nobody.",
        )
        .also(&["never_connected", "never got a session"])
        .see(&["never-subscribed", "upgrade-refused", "reason"])
        .shown_by("dlab run websocket-blocked"),
        Word::new(
            "untested",
            "The guarantee was claimed, and no message was there to judge it by.",
            "No subscriber wanted a message, or handled one, so that nothing could break the claim. \
             The JSON says kept: nothing violated it.",
        )
        .see(&["kept", "wanted", "inconclusive"])
        .shown_by("dlab run websocket-blocked --contender websocket/catch-up --full"),
        Word::new(
            "faults-that-did-nothing",
            "The faults that hit nothing, and in which contenders.",
            "No packet was dropped, delayed or changed, no session ended and no handler was \
             slowed. A contender that was not hit has not been tested.",
        )
        .see(&["fault", "inconclusive"])
        .shown_by("dlab run lossy-wifi --contender tcp/catch-up --set fault.0.rate=0"),
        Word::new(
            "what-this-leaves-out",
            "In what the simulation differs from the world.",
            "A report is about a model. What it leaves out could change the numbers, and so it is \
             printed each time.",
        )
        .see(&["trial", "seed"])
        .shown_by("dlab run caps"),
        Word::new(
            "longer",
            "The command that runs the same for longer, because something was still under way.",
            "If a fault was on when the run ended, the line above says how much too short the run \
             was at least. Nobody knows how long is enough: run it, and see.",
        )
        .see(&["unsettled", "replay"])
        .shown_by("dlab run caps --set fault.0.for=30s"),
        Word::new(
            "replay",
            "The command that runs the same again, to the last byte.",
            "It has the seed and every option that changes the result. The same version must be \
             used.",
        )
        .see(&["seed", "trial"])
        .shown_by("dlab run caps"),
    ],
};

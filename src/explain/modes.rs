//! The two modes.

use crate::message::Mode;

use super::{Family, Word};

/// The modes, which differ in the guarantees they claim.
pub static MODES: Family = Family {
    name: "mode",
    heading: "Modes",
    about: "What is promised, whatever the link. Catch-up is a property of the broker, not of a \
            socket.",
    words: &[
        Word::new(
            Mode::FireAndForget.name(),
            "Sent once to whoever is connected and joined; nothing is kept.",
            "The publisher hands a message to its link once. The broker routes it to the clients \
             that are there at that moment and forgets it, so who is away misses it. That is cheap, \
             and right for a game's positions, where the next one replaces it anyway.",
        )
        .see(&["catch-up", "not-connected", "overwritten"])
        .shown_by("dlab run caps --contender tcp/fire-and-forget"),
        Word::new(
            Mode::CatchUp.name(),
            "Kept until every subscriber has acknowledged it, and replayed to who was away.",
            "The publisher keeps a message until the broker has accepted it; the broker has it \
             in a bounded backlog, and sends it to each subscription until that has acknowledged it. A client that comes \
             back says how far it had come, and is sent the rest before anything new. It costs \
             memory and packets, and it ends where the backlog's limits, the expiry of a session or \
             a crash of the broker end it.",
        )
        .see(&["fire-and-forget", "caught-up", "evicted", "broker-crashed"])
        .shown_by("dlab run caps --contender tcp/catch-up"),
    ],
};

//! The events of rooms.

use super::{Family, Word};

/// A command that lists rooms that begin and end.
const LIST: &str = "dlab run caps --contender tcp/catch-up --rooms";

/// The notes of the broker about its rooms, named as in Socket.IO's adapter.
pub static ROOM_EVENTS: Family = Family {
    name: "room-event",
    heading: "Room events",
    about: "What the broker notes about its rooms, as `--rooms` lists it; it is in the log (`-vv`) \
            and in traces, too. The names are those of the events of Socket.IO's adapter.",
    words: &[
        Word::new(
            "create-room",
            "A room got its first member.",
            "Nobody makes a room: it is there as soon as somebody joins it.",
        )
        .see(&["room", "join-room"])
        .shown_by(LIST),
        Word::new(
            "join-room",
            "A session joined a room.",
            "It joins when its client subscribes, and again on each new session.",
        )
        .see(&["room", "leave-room", "subscription"])
        .shown_by(LIST),
        Word::new(
            "leave-room",
            "A session left a room, or ended in it.",
            "A session that ends leaves all its rooms, and the subscription stays on record: in \
             catch-up it is what the client is caught up by.",
        )
        .see(&["room", "join-room", "subscription"])
        .shown_by(LIST),
        Word::new(
            "delete-room",
            "A room lost its last member.",
            "In fire-and-forget nothing is left of it. In catch-up the queue keeps its backlog, \
             and the subscriptions of clients that are away.",
        )
        .see(&["room", "create-room", "backlog"])
        .shown_by(LIST),
    ],
};

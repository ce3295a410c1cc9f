//! Mutant: a client does not look for copies.

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::message::Dedup;

pub const MUTANT: Mutant = Mutant {
    name: "no-dedup",
    about: "An acknowledgement is lost, the message is sent again, and nobody looks whether it is a \
            copy.",
    seen: "socketio/socket.io#5334.",
    anomaly: Anomaly::Duplicate,
    change: Change::ClientOptions(|options| options.limits.dedup = Dedup::Off),
};

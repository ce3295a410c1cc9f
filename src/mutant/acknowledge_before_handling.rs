//! Mutant: a client acknowledges a message when it is read, before its handler has run.

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::message::AckPolicy;

pub const MUTANT: Mutant = Mutant {
    name: "acknowledge-before-handling",
    about: "A client acknowledges a message when it is read, and calls the handler afterwards.",
    seen: "In solutions of the course's lab.",
    anomaly: Anomaly::LostAfterAck,
    change: Change::ClientOptions(|options| options.limits.ack = AckPolicy::BeforeHandler),
};

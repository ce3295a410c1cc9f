//! Mutant: a client joins its rooms on its first session only.

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::message::Resubscribe;

pub const MUTANT: Mutant = Mutant {
    name: "subscribes-once",
    about: "A client joins its rooms on its first session only: after a reconnection it is deaf.",
    seen: "In solutions of the course's lab.",
    anomaly: Anomaly::Stalled,
    change: Change::ClientOptions(|options| options.limits.resubscribe = Resubscribe::Once),
};

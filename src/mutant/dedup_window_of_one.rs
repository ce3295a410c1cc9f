//! Mutant: a client remembers only the last message for deduplication.

use crate::terms::Anomaly;

use super::{Change, Mutant};

pub const MUTANT: Mutant = Mutant {
    name: "dedup-window-of-one",
    about: "A client knows a copy only if the original was the last message that it read.",
    seen: "In consumers that keep the last id and compare.",
    anomaly: Anomaly::Duplicate,
    change: Change::ClientOptions(|options| options.limits.dedup_window = 1),
};

//! Mutant: there is no heartbeat.

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::message::Heartbeat;
use crate::time::Duration;

/// A time longer than any trial.
const NEVER: Duration = Duration::from_secs(1 << 20);

pub const MUTANT: Mutant = Mutant {
    name: "half-open",
    about: "There is no heartbeat: a dead connection is found out when TCP gives up.",
    seen: "socketio/socket.io#2349 and #635.",
    anomaly: Anomaly::LateDetection,
    change: Change::BrokerOptions(|options| {
        options.limits.heartbeat = Heartbeat { every: NEVER, timeout: NEVER };
    }),
};

//! Mutant: messages that wait while a session changes its transport are dropped.

use crate::terms::Anomaly;

use super::{Change, Mutant};
use crate::link::OnSwitch;

pub const MUTANT: Mutant = Mutant {
    name: "close-during-upgrade",
    about: "What a Socket.IO client has to say while it moves from polling to WebSocket is thrown \
            away with the polling transport.",
    seen: "socketio/engine.io#284.",
    anomaly: Anomaly::Stalled,
    change: Change::Settings(|settings| settings.on_switch = OnSwitch::Dropped),
};

//! The log of a trial: each event as a line of `tracing`. Processes, sessions and faults are `info`,
//! messages `debug`, bytes and packets `trace`.

use crate::history::{AppReport, EventKind};
use crate::message::{Name, Note};
use crate::time::Instant;

/// Sends an event to `tracing`, if that is enabled.
pub fn event(process: &Name, at: Instant, kind: &EventKind) {
    if !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let line = || {
        let what = serde_json::to_string(kind).expect("an event is plain data");
        format!("{:>9} {:<12} {what}", at.to_string(), process)
    };
    match weight(kind) {
        Weight::Life => tracing::info!("{}", line()),
        Weight::Message => tracing::debug!("{}", line()),
        Weight::Byte => tracing::trace!("{}", line()),
    }
}

/// The importance of an event in the log, from which its level follows.
enum Weight {
    /// Processes, sessions and faults: `info`.
    Life,
    /// Messages: `debug`.
    Message,
    /// Bytes and packets: `trace`.
    Byte,
}

fn weight(kind: &EventKind) -> Weight {
    match kind {
        EventKind::Power(_)
        | EventKind::FaultBegan { .. }
        | EventKind::FaultEnded { .. }
        | EventKind::HandlerGone { .. }
        | EventKind::HandlerBack { .. }
        | EventKind::Interrupted { .. }
        | EventKind::AppReport(
            AppReport::Joined { .. } | AppReport::Left { .. } | AppReport::Gap,
        )
        | EventKind::Note(
            Note::SessionOpened { .. }
            | Note::SessionClosed { .. }
            | Note::ConnectionClosed { .. }
            | Note::Welcomed { .. }
            | Note::Lost { .. }
            | Note::ResumeReceived { .. }
            | Note::GapReceived { .. },
        ) => Weight::Life,
        EventKind::FlowForgotten { .. }
        | EventKind::FlowRenewed { .. }
        | EventKind::CloseCode { .. }
        | EventKind::Carried { .. }
        | EventKind::Dropped { .. }
        | EventKind::Ended(_) => Weight::Byte,
        EventKind::AppReport(_) | EventKind::Note(_) => Weight::Message,
    }
}

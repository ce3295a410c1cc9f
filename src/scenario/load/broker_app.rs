//! Builds the application on the broker's side: its messages, and its changes to rooms and sessions.

use crate::message::{Members, Name};
use crate::scenario::{BrokerAct, BrokerApp, MemberChange};
use crate::time::{Duration, Instant};

use super::client::{before_end, names, publish};
use super::problem::Problems;
use super::record::Record;

/// Builds it. What cannot be built is left out: its problem is reported already.
pub fn app(record: &Record, run_for: Duration, problems: &mut Problems) -> BrokerApp {
    let published = record.tables("publish").iter();
    let publish = published.filter_map(|entry| publish(entry, run_for, problems)).collect();
    let mut acts = Vec::new();
    for key in ["join", "leave", "disconnect"] {
        for entry in record.tables(key) {
            acts.extend(act(key, entry, run_for, problems));
        }
    }
    BrokerApp { publish, acts }
}

fn act(
    key: &str,
    record: &Record,
    run_for: Duration,
    problems: &mut Problems,
) -> Option<BrokerAct> {
    let at = record.time("at")?;
    before_end(record, "at", at, run_for, problems);
    let room = || record.text("room").map(Name::from);
    let change = match key {
        "join" => MemberChange::Join(room()?),
        "leave" => MemberChange::Leave(room()?),
        _ => MemberChange::Disconnect,
    };
    let members = Members { queue: record.text("queue")?.into(), rooms: names(record, "to")? };
    Some(BrokerAct { members, change, at: Instant::ZERO + at })
}

//! Builds the application on the broker's side: its messages, and its changes to rooms and sessions.

use crate::message::{Members, Name};
use crate::scenario::{BrokerAct, BrokerApp, MemberChange};
use crate::time::{Duration, Instant};

use super::client::{before_end, names, publish};
use super::problem::{Problem, Problems, quote};
use super::record::Record;

/// Builds it. What cannot be built is left out: its problem is reported already.
pub fn app(
    record: &Record,
    clients: &[Record],
    run_for: Duration,
    problems: &mut Problems,
) -> BrokerApp {
    let published = record.tables("publish").iter().filter_map(|entry| {
        check_published(entry, clients, problems);
        publish(entry, run_for, problems)
    });
    let publish = published.collect();
    let mut acts = Vec::new();
    for key in ["join", "leave", "disconnect"] {
        for entry in record.tables(key) {
            acts.extend(act(key, entry, run_for, problems));
        }
    }
    BrokerApp { publish, acts }
}

/// Checks that an entry in answer to an event can be asked for: that some client publishes the event.
fn check_published(entry: &Record, clients: &[Record], problems: &mut Problems) {
    let (Some(field), Some(event)) = (entry.fields.get("on"), entry.text("on")) else { return };
    let events = || {
        let published = clients.iter().flat_map(|client| client.tables("publish"));
        published.filter_map(|publish| publish.text("event"))
    };
    if clients.iter().any(|client| client.refused.iter().any(|key| key == "publish"))
        || events().any(|one| one == event)
    {
        return;
    }
    let what = format!("the broker answers {}, which no client publishes", quote(event));
    let help = problems.nearest(event, events());
    problems.push(Problem::new(field.place, what, "no client publishes it").maybe_help(help));
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

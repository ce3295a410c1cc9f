//! The facts about sessions that did not expire, since the broker took their clients for connected.

use std::collections::BTreeSet;

use crate::message::Mode;
use crate::report::{Report, words};
use crate::scenario::Scenario;
use crate::verdict::{Detection, Row};

/// The most clients that are named.
const NAMED: usize = 3;

/// Names, a sentence a contender, the clients that a fault kept away for longer than the broker keeps
/// a session, but that the broker took for connected all that time. Empty if sessions never expire.
pub fn seemed_alive(report: &Report, scenario: &Scenario) -> Vec<String> {
    let rows = report.contenders.iter().filter(|row| row.mode == Mode::CatchUp);
    rows.filter_map(|row| of_row(row, scenario)).collect()
}

fn of_row(row: &Row, scenario: &Scenario) -> Option<String> {
    let expiry = scenario.broker.session_expiry?;
    let is_late = |one: &&Detection| {
        let fault = &scenario.faults[one.fault];
        let is_noticed = one.after_ms.is_some_and(|after| after <= expiry.as_millis_f64());
        one.side == "broker" && fault.until.since(fault.at) > expiry && !is_noticed
    };
    let late: Vec<&Detection> = row.detections.iter().filter(is_late).collect();
    let clients: BTreeSet<&str> = late.iter().map(|one| one.client.as_str()).collect();
    let who = match clients.len() {
        0 => return None,
        many if many > NAMED => words::counted(many as u64, "client"),
        _ => words::listed(&clients.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()),
    };
    let after = late.iter().map(|one| one.after_ms).reduce(|one, other| Some(one?.max(other?)));
    let noticed = match after.flatten() {
        Some(after) => format!("noticed only after {} that {who} had gone", words::millis(after)),
        None => format!("did not notice that {who} had gone"),
    };
    let contender = row.contender();
    Some(format!(
        "{contender}: the broker {noticed}. A session that seems alive does not expire \
         (session_expiry {expiry})."
    ))
}

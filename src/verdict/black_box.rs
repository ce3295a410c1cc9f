//! Judges programs whose inside is not visible, from what their applications were told.
//!
//! A message is *outstanding* for a client if all of this is so:
//!
//! - the client was subscribed to one of its rooms when it was published, and still is at the end;
//! - its publisher was told that it is accepted.
//!
//! Every outstanding message must have been handled at the end of the run. The scenario has to leave
//! enough time without faults for that.

use std::collections::{BTreeMap, BTreeSet};

use super::guarantee;
use crate::history::{AppReport, EventKind, History};
use crate::message::{Durability, Echo, Message, MessageId, Name, Note};
use crate::terms::Guarantee;
use crate::time::Instant;

/// The findings of a judgement from report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlackBoxReport {
    /// Wanted messages, counted once for each client.
    pub wanted: u64,
    /// The first violation of each guarantee that was violated.
    pub violated: BTreeMap<Guarantee, Violated>,
}

/// The first violation of a guarantee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violated {
    /// The client for which it was violated.
    pub client: String,
    /// The message and the times: a sentence without its full stop.
    pub evidence: String,
}

/// A published message, and the clients that were subscribed to it then.
struct Published<'a> {
    message: &'a Message,
    at: Instant,
    wanted_by: BTreeSet<&'a Name>,
}

/// Collects what one client's applications reported.
#[derive(Default)]
struct ClientReports<'a> {
    rooms: BTreeSet<(&'a Name, &'a Name)>,
    handled: Vec<(&'a MessageId, Instant)>,
    /// The instant at which it was last told of a gap.
    gap: Option<Instant>,
}

/// Judges a history by the events of [`AppReport`] and by what was published.
///
/// - at-most-once: no client handles a message twice, or one that was never published;
/// - at-least-once: what is wanted is handled;
/// - exactly-once: both;
/// - in-order: of one publisher and queue, nothing is handled for the first time after something
///   that was published later;
/// - no-silent-gap: what is wanted and was not handled was published before the client was last told
///   of a gap.
pub fn judge_black_box(history: &History) -> BlackBoxReport {
    let mut published: BTreeMap<&MessageId, Published<'_>> = BTreeMap::new();
    let mut accepted = BTreeSet::new();
    let mut reports: BTreeMap<&Name, ClientReports<'_>> = BTreeMap::new();
    for event in &history.events {
        let client = &history.process(event.process).client;
        match &event.kind {
            EventKind::Note(Note::Published { message }) => {
                let everyone = reports.iter();
                let wanting = everyone
                    .filter(|(who, reports)| wants(message, client == **who, &reports.rooms));
                let wanted_by = wanting.map(|(who, _)| *who).collect();
                let at = event.at;
                published.insert(&message.id, Published { message, at, wanted_by });
            }
            EventKind::AppReport(said) => {
                let one = reports.entry(client).or_default();
                match said {
                    AppReport::Joined { queue, room } => drop(one.rooms.insert((queue, room))),
                    AppReport::Left { queue, room } => drop(one.rooms.remove(&(queue, room))),
                    AppReport::Accepted { id } => drop(accepted.insert(id)),
                    AppReport::Refused { .. } => {}
                    AppReport::Handled { id } => one.handled.push((id, event.at)),
                    AppReport::Gap => one.gap = Some(event.at),
                }
            }
            _ => {}
        }
    }
    let mut report = BlackBoxReport::default();
    for (who, one) in &reports {
        let client = who.to_string();
        let is_wanted = |one_published: &&Published<'_>| {
            let Published { message, wanted_by, .. } = one_published;
            let stands = wants(message, false, &one.rooms);
            wanted_by.contains(who) && stands && accepted.contains(&message.id)
        };
        let wanted: Vec<_> = published.values().filter(is_wanted).collect();
        report.wanted += wanted.len() as u64;
        let missed = one.missed(&wanted, |_| true);
        let silent =
            one.missed(&wanted, |one_missed| one.gap.is_none_or(|gap| gap < one_missed.at));
        let again = one.again(&published);
        for (guarantee, evidence) in [
            (Guarantee::AtMostOnce, again.clone()),
            (Guarantee::AtLeastOnce, missed.clone()),
            (Guarantee::ExactlyOnce, again.or(missed)),
            (Guarantee::InOrder, one.late(&published)),
            (Guarantee::NoSilentGap, silent),
        ] {
            if let Some(evidence) = evidence {
                let violated = Violated { client: client.clone(), evidence };
                report.violated.entry(guarantee).or_insert(violated);
            }
        }
    }
    report
}

/// Whether a message routes to a client that is in these rooms.
fn wants(message: &Message, is_publisher: bool, rooms: &BTreeSet<(&Name, &Name)>) -> bool {
    let target = &message.target;
    let is_in = |room: &Name| rooms.contains(&(&message.queue, room));
    let is_own_echo = is_publisher && target.echo == Echo::NotSender;
    target.keep == Durability::Kept
        && !is_own_echo
        && message.rooms().iter().any(is_in)
        && !target.except.iter().any(is_in)
}

impl ClientReports<'_> {
    /// Returns evidence of the first message that is wanted and was not handled.
    fn missed(
        &self,
        wanted: &[&Published<'_>],
        counts: impl Fn(&Published<'_>) -> bool,
    ) -> Option<String> {
        let handled: BTreeSet<&MessageId> = self.handled.iter().map(|(id, _)| *id).collect();
        let missed = wanted.iter().filter(|one| !handled.contains(&one.message.id) && counts(one));
        let first = missed.min_by_key(|one| (one.at, &one.message.id))?;
        let (id, at) = (&first.message.id, first.at);
        Some(format!("{id}, published at {at} and accepted, was never handled"))
    }

    /// Returns evidence of the first message that was handled a second time, or was never
    /// published.
    fn again(&self, published: &BTreeMap<&MessageId, Published<'_>>) -> Option<String> {
        let mut before = BTreeMap::new();
        self.handled.iter().find_map(|(id, at)| {
            if !published.contains_key(id) {
                return Some(format!("{id} was handled at {at}, and nobody published it"));
            }
            let first = before.insert(*id, *at)?;
            Some(guarantee::handled_again(id, first, *at))
        })
    }

    /// Returns evidence of the first message that was handled for the first time after a later one.
    fn late(&self, published: &BTreeMap<&MessageId, Published<'_>>) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut latest: BTreeMap<_, &MessageId> = BTreeMap::new();
        self.handled.iter().find_map(|(id, at)| {
            let queue = &published.get(id)?.message.queue;
            if !seen.insert(*id) {
                return None;
            }
            let last = latest.entry((&id.publisher, queue)).or_insert(id);
            if id.sequence < last.sequence {
                return Some(guarantee::handled_after(id, *at, last));
            }
            *last = id;
            None
        })
    }
}

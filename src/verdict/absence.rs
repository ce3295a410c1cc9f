//! Finds subscribers that should have subscribed and never were on record, and the reason.
//!
//! Such a subscriber wants nothing, so it misses nothing either: its counts alone would look
//! perfect.

use super::facts::{Facts, SubscriberId};
use super::switch::rule;

/// Returns the reason for which the last attempt at a session ended, for a subscriber that should
/// have been on record from its beginning and never was. `None` for every other subscriber.
pub fn never_subscribed(facts: &Facts<'_>, subscriber: SubscriberId) -> Option<&'static str> {
    let member = &facts.participants.member(subscriber);
    if !member.subscribes || facts.on_record.contains(&subscriber) {
        return None;
    }
    let sessions = member.processes.iter().flat_map(|one| facts.sessions.of_process(*one));
    let lost = sessions.filter_map(|session| session.lost);
    let last = lost.max_by_key(|lost| rule("absent-by-the-last-end").then_some(lost.moment));
    Some(last.map_or("no answer", |lost| lost.reason.words()))
}

//! Who was to subscribe and never was on record, and what kept it away.
//!
//! Such a subscriber wants nothing, so it misses nothing either: the counts alone would praise it.

use super::facts::{Facts, SubscriberId};
use super::switch::rule;

/// What ended the last attempt at a session of a subscriber that was to be on record from its
/// beginning and never was; `None` for everybody else.
pub fn never_subscribed(facts: &Facts<'_>, subscriber: SubscriberId) -> Option<&'static str> {
    let member = &facts.roll.member(subscriber);
    if !member.subscribes || facts.on_record.contains(&subscriber) {
        return None;
    }
    let sessions = member.processes.iter().flat_map(|one| facts.sessions.of_process(*one));
    let lost = sessions.filter_map(|session| session.lost);
    let last = lost.max_by_key(|lost| rule("kept-away-by-the-last-end").then_some(lost.moment));
    Some(last.map_or("no answer", |lost| lost.reason.words()))
}
